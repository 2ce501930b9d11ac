//! Text templates that svckit embeds: starter projects.
//!
//! A project is a folder of minijinja templates below `projects/`; `.tmpl` is cut off the names of files, which keeps
//! cargo from taking an embedded `Cargo.toml` for a package of its own.

use minijinja::{Environment, UndefinedBehavior, context};

/// The project templates there are; the first is the default.
pub const NAMES: [&str; 2] = ["service", "workspace"];

/// Where the new project takes svckit from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A published version.
    Version(String),
    /// A checkout of the repository; an absolute path.
    Path(String),
}

/// What is asked of a user for a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The package's name.
    pub name: String,
    /// Where svckit comes from.
    pub svckit: Source,
}

type File = (&'static str, &'static str);

macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../projects/", $folder, "/", $path, ".tmpl")))),+]
    };
}

const SERVICE: &[File] = files!("service":
    ".gitignore", "Cargo.toml", "README.md", "build.rs", "contracts/greeter.svc", "src/lib.rs", "src/main.rs",
    "svckit.toml", "tests/greeter.rs",
);

const WORKSPACE: &[File] = files!("workspace":
    ".gitignore", "Cargo.toml", "README.md", "common/Cargo.toml", "common/build.rs",
    "common/contracts/common.svc", "common/src/lib.rs", "common/svckit.toml", "greeter/Cargo.toml",
    "greeter/build.rs", "greeter/contracts/greeter.svc", "greeter/src/lib.rs", "greeter/src/main.rs",
    "greeter/svckit.toml", "greeter/tests/greeter.rs",
);

/// The files of a new project: relative paths and contents.
///
/// # Errors
/// A name that cargo would not take, or no template of that name, in a sentence.
pub fn render(template: &str, project: &Project) -> Result<Vec<(String, String)>, String> {
    let files = match template {
        "service" => SERVICE,
        "workspace" => WORKSPACE,
        _ => {
            return Err(format!(
                "there is no template `{template}`; there are {}",
                NAMES.join(", ")
            ));
        }
    };
    check_name(&project.name)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let context = context! {
        name => &project.name,
        module => project.name.replace('-', "_"),
        svckit => dependency(&project.svckit, "runtime/svckit"),
        svckit_build => dependency(&project.svckit, "compiler/build"),
    };
    let one = |(path, text): &File| {
        let text = environment.render_str(text, &context).map_err(|e| format!("{path}: {e}"))?;
        Ok(((*path).to_owned(), text + "\n"))
    };
    files.iter().map(one).collect()
}

/// The dependency's source, as it stands in an inline table of `Cargo.toml`.
fn dependency(source: &Source, folder: &str) -> String {
    match source {
        Source::Version(version) => format!("version = \"{version}\""),
        Source::Path(root) => format!("path = '{root}/{folder}'"),
    }
}

/// What cargo takes as the name of a package, in lower case.
fn check_name(name: &str) -> Result<(), String> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !starts_well || !name.chars().all(is_plain) {
        return Err(format!(
            "`{name}` can't be a project's name: write lower-case letters, digits, `-` and `_`, a letter first"
        ));
    }
    if RESERVED.contains(&name) {
        return Err(format!("`{name}` can't be a project's name: Rust needs it; choose another"));
    }
    Ok(())
}

/// Names that cargo refuses, or that the generated project would confuse with its own dependencies.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "common",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "greeter",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "svckit",
    "svckit-build",
    "svckit_build",
    "test",
    "tokio",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn project(name: &str, svckit: Source) -> Project {
        Project { name: name.into(), svckit }
    }

    #[test]
    fn every_template_renders_with_its_dependency() {
        for template in NAMES {
            let files =
                render(template, &project("my-shop", Source::Version("0.1.0".into()))).unwrap();
            assert!(files.iter().any(|(p, _)| p == "Cargo.toml"));
            assert!(files.iter().any(|(_, t)| t.contains("version = \"0.1.0\"")), "{template}");
            assert!(
                files.iter().all(|(_, t)| !t.contains("{{") && t.ends_with('\n')),
                "{template}"
            );
        }
    }

    #[test]
    fn a_checkout_is_named_by_path() {
        let files = render("service", &project("a", Source::Path("/src/svckit".into()))).unwrap();
        let cargo = &files.iter().find(|(p, _)| p == "Cargo.toml").unwrap().1;
        assert!(cargo.contains("path = '/src/svckit/runtime/svckit'"), "{cargo}");
    }

    #[test]
    fn names_that_cargo_refuses_are_refused() {
        for name in ["", "Shop", "1st", "a b", "../x", "fn", "svckit", "é", "a\""] {
            let answer = render("service", &project(name, Source::Version("1".into())));
            assert!(answer.is_err(), "{name}");
        }
    }
}
