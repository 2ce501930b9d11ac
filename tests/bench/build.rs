//! Compiles the contract by svckit, and by prost and tonic the Protobuf that svckit makes of it.
#![allow(clippy::disallowed_methods, reason = "a build script reads and writes files")]

use std::path::{Path, PathBuf};

use svckit_backend::{Backend, Options};
use svckit_backend_proto::ProtoBackend;
use svckit_diagnostics::FileId;

const CONTRACT: &str = "contracts/shapes.svc";

fn main() -> svckit_build::Result {
    svckit_build::configure().compile("contracts")?;
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).expect("cargo sets it");
    peers(&out.join("proto"));
    Ok(())
}

fn peers(folder: &Path) {
    let text = std::fs::read_to_string(CONTRACT).expect("the contract is beside this");
    let parsed = svckit_syntax::parse(FileId(0), &text);
    let source = svckit_model::Source { file: &parsed.file, external: false };
    let world = svckit_model::resolve(&[source]).world;
    let mut options = Options::default();
    options.set("workspace", "false").set("validate", "false");
    let files = ProtoBackend.generate(&world, &options).expect("the contract is without errors");
    let mut paths = Vec::new();
    for (path, text) in files.iter() {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("it is below the folder")).expect("writable");
        std::fs::write(&path, text).expect("writable");
        paths.push(path);
    }
    let set = protox::compile(paths, [folder]).expect("what is emitted is Protobuf");
    let builder = tonic_prost_build::configure().bytes(".").btree_map(".").out_dir(folder);
    builder.compile_fds(set).expect("prost takes it");
}
