//! Finding and reading everything that a world consists of.

mod find;
mod read;
#[cfg(test)]
mod tests;
mod today;
mod walk;

pub use find::{Start, find};
pub use today::days_from_now;

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use svckit_diagnostics::{Diagnostic, FileId, SourceMap};

use crate::baseline::{self, Baseline};
use crate::config::{Config, Dependency, FILE_NAME, Located};
use crate::{Failure, codes};

/// Whose contract a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Of the workspace itself.
    Local,
    /// Of a workspace depended on.
    Dependency {
        /// The Rust crate that has its generated code, if there is one.
        krate: Option<String>,
    },
}

/// A contract that was read.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Its text in the source map.
    pub file: FileId,
    /// Where it is.
    pub path: PathBuf,
    /// Whose it is.
    pub origin: Origin,
    /// False where bytes were replaced to make it so; what the parser says of such a file is noise.
    pub is_utf8: bool,
}

/// Everything that was found below one start.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The folder that paths of `config` are relative to.
    pub root: PathBuf,
    /// `svckit.toml`, or what holds without one.
    pub config: Config,
    /// All texts.
    pub sources: SourceMap,
    /// The contracts, by path within each root.
    pub contracts: Vec<Contract>,
    /// What is wrong with `svckit.toml` and with files as such.
    pub diagnostics: Vec<Diagnostic>,
    /// What could not be read.
    pub failures: Vec<Failure>,
    /// Files and folders whose change changes the result; sorted.
    pub watched: Vec<PathBuf>,
    /// The files that each exception of `config.lint` covers, in its order.
    pub excepted: Vec<BTreeSet<FileId>>,
    /// Findings that are known, if `config.lint` names a file of them.
    pub baseline: Option<Baseline>,
    /// The day by which exceptions are judged, `YYYY-MM-DD`; empty: none has ended.
    pub today: String,
}

/// Reads what `start` names. Paths in messages are relative to `base` where they are below it.
#[must_use]
pub fn load(start: &Start, base: &Path) -> Inputs {
    let inputs = Inputs { today: today::today(), ..Inputs::default() };
    let mut loader = Loader { base, seen: HashSet::new(), inputs };
    match start {
        Start::Workspace(root) => loader.workspace(root),
        Start::Loose(paths) => {
            paths.iter().for_each(|p| loader.loose(p));
        }
    }
    loader.inputs.watched.sort();
    loader.inputs.watched.dedup();
    loader.inputs
}

/// Reads one text under the name that messages show, as standard input is.
#[must_use]
pub fn load_text(name: &str, bytes: &[u8]) -> Inputs {
    let inputs = Inputs { today: today::today(), ..Inputs::default() };
    let mut loader = Loader { base: Path::new(""), seen: HashSet::new(), inputs };
    loader.add_bytes(Path::new(name), bytes, Origin::Local);
    loader.inputs
}

struct Loader<'a> {
    base: &'a Path,
    /// Canonical paths of files that were read and of workspaces that were entered.
    seen: HashSet<PathBuf>,
    inputs: Inputs,
}

