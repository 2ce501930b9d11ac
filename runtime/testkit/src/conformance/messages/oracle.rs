//! What must hold after a scenario.

use std::collections::BTreeMap;

use svckit_core::store::Range;

use super::World;
use super::say::{A, B, Say};
use super::worker::EFFECTS;

/// What a group did: numbers by key, in the order of their effects.
pub(super) type Effects = BTreeMap<String, Vec<u32>>;

impl World {
    /// What a group of a service did.
    pub(super) async fn effects(&self, service: &str, group: &str) -> Effects {
        let prefix = format!("{group}:");
        let range = Range { prefix: prefix.clone(), after: None, limit: 1_000_000 };
        let rows = self.store(service).scan(EFFECTS, range).await.expect("the store reads");
        let numbers = |bytes: &[u8]| {
            let each =
                bytes.chunks(4).map(|n| u32::from_be_bytes(n.try_into().unwrap_or_default()));
            each.collect::<Vec<_>>()
        };
        rows.into_iter()
            .map(|(key, stored)| (key[prefix.len()..].to_owned(), numbers(&stored.value)))
            .collect()
    }

    /// Nothing is lost, nothing happened twice, each key has its order: in A, and by what A told, in B.
    pub(super) async fn all_once(&self, said: &[Say]) {
        self.once(A, A, said).await;
        self.once(B, B, said).await;
    }

    /// The same for one group.
    pub(super) async fn once(&self, service: &str, group: &str, said: &[Say]) {
        assert_eq!(self.effects(service, group).await, expected(said), "the effects of {group}");
    }

    /// How many effects a group had.
    pub(super) async fn count(&self, service: &str, group: &str) -> usize {
        self.effects(service, group).await.values().map(Vec::len).sum()
    }
}

fn expected(said: &[Say]) -> Effects {
    let mut effects = Effects::new();
    for say in said {
        let key = if say.key.is_empty() { format!("#{}", say.number) } else { say.key.clone() };
        effects.entry(key).or_default().push(say.number);
    }
    effects
}
