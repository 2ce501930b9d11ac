//! Every fixture below `ui/` and what is said of it.
//!
//! A case is a file `ui/AREA/CASE.svc` or a folder `ui/AREA/CASE/`; its messages, as people see them, stand beside it in
//! `CASE.stderr`. A case whose name begins with `ok_` has none. `BLESS=1` writes what is said now. Cases of the area
//! `syntax` are parsed and no more: what their names mean is told nowhere; those of `backends` go on to every backend,
//! which may refuse them. Rules of design judge in the areas `rules`, a folder for each rule, `worlds` and `exceptions`; of
//! `rules/SLUG`, a case `fires…` is found by that rule, and `quiet…` and `excused…` are not.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use similar::TextDiff;
use svckit_diagnostics::Diagnostic;
use svckit_diagnostics::render::{self, human, json};
use svckit_driver::{Checked, Start, registry};

fn main() {
    let arguments = Arguments::from_args();
    let trials = cases().into_iter().flat_map(trials).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// One fixture.
#[derive(Clone)]
struct Case {
    /// `area/case`
    name: String,
    /// The file or folder.
    path: PathBuf,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let areas = entries(&root).into_iter().filter(|p| p.is_dir());
    let folders = areas.flat_map(|area| match area.ends_with("rules") {
        true => entries(&area),
        false => vec![area],
    });
    folders.flat_map(|folder| entries(&folder)).filter_map(|path| case(&root, path)).collect()
}

fn case(root: &Path, path: PathBuf) -> Option<Case> {
    let is_case = path.is_dir() || path.extension().is_some_and(|e| e == "svc");
    let name = path.strip_prefix(root).ok()?.with_extension("").display().to_string();
    is_case.then_some(Case { name, path })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths
}

fn trials(case: Case) -> Vec<Trial> {
    let again = case.clone();
    let mut trials = vec![
        Trial::test(case.name.clone(), move || messages(&case)),
        Trial::test(format!("{}#format", again.name), {
            let case = again.clone();
            move || formats(&case)
        }),
    ];
    if again.is_ok() && !again.is_syntax() {
        trials.push(Trial::test(format!("{}#backends", again.name), move || generates(&again)));
    }
    trials
}

impl Case {
    fn is_ok(&self) -> bool {
        self.path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("ok_"))
    }

    fn is_syntax(&self) -> bool {
        self.name.starts_with("syntax/")
    }

    fn is_judged(&self) -> bool {
        ["rules/", "worlds/", "exceptions/"].iter().any(|area| self.name.starts_with(area))
    }

    /// The rule that a case is about, and what the case is called.
    fn rule(&self) -> Option<(&str, &str)> {
        self.name.strip_prefix("rules/")?.split_once('/')
    }

    /// The file with the messages: beside the fixture.
    fn expected(&self) -> PathBuf {
        self.path.with_extension("stderr")
    }

    fn check(&self) -> Checked {
        let (start, base) = if !self.path.is_dir() {
            let folder = self.path.parent().unwrap_or(&self.path);
            (Start::Loose(vec![self.path.clone()]), folder)
        } else if self.path.join("svckit.toml").exists() {
            (Start::Workspace(self.path.clone()), self.path.as_path())
        } else {
            (Start::Loose(vec![self.path.clone()]), self.path.as_path())
        };
        let mut checked = svckit_driver::check(svckit_driver::load(&start, base));
        if self.is_syntax() {
            checked.diagnostics.retain(|d| svckit_syntax::codes::ALL.contains(&d.code));
        } else if !self.is_judged() {
            let rules: Vec<&str> = svckit_driver::registry::rule_codes().map(|c| c.slug).collect();
            checked.diagnostics.retain(|d| !rules.contains(&d.code.slug));
        }
        if self.name.starts_with("backends/") && !checked.has_errors() {
            let refused = refusals(&checked);
            checked.diagnostics.extend(refused);
            render::sort(&mut checked.diagnostics, &checked.inputs.sources);
        }
        checked
    }
}

