//! Gives up single endpoints of a callee, and never many of them at once.
//!
//! A [`breaker`](crate::breaker) per endpoint says which one does not work; this says how many of them may be left out
//! together: where most of them fail, it is not they that are broken, and leaving them out only crushes the rest. Envoy's
//! `max_ejection_percent`, with its rule that one may always be left out where there are two or more.

#[cfg(test)]
mod tests;

/// How many of `endpoints` may be left out at once.
#[must_use]
pub fn at_most(endpoints: usize, percent: u32) -> usize {
    if endpoints < 2 || percent == 0 {
        return 0;
    }
    let share = endpoints.saturating_mul(usize::try_from(percent).unwrap_or(usize::MAX)) / 100;
    share.clamp(1, endpoints - 1)
}

/// Which of the endpoints that should be left out are: those that have been bad for longest, as many as may. `bad` says
/// of each endpoint since when, in any unit.
#[must_use]
pub fn left_out<T: Ord + Copy>(bad: &[Option<T>], percent: u32) -> Vec<bool> {
    let mut since: Vec<(T, usize)> =
        bad.iter().enumerate().filter_map(|(at, since)| since.map(|since| (since, at))).collect();
    since.sort_unstable();
    since.truncate(at_most(bad.len(), percent));
    let mut out = vec![false; bad.len()];
    for (_, at) in since {
        out[at] = true;
    }
    out
}
