//! `cargo run -p shop`: opens the shop, sends it a day of customers, and compares its books.

mod crash;
mod options;

use std::path::Path;
use std::process::ExitCode;

use shop::audit::Books;
use shop::{drive, house};
use svckit::{App, Running};

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
        Command::Drive => elsewhere(&options).await,
        Command::Crash => crash::crash(&options).await,
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

/// All services in one process, and customers who come over gRPC.
async fn day(options: &Options) -> Result<ExitCode> {
    let temporary = tempfile::tempdir()?;
    let data = options.data.as_deref().unwrap_or(temporary.path());
    let running = open(data, options.listen.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let url = running.url().ok_or("the shop does not listen")?;
    println!(
        "The shop is open at {url}: five services in one process, durable in {}.",
        data.display()
    );
    let good = customers(&house::all_at(&url), options).await?;
    running.idle().await?;
    messages(&running).await?;
    running.shutdown().await;
    Ok(reckon(good))
}

/// Everything in this process, durable in a directory.
async fn open(data: &Path, listen: &str) -> svckit::Result<Running> {
    house::everything(App::local().data(data).listen(listen)).start().await
}

/// A day of customers; whether the books balance.
async fn customers(app: &App, options: &Options) -> Result<bool> {
    let plan = drive::plan(options.orders, options.seed);
    drive::restock(app, options.orders, options.seed).await?;
    drive::place(app, &plan, true).await?;
    let start = drive::pieces_at_start(options.orders);
    let report = Books::settled(app).await?.audit(&plan, &start);
    println!("\n{report}");
    Ok(report.faults.is_empty())
}

/// What messages went through this process.
async fn messages(running: &Running) -> Result<()> {
    let status = running.messages();
    let sum =
        |count: fn(&svckit::GroupCounters) -> u64| status.groups.iter().map(count).sum::<u64>();
    let (handled, again, dead) = (sum(|g| g.handled), sum(|g| g.redelivered), sum(|g| g.dead));
    println!("{handled:>6} messages handled, {again} delivered again, {dead} dead letters");
    for letter in running.dead_letters().await?.iter().take(5) {
        println!("  DEAD: {} in {}: {}", letter.envelope.name, letter.group, letter.failure.reason);
    }
    Ok(())
}

/// These services, until the process is told to stop.
async fn serve(names: &[String], options: &Options) -> Result<ExitCode> {
    let mut app = App::from_env()?;
    if let Some(data) = &options.data {
        app = app.data(data);
    }
    if let Some(address) = &options.listen {
        app = app.listen(address);
    }
    for name in names {
        app = match house::service(name) {
            Some(servers) => servers.into_iter().fold(app, App::serve),
            None if name == "all" => house::everything(app),
            None => {
                return Err(format!("there is no service `{name}`\n\n{}", options::USAGE).into());
            }
        };
    }
    app.run().await?;
    Ok(ExitCode::SUCCESS)
}

/// A day of customers at a shop that runs elsewhere: all of it at one URL, or where SVCKIT_ENDPOINTS says.
async fn elsewhere(options: &Options) -> Result<ExitCode> {
    let app = match options.at.as_deref() {
        Some(url) => house::all_at(url),
        None => App::from_env()?,
    };
    drive::opened(&app).await?;
    Ok(reckon(customers(&app, options).await?))
}

fn reckon(good: bool) -> ExitCode {
    if good {
        println!("\nThe books balance: nothing is lost, nothing was done twice.");
        ExitCode::SUCCESS
    } else {
        println!("\nThe books DO NOT balance.");
        ExitCode::FAILURE
    }
}
