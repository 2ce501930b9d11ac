//! The command line.

use std::path::PathBuf;

/// How the program is used.
pub(crate) const USAGE: &str = "\
Usage:
  shop [--orders N] [--seed N] [--data DIR]       all services in one process, and a day of customers over gRPC
  shop serve NAME... --listen ADDRESS             these services (or `all`), until Ctrl-C
  shop drive [--at URL] [--orders N] [--seed N]   a day of customers at a shop that runs elsewhere: all of it at
                                                  one URL, or where the configuration says
  shop crash [--times N] [--orders N] [--data DIR]
                                                  a day on which the shop is killed again and again

Names: orders payments inventory shipping mail.
What is durable is in a directory: --data, or SVCKIT_DATA. Processes that are given the same one share their messages.
Where a service finds the others that it calls is configuration: SVCKIT_ENDPOINTS, see the README.
";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Serve and drive.
    Day,
    /// Serve these.
    Serve(Vec<String>),
    /// Drive what runs elsewhere.
    Drive,
    /// Kill it so many times.
    Crash,
    /// Say how to use it.
    Help,
}

/// What is asked for, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// What.
    pub(crate) command: Command,
    /// Orders of the day.
    pub(crate) orders: usize,
    /// Of all chance.
    pub(crate) seed: u64,
    /// How often to kill.
    pub(crate) times: usize,
    /// Address to listen at.
    pub(crate) listen: Option<String>,
    /// URL of the shop to visit.
    pub(crate) at: Option<String>,
    /// The directory of what is durable.
    pub(crate) data: Option<PathBuf>,
}

/// Reads the command line.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        command: Command::Day,
        orders: 300,
        seed: 42,
        times: 20,
        listen: None,
        at: None,
        data: None,
    };
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        let first = options.command == Command::Day;
        match arg.as_str() {
            "--orders" => options.orders = number(&arg, &value()?)?,
            "--seed" => options.seed = number(&arg, &value()?)?,
            "--times" => options.times = number(&arg, &value()?)?,
            "--listen" => options.listen = Some(value()?),
            "--at" => options.at = Some(value()?),
            "--data" => options.data = Some(value()?.into()),
            "--help" | "-h" => options.command = Command::Help,
            "serve" if first => options.command = Command::Serve(Vec::new()),
            "drive" if first => options.command = Command::Drive,
            "crash" if first => options.command = Command::Crash,
            name => match &mut options.command {
                Command::Serve(names) if !name.starts_with('-') => names.push(name.to_owned()),
                _ => return Err(format!("`{name}` is not understood")),
            },
        }
    }
    sensible(options)
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{name} needs a number, not `{text}`"))
}

fn sensible(options: Options) -> Result<Options, String> {
    match &options.command {
        Command::Serve(names) if names.is_empty() => {
            Err("serve what? Name a service, or `all`".into())
        }
        _ if options.orders == 0 => Err("a day has at least one order".into()),
        _ => Ok(options),
    }
}
