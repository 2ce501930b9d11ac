//! `svckit explain`, `svckit codes` and `svckit rules`

use serde_json::json;
use svckit_diagnostics::{Code, Severity};
use svckit_driver::{Failure, registry};

use crate::Status;
use crate::args::{ExplainArgs, Format};
use crate::terminal::Terminal;

pub(crate) fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let code = svckit_driver::explain(&args.code).map_err(Failure::new)?;
    let page = svckit_driver::page(code);
    if terminal.format == Format::Json {
        let mut document = entry(code);
        document["page"] = json!(page);
        terminal.out(&format!("{document:#}\n"))?;
    } else {
        terminal.out(&page)?;
    }
    Ok(Status::Clean)
}

pub(crate) fn list(terminal: &Terminal) -> Result<Status, Failure> {
    if terminal.format == Format::Json {
        let entries: Vec<_> = registry::all_codes().map(entry).collect();
        terminal.out(&format!("{:#}\n", json!(entries)))?;
        return Ok(Status::Clean);
    }
    let line = |code: Code| {
        let id = if code.id == code.slug { "" } else { code.id };
        format!("{id:<6} {:<8} {:<32} {}\n", severity(code), code.slug, about(code))
    };
    terminal.out(&registry::all_codes().map(line).collect::<String>())?;
    Ok(Status::Clean)
}

pub(crate) fn rules(terminal: &Terminal) -> Result<Status, Failure> {
    let rules = registry::RULES.iter().map(|rule| {
        let levels: Vec<&str> = rule.levels.iter().map(|l| word(*l)).collect();
        (rule.group.name(), rule.code.slug, levels, about(rule.code))
    });
    let text = if terminal.format == Format::Json {
        let entry = |(group, slug, levels, about)| json!({ "group": group, "slug": slug, "severities": levels, "about": about });
        format!("{:#}\n", json!(rules.map(entry).collect::<Vec<_>>()))
    } else {
        let line = |(group, slug, levels, about): (_, _, Vec<&str>, _)| {
            format!("{group:<12} {slug:<28} {:<16} {about}\n", levels.join(", "))
        };
        rules.map(line).collect()
    };
    terminal.out(&text)?;
    Ok(Status::Clean)
}

/// The first line of a page.
fn about(code: Code) -> &'static str {
    code.page.trim().lines().next().unwrap_or_default()
}

fn entry(code: Code) -> serde_json::Value {
    json!({ "code": code.id, "slug": code.slug, "severity": severity(code) })
}

fn severity(code: Code) -> &'static str {
    word(code.severity)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
