//! The crate that is made of what is generated.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
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
        Self { root }
    }

    /// Runs cargo in the crate.
    pub(crate) fn cargo(&self, args: &[&str]) {
        let shared = env::var_os("SVCKIT_PROJECTS").map(PathBuf::from);
        let target =
            shared.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("target"));
        let output = Command::new(env!("CARGO"))
            .args(args)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", target)
            .env_remove("RUSTFLAGS")
            .output()
            .expect("cargo runs");
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

fn manifest(repository: &Path) -> String {
    let svckit = repository.join("runtime/svckit");
    format!(
        "[package]\nname = \"generated\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [workspace]\n\n\
         [dependencies]\nsvckit = {{ path = {svckit:?}, default-features = false }}\nserde = \"1\"\nserde_json = \"1\"\n\n\
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
