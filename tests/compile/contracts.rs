//! Loads the folders of contracts.

use std::fs;
use std::path::{Path, PathBuf};

use svckit_diagnostics::{Diagnostic, Severity, SourceMap};
use svckit_model::{Source, World, resolve};

/// A folder of `.svc` files that make up a world.
pub(crate) struct Contract {
    pub(crate) name: String,
    pub(crate) world: World,
    sources: SourceMap,
    diagnostics: Vec<Diagnostic>,
}

/// Every folder, by name, and the contracts of the examples.
pub(crate) fn all() -> Vec<Contract> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = entries(&tests.join("compile/contracts"));
    let examples = entries(&tests.join("../examples"));
    let of_examples = examples.iter().map(|e| (e, e.join("contracts"))).filter(|(_, c)| c.is_dir());
    let own = own.iter().map(|folder| (folder, folder.clone()));
    own.chain(of_examples).map(|(named, folder)| load(named, &folder)).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// The files in a folder and in those below it.
fn sources_below(folder: &Path) -> Vec<PathBuf> {
    let open = |path: PathBuf| if path.is_dir() { sources_below(&path) } else { vec![path] };
    entries(folder).into_iter().flat_map(open).collect()
}

fn load(named: &Path, folder: &Path) -> Contract {
    let name = named.file_name().expect("a name").to_string_lossy().into_owned();
    let mut sources = SourceMap::default();
    let (mut files, mut diagnostics) = (Vec::new(), Vec::new());
    for path in sources_below(folder) {
        let text = fs::read_to_string(&path).expect("a contract");
        let id = sources.add(path.to_string_lossy(), text.as_str());
        let parsed = svckit_syntax::parse(id, &text);
        files.push(parsed.file);
        diagnostics.extend(parsed.diagnostics);
    }
    let trees: Vec<_> = files.iter().map(|file| Source { file, external: false }).collect();
    let resolved = resolve(&trees);
    diagnostics.extend(resolved.diagnostics);
    Contract { name, world: resolved.world, sources, diagnostics }
}

impl Contract {
    /// What is wrong with it, as people see it.
    pub(crate) fn errors(&self) -> Option<String> {
        let errors: Vec<_> =
            self.diagnostics.iter().filter(|d| d.severity == Severity::Error).cloned().collect();
        let style = svckit_diagnostics::render::human::Style::default();
        let render = svckit_diagnostics::render::human::render;
        (!errors.is_empty()).then(|| render(&errors, &self.sources, style))
    }
}
