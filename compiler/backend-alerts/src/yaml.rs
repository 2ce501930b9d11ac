//! Rules as YAML. Every text is in double quotes, as JSON has it, which YAML reads alike.

use std::fmt::Write;

/// A group of rules, evaluated together.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) rules: Vec<Rule>,
}

/// A recording or an alerting rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    head: (&'static str, String),
    expr: String,
    lasts: Option<String>,
    labels: Vec<(String, String)>,
    annotations: Vec<(&'static str, String)>,
}

impl Rule {
    /// Records an expression under a name.
    pub(crate) fn record(name: impl Into<String>, expr: impl Into<String>) -> Self {
        Self::new("record", name.into(), expr.into())
    }

    /// Alerts while an expression gives anything.
    pub(crate) fn alert(name: impl Into<String>, expr: impl Into<String>) -> Self {
        Self::new("alert", name.into(), expr.into())
    }

    fn new(head: &'static str, name: String, expr: String) -> Self {
        let (labels, annotations) = (Vec::new(), Vec::new());
        Self { head: (head, name), expr, lasts: None, labels, annotations }
    }

    /// Only once it has held for so long.
    pub(crate) fn lasts(mut self, time: &str) -> Self {
        self.lasts = Some(time.to_owned());
        self
    }

    /// With a label; the first of a name counts.
    pub(crate) fn label(mut self, name: &str, value: &str) -> Self {
        if self.labels.iter().all(|(known, _)| known != name) {
            self.labels.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// With what it says to people.
    pub(crate) fn says(
        mut self,
        summary: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.annotations.push(("summary", summary.into()));
        self.annotations.push(("description", description.into()));
        self
    }

    fn write(&self, out: &mut String) {
        let (kind, name) = &self.head;
        line(out, &format!("      - {kind}: {}", text(name)));
        line(out, &format!("        expr: {}", text(&self.expr)));
        if let Some(lasts) = &self.lasts {
            line(out, &format!("        for: {lasts}"));
        }
        if !self.labels.is_empty() {
            line(out, "        labels:");
        }
        for (name, value) in &self.labels {
            line(out, &format!("          {name}: {}", text(value)));
        }
        if !self.annotations.is_empty() {
            line(out, "        annotations:");
        }
        for (name, value) in &self.annotations {
            line(out, &format!("          {name}: {}", text(value)));
        }
    }
}

/// A file of rules; nothing where there are none.
pub(crate) fn file(service: &str, groups: &[Group]) -> Option<String> {
    let mut out =
        format!("# Rules of {service}, made by svckit from its contract. Don't edit.\ngroups:\n");
    let before = out.len();
    for group in groups.iter().filter(|group| !group.rules.is_empty()) {
        line(&mut out, &format!("  - name: {}", text(&group.name)));
        line(&mut out, "    rules:");
        for rule in &group.rules {
            rule.write(&mut out);
        }
    }
    (out.len() > before).then_some(out)
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// A text in double quotes. Templates of Prometheus (`{{ … }}`) in what comes from the contract are not meant.
fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Writing to a string can't fail.
            c if c.is_control() => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_within_its_quotes() {
        assert_eq!(text("a \"b\"\\\n\u{7}"), "\"a \\\"b\\\"\\\\\\n\\u0007\"");
    }

    #[test]
    fn without_rules_there_is_no_file() {
        assert_eq!(file("a", &[Group { name: "empty".to_owned(), rules: Vec::new() }]), None);
    }
}