/// The messages are those beside the case, and machines are told as many.
fn messages(case: &Case) -> Result<(), Failed> {
    let checked = case.check();
    if let Some(failure) = checked.failures().first() {
        return Err(failure.to_string().into());
    }
    let found = checked.rendered(false);
    machine_readable(&checked)?;
    as_its_name_says(case, &checked)?;
    if case.is_ok() && !found.is_empty() {
        return Err(format!("this case has `ok_` in its name, but:\n{found}").into());
    }
    if !case.is_ok() && case.rule().is_none() && found.is_empty() {
        return Err("nothing is said of this case; a good one has `ok_` before its name".into());
    }
    compare(&case.expected(), &found)
}

/// A case of a rule fires, or does not, and an exception in it is of use.
fn as_its_name_says(case: &Case, checked: &Checked) -> Result<(), Failed> {
    let Some((slug, name)) = case.rule() else { return Ok(()) };
    let of = |slug: &str| checked.diagnostics.iter().any(|d| d.code.slug == slug);
    let wrong = match (name.split('_').next().unwrap_or_default(), of(slug)) {
        ("fires", false) => "the rule finds nothing here",
        ("quiet" | "excused", true) => "the rule finds something here",
        ("excused", false) if of("unused-allow") => "the exception excuses nothing",
        ("fires" | "quiet" | "excused", _) if checked.inputs.contracts.is_empty() => "no contract",
        ("fires" | "quiet" | "excused", _) => return Ok(()),
        _ => "a case of a rule is called `fires…`, `quiet…` or `excused…`",
    };
    Err(format!("{wrong}:\n{}", checked.rendered(false)).into())
}

fn machine_readable(checked: &Checked) -> Result<(), Failed> {
    let text = json::render(&checked.diagnostics, checked.sources(), &[]);
    let value: serde_json::Value = serde_json::from_str(&text)?;
    let told = value["diagnostics"].as_array().map_or(0, Vec::len);
    if told != checked.diagnostics.len() {
        return Err(format!("{told} messages as JSON").into());
    }
    Ok(())
}

fn compare(path: &Path, found: &str) -> Result<(), Failed> {
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        if found.is_empty() {
            fs::remove_file(path)?
        } else {
            fs::write(path, found)?
        }
        return Ok(());
    }
    let diff = TextDiff::from_lines(expected.as_str(), found);
    let diff = diff.unified_diff().header("expected", "found").to_string();
    Err(format!("{}\n{diff}\nBLESS=1 takes what was found", path.display()).into())
}

/// Formatting what is formatted changes nothing, and the meaning stays: the same messages but for their places.
fn formats(case: &Case) -> Result<(), Failed> {
    let checked = case.check();
    for contract in &checked.inputs.contracts {
        let text = checked.sources().file(contract.file).text();
        let parsed = svckit_syntax::parse(contract.file, text);
        let Some(once) = svckit_format::format(&parsed, text) else {
            let has_errors = parsed.diagnostics.iter().any(|d| d.is_error());
            if case.is_ok() || !has_errors {
                return Err(format!("{} was not formatted", contract.path.display()).into());
            }
            continue;
        };
        let again = svckit_syntax::parse(contract.file, &once);
        let twice = svckit_format::format(&again, &once);
        if twice.as_deref() != Some(once.as_str()) {
            let twice = twice.unwrap_or_default();
            let diff = TextDiff::from_lines(&once, &twice).unified_diff().to_string();
            return Err(format!("formatting twice is not formatting once:\n{diff}").into());
        }
    }
    Ok(())
}

/// Every backend takes a contract without errors.
fn generates(case: &Case) -> Result<(), Failed> {
    let checked = case.check();
    let refused = refusals(&checked);
    if refused.is_empty() {
        return Ok(());
    }
    Err(human::render(&refused, checked.sources(), human::Style::default()).into())
}

/// What the backends say against a world.
fn refusals(checked: &Checked) -> Vec<Diagnostic> {
    let request = |target| svckit_driver::Request {
        target,
        options: checked.config().options(target.backend.name()),
        folder: PathBuf::new(),
    };
    let generate = |target| svckit_driver::generate(checked, &request(target)).err();
    registry::TARGETS.iter().filter_map(generate).flatten().collect()
}
