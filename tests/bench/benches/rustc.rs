//! How long rustc takes for a crate of what svckit generates, beside one of what tonic, prost and pbjson generate for
//! the same schema: types, binary form, JSON, clients and servers.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "benchmarks write files and run their peers"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use prost::Message as _;
use svckit_backend::{Backend, Files, Options};
use svckit_backend_proto::{ProtoBackend, descriptor_set};
use svckit_backend_rust::RustBackend;
use svckit_bench::{in_earnest, race};
use svckit_diagnostics::FileId;
use svckit_model::{World, resolve};
use svckit_syntax::parse;
use svckit_tests::world;

/// Services of the schema.
const SERVICES: usize = 20;

fn main() {
    let world = contracts();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rustc-bench");
    let ours = folder.join("ours");
    let theirs = folder.join("theirs");
    our_crate(&ours, &world);
    their_crate(&theirs, &world);
    if !in_earnest() {
        return;
    }
    let rounds = 7;
    for verb in ["check", "build"] {
        let compile = |folder: &Path| {
            touch(&folder.join("src/lib.rs"));
            cargo(verb, folder);
        };
        let race = race(rounds, || compile(&ours), || compile(&theirs));
        race.report_time(&format!("cargo {verb} of {SERVICES} generated services"), 1.0);
    }
}

fn contracts() -> World {
    let texts: Vec<_> = world::world(SERVICES).into_iter().map(|s| s.text).collect();
    let parsed: Vec<_> = (0..).zip(&texts).map(|(id, t)| parse(FileId(id), t)).collect();
    let source = |p| svckit_model::Source { file: p, external: false };
    let files: Vec<_> = parsed.iter().map(|p| source(&p.file)).collect();
    resolve(&files).world
}

fn our_crate(folder: &Path, world: &World) {
    let files = RustBackend.generate(world, &Options::default()).expect("no mistakes");
    for (path, text) in files.iter() {
        write(&folder.join("src").join(path), text);
    }
    write(&folder.join("src/lib.rs"), "include!(\"svckit_contracts.rs\");\n");
    let svckit = workspace().join("runtime/svckit");
    manifest(folder, "ours", &format!("svckit = {{ path = {svckit:?} }}\n"));
}

fn their_crate(folder: &Path, world: &World) {
    let protos = folder.join("proto");
    let mut options = Options::default();
    options.set("workspace", "false").set("validate", "false");
    let files = ProtoBackend.generate(world, &options).expect("no mistakes");
    let paths = write_all(&protos, &files);
    let set = protox::compile(paths, [&protos]).expect("what is emitted is Protobuf");
    let src = folder.join("src");
    std::fs::create_dir_all(&src).expect("writable");
    let builder = tonic_prost_build::configure().out_dir(&src).compile_well_known_types(true);
    builder
        .extern_path(".google.protobuf", "::pbjson_types")
        .compile_fds(set.clone())
        .expect("prost takes it");
    let descriptors = descriptor_set(world).expect("no mistakes");
    assert_eq!(
        set.file.len(),
        prost_types::FileDescriptorSet::decode(&*descriptors)
            .expect("they are descriptors")
            .file
            .len()
    );
    let mut json = pbjson_build::Builder::new();
    json.register_descriptors(&set.encode_to_vec()).expect("they are descriptors");
    json.extern_path(".google.protobuf", "::pbjson_types").out_dir(&src);
    json.build(&[".world"]).expect("pbjson takes it");
    write(&src.join("lib.rs"), &modules(world));
    let dependencies = "pbjson = \"0.9\"\npbjson-types = \"0.9\"\nprost = \"0.14\"\nserde = \"1\"\n\
                        tonic = \"0.14\"\ntonic-prost = \"0.14\"\n";
    manifest(folder, "theirs", dependencies);
}

/// `world.region0000.v1` as nested modules that include what was generated for it.
fn modules(world: &World) -> String {
    let mut text = String::from("pub mod world {\n");
    for (_, package) in world.local_packages() {
        let name = &package.name;
        let region = name.split('.').nth(1).expect("world.REGION.v1");
        let _ = writeln!(
            text,
            "pub mod {region} {{ pub mod v1 {{ include!(\"{name}.rs\"); include!(\"{name}.serde.rs\"); }} }}"
        );
    }
    text + "}\n"
}

/// A crate that stands for itself, at the versions of this workspace.
fn manifest(folder: &Path, name: &str, dependencies: &str) {
    let text = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n\n[dependencies]\n{dependencies}"
    );
    write(&folder.join("Cargo.toml"), &text);
    let lock = folder.join("Cargo.lock");
    if !lock.exists() {
        std::fs::copy(workspace().join("Cargo.lock"), lock).expect("the workspace has one");
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("it is there")
}

fn write_all(folder: &Path, files: &Files) -> Vec<PathBuf> {
    let write = |(path, text): (&str, &str)| {
        let path = folder.join(path);
        write(&path, text);
        path
    };
    files.iter().map(write).collect()
}

fn write(path: &Path, text: &str) {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text)).unwrap_or_else(|e| {
        panic!("{}: {e}", path.display());
    });
}

/// Makes cargo think that the file is new.
fn touch(path: &Path) {
    let text = std::fs::read_to_string(path).expect("it was written");
    write(path, &text);
}

fn cargo(verb: &str, folder: &Path) {
    let mut command = Command::new(env!("CARGO"));
    let command = command.args([verb, "--quiet"]).current_dir(folder);
    let command = command.env("CARGO_TARGET_DIR", folder.join("../target"));
    let command = command.env("RUSTFLAGS", "--cap-lints allow");
    let done = command.status().expect("cargo can be started");
    assert!(done.success(), "{} does not compile", folder.display());
}
