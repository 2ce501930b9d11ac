//! `tests/outage/run`: see [`svckit_outage`].

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use svckit_outage::run::{Plan, Verdict, contracts, run};
use svckit_outage::{Result, amplify};

const USAGE: &str = "\
Usage:
  outage shop [--hurt NAME] [--seconds N] [--rate N] [--plot FILE] [--program FILE]
      the shop in five processes under load, while one of them is slowed, stopped and killed for N seconds each
  outage amplification [--seconds N] [--rate N]
      how often a callee is asked per call during an outage of N seconds, with budgets and without

Exits with 0 where all promises were kept, 1 where not, 2 where it could not be tried, 3 where this machine was too busy
for a verdict.
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
    let command = args.next().unwrap_or_default();
    let (mut plan, mut rate) = (None, None);
    let mut time = Duration::from_secs(if command == "shop" { 20 } else { 30 });
    let program = std::env::current_exe()?.with_file_name("shop");
    let plan_of = |program| Plan {
        program,
        contracts: contracts(),
        hurt: "inventory".to_owned(),
        time: Duration::ZERO,
        rate: 40.0,
        plot: None,
    };
    if command == "shop" {
        plan = Some(plan_of(program));
    } else if command != "amplification" {
        return Err(USAGE.into());
    }
    while let Some(option) = args.next() {
        let value = args.next().ok_or_else(|| format!("{option} needs a value\n\n{USAGE}"))?;
        match (option.as_str(), &mut plan) {
            ("--seconds", _) => time = Duration::from_secs(value.parse()?),
            ("--rate", _) => rate = Some(value.parse::<u32>()?),
            ("--hurt", Some(plan)) => plan.hurt = value,
            ("--plot", Some(plan)) => plan.plot = Some(PathBuf::from(value)),
            ("--program", Some(plan)) => plan.program = PathBuf::from(value),
            _ => return Err(format!("{option} is not understood\n\n{USAGE}").into()),
        }
    }
    if rate == Some(0) || time.is_zero() {
        return Err("a rate and a time are more than nothing".into());
    }
    match plan {
        Some(plan) => {
            let rate = rate.map_or(plan.rate, f64::from);
            Ok(told(&run(&Plan { time, rate, ..plan }).await?))
        }
        None => amplified(time, rate.unwrap_or(2_000)).await,
    }
}

fn told(verdict: &Verdict) -> ExitCode {
    match verdict {
        Verdict::Held => {
            println!("All that was promised was kept.");
            ExitCode::SUCCESS
        }
        Verdict::Broken(wrong) => {
            println!("Promises were BROKEN:\n  {}", wrong.join("\n  "));
            ExitCode::FAILURE
        }
        Verdict::Wrong(wrong) => {
            println!("WRONG:\n  {}", wrong.join("\n  "));
            ExitCode::FAILURE
        }
        Verdict::Busy(why) => {
            println!("This machine was too busy for a verdict: {why}");
            ExitCode::from(3)
        }
    }
}

async fn amplified(time: Duration, rate: u32) -> Result<ExitCode> {
    let (table, verdict) = amplify::amplification(time, rate).await?;
    println!("An outage of {} s at {rate} calls a second:\n{table}", time.as_secs());
    Ok(told(&verdict))
}
