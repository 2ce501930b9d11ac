//! `svckit gen`

use std::path::{Path, PathBuf};

use serde_json::json;
use svckit_backend::Options;
use svckit_driver::config::Target as Entry;
use svckit_driver::output::{self, Difference, Output, Written};
use svckit_driver::{Checked, Failure, Request, codes, registry};

use super::report::Report;
use super::{base, counted, load_all};
use crate::Status;
use crate::args::GenArgs;
use crate::terminal::Terminal;

/// The targets and their options, for `svckit gen --help`.
pub(crate) fn targets_help() -> String {
    let mut help = String::from("Targets:\n");
    for target in registry::TARGETS {
        help += &format!("  {:<10} {}\n", target.backend.name(), target.backend.about());
        for (name, about) in target.backend.options() {
            help += &format!("    {name:<14} {about}\n");
        }
    }
    help
}

pub(crate) fn run(args: &GenArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let worlds = load_all(&args.paths)?;
    if worlds.len() > 1 && args.out.is_some() {
        let message = "--out takes one workspace at a time: two would write over each other";
        return Err(Failure::new(message));
    }
    let mut report = Report::new(terminal);
    let mut outputs = Vec::new();
    for inputs in worlds {
        let checked = svckit_driver::check(inputs);
        report.failures(checked.failures());
        outputs.extend(generate_world(args, &checked, &mut report)?);
    }
    if report.status() != Status::Clean {
        terminal.say("nothing was written");
        return report.finish();
    }
    if args.check { check(&outputs, terminal, report) } else { write(&outputs, terminal, report) }
}

/// All targets of one world, or none where one of them can't be made.
fn generate_world(
    args: &GenArgs,
    checked: &Checked,
    report: &mut Report<'_>,
) -> Result<Vec<Output>, Failure> {
    let mut diagnostics = checked.diagnostics.clone();
    let mut outputs = Vec::new();
    if !checked.has_errors() {
        for request in requests(args, checked)? {
            match svckit_driver::generate(checked, &request) {
                Ok(output) => {
                    diagnostics.extend_from_slice(&output.warnings);
                    outputs.push(output);
                }
                Err(found) => diagnostics.extend(found),
            }
        }
    }
    svckit_diagnostics::render::sort(&mut diagnostics, checked.sources());
    report.diagnostics(&diagnostics, checked.sources());
    Ok(outputs)
}

/// What is to be made of a world: what the command line names, else what `svckit.toml` names.
fn requests(args: &GenArgs, checked: &Checked) -> Result<Vec<Request>, Failure> {
    let entries = &checked.config().targets;
    let names: Vec<&str> = if args.target.is_empty() {
        entries.iter().map(|e| e.name.value.as_str()).collect()
    } else {
        args.target.iter().map(String::as_str).collect()
    };
    if names.is_empty() {
        let message = "nothing to generate: name a target by --target, or in svckit.toml";
        return Err(Failure::new(message));
    }
    let several = names.len() > 1;
    let entry = |name: &str| entries.iter().find(|e| e.name.value == name);
    names.iter().map(|name| request(args, checked, name, entry(name), several)).collect()
}

fn request(
    args: &GenArgs,
    checked: &Checked,
    name: &str,
    entry: Option<&Entry>,
    several: bool,
) -> Result<Request, Failure> {
    let target = registry::target(name).map_err(Failure::new)?;
    let mut options = entry.map_or_else(Options::default, |e| e.options.clone());
    for (name, value) in &args.option {
        options.set(name.as_str(), value.as_str());
    }
    if let Some((wrong, near)) = registry::unknown_options(target, &options).first() {
        let place = svckit_diagnostics::Span::default();
        let found = registry::unknown_option(target, wrong, *near, place);
        return Err(Failure::new(format!("{}; {}", found.message, found.help.join("; "))));
    }
    Ok(Request { target, options, folder: folder(args, checked, name, entry, several)? })
}

fn folder(
    args: &GenArgs,
    checked: &Checked,
    name: &str,
    entry: Option<&Entry>,
    several: bool,
) -> Result<PathBuf, Failure> {
    if let Some(out) = &args.out {
        let out = base()?.join(out);
        return Ok(if several { out.join(name) } else { out });
    }
    let Some(out) = entry.and_then(|e| e.out.as_ref()) else {
        return Err(Failure::new(format!(
            "where should `{name}` be written? Name a folder by --out DIR, or in svckit.toml: [targets.{name}] out = \"DIR\""
        )));
    };
    Ok(checked.inputs.root.join(out))
}

fn write(
    outputs: &[Output],
    terminal: &Terminal,
    mut report: Report<'_>,
) -> Result<Status, Failure> {
    let written = output::write(outputs)?;
    for (output, written) in outputs.iter().zip(&written) {
        terminal.say(&sentence(output, written));
    }
    let list = outputs.iter().zip(&written).map(|(output, written)| {
        json!({
            "target": output.target,
            "folder": output.folder.display().to_string(),
            "changed": written.changed,
            "removed": written.removed,
            "kept": written.kept,
            "unchanged": written.unchanged,
        })
    });
    report.extra("outputs", list.collect());
    report.finish()
}

/// `proto: 2 files written, 1 removed, 3 unchanged, in gen`
fn sentence(output: &Output, written: &Written) -> String {
    let mut text = format!("{}: {} written", output.target, counted(written.changed.len(), "file"));
    if !written.removed.is_empty() {
        text += &format!(", {} removed", written.removed.len());
    }
    text += &format!(", {} unchanged, in {}", written.unchanged, output.folder.display());
    for path in &written.kept {
        text += &format!("\n  {path} is no longer generated, but was edited, so it stays");
    }
    text
}

fn check(
    outputs: &[Output],
    terminal: &Terminal,
    mut report: Report<'_>,
) -> Result<Status, Failure> {
    let differences = output::compare(outputs)?;
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    if differences.is_empty() {
        terminal.say("everything is as it would be generated");
    } else {
        if terminal.is_text() {
            terminal.out(&format!("{}\n", lines.join("\n")))?;
        }
        let differ = counted(differences.len(), "file");
        terminal.say(&format!("{differ} not as generated; run the command without --check"));
    }
    let base = base()?;
    let shown = |path: &str| {
        let path = Path::new(path);
        path.strip_prefix(&base).unwrap_or(path).display().to_string()
    };
    let finding = |d: &Difference| {
        (shown(&d.path), format!("this file is not as it would be generated: {}", d.kind))
    };
    report.differing(codes::OUTDATED_OUTPUT, differences.iter().map(finding));
    report.extra("differences", json!(lines));
    report.finish()
}
