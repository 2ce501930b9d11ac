//! A TOML table that is read key by key, with a message for whatever is not as it should be.

use svckit_diagnostics::{Code, Diagnostic, FileId, Span};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{KEYS, Located};
use crate::codes;
use svckit_diagnostics::suggest::did_you_mean;

/// Where messages go, and the file they are about.
pub(super) struct Reader {
    pub(super) file: FileId,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Reader {
    pub(super) fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    pub(super) fn report(&mut self, code: Code, span: Span, message: String) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::new(code, span, message));
        self.diagnostics.last_mut().expect("just pushed")
    }

    /// Says that a value is not what its key wants.
    pub(super) fn wrong(&mut self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = value.get_ref().type_str();
        let span = self.span(value.span());
        let message = format!("`{key}` must be {wanted}");
        self.report(codes::INVALID_VALUE, span, message).labels[0].message =
            format!("this is of type {found}");
    }

    /// Reports keys that the table may not have.
    pub(super) fn known_keys(&mut self, table: &DeTable<'_>, name: &str) {
        let known = KEYS.iter().find(|(n, _)| *n == name).map_or(&[][..], |(_, keys)| keys);
        for key in table.keys().filter(|k| !known.contains(&k.get_ref().as_ref())) {
            let span = self.span(key.span());
            let found = key.get_ref();
            let near = did_you_mean(found, known.iter().copied()).map(str::to_owned);
            let place = if name.is_empty() { String::new() } else { format!(" in `[{name}]`") };
            let message = format!("there is no key `{found}`{place}");
            let diagnostic = self.report(codes::UNKNOWN_KEY, span, message);
            match near {
                Some(near) => {
                    *diagnostic = diagnostic.clone().fix(format!("write `{near}`"), span, near)
                }
                None => diagnostic.help.push(format!("the keys are {}", list(known))),
            }
        }
    }

    /// A string.
    pub(super) fn string(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Located<String>> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong(key, value, "a string");
            return None;
        };
        Some(Located { value: text.to_owned(), span: self.span(value.span()) })
    }

    /// A list of strings.
    pub(super) fn strings(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Vec<Located<String>> {
        let Some(items) = value.get_ref().as_array() else {
            self.wrong(key, value, "a list of strings");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.string(key, item)).collect()
    }

    /// A table.
    pub(super) fn table<'a, 'i>(
        &mut self,
        key: &str,
        value: &'a Spanned<DeValue<'i>>,
    ) -> Option<&'a DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong(key, value, "a table");
        }
        table
    }
}

/// `a`, `b` and `c`
pub(super) fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
