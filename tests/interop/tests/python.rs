//! Python programs with grpcio and stubs of their own call what svckit serves.

use svckit_interop::{Served, demo_proto, emitted, free_addr, not_run, program, python, run_peer};

#[test]
fn knows_the_boutique_by_the_original_proto() {
    let test = "a Python client of the original demo.proto";
    let Some(proto) = demo_proto() else { return not_run(test, "online-boutique/demo.proto") };
    let Some(python) = python() else { return not_run(test, "a Python with grpcio") };
    let shop = Served::start(&program("boutique", "boutique"), &["serve", "all"], free_addr(), &[]);
    let at = shop.addr.to_string();
    run_peer(&python, "boutique.py", ["--proto", &proto.to_string_lossy(), "--at", &at]);
}

#[test]
fn knows_the_library_by_the_emitted_proto() {
    let test = "a Python client of the emitted library.proto";
    let Some(python) = python() else { return not_run(test, "a Python with grpcio") };
    let out = emitted("quickstart", "python");
    let library = Served::start(&program("quickstart", "quickstart"), &["serve"], free_addr(), &[]);
    let proto = out.join("proto/library/v1/library.proto");
    let args = [
        "--proto".to_owned(),
        proto.display().to_string(),
        "--root".to_owned(),
        out.join("proto").display().to_string(),
        "--root".to_owned(),
        out.join("vendor").display().to_string(),
        "--at".to_owned(),
        library.addr.to_string(),
    ];
    run_peer(&python, "quickstart.py", args);
    std::fs::remove_dir_all(out).expect("the folder is ours");
}
