//! Policies: each inherits block by block, and number by number within a block.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{self, ExprKind, Setting};

use super::context::{Cx, Def, ScopeId};
use super::describe::duration;
use super::lookup::Want;
use super::settings::{
    Words, choice, count, nanos, nanos_range, number, percent, percentile, rate,
};
use super::standard;
use crate::Id;
use crate::codes::policies::{BAD_SETTING, POLICY_CONTRADICTION, POLICY_CYCLE};
use crate::world::*;

const BLOCKS: [&str; 7] = ["timeout", "retry", "breaker", "bulkhead", "limit", "hedge", "outlier"];

impl<'a> Cx<'a> {
    /// Policies, each after the one that it extends.
    pub(crate) fn policies(&mut self) {
        let pending = std::mem::take(&mut self.pending.policies);
        let mut trees: Vec<Option<(ScopeId, &tree::Policy)>> =
            vec![None; self.world.policies.len()];
        for (s, id, t) in &pending {
            trees[id.index()] = Some((*s, t));
            if let Some(base) = self.base_policy(*s, t) {
                self.world.policies[*id].extends = Some(base);
            }
        }
        let mut done = vec![false; trees.len()];
        done[self.standard.index()] = true;
        for (_, id, _) in &pending {
            self.policy_chain(*id, &trees, &mut done);
        }
    }

    fn base_policy(&mut self, s: ScopeId, t: &tree::Policy) -> Option<Id<Policy>> {
        self.policy_named(s, t.extends.as_ref()?)
    }

    /// The policy that a path names; anything else is reported.
    pub(crate) fn policy_named(&mut self, s: ScopeId, path: &tree::Path) -> Option<Id<Policy>> {
        if path.single().is_some_and(|n| n.text == "standard") {
            return Some(self.standard);
        }
        match self.item(s, path, Want::Policy)? {
            Def::Policy(id) => Some(id),
            _ => None,
        }
    }

    fn policy_chain(
        &mut self,
        id: Id<Policy>,
        trees: &[Option<(ScopeId, &tree::Policy)>],
        done: &mut [bool],
    ) {
        let mut chain = Vec::new();
        let mut at = id;
        while !done[at.index()] {
            done[at.index()] = true;
            chain.push(at);
            at = self.world.policies[at].extends.unwrap_or(self.standard);
        }
        if let Some(last) = chain.last().copied()
            && chain.contains(&at)
        {
            self.policy_cycle(&chain, at);
            self.world.policies[last].extends = Some(self.standard);
        }
        for id in chain.into_iter().rev() {
            let base = self.world.policies[id].extends.unwrap_or(self.standard);
            let mut numbers = self.world.policies[base].numbers.clone();
            if let Some((_, t)) = trees[id.index()] {
                self.policy_blocks(t, &mut numbers);
                self.world.policies[id].info.places = places(t);
            }
            self.world.policies[id].numbers = numbers;
        }
    }

    fn policy_cycle(&mut self, chain: &[Id<Policy>], start: Id<Policy>) {
        let cycle = chain.iter().skip_while(|id| **id != start);
        let names: Vec<String> =
            cycle.map(|id| self.world.policies[*id].info.name.clone()).collect();
        let info = &self.world.policies[start].info;
        let wrong = Diagnostic::new(
            POLICY_CYCLE,
            info.span,
            format!("policy `{}` extends itself", info.name),
        )
        .here(format!("{} → {}", names.join(" → "), info.name))
        .help("one of them must extend `standard`, or nothing, which is the same");
        self.report(wrong);
    }

    fn policy_blocks(&mut self, t: &tree::Policy, numbers: &mut PolicyNumbers) {
        let blocks = self.words("a policy", &t.settings, &BLOCKS);
        let what = numbers;
        self.timeout(&blocks, what);
        self.retry(&blocks, what);
        self.breaker(&blocks, what);
        self.bulkhead(&blocks, what);
        self.limit_block(&blocks, what);
        self.hedge(&blocks, what);
        self.outlier(&blocks, what);
    }

