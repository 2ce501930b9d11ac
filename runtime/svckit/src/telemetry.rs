//! A subscriber for tracing, where the program has none of its own: lines for people, or JSON for machines.

mod json;

use tracing_subscriber::EnvFilter;

use crate::{Error, Result};

/// Says which spans and events are written, as in `info,svckit=debug`.
const VARIABLE: &str = "SVCKIT_LOG";
/// Says how: `text` or `json`.
const FORMAT: &str = "SVCKIT_LOG_FORMAT";

/// Writes spans and events to the standard error.
///
/// # Errors
/// `invalid_argument` if `SVCKIT_LOG` or `SVCKIT_LOG_FORMAT` cannot be read.
pub(crate) fn install() -> Result<()> {
    let filter = std::env::var(VARIABLE).unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(&filter).map_err(|error| {
        Error::invalid_argument(format!(
            "{VARIABLE}={filter}: {error}; write for example `info` or `warn,svckit=debug`"
        ))
    })?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A program that has set its own subscriber keeps it.
    let _ = match std::env::var(FORMAT).as_deref() {
        Err(_) | Ok("" | "text") => log.try_init(),
        Ok("json") => {
            let fields = tracing_subscriber::fmt::format::JsonFields::new();
            log.fmt_fields(fields).event_format(json::Lines).try_init()
        }
        Ok(other) => {
            return Err(Error::invalid_argument(format!(
                "{FORMAT}={other} is no form of the log; write text or json"
            )));
        }
    };
    Ok(())
}
