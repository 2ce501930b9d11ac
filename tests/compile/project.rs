//! The crate that is made of what is generated.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use svckit_backend::Options;

use crate::contracts::Contract;
use crate::samples;

/// A crate of its own, outside of the workspace.
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// Writes a crate with a module for each contract.
    pub(crate) fn write(name: &str, contracts: &[Contract]) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a repository");
        fs::create_dir_all(root.join("src")).expect("a folder");
        put(&root.join("Cargo.toml"), &manifest(repository));
        let lock = fs::read_to_string(repository.join("Cargo.lock")).expect("a lock file");
        if !root.join("Cargo.lock").exists() {
            put(&root.join("Cargo.lock"), &lock);
        }
        let mut lib = String::from("//! What svckit generates.\n\n");
        let mut tests = String::from(samples::HEAD);
        for contract in contracts {
            let folder = root.join("src").join(&contract.name);
            fs::create_dir_all(&folder).expect("a folder");
            let files = crate::generate(contract, &Options::default());
            for (path, text) in files.iter() {
                put(&folder.join(path), text);
            }
            let name = &contract.name;
            let _ = write!(
                lib,
                "/// The contract `{name}`.\npub mod {name} {{\n    include!(\"{name}/svckit_contracts.rs\");\n}}\n\n"
            );
            tests.push_str(&samples::of(contract));
        }
        let _ = write!(lib, "#[cfg(test)]\nmod tests;\n");
        put(&root.join("src/lib.rs"), &lib);
        put(&root.join("src/tests.rs"), &tests);
        for (from, to) in [("behaviour", "tests"), ("refused", "examples")] {
            copy(&repository.join("tests/compile").join(from), &root.join(to));
        }
        Self { root }
    }

    /// Checks an example that is not to compile, and compares with what it says of itself: `//~ MESSAGE` at the end of
    /// a line.
    pub(crate) fn refuses(&self, path: &Path) {
        let text = fs::read_to_string(path).expect("an example");
        let name = path.file_stem().expect("a name").to_string_lossy();
        let lines = text.lines().enumerate();
        let wanted: Vec<_> = lines
            .filter_map(|(at, line)| Some(format!("{}: {}", at + 1, line.split_once("//~ ")?.1)))
            .collect();
        assert!(!wanted.is_empty(), "{name} says of no line what is wrong with it");
        let output =
            self.run(&["check", "--quiet", "--example", &name, "--message-format", "short"]);
        let said = String::from_utf8_lossy(&output.stderr);
        // `examples/NAME.rs:LINE:COLUMN: error[CODE]: MESSAGE: LABEL`
        let errors = said.lines().filter_map(|line| {
            let mut parts = line.split(": ");
            let (place, code, message) = (parts.next()?, parts.next()?, parts.next()?);
            let line = place.rsplit(':').nth(1)?;
            code.starts_with("error[").then(|| format!("{line}: {code}: {message}"))
        });
        let errors: Vec<_> = errors.collect();
        assert_eq!(errors, wanted, "{name}:\n{said}");
    }

    fn run(&self, args: &[&str]) -> Output {
        let shared = env::var_os("SVCKIT_PROJECTS").map(PathBuf::from);
        let target =
            shared.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("target"));
        Command::new(env!("CARGO"))
            .args(args)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", target)
            .env_remove("RUSTFLAGS")
            .output()
            .expect("cargo runs")
    }

    /// Runs cargo in the crate; it succeeds.
    pub(crate) fn cargo(&self, args: &[&str]) {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "cargo {} in {}:\n{}\n{}",
            args.join(" "),
            self.root.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a file");
        put(&to.join(path.file_name().expect("a name")), &text);
    }
}

fn manifest(repository: &Path) -> String {
    let runtime = |name: &str| repository.join("runtime").join(name);
    let (svckit, core, memory) = (runtime("svckit"), runtime("core"), runtime("store-memory"));
    format!(
        "[package]\nname = \"generated\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [workspace]\n\n\
         [dependencies]\nsvckit = {{ path = {svckit:?}, default-features = false }}\nserde = \"1\"\nserde_json = \"1\"\n\n\
         [dev-dependencies]\nsvckit = {{ path = {svckit:?}, default-features = false, features = [\"http\"] }}\nsvckit-core = {{ path = {core:?} }}\nsvckit-store-memory = {{ path = {memory:?} }}\n\
         proptest = {{ version = \"1\", default-features = false, features = [\"std\"] }}\ntokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n\n\
         [profile.dev]\ndebug = false\n"
    )
}

/// Writes a file where it differs, so that cargo builds no more than it must.
fn put(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text).expect("a file");
}