    /// A block's settings, or its removal: `Err` holds what stands in its place.
    fn block<'t>(
        &mut self,
        blocks: &Words<'t>,
        word: &str,
    ) -> Option<(&'t Setting, Result<&'t [Setting], String>)> {
        let block = blocks.get(word)?;
        match (&block.none, &block.block) {
            (Some(none), _) => Some((block, Err(none.reason.clone()))),
            (None, Some(settings)) => Some((block, Ok(settings))),
            (None, None) => {
                self.bad_setting(block.span, word, "a block, or `none because \"…\"`");
                None
            }
        }
    }

    fn contradiction(&mut self, span: Span, message: String, help: &str) {
        self.report(
            Diagnostic::new(POLICY_CONTRADICTION, span, message).here("this can't hold").help(help),
        );
    }

    fn timeout(&mut self, blocks: &Words<'_>, numbers: &mut PolicyNumbers) {
        let Some((block, settings)) = self.block(blocks, "timeout") else { return };
        let Ok(settings) = settings else {
            let wrong = Diagnostic::new(BAD_SETTING, block.span, "timeouts can't be left out");
            self.report(
                wrong
                    .here("every call has a deadline")
                    .help("make them long instead: `timeout { total 1h }`"),
            );
            return;
        };
        let Block::On(timeout) = &mut numbers.timeout else { return };
        let words = self.words("`timeout`", settings, &["connect", "attempt", "total"]);
        let mut read = |word| self.one(&words, word, "a duration", nanos);
        let (connect, attempt, total) = (read("connect"), read("attempt"), read("total"));
        timeout.attempt = attempt.or(timeout.attempt);
        timeout.total = total.or(timeout.total);
        let most = timeout.attempt.or(timeout.total).unwrap_or(u64::MAX);
        timeout.connect = connect.unwrap_or(timeout.connect.min(most));
        let timeout = timeout.clone();
        let at = |word: &str| words.get(word).map_or(block.span, |s| s.span);
        if let (Some(attempt), Some(total)) = (timeout.attempt, timeout.total)
            && attempt > total
        {
            let place = if words.get("total").is_some() { at("total") } else { at("attempt") };
            let text = format!(
                "one attempt may take {}, the whole call {}",
                duration(attempt),
                duration(total)
            );
            self.contradiction(place, text, "make `total` at least as long as `attempt`");
        }
        if timeout.connect > most {
            let text = format!(
                "connecting may take {}, more than the {} of an attempt",
                duration(timeout.connect),
                duration(most)
            );
            self.contradiction(
                at("connect"),
                text,
                "connecting is part of the attempt: make it shorter",
            );
        }
    }

    fn retry(&mut self, blocks: &Words<'_>, numbers: &mut PolicyNumbers) {
        const KNOWN: [&str; 7] =
            ["attempts", "backoff", "jitter", "budget", "min", "on", "even_if_retried"];
        let Some((_, settings)) = self.block(blocks, "retry") else { return };
        let settings = match settings {
            Ok(settings) => settings,
            Err(reason) => return numbers.retry = Block::Off(reason),
        };
        let mut retry = match &numbers.retry {
            Block::On(retry) => retry.clone(),
            Block::Off(_) => standard::retry(),
        };
        let words = self.words("`retry`", settings, &KNOWN);
        if let Some(attempts) =
            self.one(&words, "attempts", "a number from 1, the first attempt included", count)
        {
            retry.attempts = attempts;
        }
        self.backoff(&words, &mut retry);
        const JITTER: [(&str, Jitter); 3] =
            [("full", Jitter::Full), ("equal", Jitter::Equal), ("none", Jitter::None)];
        if let Some(jitter) =
            self.one(&words, "jitter", "`full`, `equal` or `none`", choice(&JITTER))
        {
            retry.jitter = jitter;
        }
        if let Some(budget) = self.one(&words, "budget", "a percentage", percent) {
            retry.budget = budget;
        }
        if let Some(min) = self.one(&words, "min", "a rate such as `10/s`", rate) {
            retry.budget_min = min;
        }
        if let Some(on) = words.get("on") {
            retry.on = self.retried_codes(on);
        }
        if let Some(even) = words.get("even_if_retried") {
            self.no_more(even, 0);
            retry.even_if_retried = true;
        }
        numbers.retry = Block::On(retry);
    }

    fn backoff(&mut self, words: &Words<'_>, retry: &mut Retry) {
        const KINDS: [(&str, Backoff); 3] = [
            ("exponential", Backoff::Exponential),
            ("linear", Backoff::Linear),
            ("constant", Backoff::Constant),
        ];
        let Some(backoff) = words.get("backoff") else { return };
        self.no_more(backoff, 2);
        if let Some(kind) =
            self.arg(backoff, 0, "`exponential`, `linear` or `constant`", choice(&KINDS))
        {
            retry.backoff = kind;
        }
        if backoff.args.len() < 2 {
            return;
        }
        let ends = |kind: &ExprKind| nanos_range(kind).or_else(|| nanos(kind).map(|n| (n, n)));
        let Some((base, cap)) = self.arg(backoff, 1, "a range such as `50ms..1s`", ends) else {
            return;
        };
        (retry.base, retry.cap) = (base, cap);
        if base > cap {
            let text = format!("pauses from {} up to {}", duration(base), duration(cap));
            self.contradiction(backoff.args[1].span, text, "the first pause is the shorter one");
        }
    }

    fn retried_codes(&mut self, on: &Setting) -> Vec<StatusCode> {
        let mut codes = Vec::new();
        for e in &on.args {
            match &e.kind {
                ExprKind::Path(path) => match path.single().and_then(|n| self.status_code(n)) {
                    Some(code) if !codes.contains(&code) => codes.push(code),
                    _ => {}
                },
                _ => self.bad_setting(e.span, "on", "codes such as `unavailable, aborted`"),
            }
        }
        if on.args.is_empty() {
            self.bad_setting(on.span, "on", "codes such as `unavailable, aborted`");
        }
        codes
    }

    fn breaker(&mut self, blocks: &Words<'_>, numbers: &mut PolicyNumbers) {
        const KNOWN: [&str; 6] =
            ["window", "failure_rate", "slow_call", "min_calls", "open", "half_open"];
        let Some((_, settings)) = self.block(blocks, "breaker") else { return };
        let settings = match settings {
            Ok(settings) => settings,
            Err(reason) => return numbers.breaker = Block::Off(reason),
        };
        let mut breaker = match &numbers.breaker {
            Block::On(breaker) => breaker.clone(),
            Block::Off(_) => standard::breaker(),
        };
        let words = self.words("`breaker`", settings, &KNOWN);
        if let Some(window) = self.one(&words, "window", "a duration", nanos) {
            breaker.window = window;
        }
        if let Some(rate) = self.one(&words, "failure_rate", "a percentage", percent) {
            breaker.failure_rate = rate;
        }
        if let Some(slow) = words.get("slow_call") {
            self.no_more(slow, 2);
            breaker.slow_call = self.arg(slow, 0, "a duration", nanos).unwrap_or(breaker.slow_call);
            if slow.args.len() > 1 {
                breaker.slow_rate =
                    self.arg(slow, 1, "a percentage", percent).unwrap_or(breaker.slow_rate);
            }
        }
        if let Some(min) = self.one(&words, "min_calls", "a number from 1", count) {
            breaker.min_calls = min;
        }
        if let Some((from, to)) = self.one(&words, "open", "a range such as `5s..60s`", nanos_range)
        {
            (breaker.open_min, breaker.open_max) = (from, to);
            if from > to {
                let span = words.get("open").map_or(Span::default(), |s| s.span);
                let text = format!("open from {} up to {}", duration(from), duration(to));
                self.contradiction(span, text, "the shorter time comes first");
            }
        }
        if let Some(probes) = self.one(&words, "half_open", "a number from 1", count) {
            breaker.half_open = probes;
        }
        numbers.breaker = Block::On(breaker);
    }

    fn bulkhead(&mut self, blocks: &Words<'_>, numbers: &mut PolicyNumbers) {
        let Some((block, settings)) = self.block(blocks, "bulkhead") else { return };
        let settings = match settings {
            Ok(settings) => settings,
            Err(reason) => return numbers.bulkhead = Block::Off(reason),
        };
        let words = self.words("`bulkhead`", settings, &["concurrent", "queue"]);
        let inherited = match &numbers.bulkhead {
            Block::On(bulkhead) => Some(bulkhead.clone()),
            Block::Off(_) => None,
        };
        let concurrent = self.one(&words, "concurrent", "a number from 1", count);
        let queue = self.one(&words, "queue", "a number", number);
        let Some(concurrent) = concurrent.or(inherited.as_ref().map(|b| b.concurrent)) else {
            if words.get("concurrent").is_none() {
                self.bad_setting(
                    block.span,
                    "bulkhead",
                    "`concurrent` at least: no policy above gives it",
                );
            }
            return;
        };
        let queue = queue.or(inherited.map(|b| b.queue)).unwrap_or(concurrent);
        numbers.bulkhead = Block::On(Bulkhead { concurrent, queue });
    }

    fn limit_block(&mut self, blocks: &Words<'_>, numbers: &mut PolicyNumbers) {
        let Some((block, settings)) = self.block(blocks, "limit") else { return };
        let settings = match settings {
            Ok(settings) => settings,
            Err(reason) => return numbers.limit = Block::Off(reason),
        };
        let inherited = match &numbers.limit {
            Block::On(limit) => Some(limit.clone()),
            Block::Off(_) => None,
        };
        if let Some(limit) = self.limit(block.span, settings, inherited) {
            numbers.limit = Block::On(limit);
        }
    }

    /// `limit { rate 500/s burst 100 per caller }`.
    pub(crate) fn limit(
        &mut self,
        span: Span,
        settings: &[Setting],
        inherited: Option<Limit>,
    ) -> Option<Limit> {
        const PER: [(&str, LimitPer); 3] =
            [("caller", LimitPer::Caller), ("tenant", LimitPer::Tenant), ("all", LimitPer::All)];
        let words = self.words("`limit`", settings, &["rate", "burst", "per"]);
        let rate = self.one(&words, "rate", "a rate such as `500/s`", rate);
        let burst = self.one(&words, "burst", "a number from 1", count);
        let per = self.one(&words, "per", "`caller`, `tenant` or `all`", choice(&PER));
        let Some(rate) = rate.or(inherited.as_ref().map(|l| l.rate)) else {
            if words.get("rate").is_none() {
                self.bad_setting(span, "limit", "`rate` at least: nothing above gives it");
            }
            return None;
        };
        let burst =
            burst.or(inherited.as_ref().map(|l| l.burst)).unwrap_or_else(|| one_second(rate));
        let per = per.or(inherited.map(|l| l.per)).unwrap_or(LimitPer::All);
        Some(Limit { rate, burst, per })
    }

    fn hedge(&mut self, blocks: &Words<'_>, numbers: &mut PolicyNumbers) {
        let Some((_, settings)) = self.block(blocks, "hedge") else { return };
        let settings = match settings {
            Ok(settings) => settings,
            Err(reason) => return numbers.hedge = Block::Off(reason),
        };
        let mut hedge = match &numbers.hedge {
            Block::On(hedge) => hedge.clone(),
            Block::Off(_) => Hedge { after: HedgeAfter::Percentile(95.0), at_most: 1 },
        };
        let words = self.words("`hedge`", settings, &["after", "at_most"]);
        let after = |kind: &ExprKind| {
            percentile(kind)
                .map(HedgeAfter::Percentile)
                .or_else(|| nanos(kind).map(HedgeAfter::Fixed))
        };
        if let Some(after) =
            self.one(&words, "after", "a percentile such as `p95`, or a duration", after)
        {
            hedge.after = after;
        }
        if let Some(most) = self.one(&words, "at_most", "a number from 1", count) {
            hedge.at_most = most;
        }
        numbers.hedge = Block::On(hedge);
    }

    fn outlier(&mut self, blocks: &Words<'_>, numbers: &mut PolicyNumbers) {
        let Some((_, settings)) = self.block(blocks, "outlier") else { return };
        let settings = match settings {
            Ok(settings) => settings,
            Err(reason) => return numbers.outlier = Block::Off(reason),
        };
        let words = self.words("`outlier`", settings, &["eject"]);
        if let Some(eject) = self.one(&words, "eject", "a percentage", percent) {
            numbers.outlier = Block::On(eject);
        }
    }
}

