//! `svckit new`

use std::fs;
use std::path::{Path, PathBuf};

use svckit_driver::Failure;
use svckit_templates::{Project, Source};

use crate::Status;
use crate::args::NewArgs;
use crate::terminal::Terminal;

pub(crate) fn run(args: &NewArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let name = args.name.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let named = args.path.clone().or_else(|| std::env::var_os("SVCKIT_PATH").map(PathBuf::from));
    let svckit = match named.or_else(own_checkout) {
        Some(path) => Source::Path(absolute(&path)?),
        None => Source::Version(env!("CARGO_PKG_VERSION").to_owned()),
    };
    let from = match &svckit {
        Source::Path(path) => format!(", on svckit in {path}"),
        Source::Version(_) => String::new(),
    };
    let project = Project { name, svckit };
    let files = svckit_templates::render(&args.template, &project).map_err(Failure::new)?;
    if args.name.exists() {
        let shown = args.name.display();
        return Err(Failure::new(format!("{shown} exists already; name a folder that does not")));
    }
    for (path, text) in &files {
        write(&args.name.join(path), text)?;
    }
    let shown = args.name.display();
    terminal.say(&format!("made {shown}{from}; next: cd {shown} && cargo test && cargo run"));
    Ok(Status::Clean)
}

/// The sources that this binary was built from, where they are still there: what they make may not be published yet.
fn own_checkout() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    root.join("runtime/svckit/Cargo.toml").is_file().then(|| root.to_path_buf())
}

fn absolute(path: &Path) -> Result<String, Failure> {
    let path = fs::canonicalize(path).map_err(|e| Failure::io("find", path, &e))?;
    Ok(path.display().to_string())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|e| Failure::io("make the folder", folder, &e))?;
    fs::write(path, text).map_err(|e| Failure::io("write", path, &e))
}
