//! Where an operation is on HTTP: what server and client must agree on.

use std::borrow::Cow;

use svckit_core::http::{HttpBinding, Method};
use svckit_core::operation::Operation;

/// Its method and path, with `{name}` for fields of the request.
pub(crate) struct Address {
    pub(crate) method: Method,
    pub(crate) path: Cow<'static, str>,
}

impl Address {
    /// Where the contract says, else `POST /package.Service/Operation`.
    pub(crate) fn of(operation: &Operation) -> Self {
        match operation.http {
            Some(HttpBinding { method, path }) => Self { method, path: path.into() },
            None => Self {
                method: Method::Post,
                path: format!("/{}/{}", operation.service, operation.name).into(),
            },
        }
    }

    /// The path without the version of the contract; nothing where it does not say it.
    pub(crate) fn unversioned(&self, version: u32) -> Option<String> {
        let segment = format!("v{version}");
        let inside = format!(".{segment}.");
        let mut found = false;
        let kept = self.path.split('/').filter_map(|part| {
            if !found && part == segment {
                found = true;
                return None;
            }
            if !found && part.contains(&inside) {
                found = true;
                return Some(part.replacen(&inside, ".", 1));
            }
            Some(part.to_owned())
        });
        let path = kept.collect::<Vec<_>>().join("/");
        found.then(|| if path.is_empty() { "/".to_owned() } else { path })
    }
}

/// The version of the contract that an operation is of: 1 of `shop.orders.v1.Orders`.
pub(crate) fn version(operation: &Operation) -> Option<u32> {
    operation.service.rsplit('.').nth(1)?.strip_prefix('v')?.parse().ok()
}

/// The field that a segment of a path holds.
pub(crate) fn param(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// The segments of a path that are not repeated in what is answered, for they are sensitive: a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hidden(u64);

impl Hidden {
    /// These, by their places; the last bit is for all that follow, too.
    pub(crate) fn of(places: impl Iterator<Item = usize>) -> Self {
        Self(places.fold(0, |hidden, at| hidden | Self::bit(at)))
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn bit(at: usize) -> u64 {
        1 << at.min(63)
    }

    /// The path with `*` in their place.
    pub(crate) fn shown(self, path: &str) -> Cow<'_, str> {
        if self.0 == 0 {
            return path.into();
        }
        let shown = |(at, segment)| if self.0 & Self::bit(at) == 0 { segment } else { "*" };
        path.split('/').enumerate().map(shown).collect::<Vec<_>>().join("/").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_that_are_sensitive_are_not_shown() {
        for (places, path, shown) in [
            (&[][..], "/v1/a/b", "/v1/a/b"),
            (&[2], "/v1/a/b", "/v1/*/b"),
            (&[2, 3], "/v1/a%2Fx/", "/v1/*/*"),
            (&[3], "/v1", "/v1"),
        ] {
            assert_eq!(Hidden::of(places.iter().copied()).shown(path), shown);
        }
        let (long, last) = ("/a".repeat(80), Hidden::of([70].into_iter()));
        assert_eq!(last.shown(&long), "/a".repeat(62) + &"/*".repeat(18));
    }

    static BOUND: Operation = Operation::query("shop.orders.v1.Orders", "Get", "/x")
        .http(HttpBinding::new(Method::Get, "/v1/orders/{id}"));
    static UNBOUND: Operation = Operation::command("shop.orders.v2.Orders", "Place", "/x");

    #[test]
    fn an_operation_without_a_binding_is_posted_to_by_its_name() {
        let address = Address::of(&UNBOUND);
        assert_eq!(
            (address.method, &*address.path),
            (Method::Post, "/shop.orders.v2.Orders/Place")
        );
        assert_eq!(version(&UNBOUND), Some(2));
    }

    #[test]
    fn a_path_may_leave_its_version_out() {
        let without = |operation, version| Address::of(operation).unversioned(version);
        assert_eq!(without(&BOUND, 1).as_deref(), Some("/orders/{id}"));
        assert_eq!(without(&UNBOUND, 2).as_deref(), Some("/shop.orders.Orders/Place"));
        assert_eq!(without(&BOUND, 2), None);
    }
}
