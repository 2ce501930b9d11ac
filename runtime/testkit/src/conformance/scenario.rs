//! What the suites have in common: a scenario, what it is played on, and games of chance.

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// One scenario of a suite that is played on an `S`.
pub struct Scenario<S> {
    /// Its part of the suite.
    pub area: &'static str,
    /// What happens, and what must hold.
    pub name: &'static str,
    /// Why it has no meaning in memory; empty where it has.
    pub not_in_memory: &'static str,
    /// Panics where something does not hold.
    pub play: fn(S) -> LocalBoxFuture<'static, ()>,
}

// By hand: a derive would ask it of `S`.
impl<S> Copy for Scenario<S> {}
impl<S> Clone for Scenario<S> {
    fn clone(&self) -> Self {
        *self
    }
}

/// Where one store or broker is kept, empty at first, and how it is opened.
pub struct Subject<T: ?Sized> {
    open: Arc<dyn Fn() -> Arc<T> + Send + Sync>,
}

impl<T: ?Sized> Clone for Subject<T> {
    fn clone(&self) -> Self {
        Self { open: self.open.clone() }
    }
}

impl<T: ?Sized> Subject<T> {
    /// `open` opens the same one each time, as another process would. What it needs is kept for as long as the subject.
    pub fn new(open: impl Fn() -> Arc<T> + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open) }
    }

    /// Opens it, once more if it is open.
    #[must_use]
    pub fn open(&self) -> Arc<T> {
        (self.open)()
    }
}

/// Scenarios of an area: what must hold, and the function that plays it on the suite's `Subject`.
macro_rules! scenarios {
    ($area:literal $(, without $why:literal)?: $($name:literal => $play:ident,)+) => {
        pub(super) fn all() -> Vec<crate::conformance::scenario::Scenario<Subject>> {
            const WHY: &str = concat!("" $(, $why)?);
            vec![$(crate::conformance::scenario::Scenario {
                area: $area,
                name: $name,
                not_in_memory: WHY,
                play: |subject| Box::pin($play(subject)),
            }),+]
        }
    };
}
pub(super) use scenarios;

/// Plays `cases` games of up to `most` steps each.
///
/// # Panics
/// Where a game fails; with the fewest steps that show it.
pub(super) fn games<S: Debug>(
    cases: u32,
    most: usize,
    step: impl Strategy<Value = S>,
    game: impl AsyncFn(Vec<S>) -> Result<(), TestCaseError>,
) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let steps = proptest::collection::vec(step, 1..most);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("the system has room for a test");
    let played = TestRunner::new(config).run(&steps, |steps| runtime.block_on(game(steps)));
    if let Err(failure) = played {
        panic!("{failure}");
    }
}
