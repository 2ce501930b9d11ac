//! `cargo run -p boutique`: opens the shop, sends it a day of visitors, and closes with a reckoning.

mod options;

use std::process::ExitCode;
use std::sync::Arc;

use boutique::drive::{Report, all_at, drive};
use boutique::house;
use boutique::ledger::Ledger;
use svckit::App;

use crate::options::{Command, Options};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            eprint!("{wrong}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    let done = match &options.command {
        Command::Day => day(&options).await,
        Command::Serve(names) => serve(names, &options).await,
        Command::Drive => visit_elsewhere(&options).await,
        Command::Help => {
            print!("{}", options::USAGE);
            Ok(ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

/// All services in one process, and visitors who come over gRPC.
async fn day(options: &Options) -> Result<ExitCode> {
    let ledger = Arc::<Ledger>::default();
    let app = App::local().listen(options.listen.as_deref().unwrap_or("127.0.0.1:0"));
    let app = house::everything(options.seed, &ledger)?.into_iter().fold(app, App::serve);
    let running = app.start().await?;
    let url = running.url().ok_or("the shop does not listen")?;
    println!("The boutique is open at {url}: {} services in one process.", house::NAMES.len());
    let mut report = drive(&all_at(&url), options.visits, options.seed).await?;
    running.shutdown().await;
    report.balance(&ledger.read());
    Ok(reckon(&report))
}

/// These services, until the process is told to stop.
async fn serve(names: &[String], options: &Options) -> Result<ExitCode> {
    let ledger = Arc::<Ledger>::default();
    let mut app = App::from_env()?;
    if let Some(address) = &options.listen {
        app = app.listen(address);
    }
    for name in names {
        app = match house::service(name, options.seed, &ledger)? {
            Some(service) => app.serve(service),
            None if name == "all" => {
                house::everything(options.seed, &ledger)?.into_iter().fold(app, App::serve)
            }
            None => {
                return Err(format!("there is no service `{name}`\n\n{}", options::USAGE).into());
            }
        };
    }
    app.run().await?;
    Ok(ExitCode::SUCCESS)
}

/// Visits to a shop whose books are elsewhere: only its answers are judged.
async fn visit_elsewhere(options: &Options) -> Result<ExitCode> {
    let app = match &options.at {
        Some(url) => all_at(url),
        None => App::from_env()?,
    };
    Ok(reckon(&drive(&app, options.visits, options.seed).await?))
}

fn reckon(report: &Report) -> ExitCode {
    println!("\n{report}");
    if report.is_good() {
        println!("The books balance.");
        ExitCode::SUCCESS
    } else {
        println!("The books DO NOT balance.");
        ExitCode::FAILURE
    }
}
