//! Writing to standard output and error, with or without colours; a closed pipe is no failure.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use svckit_driver::Failure;

use crate::args::{Color, Format, OutputArgs};

/// Where a command writes.
pub(crate) struct Terminal {
    /// How findings are written.
    pub(crate) format: Format,
    /// Whether messages on standard error have colours.
    pub(crate) color: bool,
}

impl Terminal {
    pub(crate) fn new(args: &OutputArgs) -> Self {
        let color = match args.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stderr().is_terminal() && !env_set("NO_COLOR"),
        };
        Self { format: args.format, color }
    }

    /// Whether a person reads what is found.
    pub(crate) fn is_text(&self) -> bool {
        self.format == Format::Text || self.is_picture()
    }

    /// Whether a map is to be drawn.
    pub(crate) fn is_picture(&self) -> bool {
        matches!(self.format, Format::Svg | Format::Mermaid | Format::Dot)
    }

    /// Writes what the command was asked for.
    pub(crate) fn out(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(e) if e.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("can't write to standard output: {e}")))
            }
            _ => Ok(()),
        }
    }

    /// Writes messages for people; if nobody can be told, there is nobody to tell that either.
    pub(crate) fn err(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Says, to people, that something was done; not where a machine reads.
    pub(crate) fn say(&self, text: &str) {
        if self.is_text() {
            self.err(&format!("{text}\n"));
        }
    }

    /// `error: can't read …`
    pub(crate) fn failure(&self, failure: &Failure) {
        let word = if self.color { "\x1b[1m\x1b[91merror\x1b[0m" } else { "error" };
        self.err(&format!("{word}: {failure}\n"));
    }
}

fn env_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|v| !v.is_empty())
}
