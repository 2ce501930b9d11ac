//! Did you mean …?

/// The candidate that looks most like what was written, if one is near enough.
#[must_use]
pub fn did_you_mean<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (written.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(written, c), c))
        .filter(|(distance, c)| *distance <= allowed || is_part(written, c))
        .min()
        .map(|(_, c)| c)
}

/// One is the beginning of the other: `protobuf` and `proto`.
fn is_part(a: &str, b: &str) -> bool {
    a.len().min(b.len()) >= 4 && (a.starts_with(b) || b.starts_with(a))
}
