//! Parse and check of a large world, beside `buf build` and `buf lint` over the Protobuf files that it becomes; and how
//! the time grows with the world.
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
    if in_earnest() {
        growth();
    }
}

/// The whole of what `svckit check` does with texts; a world with errors is a mistake of the benchmark.
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
        run(&buf, "build", &folder);
        run(&buf, "lint", &folder);
    };
    let rounds = if in_earnest() { 5 } else { 1 };
    race(rounds, ours, theirs).report_time("parse + check, beside buf build + buf lint", 0.3);
    let _ = std::fs::remove_dir_all(&folder);
}

/// Time a line from ten thousand lines to a million: as it is linear, a line takes as long in each.
fn growth() {
    let mut first = None;
    for lines in [10_000, 100_000, 1_000_000] {
        let texts = texts(&world::world(world::services_for(lines)));
        let lines: usize = texts.iter().map(|t| t.lines().count()).sum();
        let times: Vec<Duration> = (0..3).map(|_| timed(&mut || drop(check(&texts)))).collect();
        let a_line = median(&times).as_secs_f64() / lines as f64;
        let base = *first.get_or_insert(a_line);
        println!(
            "{lines:>9} lines: a line takes {:.2} of what it takes in the smallest",
            a_line / base
        );
    }
}

fn write(path: &Path, text: &str) {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text)).unwrap_or_else(|e| {
        panic!("{}: {e}", path.display());
    });
}

fn run(buf: &Path, verb: &str, folder: &Path) {
    let mut command = Command::new(buf);
    let command = command.args([verb, "."]).current_dir(folder).stdout(Stdio::null());
    let done = command.status().unwrap_or_else(|e| panic!("{}: {e}", buf.display()));
    assert!(done.success(), "buf {verb} refuses what was emitted");
}

fn buf() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("SVCKIT_BUF") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|d| d.join("buf")).find(|p| p.is_file())
}
