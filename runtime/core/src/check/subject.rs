//! What a rule judges: the value itself, or each of the values within it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use rust_decimal::Decimal;

use super::Violations;
use crate::patch::Change;
use crate::value::{Date, Timestamp};
use crate::wire::{MapKey, Newtype};

/// What a rule on single values can judge; options, lists, maps, boxes, changes and scalars are looked through.
pub trait Subject {
    /// The single value.
    type Item;

    /// Judges each; what is added gets the path of the element.
    fn each(&self, v: &mut Violations, rule: &mut impl FnMut(&Self::Item, &mut Violations));
}

macro_rules! single {
    ($($ty:ty),*) => {$(
        impl Subject for $ty {
            type Item = Self;

            #[inline]
            fn each(&self, v: &mut Violations, rule: &mut impl FnMut(&Self, &mut Violations)) {
                rule(self, v);
            }
        }
    )*};
}

single!(i32, i64, u32, u64, f32, f64, String, Bytes, Decimal, Timestamp, Date, Duration);

impl<T: Newtype> Subject for T
where
    T::Inner: Subject,
{
    type Item = <T::Inner as Subject>::Item;

    #[inline]
    fn each(&self, v: &mut Violations, rule: &mut impl FnMut(&Self::Item, &mut Violations)) {
        self.inner().each(v, rule);
    }
}

impl<T: Subject> Subject for Option<T> {
    type Item = T::Item;

    #[inline]
    fn each(&self, v: &mut Violations, rule: &mut impl FnMut(&Self::Item, &mut Violations)) {
        if let Some(value) = self {
            value.each(v, rule);
        }
    }
}

impl<T: Subject> Subject for Change<T> {
    type Item = T::Item;

    #[inline]
    fn each(&self, v: &mut Violations, rule: &mut impl FnMut(&Self::Item, &mut Violations)) {
        if let Self::Set(value) = self {
            value.each(v, rule);
        }
    }
}

impl<T: Subject> Subject for Vec<T> {
    type Item = T::Item;

    fn each(&self, v: &mut Violations, rule: &mut impl FnMut(&Self::Item, &mut Violations)) {
        for (at, value) in self.iter().enumerate() {
            let mark = v.mark();
            value.each(v, rule);
            v.index_from(mark, at);
        }
    }
}

impl<K: MapKey, V: Subject> Subject for BTreeMap<K, V> {
    type Item = V::Item;

    fn each(&self, v: &mut Violations, rule: &mut impl FnMut(&Self::Item, &mut Violations)) {
        for (key, value) in self {
            let mark = v.mark();
            value.each(v, rule);
            if v.mark() > mark {
                v.key_from(mark, &key.to_index());
            }
        }
    }
}

/// What has entries: a list, a map, or a change or option of one.
pub trait Items {
    /// How many; `None` where there is no list to judge.
    fn entries(&self) -> Option<usize>;
}

impl<T> Items for Vec<T> {
    fn entries(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl<K, V> Items for BTreeMap<K, V> {
    fn entries(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl<T: Items> Items for Option<T> {
    fn entries(&self) -> Option<usize> {
        self.as_ref().and_then(Items::entries)
    }
}

/// A cleared list or map is an empty one.
impl<T: Items> Items for Change<T> {
    fn entries(&self) -> Option<usize> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(0),
            Self::Set(value) => value.entries(),
        }
    }
}
