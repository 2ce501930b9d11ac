//! "Did you mean …?"

use super::context::Cx;

impl Cx<'_> {
    /// The candidate nearest to `name`, if one is near enough. Gives up once a run has compared very often, so that
    /// a file full of unknown names is still judged in linear time.
    pub(crate) fn nearest<'c>(
        &mut self,
        name: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<&'c str> {
        let limit = (name.chars().count() / 3).clamp(1, 3);
        let mut best: Option<(usize, &'c str)> = None;
        for candidate in candidates {
            if self.guesses == 0 {
                break;
            }
            self.guesses -= 1;
            let Some(distance) = distance(name, candidate, limit) else { continue };
            if best.is_none_or(|(d, _)| distance < d) {
                best = Some((distance, candidate));
            }
        }
        best.map(|(_, candidate)| candidate)
    }
}

/// How far two names are from each other, if not farther than `limit`; case counts for nothing.
fn distance(name: &str, candidate: &str, limit: usize) -> Option<usize> {
    if name.len().abs_diff(candidate.len()) > limit || name.len() > 200 {
        return None;
    }
    if name.eq_ignore_ascii_case(candidate) {
        return Some(0);
    }
    let distance = strsim::damerau_levenshtein(name, candidate);
    (distance <= limit).then_some(distance)
}

/// `` `a`, `b` and `c` ``, cut off where there are many.
pub(crate) fn listed<'c>(names: impl IntoIterator<Item = &'c str>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| format!("`{n}`")).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [init @ .., last] if names.len() <= 12 => format!("{} and {last}", init.join(", ")),
        all => format!("{} and {} more", all[..10].join(", "), all.len() - 10),
    }
}
