//! New projects are built, tested, changed and broken by cargo. Long, so only where `SVCKIT_FULL` is set: by `tests/run`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::sandbox::{BAD, Ran, Sandbox};

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("compiler/cli is two folders below the root")
}

/// A project made from a template, with the repository's own lock file, so that nothing else is downloaded.
struct Project {
    sandbox: Sandbox,
    folder: PathBuf,
    target: OsString,
}

impl Project {
    fn new(name: &str, template: &str) -> Self {
        let sandbox = Sandbox::new();
        let made = sandbox.run(["new", name, "--template", template]);
        assert_eq!(made.code, Some(0), "{made:?}");
        let folder = sandbox.path().join(name);
        std::fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
        let own = sandbox.path().join("target").into_os_string();
        let target = std::env::var_os("SVCKIT_PROJECTS").unwrap_or(own);
        Self { sandbox, folder, target }
    }

    fn cargo(&self, args: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO"))
            .args(args)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::null())
            .output()
            .expect("the cargo that runs this test");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    fn succeeds(&self, args: &[&str]) -> Ran {
        let ran = self.cargo(args);
        assert_eq!(ran.code, Some(0), "cargo {args:?}\n{}\n{}", ran.stdout, ran.stderr);
        ran
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.folder.join(path), text).expect("a file of the project");
    }
}

fn is_full_run() -> bool {
    let full = std::env::var_os("SVCKIT_FULL").is_some();
    if !full {
        println!("not run: building new projects (SVCKIT_FULL is not set; tests/run sets it)");
    }
    full
}

#[test]
fn a_new_service_builds_tests_and_follows_its_contracts() {
    if !is_full_run() {
        return;
    }
    let project = Project::new("greeting-shop", "service");
    let tested = project.succeeds(&["test"]);
    assert!(tested.stdout.contains("mallory_is_not ... ok"), "{}", tested.stdout);
    // Nothing changed: nothing is done.
    project.succeeds(&["build"]);
    let again = project.succeeds(&["build", "-v"]).stderr;
    assert!(again.contains("Fresh greeting-shop"), "{again}");
    assert!(!again.contains("build-script-build`"), "{again}");
    // A file that is no contract: nothing is done.
    project.write("README.md", "changed");
    let other = project.succeeds(&["build", "-v"]).stderr;
    assert!(!other.contains("build-script-build`"), "{other}");
    // A new contract is found.
    project.write("contracts/extra.svc", "package extra.v1\n\nrecord Extra {\n  id @1: uuid\n}\n");
    let more = project.succeeds(&["build", "-v"]).stderr;
    assert!(more.contains("build-script-build`"), "{more}");
    // A wrong one shows as `svckit check` shows it.
    project.write("contracts/extra.svc", BAD);
    let broken = project.cargo(&["build"]);
    assert_ne!(broken.code, Some(0));
    let checked = project.sandbox.run(["check", "greeting-shop/contracts/extra.svc"]).stderr;
    let message = checked.lines().next().expect("a message");
    assert!(broken.stderr.contains(message), "{}\nis not in\n{}", message, broken.stderr);
    assert!(broken.stderr.contains("--> contracts/extra.svc:4:9"), "{}", broken.stderr);
    // And mended, it builds again.
    project.write("contracts/extra.svc", "package extra.v1\n");
    project.succeeds(&["build"]);
}

#[test]
fn a_new_workspace_shares_types_between_crates() {
    if !is_full_run() {
        return;
    }
    let project = Project::new("sharing-shop", "workspace");
    let tested = project.succeeds(&["test"]);
    assert!(tested.stdout.contains("guests_are_greeted ... ok"), "{}", tested.stdout);
}
