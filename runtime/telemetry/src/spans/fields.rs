//! Fields of tracing as attributes.

use std::fmt::{self, Write};

use opentelemetry::KeyValue;
use tracing::field::{Field, Visit};

/// The longest text that is taken, in bytes.
const LONGEST: usize = 4096;

/// What a span or an event says.
#[derive(Default)]
pub(super) struct Fields {
    attributes: Vec<KeyValue>,
    /// What an event says to people.
    pub(super) message: Option<String>,
}

impl Fields {
    pub(super) fn attributes(self) -> Vec<KeyValue> {
        self.attributes
    }

    fn add(&mut self, field: &Field, value: impl Into<opentelemetry::Value>) {
        self.attributes.push(KeyValue::new(field.name(), value));
    }

    fn text(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let mut text = Cut(String::new());
        // What is too long ends where it is cut, and what can't be written where it fails.
        let _ = text.write_fmt(value);
        if field.name() == "message" {
            self.message = Some(text.0);
        } else {
            self.add(field, text.0);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.text(field, format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.add(field, value),
            Err(_) => self.add(field, value.to_string()),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }
}

/// Text of a bounded length.
struct Cut(String);

impl Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = LONGEST - self.0.len();
        if text.len() <= left {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(&text[..text.floor_char_boundary(left)]);
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        for (text, length) in
            [("a".repeat(9), 9), ("ä".repeat(LONGEST), LONGEST), ("€".repeat(LONGEST), 4095)]
        {
            let mut cut = Cut(String::new());
            let _ = write!(cut, "{text}");
            assert_eq!(cut.0.len(), length);
            assert!(text.starts_with(&cut.0));
        }
    }
}
