//! `tests/outage/run`: see [`svckit_outage`].

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use svckit_outage::amplify::Outage;
use svckit_outage::house::Between;
use svckit_outage::run::{Plan, Verdict, contracts, run};
use svckit_outage::{Result, amplify};

const USAGE: &str = "\
Usage:
  outage shop [--hurt NAME]... [--between grpc|http] [--seconds N] [--rate N] [--plot FILE] [--program FILE]
      the shop in five processes under load, while one after the other (or those that are named) is slowed, stopped and
      killed for N seconds each
  outage amplification [--seconds N] [--rate N] [--fails PERCENT]
      how often a callee is asked per call during an outage of N seconds in which all of its answers (or so many of a
      hundred) are errors, with budgets and without

Exits with 0 where all promises were kept, 1 where not, 2 where it could not be tried, 3 where this machine was too busy
to judge all of it.
";

#[tokio::main]
async fn main() -> ExitCode {
    match try_main().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn try_main() -> Result<ExitCode> {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("shop") => {
            let plan = plan(args)?;
            let hurt = if plan.hurt.is_empty() { "all".to_owned() } else { plan.hurt.join(", ") };
            println!(
                "The shop under load, its processes calling each other by {}://; hurt: {hurt}",
                plan.between.scheme()
            );
            Ok(told(&run(&plan).await?))
        }
        Some("amplification") => amplified(outage(args)?).await,
        _ => Err(USAGE.into()),
    }
}

/// Hands each option with its value to who understands it.
fn options(
    mut args: impl Iterator<Item = String>,
    mut take: impl FnMut(&str, &str) -> Result<bool>,
) -> Result<()> {
    while let Some(option) = args.next() {
        let value = args.next().ok_or_else(|| format!("{option} needs a value\n\n{USAGE}"))?;
        let taken = take(&option, &value).map_err(|error| format!("{option} {value}: {error}"))?;
        if !taken {
            return Err(format!("{option} is not understood\n\n{USAGE}").into());
        }
    }
    Ok(())
}

fn plan(args: impl Iterator<Item = String>) -> Result<Plan> {
    let mut plan = Plan {
        program: std::env::current_exe()?.with_file_name("shop"),
        contracts: contracts(),
        between: Between::Grpc,
        hurt: Vec::new(),
        time: Duration::from_secs(10),
        rate: 40.0,
        plot: None,
    };
    options(args, |option, value| {
        match option {
            "--seconds" => plan.time = seconds(value)?,
            "--rate" => plan.rate = number(value)?.into(),
            "--hurt" => plan.hurt.push(value.to_owned()),
            "--between" => {
                plan.between = match value {
                    "grpc" => Between::Grpc,
                    "http" => Between::Http,
                    _ => return Err("it is `grpc` or `http`".into()),
                }
            }
            "--plot" => plan.plot = Some(PathBuf::from(value)),
            "--program" => plan.program = PathBuf::from(value),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(plan)
}

fn outage(args: impl Iterator<Item = String>) -> Result<Outage> {
    let mut outage = Outage { time: Duration::from_secs(30), rate: 2_000, fails: 100 };
    options(args, |option, value| {
        match option {
            "--seconds" => outage.time = seconds(value)?,
            "--rate" => outage.rate = number(value)?,
            "--fails" => outage.fails = number(value)?.min(100),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(outage)
}

fn seconds(value: &str) -> Result<Duration> {
    Ok(Duration::from_secs(number(value)?.into()))
}

fn number(value: &str) -> Result<u32> {
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("it is a number above zero".into()),
    }
}

fn told(verdict: &Verdict) -> ExitCode {
    match verdict {
        Verdict::Held => {
            println!("HELD: all that was promised was kept.");
            ExitCode::SUCCESS
        }
        Verdict::Broken(wrong) => {
            println!("BROKEN: these promises were not kept:\n  {}", wrong.join("\n  "));
            ExitCode::FAILURE
        }
        Verdict::Wrong(wrong) => {
            println!("WRONG:\n  {}", wrong.join("\n  "));
            ExitCode::FAILURE
        }
        Verdict::Busy(why) => {
            println!("CAN'T BE TOLD: this machine was busy with other things while\n  {why}");
            ExitCode::from(3)
        }
    }
}

async fn amplified(outage: Outage) -> Result<ExitCode> {
    let (table, verdict) = amplify::amplification(outage).await?;
    let (Outage { time, rate, fails }, most) = (outage, outage.most());
    println!(
        "An outage of {} s at {rate} calls a second, {fails} % of the attempts fail; at most x {most:.3} with budgets:\n{table}",
        time.as_secs(),
    );
    Ok(told(&verdict))
}
