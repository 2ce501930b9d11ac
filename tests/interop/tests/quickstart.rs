//! The quickstart's program, as its README runs it.

use std::process::Command;

use svckit_interop::program;

#[test]
fn visits_itself_in_process_and_over_grpc() {
    let ran = Command::new(program("quickstart", "quickstart"))
        .env_remove("SVCKIT_LISTEN")
        .env("SVCKIT_DATA", ":memory:")
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    let (near, far) = said.split_once("over gRPC").expect("both visits are announced");
    for visit in [near, far] {
        for line in [
            "added:",
            "refused:   title",
            "refused:   copies",
            "lent:",
            "all lent:",
            "not found:",
            "watched:",
        ] {
            assert!(visit.contains(line), "{line} is missing:\n{said}");
        }
        assert!(visit.contains("reader: <redacted>") && !visit.contains("ada-1"), "{said}");
    }
}
