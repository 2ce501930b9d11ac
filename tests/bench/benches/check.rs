//! `svckit check` beside buf over the Protobuf files that a world becomes: with every rule of design beside `buf build`,
//! `buf lint` and `buf breaking`; parsing and resolving alone; a small project and the bare command, which show how long
//! it takes to start; and how the time grows with the world.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "benchmarks read files and run their peers"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use svckit_backend::{Backend, Options};
use svckit_backend_proto::ProtoBackend;
use svckit_bench::{in_earnest, median, race, timed};
use svckit_diagnostics::FileId;
use svckit_model::{World, resolve};
use svckit_syntax::parse;
use svckit_tests::world::{self, Source};

fn main() {
    let services = if in_earnest() { 1_000 } else { 3 };
    let sources = world::world(services);
    println!("a world of {services} services, {} lines", world::lines(&sources));
    beside_buf(&sources);
    cold_start();
    if in_earnest() {
        growth();
    }
}

/// Parses and resolves; a world with errors is a mistake of the benchmark.
fn check(texts: &[String]) -> World {
    let parsed: Vec<_> = (0..).zip(texts).map(|(id, t)| parse(FileId(id), t)).collect();
    let files: Vec<_> =
        parsed.iter().map(|p| svckit_model::Source { file: &p.file, external: false }).collect();
    let resolved = resolve(&files);
    let mut errors = parsed.iter().flat_map(|p| &p.diagnostics).chain(&resolved.diagnostics);
    let error = errors.find(|d| d.is_error());
    assert!(error.is_none(), "the made-up world has a mistake: {error:?}");
    resolved.world
}

fn texts(sources: &[Source]) -> Vec<String> {
    sources.iter().map(|s| s.text.clone()).collect()
}

fn beside_buf(sources: &[Source]) {
    let Some(buf) = buf() else {
        println!("not run: buf is missing (set SVCKIT_BUF, or let tests/run install it)");
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("check-bench");
    let _ = std::fs::remove_dir_all(&folder);
    let contracts = folder.join("contracts");
    for source in sources {
        write(&contracts.join(&source.path), &source.text);
    }
    let world = check(&texts(sources));
    let files = ProtoBackend.generate(&world, &Options::default());
    for (path, text) in files.unwrap_or_else(|d| panic!("{d:?}")).iter() {
        write(&folder.join(path), text);
    }
    let paths: Vec<PathBuf> = sources.iter().map(|s| contracts.join(&s.path)).collect();
    let ours = || {
        let read = |p: &PathBuf| std::fs::read_to_string(p).unwrap_or_else(|e| panic!("{e}"));
        let texts: Vec<String> = paths.iter().map(read).collect();
        check(&texts);
    };
    let theirs = || {
        run(&buf, &["build", "."], &folder);
        run(&buf, &["lint", "."], &folder);
    };
    let rounds = if in_earnest() { 5 } else { 1 };
    race(rounds, ours, theirs).report_time("parse + resolve, beside buf build + lint", 0.3);
    let svckit = svckit();
    let ours = || run(&svckit, &["check", "contracts"], &folder);
    let theirs = || {
        run(&buf, &["build", "."], &folder);
        run(&buf, &["lint", "."], &folder);
        run(&buf, &["breaking", ".", "--against", "."], &folder);
    };
    let title = "svckit check, beside buf build+lint+breaking";
    race(rounds, ours, theirs).report_time(title, 0.5);
    let _ = std::fs::remove_dir_all(&folder);
}

/// The bare command, and a project as `svckit new` makes one, each a process of its own.
fn cold_start() {
    let Some(buf) = buf() else { return };
    let svckit = svckit();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cold-bench");
    let _ = std::fs::remove_dir_all(&folder);
    write(&folder.join("contracts/a.svc"), SMALL);
    write(&folder.join("svckit.toml"), "version = 1\nsources = [\"contracts\"]\n");
    let rounds = if in_earnest() { 40 } else { 1 };
    let version = || run(&buf, &["--version"], &folder);
    let bare = race(rounds, || run(&svckit, &["--version"], &folder), version);
    bare.report_time("svckit --version, beside buf --version", 1.0);
    let small = race(rounds, || run(&svckit, &["check"], &folder), version);
    small.report_time("svckit check of a small project, beside it", 1.0);
    let _ = std::fs::remove_dir_all(&folder);
}

const SMALL: &str = "\
package greeter.v1

service Greeter {
  query Greet(name @1: string where len 1..=100) -> string
}
";

/// Time a line of the whole command, from ten thousand lines to a million: as it is linear, a line takes as long in each.
fn growth() {
    let svckit = svckit();
    let mut first = None;
    for lines in [10_000, 100_000, 1_000_000] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("growth-bench");
        let _ = std::fs::remove_dir_all(&folder);
        let sources = world::world(world::services_for(lines));
        for source in &sources {
            write(&folder.join(&source.path), &source.text);
        }
        let mut once = || run(&svckit, &["check", "."], &folder);
        let times: Vec<Duration> = (0..3).map(|_| timed(&mut once)).collect();
        let lines = world::lines(&sources);
        let a_line = median(&times).as_secs_f64() / lines as f64;
        let base = *first.get_or_insert(a_line);
        println!(
            "{lines:>9} lines: a line takes {:.2} of what it takes in the smallest",
            a_line / base
        );
        let _ = std::fs::remove_dir_all(&folder);
    }
}

fn write(path: &Path, text: &str) {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text)).unwrap_or_else(|e| {
        panic!("{}: {e}", path.display());
    });
}

/// A process that has to succeed.
fn run(program: &Path, args: &[&str], folder: &Path) {
    let mut command = Command::new(program);
    let command = command.args(args).current_dir(folder);
    let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let done = done.unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    assert!(done.success(), "{} {args:?} fails", program.display());
}

/// The command as users have it: optimised where it is raced.
fn svckit() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "svckit-cli", "--bin", "svckit"]);
    if in_earnest() {
        build.arg("--release");
    }
    let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(built.is_ok_and(|s| s.success()), "svckit does not build");
    let profile = if in_earnest() { "release" } else { "debug" };
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap_or(Path::new("target"));
    target.join(profile).join(format!("svckit{}", std::env::consts::EXE_SUFFIX))
}

/// The program itself: what npm installs starts Node first, which would count against it.
fn buf() -> Option<PathBuf> {
    let named = std::env::var_os("SVCKIT_BUF").map(PathBuf::from);
    let path = std::env::var_os("PATH")?;
    let found = || std::env::split_paths(&path).map(|d| d.join("buf")).find(|p| p.is_file());
    let buf = named.or_else(found)?;
    let modules = buf.parent()?.parent()?.join("@bufbuild");
    let natives = std::fs::read_dir(modules).into_iter().flatten().flatten();
    let packages = natives.filter(|entry| entry.file_name() != "buf").map(|entry| entry.path());
    let native = packages.map(|package| package.join("bin/buf")).find(|p| p.is_file());
    Some(native.unwrap_or(buf))
}