/// Every block with its settings, by the names that [`Places`] has for them.
const PARTS: [(&str, &[(&str, &str)]); 7] = [
    (
        "timeout",
        &[
            ("connect", "timeout.connect"),
            ("attempt", "timeout.attempt"),
            ("total", "timeout.total"),
        ],
    ),
    (
        "retry",
        &[
            ("attempts", "retry.attempts"),
            ("backoff", "retry.backoff"),
            ("jitter", "retry.jitter"),
            ("budget", "retry.budget"),
            ("min", "retry.min"),
            ("on", "retry.on"),
            ("even_if_retried", "retry.even_if_retried"),
        ],
    ),
    (
        "breaker",
        &[
            ("window", "breaker.window"),
            ("failure_rate", "breaker.failure_rate"),
            ("slow_call", "breaker.slow_call"),
            ("min_calls", "breaker.min_calls"),
            ("open", "breaker.open"),
            ("half_open", "breaker.half_open"),
        ],
    ),
    ("bulkhead", &[("concurrent", "bulkhead.concurrent"), ("queue", "bulkhead.queue")]),
    ("limit", &[("rate", "limit.rate"), ("burst", "limit.burst"), ("per", "limit.per")]),
    ("hedge", &[("after", "hedge.after"), ("at_most", "hedge.at_most")]),
    ("outlier", &[("eject", "outlier.eject")]),
];

/// Where the blocks of a policy and their settings stand.
fn places(t: &tree::Policy) -> Places {
    let mut places = Places::default();
    for setting in &t.settings {
        let known = PARTS.iter().find(|(block, _)| *block == setting.name.text);
        let Some((block, parts)) = known else { continue };
        places.add(block, setting.span);
        for inner in setting.block.iter().flatten() {
            if let Some((_, part)) = parts.iter().find(|(word, _)| *word == inner.name.text) {
                places.add(part, inner.span);
            }
        }
    }
    places
}

/// How many calls a rate lets through in a second, at least one.
fn one_second(rate: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what fits"
    )]
    let calls = rate.ceil().clamp(1.0, f64::from(u32::MAX)) as u32;
    calls
}