impl Loader<'_> {
    fn workspace(&mut self, root: &Path) {
        self.inputs.root = root.to_owned();
        let Some(config) = self.config(root) else { return };
        self.seen.insert(walk::canonical(root));
        self.roots(root, &config, &Origin::Local);
        self.exceptions(root, &config);
        self.baseline(root, &config);
        let mut pending: Vec<(PathBuf, Dependency)> =
            config.dependencies.iter().map(|d| (root.to_owned(), d.clone())).collect();
        self.inputs.config = config;
        while let Some((from, dependency)) = pending.pop() {
            if let Some((root, config)) = self.dependency(&from, &dependency) {
                pending.extend(config.dependencies.into_iter().map(|d| (root.clone(), d)));
            }
        }
    }

    /// Reads a dependency's own contracts; its configuration with the folder that it stands in.
    fn dependency(&mut self, from: &Path, dependency: &Dependency) -> Option<(PathBuf, Config)> {
        let root = walk::join(from, &dependency.path.value);
        if !root.join(FILE_NAME).is_file() {
            let message = format!(
                "the dependency `{}` is no svckit workspace: there is no {}",
                dependency.name.value,
                self.shown(&root.join(FILE_NAME)),
            );
            self.report(Diagnostic::new(codes::MISSING_DEPENDENCY, dependency.path.span, message));
            return None;
        }
        if !self.seen.insert(walk::canonical(&root)) {
            return None;
        }
        let config = self.config(&root)?;
        let origin = Origin::Dependency { krate: dependency.krate.clone() };
        self.roots(&root, &config, &origin);
        Some((root, config))
    }

    fn roots(&mut self, root: &Path, config: &Config, origin: &Origin) {
        if config.sources.is_empty() {
            self.folder(root, origin);
        }
        for source in &config.sources {
            self.root(root, source, origin);
        }
    }

    fn root(&mut self, root: &Path, source: &Located<String>, origin: &Origin) {
        let path = walk::join(root, &source.value);
        if path.is_file() {
            self.add(&path, origin.clone());
            return;
        }
        if !path.is_dir() {
            let message = format!("the folder `{}` does not exist", source.value);
            let help = format!("it is looked for at {}", self.shown(&path));
            self.report(Diagnostic::new(codes::MISSING_FOLDER, source.span, message).help(help));
            self.inputs.watched.extend(walk::nearest_folder(&path));
            return;
        }
        if self.folder(&path, origin) == 0 {
            let message = format!("the folder `{}` holds no contract", source.value);
            let diagnostic = Diagnostic::new(codes::UNUSED_ENTRY, source.span, message)
                .help("contracts are files that end in `.svc`");
            self.report(diagnostic);
        }
    }

    /// Finds the files of each exception, and reports those without any.
    fn exceptions(&mut self, root: &Path, config: &Config) {
        if config.lint.exceptions.is_empty() {
            return;
        }
        let contracts = self.inputs.contracts.iter();
        let paths: Vec<_> = contracts.map(|c| (walk::canonical(&c.path), c.file)).collect();
        for exception in &config.lint.exceptions {
            let excused = walk::canonical(&walk::join(root, &exception.path.value));
            let below = paths.iter().filter(|(path, _)| path.starts_with(&excused));
            let files: BTreeSet<FileId> = below.map(|(_, file)| *file).collect();
            let none = files.is_empty();
            self.inputs.excepted.push(files);
            if none {
                let message = format!(
                    "this exception excuses nothing: no contract is below `{}`",
                    exception.path.value
                );
                self.report(Diagnostic::new(codes::UNUSED_ENTRY, exception.path.span, message));
            }
        }
    }

    fn baseline(&mut self, root: &Path, config: &Config) {
        let Some(named) = &config.lint.baseline else { return };
        let path = walk::join(root, &named.value);
        if !path.exists() {
            let message = format!("there is no baseline `{}`", named.value);
            let help = format!("write it: svckit lint --write-baseline {}", self.shown(&path));
            let diagnostic = Diagnostic::new(codes::MISSING_BASELINE, named.span, message);
            self.report(diagnostic.help(help));
            self.inputs.watched.extend(walk::nearest_folder(&path));
            return;
        }
        let Some((file, _)) = self.bytes(&path).map(|bytes| self.text(&path, &bytes)) else {
            return;
        };
        let text = self.inputs.sources.file(file).text();
        let baseline = baseline::read(file, text, &mut self.inputs.diagnostics);
        self.inputs.baseline = Some(baseline);
    }

    fn loose(&mut self, path: &Path) {
        if path.is_dir() {
            if self.folder(path, &Origin::Local) == 0 {
                self.nothing_below(path);
            }
        } else {
            self.add(path, Origin::Local);
        }
    }

    fn nothing_below(&mut self, folder: &Path) {
        let mut message = format!("there is no .svc file below {}", self.shown(folder));
        if let Some(workspace) = walk::walk(folder).workspaces.iter().min() {
            message += &format!("; name a workspace in it, such as {}", self.shown(workspace));
        }
        self.inputs.failures.push(Failure::new(message));
    }

    /// Reads every contract below a folder; how many there were.
    fn folder(&mut self, folder: &Path, origin: &Origin) -> usize {
        let found = walk::walk(folder);
        self.inputs.watched.extend(found.folders);
        self.inputs.failures.extend(found.failures);
        for path in &found.files {
            self.add(path, origin.clone());
        }
        found.files.len()
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.inputs.diagnostics.push(diagnostic);
    }

    /// The path as people see it.
    fn shown(&self, path: &Path) -> String {
        walk::shown(self.base, path)
    }
}

/// A path as a baseline names it, wherever it is read from: relative to the workspace, `/` between its parts.
pub(crate) fn relative(root: &Path, path: &Path) -> String {
    walk::shown(root, path)
}
