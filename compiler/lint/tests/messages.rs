//! Rules of events and brokers, held against oracles that know of nothing but what was made up: a rule finds what they
//! find, and nothing else.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/town.rs"]
mod town;

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "graphs of calls are another test's")]
mod support;

use proptest::prelude::*;
use support::world;
use svckit_diagnostics::Diagnostic;
use svckit_lint::{Options, lint};
use town::{BROKERS, Delivery, On, Town, town};

/// What is said of a contract.
struct Said<'a> {
    text: &'a str,
    all: Vec<Diagnostic>,
}

impl<'a> Said<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, all: lint(&world(text), &Options::default()) }
    }

    /// What a rule points at, sorted.
    fn by(&self, slug: &str) -> Vec<String> {
        let at = self.all.iter().filter(|d| d.code.slug == slug).map(|d| d.span());
        sorted(at.map(|span| self.text[span.start as usize..span.end as usize].to_owned()))
    }
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

impl Town {
    fn readers(&self, event: usize) -> impl Iterator<Item = &On> {
        self.ons.iter().filter(move |on| on.event == event)
    }

    fn orphans(&self) -> Vec<String> {
        let lost = |e: &usize| !self.events[*e].public && self.readers(*e).next().is_none();
        sorted((0..self.events.len()).filter(lost).map(|e| format!("E{e}")))
    }

    fn ghosts(&self) -> Vec<String> {
        let ghosts = self.ons.iter().filter(|on| !self.is_published(on.event));
        sorted(ghosts.map(|on| format!("S{}.E{}", self.events[on.event].of, on.event)))
    }

    fn keyless(&self) -> Vec<String> {
        let asked =
            |e: &usize| self.events[*e].key.is_none() && self.readers(*e).any(|on| on.ordered);
        sorted((0..self.events.len()).filter(asked).map(|e| format!("E{e}")))
    }

    /// Two `ordered` of one service, to events of one other, with keys that are never the same.
    fn parted(&self) -> bool {
        let ordered = || self.ons.iter().filter(|on| on.ordered);
        ordered().any(|one| {
            ordered().any(|other| {
                let (a, b) = (&self.events[one.event], &self.events[other.event]);
                one.of == other.of
                    && a.of == b.of
                    && a.key.is_some()
                    && b.key.is_some()
                    && a.key != b.key
            })
        })
    }

    /// Events with a version from which no chain leads to the newest.
    fn unread(&self) -> Vec<String> {
        fn reaches(upcasts: &[u8], from: usize, old: usize) -> bool {
            from == old
                || (1..from).any(|v| upcasts[from - 1] & (1 << v) != 0 && reaches(upcasts, v, old))
        }
        let all = self.events.iter().enumerate();
        let unread = all.filter(|(_, e)| {
            let newest = e.upcasts.len();
            (1..newest).any(|old| !reaches(&e.upcasts, newest, old))
        });
        sorted(unread.map(|(at, _)| format!("E{at}")))
    }

    /// Whether what follows from an event can be over after so many steps, if all handlers want it to be.
    fn can_end(&self, event: usize, steps: usize) -> bool {
        let Some(rest) = steps.checked_sub(1) else { return false };
        self.readers(event).all(|on| match &on.clause {
            Some(clause) if !clause.or_nothing => {
                clause.one_of.iter().any(|e| self.can_end(*e, rest))
            }
            _ => true,
        })
    }

    fn goes_on_for_ever(&self) -> bool {
        let steps = self.events.len() + 1;
        (0..self.events.len()).any(|event| !self.can_end(event, steps))
    }

    fn claims(&self) -> usize {
        let claims = |on: &&On| self.delivery(on) == Delivery::Effectively && on.calls;
        self.ons.iter().filter(claims).count()
    }

