//! Python programs with grpcio and stubs of their own call what svckit serves.

use std::ffi::OsString;
use std::path::Path;

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
    run_peer(&python, "quickstart.py", by(&out, "library/v1/library.proto", &library));
    std::fs::remove_dir_all(out).expect("the folder is ours");
}

#[test]
fn knows_the_shop_by_the_emitted_protos() {
    let test = "a Python client of the shop's emitted protos";
    let Some(python) = python() else { return not_run(test, "a Python with grpcio") };
    let out = emitted("shop", "python");
    let program = program("shop", "shop");
    let shop = Served::start(&program, &["serve", "all"], free_addr(), &[]);
    let alone = Served::start(&program, &["serve", "orders"], free_addr(), &[]);
    let mut args = by(&out, "shop/orders/v1/orders.proto", &shop);
    args.extend(["--alone".into(), alone.addr.to_string().into()]);
    run_peer(&python, "shop_grpc.py", args);
    std::fs::remove_dir_all(out).expect("the folder is ours");
}

/// What a peer is told: the file to make stubs of, what that imports, and where it is served.
fn by(out: &Path, proto: &str, served: &Served) -> Vec<OsString> {
    let root = out.join("proto");
    let proto = root.join(proto);
    let mut args: Vec<OsString> = vec!["--proto".into(), proto.into()];
    // What is below the first one is known by name alone; stubs are made of all below the others.
    for root in [root.clone(), root, out.join("vendor")] {
        args.extend(["--root".into(), root.into()]);
    }
    args.extend(["--at".into(), served.addr.to_string().into()]);
    args
}
