//! The command line.

/// How the program is used.
pub(crate) const USAGE: &str = "\
Usage:
  boutique [--visits N] [--seed N]              all services in one process, and a day of visits over gRPC
  boutique serve NAME... [--listen ADDRESS]     these services (or `all`), until Ctrl-C
  boutique drive [--at URL] [--visits N] [--seed N]   a day of visits to a shop that runs elsewhere: all of it at
                                                one URL, or where the configuration says

Names: ads cart catalogue checkout currency mail payment recommendations shipping.
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
    /// Say how to use it.
    Help,
}

/// What is asked for, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// What.
    pub(crate) command: Command,
    /// Visits of the day.
    pub(crate) visits: usize,
    /// Of all chance.
    pub(crate) seed: u64,
    /// Address to listen at.
    pub(crate) listen: Option<String>,
    /// URL of the shop to visit.
    pub(crate) at: Option<String>,
}

/// Reads the command line.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Options, String> {
    let mut options =
        Options { command: Command::Day, visits: 400, seed: 42, listen: None, at: None };
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--visits" => options.visits = number(&arg, &value()?)?,
            "--seed" => options.seed = number(&arg, &value()?)?,
            "--listen" => options.listen = Some(value()?),
            "--at" => options.at = Some(value()?),
            "--help" | "-h" => options.command = Command::Help,
            "serve" if options.command == Command::Day => options.command = Command::Serve(vec![]),
            "drive" if options.command == Command::Day => options.command = Command::Drive,
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
        Command::Day | Command::Drive if options.visits < 9 => {
            Err("a day has at least 9 visits: the first eight go wrong on purpose".into())
        }
        _ => Ok(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_what_the_usage_says() {
        assert_eq!(read("").unwrap().command, Command::Day);
        assert_eq!(read("--visits 20 --seed 7").unwrap().visits, 20);
        let serve = read("serve cart mail --listen 127.0.0.1:7001").unwrap();
        assert_eq!(serve.command, Command::Serve(vec!["cart".into(), "mail".into()]));
        assert_eq!(serve.listen.as_deref(), Some("127.0.0.1:7001"));
        assert_eq!(read("drive --at http://[::1]:1").unwrap().command, Command::Drive);
    }

    #[test]
    fn says_what_it_does_not_understand() {
        for line in ["buy", "--visits", "--visits many", "serve", "serve --loud", "--visits 3"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