    /// Services whose broker lacks something that one of their events needs.
    fn lacking(&self) -> Vec<String> {
        let lacks = |service: usize, broker: usize| {
            let (_, durable, replay) = BROKERS[broker];
            let mut events = self.events.iter().enumerate().filter(|(_, e)| e.of == service);
            events.any(|(at, event)| {
                let kept = self.readers(at).any(|on| self.delivery(on) != Delivery::AtMost);
                let ordered = self.readers(at).any(|on| on.ordered);
                ((kept || ordered) && !durable) || (event.retain.is_some() && !replay)
            })
        };
        let placed = self.placed.iter().enumerate().filter_map(|(s, p)| Some((s, p.as_ref()?)));
        let lacking = placed.filter(|(service, placed)| lacks(*service, placed.broker));
        sorted(lacking.map(|(_, placed)| format!("events {}", BROKERS[placed.broker].0)))
    }

    /// Services with handlers that may work for 3 s and more, where RabbitMQ waits for 1 s.
    fn cut_off(&self) -> usize {
        let cut = |on: &On| {
            let publisher = self.placed[self.events[on.event].of].as_ref();
            let subscriber = self.placed[on.of].as_ref();
            let rabbit = publisher.is_some_and(|p| BROKERS[p.broker].0 == "rabbitmq");
            rabbit && subscriber.is_some_and(|p| p.ack == Some(1))
        };
        (0..self.services).filter(|s| self.ons.iter().any(|on| on.of == *s && cut(on))).count()
    }

    /// Events that are kept for 1 s, and delivered again for longer.
    fn thrown_away(&self) -> usize {
        let again =
            |event: usize| self.readers(event).any(|on| self.delivery(on) != Delivery::AtMost);
        (0..self.events.len()).filter(|e| self.events[*e].retain == Some(1) && again(*e)).count()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_nobody_reads_and_what_nobody_publishes(town in town()) {
        let text = town.text();
        let said = Said::of(&text);
        prop_assert_eq!(said.by("orphan-event"), town.orphans(), "{}", text);
        prop_assert_eq!(said.by("ghost-subscription"), town.ghosts(), "{}", text);
    }

    #[test]
    fn keys_versions_and_circles(town in town()) {
        let text = town.text();
        let said = Said::of(&text);
        prop_assert_eq!(said.by("missing-key"), town.keyless(), "{}", text);
        prop_assert_eq!(!said.by("key-mismatch").is_empty(), town.parted(), "{}", text);
        prop_assert_eq!(said.by("missing-upcast"), town.unread(), "{}", text);
        let endless = !said.by("unbounded-event-loop").is_empty();
        prop_assert_eq!(endless, town.goes_on_for_ever(), "{}", text);
    }

    #[test]
    fn what_brokers_can_do(town in town()) {
        let text = town.text();
        let said = Said::of(&text);
        prop_assert_eq!(said.by("exactly-once-claim").len(), town.claims(), "{}", text);
        // Whatever it lacks, and however often: a line for each thing.
        let (mut told, mut lacking) = (said.by("missing-capability"), town.lacking());
        told.dedup();
        lacking.dedup();
        prop_assert_eq!(told, lacking, "{}", text);
        prop_assert_eq!(said.by("ack-deadline").len(), town.cut_off(), "{}", text);
        prop_assert_eq!(said.by("retention-too-short").len(), town.thrown_away(), "{}", text);
    }
}

/// Towns are not so plain that nothing is ever found, nor so broken that everything always is.
#[test]
fn towns_differ() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut counts = [0_usize; 6];
    for _ in 0..200 {
        let town = town().new_tree(&mut runner).unwrap().current();
        let found = [
            !town.orphans().is_empty(),
            !town.ghosts().is_empty(),
            town.parted(),
            town.goes_on_for_ever(),
            town.claims() > 0,
            town.cut_off() > 0,
        ];
        for (count, found) in counts.iter_mut().zip(found) {
            *count += usize::from(found);
        }
    }
    assert!(counts.iter().all(|count| (5..200).contains(count)), "{counts:?}");
}
