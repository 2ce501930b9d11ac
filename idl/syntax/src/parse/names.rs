//! The case of names.

use svckit_diagnostics::Diagnostic;

use super::builder::Builder;
use crate::codes;
use crate::tree::Name;

impl Builder<'_> {
    /// Reports a name that is not `UpperCamel`.
    pub(super) fn upper(&mut self, name: Name, what: &str) -> Name {
        let good =
            name.text.starts_with(|c: char| c.is_ascii_uppercase()) && !name.text.contains('_');
        if !good {
            self.bad_case(&name, what, "UpperCamel", upper_camel(&name.text));
        }
        name
    }

    /// Reports a name that is not `lower_snake`.
    pub(super) fn lower(&mut self, name: Name, what: &str) -> Name {
        let good = name.text.starts_with(|c: char| c.is_ascii_lowercase())
            && !name.text.contains(|c: char| c.is_ascii_uppercase());
        if !good {
            self.bad_case(&name, what, "lower_snake", lower_snake(&name.text));
        }
        name
    }

    fn bad_case(&mut self, name: &Name, what: &str, case: &str, better: String) {
        let message = format!("{what} is written in `{case}`, found `{}`", name.text);
        self.say(
            Diagnostic::new(codes::NAME_CASE, name.span, message)
                .help("a name that others already know goes after it: `wire \"theirName\"`")
                .fix(format!("rename it to `{better}`"), name.span, better),
        );
    }
}

fn upper_camel(name: &str) -> String {
    let words = name.split('_').filter(|w| !w.is_empty());
    let joined: String = words
        .map(|word| {
            let mut chars = word.chars();
            chars
                .next()
                .map(|c| c.to_ascii_uppercase().to_string() + chars.as_str())
                .unwrap_or_default()
        })
        .collect();
    if joined.starts_with(|c: char| c.is_ascii_alphabetic()) {
        joined
    } else {
        format!("X{joined}")
    }
}

fn lower_snake(name: &str) -> String {
    let mut out = String::new();
    let mut previous_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && previous_lower {
            out.push('_');
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_lowercase());
    }
    let out = out.trim_matches('_').to_owned();
    if out.starts_with(|c: char| c.is_ascii_lowercase()) { out } else { format!("x{out}") }
}
