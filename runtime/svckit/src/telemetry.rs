//! A subscriber for tracing, where the program has none of its own: lines for people, or JSON for machines.

mod json;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::{Error, Result};

/// Says which spans and events are written, as in `info,svckit=debug`.
const VARIABLE: &str = "SVCKIT_LOG";
/// Says how: `text` or `json`.
const FORMAT: &str = "SVCKIT_LOG_FORMAT";

/// Writes spans and events to the standard error, and sends those of handlers with their traces, where traces are sent.
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
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match std::env::var(FORMAT).as_deref() {
        Err(_) | Ok("" | "text") => lines.boxed(),
        Ok("json") => {
            let fields = tracing_subscriber::fmt::format::JsonFields::new();
            lines.fmt_fields(fields).event_format(json::Lines).boxed()
        }
        Ok(other) => {
            return Err(Error::invalid_argument(format!(
                "{FORMAT}={other} is no form of the log; write text or json"
            )));
        }
    };
    let log = tracing_subscriber::registry().with(lines.with_filter(filter));
    // A program that has set its own subscriber keeps it.
    let _ = log.with(svckit_telemetry::spans()).try_init();
    Ok(())
}
