//! The options of the target `proto`.

use svckit_backend::Options;
use svckit_diagnostics::{Diagnostic, Span};

use crate::codes::BAD_OPTION;

/// Every option with a line of explanation.
pub(crate) const OPTIONS: &[(&str, &str)] = &[
    ("validate", "constraints as options of buf.validate: true (default) or false"),
    (
        "workspace",
        "a buf workspace with buf.yaml, proto/ and vendor/: true (default), or false: the files alone",
    ),
];

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) validate: bool,
    pub(crate) workspace: bool,
}

impl Settings {
    /// Reads the options.
    pub(crate) fn read(options: &Options) -> Result<Self, Vec<Diagnostic>> {
        let mut settings = Self { validate: true, workspace: true };
        let mut bad = Vec::new();
        for (name, value) in options.iter() {
            let slot = match name {
                "validate" => &mut settings.validate,
                "workspace" => &mut settings.workspace,
                _ => {
                    bad.push(unknown(name));
                    continue;
                }
            };
            match value {
                "true" => *slot = true,
                "false" => *slot = false,
                _ => bad.push(not_a_switch(name, value)),
            }
        }
        if bad.is_empty() { Ok(settings) } else { Err(bad) }
    }
}

fn unknown(name: &str) -> Diagnostic {
    let known: Vec<_> = OPTIONS.iter().map(|(n, _)| format!("`{n}`")).collect();
    let message = format!("the target `proto` has no option `{name}`");
    Diagnostic::new(BAD_OPTION, Span::default(), message)
        .help(format!("its options are {}", known.join(" and ")))
}

fn not_a_switch(name: &str, value: &str) -> Diagnostic {
    let message = format!("the option `{name}` of the target `proto` is `{value}`");
    Diagnostic::new(BAD_OPTION, Span::default(), message).help("write `true` or `false`")
}
