//! Other people's tools over what is generated: protox and buf.

use std::path::{Path, PathBuf};
use std::process::Command;

use prost_reflect::DescriptorPool;
use svckit_backend::{Backend, Files, Options};
use svckit_backend_proto::{ProtoBackend, descriptor_set};
use svckit_diagnostics::Diagnostic;
use svckit_model::World;

pub fn generate(world: &World) -> Files {
    ProtoBackend.generate(world, &Options::default()).unwrap_or_else(|d| panic!("{}", texts(&d)))
}

pub fn texts(diagnostics: &[Diagnostic]) -> String {
    let all: Vec<String> =
        diagnostics.iter().map(|d| format!("{}: {}", d.code.id, d.message)).collect();
    all.join("\n")
}

/// Compares with `tests/golden/NAME.txt`, or writes it where BLESS is set.
pub fn golden(name: &str, files: &Files) {
    let mut text = String::new();
    for (path, body) in files.iter().filter(|(p, _)| !p.ends_with("validate.proto")) {
        text.push_str(&format!("==> {path}\n{body}\n"));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, text).expect("the folder golden is there");
        return;
    }
    let old = std::fs::read_to_string(&file).unwrap_or_default();
    let diff = similar::TextDiff::from_lines(&old, &text);
    assert!(old == text, "{name} differs; BLESS=1 accepts it\n{}", diff.unified_diff());
}

/// A fresh folder of this test run.
pub fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("the target's folder is writable");
    dir
}

pub fn write(dir: &Path, files: &Files) {
    for (path, text) in files.iter() {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("the folder is writable");
        std::fs::write(path, text).expect("the folder is writable");
    }
}

/// Compiles every file by protox.
pub fn compile(name: &str, files: &Files) -> DescriptorPool {
    let dir = folder(&format!("{name}-protox"));
    write(&dir, files);
    let roots = ["proto", "vendor"].map(|r| dir.join(r));
    let protos: Vec<PathBuf> =
        files.iter().filter(|(p, _)| p.ends_with(".proto")).map(|(p, _)| dir.join(p)).collect();
    let set = protox::compile(protos, roots).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    let _ = std::fs::remove_dir_all(&dir);
    DescriptorPool::from_file_descriptor_set(set).expect("protox makes valid descriptors")
}

/// The descriptors that are made directly say what protox reads from the text.
pub fn same_descriptors(name: &str, world: &World, from_text: &DescriptorPool) {
    let bytes = descriptor_set(world).unwrap_or_else(|d| panic!("{}", texts(&d)));
    let direct = DescriptorPool::decode(bytes.as_slice())
        .unwrap_or_else(|e| panic!("{name}: invalid descriptors: {e}"));
    for file in direct.files() {
        let text = from_text.get_file_by_name(file.name()).expect("a file for each");
        let direct = stripped(file.file_descriptor_proto());
        let text = stripped(text.file_descriptor_proto());
        if file.name().starts_with("google/") {
            assert_eq!(shapes(&direct), shapes(&text), "{name}: {}", file.name());
        } else {
            assert_eq!(direct, text, "{name}: {}", file.name());
        }
    }
}

type Proto = prost_types::FileDescriptorProto;

/// Names, numbers and types, for files that have Google's own options.
fn shapes(file: &Proto) -> Vec<prost_types::DescriptorProto> {
    let mut messages = file.message_type.clone();
    messages.iter_mut().flat_map(|m| &mut m.field).for_each(|f| f.options = None);
    messages.sort_by(|a, b| a.name.cmp(&b.name));
    messages
}

/// Without what the direct descriptors leave out.
fn stripped(file: &Proto) -> Proto {
    let mut file = file.clone();
    file.source_code_info = None;
    file.dependency.retain(|d| d != "buf/validate/validate.proto");
    for message in &mut file.message_type {
        for field in &mut message.field {
            if field.options.as_ref().is_some_and(|o| o.deprecated.is_none()) {
                field.options = None;
            }
        }
        for oneof in &mut message.oneof_decl {
            oneof.options = None;
        }
    }
    file
}

/// `buf`, from `SVCKIT_BUF` or the path; none outside CI is said aloud.
fn buf() -> Option<PathBuf> {
    let named = std::env::var_os("SVCKIT_BUF").map(PathBuf::from);
    let found = named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|d| d.join("buf")).find(|p| p.is_file())
    });
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "buf is missing: set SVCKIT_BUF or install it");
        eprintln!("not run: buf is missing (set SVCKIT_BUF)");
    }
    found
}

/// `buf build` and `buf format`, and `buf lint` too where asked for.
pub fn buf_accepts(name: &str, files: &Files, lint: bool) {
    let Some(buf) = buf() else { return };
    let dir = folder(&format!("{name}-buf"));
    write(&dir, files);
    let mut runs: Vec<&[&str]> = vec![&["build", "."], &["format", "-d", "--exit-code", "proto"]];
    runs.extend(lint.then_some::<&[&str]>(&["lint", "."]));
    for args in runs {
        let out =
            Command::new(&buf).args(args).current_dir(&dir).output().expect("buf can be started");
        let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        assert!(out.status.success(), "{name}: buf {} says\n{said}", args[0]);
    }
    let _ = std::fs::remove_dir_all(&dir);
}

/// All of the above.
pub fn accepted(name: &str, world: &World, lint: bool) -> Files {
    let files = generate(world);
    golden(name, &files);
    let pool = compile(name, &files);
    same_descriptors(name, world, &pool);
    buf_accepts(name, &files, lint);
    files
}
