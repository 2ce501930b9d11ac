//! The `svckit` command: arguments in, text and an exit code out. All else is the driver's.
//!
//! Exit codes: 0 clean, 1 findings, 2 bad usage or I/O. Messages for people go to standard error; what a command was
//! asked for, JSON included, to standard output.

mod args;
mod commands;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command};
use svckit_driver::Failure;
use terminal::Terminal;

/// How a command ended, if nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    /// Nothing to complain about.
    Clean,
    /// There are errors, or something is not as it should be.
    Findings,
    /// Some inputs could not be read; said already.
    Failed,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(arguments(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help that nobody reads, through a closed pipe, is not a failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let terminal = Terminal::new(&cli.output);
    match run(&cli, &terminal) {
        Ok(Status::Clean) => ExitCode::SUCCESS,
        Ok(Status::Findings) => ExitCode::from(1),
        Ok(Status::Failed) => ExitCode::from(2),
        Err(failure) => {
            terminal.failure(&failure);
            ExitCode::from(2)
        }
    }
}

/// Cargo calls `cargo-svckit svckit ARGS`.
fn arguments(all: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut all: Vec<OsString> = all.collect();
    let program = all.first().map(|a| std::path::Path::new(a).file_stem().map(OsString::from));
    let by_cargo = program.flatten().is_some_and(|name| name == "cargo-svckit");
    if by_cargo && all.get(1).is_some_and(|a| a == "svckit") {
        all.remove(1);
    }
    all
}

fn run(cli: &Cli, terminal: &Terminal) -> Result<Status, Failure> {
    if terminal.is_picture() && !matches!(cli.command, Command::Graph(_)) {
        let message = "svg, mermaid and dot are formats of `svckit graph` alone";
        return Err(Failure::new(message));
    }
    match &cli.command {
        Command::New(args) => commands::new::run(args, terminal),
        Command::Check(args) => commands::check::run(args, terminal),
        Command::Lint(args) => commands::lint::run(args, terminal),
        Command::Fmt(args) => commands::fmt::run(args, terminal),
        Command::Gen(args) => commands::generate::run(args, terminal),
        Command::Graph(args) => commands::graph::run(args, terminal),
        Command::Explain(args) => commands::explain::run(args, terminal),
        Command::Codes => commands::explain::list(terminal),
        Command::Rules => commands::explain::rules(terminal),
        Command::Dlq(args) => commands::operate::dlq::run(args, terminal),
        Command::Outbox(args) => commands::operate::outbox::run(args, terminal),
        Command::Replay(args) => commands::operate::replay::run(args, terminal),
        Command::Top(args) => commands::operate::top::run(args, terminal),
    }
}
