//! The page of a code.

use svckit_diagnostics::Code;

use crate::registry::all_codes;
use svckit_diagnostics::suggest::did_you_mean;

/// The code of that number or slug, in any case.
///
/// # Errors
/// A sentence with the nearest name there is.
pub fn explain(name: &str) -> Result<Code, String> {
    let wanted = name.trim().to_ascii_lowercase();
    if let Some(code) = all_codes().find(|c| c.slug == wanted || c.id.eq_ignore_ascii_case(&wanted))
    {
        return Ok(code);
    }
    let slugs = all_codes().map(|c| c.slug);
    let near = did_you_mean(&wanted, slugs).map(|s| format!("; did you mean `{s}`?"));
    let near = near.unwrap_or_else(|| "; `svckit codes` lists them all".into());
    Err(format!("there is no message `{name}`{near}"))
}

/// The page as it is printed: a title line, then the Markdown without the blank that rustdoc comments begin with.
#[must_use]
pub fn page(code: Code) -> String {
    let id = if code.id == code.slug { String::new() } else { format!("{} ", code.id) };
    let mut out = format!("# {id}{}\n\n", code.slug);
    for line in code.page.lines() {
        out.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
        out.push('\n');
    }
    out.trim_end().to_owned() + "\n"
}
