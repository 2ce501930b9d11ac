//! The table of backends. A new one is a crate and two lines: its dependency, and its entry here.

use svckit_backend::{Backend, Options};
use svckit_backend_alerts::AlertsBackend;
use svckit_backend_dashboards::DashboardsBackend;
use svckit_backend_diagrams::DiagramsBackend;
use svckit_backend_proto::ProtoBackend;
use svckit_backend_rust::RustBackend;
use svckit_diagnostics::{Code, Diagnostic, Span};

use crate::codes;
use svckit_diagnostics::suggest::did_you_mean;

/// A backend and what the driver does for it.
pub struct Target {
    /// The backend.
    pub backend: &'static dyn Backend,
    /// Whether a package of a dependency is left out only where it is known which crate has its generated code,
    /// and is generated along where it is not.
    pub needs_crates: bool,
    /// Whether it wants the Protobuf descriptors of the contract beside its output.
    pub wants_descriptors: bool,
    /// Whether it wants to know what is computed of calls.
    pub wants_numbers: bool,
}

impl Target {
    /// A backend that needs nothing but the world.
    const fn plain(backend: &'static dyn Backend) -> Self {
        Self { backend, needs_crates: false, wants_descriptors: false, wants_numbers: false }
    }
}

/// Every target.
pub static TARGETS: &[Target] = &[
    Target { needs_crates: true, wants_descriptors: true, ..Target::plain(&RustBackend) },
    Target::plain(&ProtoBackend),
    Target { wants_numbers: true, ..Target::plain(&DiagramsBackend) },
    Target::plain(&AlertsBackend),
    Target::plain(&DashboardsBackend),
];

/// The target of that name.
///
/// # Errors
/// A sentence that names the targets there are.
pub fn target(name: &str) -> Result<&'static Target, String> {
    if let Some(target) = TARGETS.iter().find(|t| t.backend.name() == name) {
        return Ok(target);
    }
    let names: Vec<&str> = TARGETS.iter().map(|t| t.backend.name()).collect();
    Err(match did_you_mean(name, names.iter().copied()) {
        Some(near) => format!("there is no target `{name}`; did you mean `{near}`?"),
        None => format!("there is no target `{name}`; the targets are {}", names.join(", ")),
    })
}

/// The options that a target does not take, each with a suggestion if one is near.
#[must_use]
pub fn unknown_options<'a>(
    target: &Target,
    options: &'a Options,
) -> Vec<(&'a str, Option<&'static str>)> {
    let known = || target.backend.options().iter().map(|(name, _)| *name);
    let is_known = |name: &str| {
        known().any(|k| {
            k == name
                || k.split_once('.').is_some_and(|(prefix, _)| {
                    name.split_once('.').is_some_and(|(first, _)| first == prefix)
                })
        })
    };
    options
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !is_known(name))
        .map(|name| (name, did_you_mean(name, known())))
        .collect()
}

/// The message for an option that a target does not take.
#[must_use]
pub fn unknown_option(
    target: &Target,
    name: &str,
    near: Option<&'static str>,
    span: Span,
) -> Diagnostic {
    let backend = target.backend;
    let message = format!("the target `{}` takes no option `{name}`", backend.name());
    let names: Vec<&str> = backend.options().iter().map(|(name, _)| *name).collect();
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "it takes none".to_owned(),
        None => format!("its options are {}", names.join(", ")),
    };
    Diagnostic::new(codes::UNKNOWN_OPTION, span, message).help(help)
}

/// Every code that a contract or a workspace can be told of, in order of the stages; the rules of design last.
pub fn all_codes() -> impl Iterator<Item = Code> {
    language_codes().chain(rule_codes())
}

/// Every code of the rules of design and of exceptions to them.
pub fn rule_codes() -> impl Iterator<Item = Code> {
    svckit_lint::all_codes()
}

/// Every code that no `allow` excuses: what is wrong, whatever one thinks of it.
pub fn language_codes() -> impl Iterator<Item = Code> {
    let syntax = svckit_syntax::codes::ALL.iter().copied();
    let later = [
        codes::ALL,
        svckit_backend_proto::codes::ALL,
        svckit_backend_rust::codes::ALL,
        svckit_backend_diagrams::codes::ALL,
    ];
    syntax.chain(svckit_model::codes::all()).chain(later.into_iter().flatten().copied())
}

/// Every rule of design, by group.
pub static RULES: &[&svckit_lint::Rule] = svckit_lint::RULES;
