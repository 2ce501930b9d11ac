//! `runtime/CONFORMANCE.md`: transport × scenario → verdict, a section for each suite.

use std::collections::BTreeMap;
use std::fmt::Write;

/// What a scenario came to on one transport or store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that must hold held.
    Holds,
    /// It has no meaning there, and why.
    Without(String),
}

/// One scenario, in the order in which the suite has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The suite's part: `killed`, `poison`.
    pub area: String,
    /// What happens, and what must hold.
    pub scenario: String,
    /// By transport or store.
    pub verdicts: BTreeMap<String, Verdict>,
}

const HEAD: &str = "\
# Conformance

What every transport and every store here was put through, and what came of it. Messages on SQLite are carried by real
processes, which are killed with `kill -9`; in memory a worker is cut off from broker and stores on the spot. What must
hold after each scenario: nothing is lost, no effect happens twice, each key keeps its order, and all that the seam's
documents say. A run of a suite writes its section (`BLESS=1 cargo test -p svckit-testkit`), and fails where the section
says something else.
";

/// The section of a suite in a table; nothing if it has none.
#[must_use]
pub fn section<'a>(table: &'a str, suite: &str) -> Option<&'a str> {
    sections(table).find(|section| named(section) == suite)
}

/// The table with the section of a suite put in place of the one that is there. Sections stand by name.
#[must_use]
pub fn with_section(table: &str, suite: &str, section: &str) -> String {
    let others = sections(table).filter(|section| named(section) != suite);
    let mut all: Vec<&str> = others.chain([section]).collect();
    all.sort_by_key(|section| named(section).to_owned());
    let mut out = HEAD.to_owned();
    for section in all {
        out.push('\n');
        out.push_str(section);
    }
    out
}

/// Each begins with its heading and ends with a line of its own.
fn sections(table: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = table.match_indices("\n## ").map(|(at, _)| at + 1).collect();
    let ends: Vec<usize> =
        starts.iter().skip(1).map(|next| next - 1).chain([table.len()]).collect();
    starts.into_iter().zip(ends).map(|(from, to)| &table[from..to])
}

fn named(section: &str) -> &str {
    let heading = section.lines().next().unwrap_or_default();
    heading.trim_start_matches("## ").split(':').next().unwrap_or_default()
}

/// What a run of a suite found, as its section.
#[must_use]
pub fn render(suite: &str, rows: &[Row]) -> String {
    let mut names: Vec<&String> = rows.iter().flat_map(|row| row.verdicts.keys()).collect();
    names.sort_by_key(|name| name.to_lowercase());
    names.dedup();
    let mut out = format!("## {suite}: {} scenarios\n", rows.len());
    let mut area = "";
    for row in rows {
        if row.area != area {
            area = &row.area;
            head(&mut out, area, &names);
        }
        let _ = write!(out, "| {} |", row.scenario);
        for name in &names {
            let text = match row.verdicts.get(*name) {
                Some(Verdict::Holds) => "holds".to_owned(),
                Some(Verdict::Without(why)) => format!("– ({why})"),
                None => "not run".to_owned(),
            };
            let _ = write!(out, " {text} |");
        }
        out.push('\n');
    }
    out
}

fn head(out: &mut String, area: &str, names: &[&String]) {
    let _ = write!(out, "\n### {area}\n\n| scenario |");
    for name in names {
        let _ = write!(out, " {name} |");
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(names.len()));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(scenario: &str) -> Vec<Row> {
        let verdicts = [
            ("memory".to_owned(), Verdict::Without("no files".to_owned())),
            ("SQLite".to_owned(), Verdict::Holds),
        ];
        vec![Row { area: "Disk".into(), scenario: scenario.into(), verdicts: verdicts.into() }]
    }

    #[test]
    fn each_suite_has_its_section() {
        let stores = render("Stores", &rows("full"));
        assert!(stores.contains("| scenario | memory | SQLite |"), "{stores}");
        assert!(stores.contains("| full | – (no files) | holds |"), "{stores}");
        let one = with_section("", "Stores", &stores);
        let messages = render("Messages", &rows("killed"));
        let both = with_section(&one, "Messages", &messages);
        assert_eq!(section(&both, "Stores"), Some(&*stores));
        assert_eq!(section(&both, "Messages"), Some(&*messages));
        assert_eq!(section(&both, "Brokers"), None);
        assert_eq!(with_section(&both, "Stores", &stores), both, "written again it is the same");
        let other = render("Messages", &rows("poison"));
        let changed = with_section(&both, "Messages", &other);
        assert_eq!(section(&changed, "Messages"), Some(&*other));
        assert_eq!(section(&changed, "Stores"), Some(&*stores));
    }
}
