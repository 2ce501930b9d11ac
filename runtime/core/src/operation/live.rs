//! Numbers of policies that hold in place of the contract's, changed while the process runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Operation, PolicyConfig};

/// What the compiler tells of a policy whose numbers may be overridden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Safe {
    /// The policy's name in the contract: `shop.orders.v1.Interactive`.
    pub policy: &'static str,
    /// The safe range of each number of each policy of these contracts, as JSON: what `svckit check --ranges` prints.
    pub ranges: &'static str,
}

/// Changes the numbers of a policy.
pub type Change = Arc<dyn Fn(&mut PolicyConfig) + Send + Sync>;

/// What is overridden: policies, and single operations whatever policy they have.
#[derive(Clone, Default)]
pub struct Overrides {
    policies: BTreeMap<String, Change>,
    /// By service and name. The numbers of the contract that the change was judged for stand beside it: who calls under a
    /// policy of their own keeps that.
    operations: BTreeMap<String, BTreeMap<String, (PolicyConfig, Change)>>,
}

impl Overrides {
    /// Overrides a policy, by its name in the contract.
    pub fn policy(&mut self, name: impl Into<String>, change: Change) {
        self.policies.insert(name.into(), change);
    }

    /// Overrides the numbers of one operation, after those of its policy and those that were given for it before.
    pub fn operation(&mut self, operation: &Operation, change: Change) {
        let of = self.operations.entry(operation.service.to_owned()).or_default();
        let before = of.remove(operation.name).map(|(_, before)| before);
        let change = match before {
            Some(before) => Arc::new(move |policy: &mut PolicyConfig| {
                before(policy);
                change(policy);
            }) as Change,
            None => change,
        };
        of.insert(operation.name.to_owned(), (operation.policy, change));
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.operations.is_empty()
    }

    fn change(&self, operation: &Operation, policy: &mut PolicyConfig) {
        if let Some(change) = operation.safe.and_then(|safe| self.policies.get(safe.policy)) {
            change(policy);
        }
        let of = self.operations.get(operation.service).and_then(|all| all.get(operation.name));
        if let Some((judged, change)) = of
            && *judged == operation.policy
        {
            change(policy);
        }
    }
}

impl From<BTreeMap<String, Change>> for Overrides {
    fn from(policies: BTreeMap<String, Change>) -> Self {
        Self { policies, operations: BTreeMap::new() }
    }
}

/// The overrides that hold now, by the name of the policy. Clones share them; the default one never has any and costs one
/// branch.
#[derive(Clone, Default)]
pub struct Live(Option<Arc<Shared>>);

#[derive(Default)]
struct Shared {
    generation: AtomicU64,
    changes: RwLock<Overrides>,
}

impl Live {
    /// The contract's numbers, always.
    pub const FIXED: Self = Self(None);

    /// One that can be changed; nothing is overridden yet.
    #[must_use]
    pub fn changing() -> Self {
        Self(Some(Arc::default()))
    }

    /// Overrides these and no others from now on. Nothing happens to one that is [`FIXED`](Self::FIXED).
    pub fn set(&self, changes: impl Into<Overrides>) {
        if let Some(shared) = &self.0 {
            *shared.changes.write().unwrap_or_else(PoisonError::into_inner) = changes.into();
            shared.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// How often they were set: whoever keeps numbers asks for them again once this has changed.
    #[inline]
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.as_ref().map_or(0, |shared| shared.generation.load(Ordering::Acquire))
    }

    /// The numbers of an operation's policy that hold now.
    #[must_use]
    pub fn policy(&self, operation: &Operation) -> PolicyConfig {
        let mut policy = operation.policy;
        if let Some(shared) = self.0.as_ref().filter(|_| self.generation() > 0) {
            let changes = shared.changes.read().unwrap_or_else(PoisonError::into_inner);
            changes.change(operation, &mut policy);
        }
        policy
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({})", self.generation())
    }
}
