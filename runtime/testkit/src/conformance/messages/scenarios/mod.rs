//! The scenarios, by area.

mod brought;
mod disk;
mod killed;
mod operated;
mod poison;
mod stopped;
mod timed;
mod versions;

use futures_util::future::LocalBoxFuture;

use super::{Say, Scenario, World};

/// All of them, in the order of the table.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let areas = [
        brought::ALL,
        killed::ALL,
        poison::ALL,
        timed::ALL,
        stopped::ALL,
        versions::ALL,
        operated::ALL,
        disk::ALL,
    ];
    areas.concat()
}

const fn scenario(
    area: &'static str,
    name: &'static str,
    play: fn(World) -> LocalBoxFuture<'static, ()>,
) -> Scenario {
    Scenario { area, name, not_in_memory: "", play }
}

impl Scenario {
    const fn not_in_memory(mut self, why: &'static str) -> Self {
        self.not_in_memory = why;
        self
    }
}

/// So many messages over these keys.
fn said(count: u32, keys: &[&str]) -> Vec<Say> {
    let key = |n: u32| keys[n as usize % keys.len()];
    (0..count).map(|n| Say::new(n, key(n))).collect()
}

const KEYS: [&str; 5] = ["k1", "k2", "k3", "k4", ""];
