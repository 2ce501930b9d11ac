//! Sagas, choreographies, event-sourced state, deployments and gateways.

use super::Rule;
use super::builder::{Builder, P, child, children, has};
use crate::tree::{
    Aggregate, Choreography, Compose, Deployment, Gateway, OnError, Projection, Record, Saga,
    SagaPart, SagaPartKind, Setting, Step, StepCall, Wait,
};

impl Builder<'_> {
    pub(super) fn saga(&mut self, pair: &P<'_>) -> Saga {
        Saga {
            name: self.upper_ident(pair, "a saga's name"),
            of: self.path_in(pair),
            params: self.fields(pair),
            response: child(pair, Rule::answer).map(|a| self.type_in(&a)),
            idempotent: child(pair, Rule::idempotent).map(|i| self.idempotent(&i)),
            body: self.saga_parts(pair),
        }
    }

    fn saga_parts(&mut self, pair: &P<'_>) -> Vec<SagaPart> {
        children(pair, Rule::saga_part).map(|p| self.saga_part(&p)).collect()
    }

    fn saga_part(&mut self, pair: &P<'_>) -> SagaPart {
        let inner = pair
            .clone()
            .into_inner()
            .find(|p| p.as_rule() != Rule::allow)
            .expect("a line of a saga is something");
        let span = self.span(&inner);
        let head = self.head(pair, span.start);
        SagaPart { head, span, kind: self.saga_kind(&inner) }
    }

    fn saga_kind(&mut self, p: &P<'_>) -> SagaPartKind {
        match p.as_rule() {
            Rule::s_deadline => SagaPartKind::Deadline(self.expr_in(p)),
            Rule::s_step => SagaPartKind::Step(self.step_in(p)),
            Rule::s_parallel => SagaPartKind::Parallel(self.saga_parts(p)),
            Rule::s_wait => SagaPartKind::Wait(self.wait(p)),
            Rule::s_pivot => SagaPartKind::Pivot(self.step_in(p)),
            Rule::s_pivot_line => SagaPartKind::PivotLine,
            Rule::s_sleep => SagaPartKind::Sleep(self.expr_in(p)),
            Rule::s_complete => SagaPartKind::Complete(self.expr_in(p)),
            rule => {
                let call = child(p, Rule::remote_call).expect("emit names an event");
                let (event, entries) = (self.path_in(&call), self.entries(&call));
                if rule == Rule::s_completed {
                    SagaPartKind::CompletedEmit(event, entries)
                } else {
                    SagaPartKind::AbortedEmit(event, entries)
                }
            }
        }
    }

    fn step_in(&mut self, pair: &P<'_>) -> Step {
        let p = child(pair, Rule::step).expect("a step follows");
        let name = self.ident(&p);
        Step {
            name: self.lower(name, "a step's name"),
            call: self.step_call(&p),
            result: child(&p, Rule::answer).map(|a| self.type_in(&a)),
            undo: child(&p, Rule::undo).map(|u| self.step_call(&u)),
            on_errors: children(&p, Rule::on_error).map(|e| self.on_error(&e)).collect(),
            retry_for: child(&p, Rule::retry_for).map(|r| self.expr_in(&r)),
            when: child(&p, Rule::when).map(|w| self.condition_in(&w)),
            best_effort: has(&p, Rule::best_effort),
            clauses: p
                .clone()
                .into_inner()
                .filter(|c| matches!(c.as_rule(), Rule::c_errors | Rule::c_calls | Rule::c_auth))
                .map(|c| self.clause_of(&c))
                .collect(),
        }
    }

    fn condition_in(&mut self, pair: &P<'_>) -> crate::tree::Expr {
        let condition = child(pair, Rule::condition).expect("a condition follows");
        self.condition(&condition)
    }

    fn step_call(&mut self, pair: &P<'_>) -> StepCall {
        let call = child(pair, Rule::step_call).expect("a call follows");
        match child(&call, Rule::local_call) {
            Some(local) => StepCall::Local(self.ident(&local), self.exprs_in(&local)),
            None => {
                let remote = child(&call, Rule::remote_call).expect("a call is local or not");
                StepCall::Remote(self.path_in(&remote), self.entries(&remote))
            }
        }
    }

    fn on_error(&mut self, p: &P<'_>) -> OnError {
        OnError {
            error: self.path_in(p),
            retry_for: has(p, Rule::expr).then(|| self.expr_in(p)),
            span: self.span(p),
        }
    }

    fn wait(&mut self, p: &P<'_>) -> Wait {
        let name = self.ident(p);
        Wait {
            name: self.lower(name, "a wait's name"),
            event: self.path_in(p),
            filter: has(p, Rule::condition).then(|| self.condition_in(p)),
            within: has(p, Rule::expr).then(|| self.expr_in(p)),
            skip: has(p, Rule::k_skip),
        }
    }

    pub(super) fn choreography(&mut self, pair: &P<'_>) -> Choreography {
        let mut paths = self.paths_in(pair).into_iter();
        let by = paths.next().expect("by a scalar");
        let of = paths.next().expect("of a service");
        let ends = children(pair, Rule::chor_end).map(|e| {
            let word = e.clone().into_inner().next().expect("an end starts with its word");
            (self.name(&word), self.paths_in(&e))
        });
        let ends = ends.collect();
        Choreography {
            name: self.upper_ident(pair, "a choreography's name"),
            by,
            of,
            ends,
            within: child(pair, Rule::chor_within).map(|w| self.expr_in(&w)),
        }
    }

    pub(super) fn aggregate(&mut self, pair: &P<'_>) -> Aggregate {
        let snapshot = child(pair, Rule::agg_snapshot).and_then(|s| child(&s, Rule::number));
        Aggregate {
            name: self.upper_ident(pair, "an aggregate's name"),
            by: self.path_in(pair),
            state: child(pair, Rule::agg_state).map(|s| self.path_in(&s)),
            handles: children(pair, Rule::agg_handles)
                .map(|h| (self.path_in(&h), self.emits_in(&h)))
                .collect(),
            snapshot: snapshot.map(|n| self.number(&n)),
        }
    }

    pub(super) fn projection(&mut self, pair: &P<'_>) -> (Record, Projection) {
        let mut paths = self.paths_in(pair).into_iter();
        let by = paths.next().expect("by a scalar");
        (self.record(pair, "a projection's name"), Projection { by, from: paths.collect() })
    }

    pub(super) fn deployment(&mut self, pair: &P<'_>) -> Deployment {
        let name = self.ident(pair);
        Deployment {
            name: self.lower(name, "a deployment's name"),
            settings: children(pair, Rule::deploy_line).map(|l| self.deploy_line(&l)).collect(),
            services: children(pair, Rule::deploy_service)
                .map(|s| (self.path_in(&s), self.pairs(&s)))
                .collect(),
        }
    }

    /// `store postgres env "X"`: the word, the kind and its arguments, a name and a string each.
    fn deploy_line(&mut self, p: &P<'_>) -> Setting {
        let word = p.clone().into_inner().next().expect("a line starts with its word");
        let kind = self.ident(p);
        let mut args = vec![word_expr(kind)];
        for arg in children(p, Rule::deploy_arg) {
            args.extend(child(&arg, Rule::ident).map(|n| word_expr(self.name(&n))));
            args.extend(child(&arg, Rule::string).map(|s| self.expr(&s)));
        }
        Setting { name: self.name(&word), args, block: None, none: None, span: self.span(p) }
    }

    pub(super) fn gateway(&mut self, pair: &P<'_>) -> Gateway {
        let mut names = children(pair, Rule::ident).map(|n| self.name(&n));
        let name = names.next().expect("a gateway has a name");
        let on = names.next().expect("a gateway is on a deployment");
        drop(names);
        let auth = child(pair, Rule::c_auth);
        Gateway {
            name: self.upper(name, "a gateway's name"),
            on,
            auth: auth.map(|a| (self.auth(&a), self.span(&a))),
            limit: child(pair, Rule::c_limit).map(|l| self.settings(&l)),
            routes: children(pair, Rule::route).flat_map(|r| self.paths_in(&r)).collect(),
            composes: children(pair, Rule::compose).map(|c| self.compose(&c)).collect(),
        }
    }

    fn compose(&mut self, p: &P<'_>) -> Compose {
        Compose {
            method: self.ident(p),
            path: self.string_here(p),
            parts: children(p, Rule::compose_part)
                .map(|part| (self.ident(&part), self.path_in(&part), self.entries(&part)))
                .collect(),
            span: self.span(p),
        }
    }
}

fn word_expr(name: crate::tree::Name) -> crate::tree::Expr {
    let span = name.span;
    let path = crate::tree::Path { span, segments: vec![name] };
    crate::tree::Expr { span, kind: crate::tree::ExprKind::Path(path) }
}
