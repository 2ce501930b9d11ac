//! A subscriber for tracing, where the program has none of its own.

use tracing_subscriber::EnvFilter;

use crate::{Error, Result};

/// Says which spans and events are written, as in `info,svckit=debug`.
const VARIABLE: &str = "SVCKIT_LOG";

/// Writes spans and events to the standard error.
///
/// # Errors
/// `invalid_argument` if `SVCKIT_LOG` cannot be read.
pub(crate) fn install() -> Result<()> {
    let filter = std::env::var(VARIABLE).unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(&filter).map_err(|error| {
        Error::invalid_argument(format!(
            "{VARIABLE}={filter}: {error}; write for example `info` or `warn,svckit=debug`"
        ))
    })?;
    // A program that has set its own subscriber keeps it.
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    Ok(())
}
