//! Reading `svckit.toml`.

use svckit_backend::Options;
use svckit_diagnostics::{Diagnostic, FileId};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::{Reader, list};
use super::{Config, Dependency, Exception, Lint, Located, PROFILES, Target, VERSION};
use crate::codes;
use svckit_diagnostics::suggest::did_you_mean;

/// Reads the text of a `svckit.toml`: everything that makes sense, and a message for whatever does not.
#[must_use]
pub fn read(file: FileId, text: &str) -> (Config, Vec<Diagnostic>) {
    let mut reader = Reader { file, diagnostics: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    // What follows the first one are mostly its echoes.
    for error in errors.into_iter().take(1) {
        let span = reader.span(error.span().unwrap_or(0..0));
        reader.report(codes::INVALID_TOML, span, format!("this is not TOML: {}", error.message()));
    }
    let broken = !reader.diagnostics.is_empty();
    let config = config(&mut reader, table.get_ref());
    if broken {
        reader.diagnostics.retain(|d| d.code == codes::INVALID_TOML);
    }
    (config, reader.diagnostics)
}

fn config(reader: &mut Reader, table: &DeTable<'_>) -> Config {
    reader.known_keys(table, "");
    version(reader, table);
    let mut config = Config::default();
    if let Some(value) = table.get("sources") {
        config.sources = reader.strings("sources", value);
    }
    for (name, value) in entries(reader, table, "targets") {
        config.targets.extend(target(reader, name, value));
    }
    for (name, value) in entries(reader, table, "dependencies") {
        config.dependencies.extend(dependency(reader, name, value));
    }
    if let Some(value) = table.get("lint") {
        config.lint = lint(reader, value);
    }
    config
}

/// The format may change; a file says which one it is written in.
fn version(reader: &mut Reader, table: &DeTable<'_>) {
    let Some(value) = table.get("version") else {
        let start = reader.span(0..0);
        let message = "`version` is missing: the version of this file's format".to_owned();
        let diagnostic = reader.report(codes::INVALID_VALUE, start, message);
        *diagnostic = diagnostic.clone().fix("say it", start, format!("version = {VERSION}\n"));
        return;
    };
    let number = value.get_ref().as_integer().and_then(|i| i.as_str().parse::<i64>().ok());
    if number == Some(VERSION) {
        return;
    }
    let span = reader.span(value.span());
    let message = format!("`version` must be {VERSION}: the version of this file's format");
    let diagnostic = reader.report(codes::INVALID_VALUE, span, message);
    if number.is_some_and(|n| n > VERSION) {
        diagnostic.help.push("a newer svckit may understand it".into());
    }
}

type Entry<'a, 'i> = (Located<String>, &'a Spanned<DeValue<'i>>);

/// The entries of a table of named things, in the order of the file.
fn entries<'a, 'i>(reader: &mut Reader, table: &'a DeTable<'i>, key: &str) -> Vec<Entry<'a, 'i>> {
    let Some(value) = table.get(key) else { return Vec::new() };
    let Some(table) = reader.table(key, value) else { return Vec::new() };
    let mut entries: Vec<_> = table
        .iter()
        .map(|(k, v)| (Located { value: k.get_ref().to_string(), span: reader.span(k.span()) }, v))
        .collect();
    entries.sort_by_key(|(name, _)| name.span.start);
    entries
}

fn target(
    reader: &mut Reader,
    name: Located<String>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Target> {
    let table = reader.table(&format!("targets.{}", name.value), value)?;
    let mut target = Target { name, out: None, options: Options::default(), spans: Vec::new() };
    for (key, value) in table {
        let span = reader.span(key.span());
        if key.get_ref() == "out" {
            target.out = reader.string("out", value).map(|s| s.value);
        } else if let Some(nested) = value.get_ref().as_table() {
            for (inner, value) in nested {
                let name = format!("{}.{}", key.get_ref(), inner.get_ref());
                option(reader, &mut target, name, span, value);
            }
        } else {
            option(reader, &mut target, key.get_ref().to_string(), span, value);
        }
    }
    Some(target)
}

fn option(
    reader: &mut Reader,
    target: &mut Target,
    name: String,
    span: svckit_diagnostics::Span,
    value: &Spanned<DeValue<'_>>,
) {
    let text = match value.get_ref() {
        DeValue::String(s) => s.to_string(),
        DeValue::Boolean(b) => b.to_string(),
        DeValue::Integer(i) => i.as_str().to_owned(),
        _ => return reader.wrong(&name, value, "a string, a number, true or false"),
    };
    target.options.set(name.clone(), text);
    target.spans.push((name, span));
}

fn dependency(
    reader: &mut Reader,
    name: Located<String>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Dependency> {
    let table = reader.table(&format!("dependencies.{}", name.value), value)?;
    reader.known_keys(table, "dependencies.*");
    let krate = table.get("crate").and_then(|v| reader.string("crate", v)).map(|s| s.value);
    let Some(path) = table.get("path") else {
        let message = format!("the dependency `{}` has no `path`", name.value);
        let diagnostic = reader.report(codes::INVALID_VALUE, name.span, message);
        diagnostic.help.push("name the folder of the other workspace's svckit.toml".into());
        return None;
    };
    Some(Dependency { path: reader.string("path", path)?, name, krate })
}

fn lint(reader: &mut Reader, value: &Spanned<DeValue<'_>>) -> Lint {
    let mut lint = Lint::default();
    let Some(table) = reader.table("lint", value) else { return lint };
    reader.known_keys(table, "lint");
    if let Some(found) = table.get("profile").and_then(|v| reader.string("profile", v)) {
        profile(reader, &found, &mut lint);
    }
    lint.baseline = table.get("baseline").and_then(|v| reader.string("baseline", v));
    let Some(allow) = table.get("allow") else { return lint };
    let Some(items) = allow.get_ref().as_array() else {
        reader.wrong("lint.allow", allow, "a list of tables, `[[lint.allow]]`");
        return lint;
    };
    lint.exceptions = items.iter().filter_map(|item| exception(reader, item)).collect();
    lint
}

fn profile(reader: &mut Reader, found: &Located<String>, lint: &mut Lint) {
    if let Some((_, profile)) = PROFILES.iter().find(|(name, _)| *name == found.value) {
        lint.profile = *profile;
        return;
    }
    let names: Vec<&str> = PROFILES.iter().map(|(name, _)| *name).collect();
    let near = did_you_mean(&found.value, names.iter().copied());
    let message = format!("there is no profile `{}`", found.value);
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the profiles are {}", list(&names)),
    };
    reader.report(codes::INVALID_VALUE, found.span, message).help.push(help);
}

fn exception(reader: &mut Reader, value: &Spanned<DeValue<'_>>) -> Option<Exception> {
    let table = reader.table("lint.allow", value)?;
    reader.known_keys(table, "lint.allow");
    for key in ["path", "rules", "because"].into_iter().filter(|k| !table.contains_key(*k)) {
        let span = reader.span(value.span());
        let message = format!("this exception has no `{key}`");
        reader.report(codes::INVALID_VALUE, span, message).help.push(
            "an exception says where (`path`), from which `rules`, and why (`because`)".into(),
        );
    }
    Some(Exception {
        path: reader.string("path", table.get("path")?)?,
        rules: reader.strings("rules", table.get("rules")?),
        because: reader.string("because", table.get("because")?)?.value,
        until: table.get("until").and_then(|v| date(reader, v)),
    })
}

/// A day, as a TOML date or in a string.
fn date(reader: &mut Reader, value: &Spanned<DeValue<'_>>) -> Option<String> {
    let text = match value.get_ref() {
        DeValue::Datetime(d) => d.to_string(),
        DeValue::String(s) => s.to_string(),
        _ => String::new(),
    };
    if !is_day(&text) {
        let span = reader.span(value.span());
        let message = "`until` must be a day such as 2027-03-01".to_owned();
        reader.report(codes::INVALID_VALUE, span, message);
        return None;
    }
    Some(text)
}

/// Whether a text is a day: `YYYY-MM-DD`.
#[must_use]
pub fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |part: &str, length: usize| {
        let digits = part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok()).flatten()
    };
    number(year, 4).is_some()
        && number(month, 2).is_some_and(|m| (1..=12).contains(&m))
        && number(day, 2).is_some_and(|d| (1..=31).contains(&d))
}
