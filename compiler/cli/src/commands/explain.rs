//! `svckit explain` and `svckit codes`

use serde_json::json;
use svckit_diagnostics::{Code, Severity};
use svckit_driver::{Failure, registry};

use crate::Status;
use crate::args::ExplainArgs;
use crate::terminal::Terminal;

pub(crate) fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let code = svckit_driver::explain(&args.code).map_err(Failure::new)?;
    let page = svckit_driver::page(code);
    if terminal.json {
        let mut document = entry(code);
        document["page"] = json!(page);
        terminal.out(&format!("{document:#}\n"))?;
    } else {
        terminal.out(&page)?;
    }
    Ok(Status::Clean)
}

pub(crate) fn list(terminal: &Terminal) -> Result<Status, Failure> {
    if terminal.json {
        let entries: Vec<_> = registry::all_codes().map(entry).collect();
        terminal.out(&format!("{:#}\n", json!(entries)))?;
        return Ok(Status::Clean);
    }
    let line = |code: Code| {
        let about = code.page.trim().lines().next().unwrap_or_default();
        format!("{:<6} {:<8} {:<32} {about}\n", code.id, severity(code), code.slug)
    };
    terminal.out(&registry::all_codes().map(line).collect::<String>())?;
    Ok(Status::Clean)
}

fn entry(code: Code) -> serde_json::Value {
    json!({ "code": code.id, "slug": code.slug, "severity": severity(code) })
}

fn severity(code: Code) -> &'static str {
    match code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
