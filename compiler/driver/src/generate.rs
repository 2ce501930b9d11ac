//! Running a backend over a checked world.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use svckit_backend::Options;
use svckit_diagnostics::{Diagnostic, FileId, Severity, Span};
use svckit_model::World;

use crate::Checked;
use crate::codes;
use crate::load::Origin;
use crate::output::{Output, is_contained};
use crate::registry::Target;

/// The file with the Protobuf descriptors beside generated Rust.
pub const DESCRIPTORS: &str = "svckit_descriptors.bin";

/// The file with the safe ranges of policies' numbers, where the option `ranges` asks for it.
pub const RANGES: &str = "svckit_ranges.json";

/// One target, one folder.
pub struct Request {
    /// The backend.
    pub target: &'static Target,
    /// Its options.
    pub options: Options,
    /// Where to.
    pub folder: PathBuf,
}

/// Generates, in memory, what `request` asks for.
///
/// # Errors
/// The world's own errors; an option or a construct that the target can't take.
pub fn generate(checked: &Checked, request: &Request) -> Result<Output, Vec<Diagnostic>> {
    let errors: Vec<_> = checked.diagnostics.iter().filter(|d| d.is_error()).cloned().collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let target = request.target;
    let mut options = request.options.clone();
    let mut world = std::borrow::Cow::Borrowed(&checked.world);
    if target.needs_crates {
        extern_crates(checked, &mut options);
        set_external(&mut world, &extern_packages(&options));
    }
    let (mut files, mut warnings) = (BTreeMap::new(), Vec::new());
    if target.wants_descriptors {
        options.set("descriptors", DESCRIPTORS);
        let descriptors = svckit_backend_proto::descriptor_set(&world).unwrap_or_else(|found| {
            warnings.extend(found.into_iter().map(without_reflection));
            Vec::new()
        });
        files.insert(DESCRIPTORS.to_owned(), descriptors);
    }
    if target.backend.options().iter().any(|(name, _)| *name == "ranges")
        && options.get("ranges") == Some("true")
    {
        let ranges = crate::numbers::to_text(&crate::numbers::ranges(checked));
        files.insert(RANGES.to_owned(), ranges.into_bytes());
    }
    if target.wants_numbers {
        options.set("numbers", crate::graph::numbers(&world).to_text());
    }
    let generated = target.backend.generate(&world, &options);
    for (path, text) in generated.map_err(|found| placed(checked, target, found))?.iter() {
        files.insert(path.to_owned(), text.as_bytes().to_vec());
    }
    refuse_escapes(target, &files)?;
    let (target, folder) = (target.backend.name().to_owned(), request.folder.clone());
    Ok(Output { target, folder, files, warnings })
}

/// The world as an encoded `google.protobuf.FileDescriptorSet`: to read messages without generated code.
///
/// # Errors
/// Why Protobuf can't say it.
pub fn descriptor_set(world: &svckit_model::World) -> Result<Vec<u8>, String> {
    svckit_backend_proto::descriptor_set(world)
        .map_err(|found| found.first().map(|first| first.message.clone()).unwrap_or_default())
}

/// Reflection is all that descriptors serve: what Protobuf can't say may still be said in Rust, and is worth a warning.
fn without_reflection(found: Diagnostic) -> Diagnostic {
    let note = "the Rust code has no descriptors for want of this: gRPC reflection does not serve these contracts";
    Diagnostic { severity: Severity::Warning, ..found }.note(note)
}

/// Dependencies with a `crate` become options `extern.PACKAGE`, unless the package has one already.
fn extern_crates(checked: &Checked, options: &mut Options) {
    let crates: BTreeMap<FileId, &str> = checked
        .inputs
        .contracts
        .iter()
        .filter_map(|c| match &c.origin {
            Origin::Dependency { krate: Some(krate) } => Some((c.file, krate.as_str())),
            _ => None,
        })
        .collect();
    for (_, package) in checked.world.packages.iter() {
        let key = format!("extern.{}", package.name);
        if options.get(&key).is_some() {
            continue;
        }
        if let Some(krate) = package.files.iter().find_map(|f| crates.get(f)) {
            options.set(key, format!("::{}", krate.replace('-', "_")));
        }
    }
}

/// A backend knows an option's name but not where it stands: that is in `svckit.toml`, or nowhere.
fn placed(checked: &Checked, target: &Target, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let entry = checked.config().target(target.backend.name());
    let spans = entry.map_or(&[][..], |e| &e.spans);
    for diagnostic in found.iter_mut().filter(|d| d.code.slug.ends_with("bad-option")) {
        let named = |name: &str| diagnostic.message.contains(&format!("`{name}`"));
        let span = spans.iter().find(|(name, _)| named(name)).map(|(_, span)| *span);
        diagnostic.labels.retain_mut(|label| {
            label.span = span.unwrap_or(label.span);
            span.is_some()
        });
    }
    found
}

fn extern_packages(options: &Options) -> BTreeSet<String> {
    options.with_prefix("extern").map(|(package, _)| package.to_owned()).collect()
}

/// Packages that others have generated are external; those of dependencies that none has are generated along. What is
/// built in has no file, and stays as it is.
fn set_external(world: &mut std::borrow::Cow<'_, World>, left_out: &BTreeSet<String>) {
    let wrong: Vec<_> = world
        .packages
        .iter()
        .filter(|(_, p)| !p.files.is_empty() && p.external != left_out.contains(&p.name))
        .map(|(id, _)| id)
        .collect();
    for id in wrong {
        let package = &mut world.to_mut().packages[id];
        package.external = !package.external;
    }
}

fn refuse_escapes(
    target: &Target,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<(), Vec<Diagnostic>> {
    let escapes: Vec<_> = files
        .keys()
        .filter(|path| !is_contained(path))
        .map(|path| {
            let name = target.backend.name();
            let message =
                format!("the target `{name}` wants to write `{path}`, outside its folder");
            Diagnostic::new(codes::PATH_ESCAPES, Span::default(), message)
        })
        .collect();
    if escapes.is_empty() { Ok(()) } else { Err(escapes) }
}
