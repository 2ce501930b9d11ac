//! The options of the target `rust`.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use svckit_backend::Options;
use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::World;

use crate::codes::BAD_OPTION;

/// Every option with a line of explanation.
pub(crate) const OPTIONS: &[(&str, &str)] = &[
    ("runtime", "the path at which generated code finds the runtime: ::svckit (default)"),
    ("layout", "include (default): a file for each package; inline: all in svckit_contracts.rs"),
    (
        "descriptors",
        "the file beside the generated ones that holds the encoded descriptors for reflection",
    ),
    (
        "ranges",
        "true: the safe range of every number of a policy goes along, so that it can be overridden without a rebuild; false (default)",
    ),
    ("extern.PACKAGE", "the path of the crate that generates PACKAGE, as ::shop_common"),
];

/// Where packages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A file each, included by the tree of modules.
    Include,
    /// In the tree of modules itself.
    Inline,
}

/// What is to be written.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) runtime: TokenStream,
    pub(crate) layout: Layout,
    pub(crate) descriptors: Option<String>,
    /// Whether the driver writes the safe ranges beside what is generated.
    pub(crate) ranges: bool,
    /// Paths of crates by package.
    pub(crate) externs: BTreeMap<String, TokenStream>,
}

impl Settings {
    /// Reads the options.
    pub(crate) fn read(world: &World, options: &Options) -> Result<Self, Vec<Diagnostic>> {
        let mut settings = Self {
            runtime: quote!(::svckit),
            layout: Layout::Include,
            descriptors: None,
            ranges: false,
            externs: BTreeMap::new(),
        };
        let bad: Vec<_> = options
            .iter()
            .filter_map(|(name, value)| settings.set(world, name, value).err().map(|d| *d))
            .collect();
        if bad.is_empty() { Ok(settings) } else { Err(bad) }
    }

    fn set(&mut self, world: &World, name: &str, value: &str) -> Result<(), Box<Diagnostic>> {
        match name {
            "runtime" => self.runtime = path(name, value)?,
            "layout" => self.layout = layout(value)?,
            // The driver writes that file: no rule of design is known here.
            "ranges" if matches!(value, "true" | "false") => self.ranges = value == "true",
            "ranges" => {
                let message = format!("the option `ranges` of the target `rust` is `{value}`");
                return Err(Box::new(bad(message).help("write `true` or `false`")));
            }
            "descriptors" => self.descriptors = Some(value.to_owned()),
            _ => {
                let package =
                    name.strip_prefix("extern.").ok_or_else(|| Box::new(unknown(name)))?;
                let known = world.packages.iter().any(|(_, p)| p.name == package);
                if !known {
                    return Err(Box::new(unknown_package(world, package)));
                }
                self.externs.insert(package.to_owned(), path(name, value)?);
            }
        }
        Ok(())
    }
}

fn bad(message: String) -> Diagnostic {
    Diagnostic::new(BAD_OPTION, Span::default(), message)
}

fn path(name: &str, value: &str) -> Result<TokenStream, Box<Diagnostic>> {
    let parsed = syn::parse_str::<syn::Path>(value).ok();
    let plain = |p: &syn::Path| p.segments.iter().all(|s| s.arguments.is_none());
    parsed.filter(plain).map(ToTokens::into_token_stream).ok_or_else(|| {
        let message = format!("the option `{name}` of the target `rust` is `{value}`, no path");
        Box::new(bad(message).help("write the path of a crate or module, such as `::shop_common`"))
    })
}

fn layout(value: &str) -> Result<Layout, Box<Diagnostic>> {
    match value {
        "include" => Ok(Layout::Include),
        "inline" => Ok(Layout::Inline),
        _ => Err(Box::new(
            bad(format!("the option `layout` of the target `rust` is `{value}`"))
                .help("write `include` (a file for each package) or `inline` (one file)"),
        )),
    }
}

fn unknown(name: &str) -> Diagnostic {
    let known: Vec<_> = OPTIONS.iter().map(|(n, _)| format!("`{n}`")).collect();
    bad(format!("the target `rust` has no option `{name}`"))
        .help(format!("its options are {}", known.join(", ")))
}

fn unknown_package(world: &World, package: &str) -> Diagnostic {
    let names = world.packages.iter().map(|(_, p)| p.name.as_str());
    let near = names.min_by_key(|n| strsim::levenshtein(n, package));
    let diagnostic =
        bad(format!("the option `extern.{package}` names a package that no contract defines"));
    match near {
        Some(near) => diagnostic.help(format!("did you mean `extern.{near}`?")),
        None => diagnostic.help("leave it out, or add the contracts that define it"),
    }
}
