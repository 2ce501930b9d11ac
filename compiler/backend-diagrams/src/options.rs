//! The options of the target `diagrams`.

use svckit_backend::Options;
use svckit_diagnostics::{Diagnostic, Span};

use crate::codes::BAD_OPTION;
use crate::{ClusterBy, Numbers};

/// Every option with a line of explanation.
pub(crate) const OPTIONS: &[(&str, &str)] = &[
    ("format", "svg, mermaid, dot or json, several with commas between; svg,mermaid (default)"),
    ("cluster", "frames around a package (default) or an owner each"),
];

/// A form that a map is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Svg,
    Mermaid,
    Dot,
    Json,
}

const FORMATS: [(&str, Format); 4] = [
    ("svg", Format::Svg),
    ("mermaid", Format::Mermaid),
    ("dot", Format::Dot),
    ("json", Format::Json),
];

impl Format {
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Mermaid => "mmd",
            Self::Dot => "dot",
            Self::Json => "json",
        }
    }
}

/// What is to be written.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) formats: Vec<Format>,
    pub(crate) cluster: ClusterBy,
    pub(crate) numbers: Numbers,
}

impl Settings {
    /// Reads the options; `numbers` is set by the driver alone.
    pub(crate) fn read(options: &Options) -> Result<Self, Vec<Diagnostic>> {
        let mut settings = Self {
            formats: vec![Format::Svg, Format::Mermaid],
            cluster: ClusterBy::default(),
            numbers: options.get("numbers").map(Numbers::from_text).unwrap_or_default(),
        };
        let mut bad = Vec::new();
        if let Some(text) = options.get("format") {
            settings.formats = formats(text, &mut bad);
        }
        match options.get("cluster") {
            None | Some("package") => {}
            Some("owner") => settings.cluster = ClusterBy::Owner,
            Some(other) => bad.push(wrong("cluster", other, "write `package` or `owner`")),
        }
        if bad.is_empty() { Ok(settings) } else { Err(bad) }
    }
}

fn formats(text: &str, bad: &mut Vec<Diagnostic>) -> Vec<Format> {
    let mut formats = Vec::new();
    for name in text.split(',').map(str::trim) {
        match FORMATS.iter().find(|(n, _)| *n == name) {
            Some((_, format)) if !formats.contains(format) => formats.push(*format),
            Some(_) => {}
            None => bad.push(wrong("format", name, "the formats are svg, mermaid, dot and json")),
        }
    }
    formats
}

fn wrong(option: &str, value: &str, help: &str) -> Diagnostic {
    let message = format!("the option `{option}` of the target `diagrams` is `{value}`");
    Diagnostic::new(BAD_OPTION, Span::default(), message).help(help)
}
