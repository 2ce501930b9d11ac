//! Deployments and gateways.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{self, ExprKind, Setting};

use super::context::{Cx, Def, ScopeId};
use super::lookup::Want;
use super::members::{At, Callable};
use super::settings::{count, nanos, rate, word};
use super::suggest::listed;
use crate::Id;
use crate::codes::deployments::{DUPLICATE_LINE, UNKNOWN_BROKER, UNKNOWN_DEPLOYMENT, UNKNOWN_KIND};
use crate::codes::services::BAD_HTTP;
use crate::world::*;

/// The lines of a deployment with the kinds that each knows.
const KINDS: [(&str, &[&str]); 4] = [
    ("discover", &["kubernetes", "consul", "dns", "static"]),
    ("store", &["memory", "sqlite", "postgres"]),
    (
        "broker",
        &["local", "nats", "nats_core", "kafka", "rabbitmq", "redis", "redis_pubsub", "sqs"],
    ),
    ("telemetry", &["otlp"]),
];

/// How services are called.
const RPC: [&str; 2] = ["grpc", "http"];

impl Cx<'_> {
    /// Deployments.
    pub(crate) fn deployments(&mut self) {
        for (s, id, t) in std::mem::take(&mut self.pending.deployments) {
            for line in &t.settings {
                self.deployment_line(id, line);
            }
            for (path, settings) in &t.services {
                self.placement(s, id, path, settings);
            }
        }
    }

    fn deployment_line(&mut self, id: Id<Deployment>, line: &Setting) {
        let name = line.name.text.as_str();
        let Some((_, known)) = KINDS.iter().find(|(w, _)| *w == name) else { return };
        let Some(choice) = self.choice_of(line, known) else { return };
        let deployment = &mut self.world.deployments[id];
        let slot = match name {
            "discover" => &mut deployment.discover,
            "store" => &mut deployment.store,
            "telemetry" => &mut deployment.telemetry,
            _ => {
                let same =
                    deployment.brokers.iter().find(|b| b.kind == choice.kind).map(|b| b.span);
                deployment.brokers.push(choice);
                if let Some(first) = same {
                    self.twice_in_deployment(line.span, first, "this broker");
                }
                return;
            }
        };
        let first = slot.as_ref().map(|c| c.span);
        *slot = Some(choice);
        if let Some(first) = first {
            self.twice_in_deployment(line.span, first, &format!("`{name}`"));
        }
    }

    fn twice_in_deployment(&mut self, second: Span, first: Span, what: &str) {
        let twice = Diagnostic::new(
            DUPLICATE_LINE,
            second,
            format!("{what} stands in this deployment twice"),
        )
        .here("again here")
        .label(first, "first here")
        .fix("remove this one", second, "")
        .unsafe_fix();
        self.report(twice);
    }

    /// `kafka env "KAFKA_BROKERS"`.
    fn choice_of(&mut self, line: &Setting, known: &[&str]) -> Option<Choice> {
        let kind = line.args.first().and_then(|e| word(&e.kind).map(|w| (w, e.span)));
        let Some((kind, span)) = kind else {
            let wanted = format!("one of {}", listed(known.iter().copied()));
            self.bad_setting(line.span, &line.name.text, &wanted);
            return None;
        };
        if !known.contains(&kind.as_str()) {
            self.unknown_word(span, (&line.name.text, &kind), known);
            return None;
        }
        let mut args = Vec::new();
        let mut label = String::new();
        for e in &line.args[1..] {
            match &e.kind {
                ExprKind::Str(text) => args.push((std::mem::take(&mut label), text.clone())),
                other => label = word(other).unwrap_or_default(),
            }
        }
        if !label.is_empty() {
            args.push((label, String::new()));
        }
        Some(Choice { kind, args, span: line.span })
    }

    fn unknown_word(&mut self, span: Span, (what, found): (&str, &str), known: &[&str]) {
        let unknown = Diagnostic::new(UNKNOWN_KIND, span, format!("there is no {what} `{found}`"))
            .here("unknown");
        let near = self.nearest(found, known.iter().copied());
        let unknown = unknown.help(format!("known are {}", listed(known.iter().copied())));
        self.report(match near {
            Some(near) => unknown.fix(format!("write `{near}`"), span, near),
            None => unknown,
        });
    }

    fn placement(
        &mut self,
        s: ScopeId,
        id: Id<Deployment>,
        path: &tree::Path,
        settings: &[Setting],
    ) {
        const KNOWN: [&str; 6] = ["rpc", "events", "queue", "load", "replicas", "ack"];
        let service = self.item(s, path, Want::Service);
        let words = self.words("a service of a deployment", settings, &KNOWN);
        let rpc = words.get("rpc").map(|setting| self.rpc(setting)).unwrap_or_default();
        let events = words.get("events").and_then(|setting| self.broker_of(id, setting));
        let queue = words.get("queue").and_then(|setting| self.broker_of(id, setting));
        let (load, replicas) = self.load(&words);
        let ack = self.one(&words, "ack", "a duration", nanos);
        let Some(Def::Service(service)) = service else { return };
        let (span, places) = (path.span, words.places());
        let placement =
            Placement { service, rpc, events, queue, load, replicas, ack, span, places };
        let deployment = &mut self.world.deployments[id];
        let first = deployment.services.iter().find(|p| p.service == service).map(|p| p.span);
        deployment.services.push(placement);
        if let Some(first) = first {
            self.twice_in_deployment(path.span, first, "this service");
        }
    }

    fn rpc(&mut self, setting: &Setting) -> Vec<String> {
        let mut out = Vec::new();
        for e in &setting.args {
            match word(&e.kind) {
                Some(kind) if RPC.contains(&kind.as_str()) => out.push(kind),
                Some(kind) => self.unknown_word(e.span, ("rpc", &kind), &RPC),
                None => self.bad_setting(e.span, "rpc", "`grpc`, `http` or both"),
            }
        }
        out
    }

    /// `load 200/s`, with `replicas 3` behind it or by itself.
    fn load(&mut self, words: &super::settings::Words<'_>) -> (Option<f64>, Option<u32>) {
        let load = words
            .get("load")
            .and_then(|setting| self.arg(setting, 0, "a rate such as `200/s`", rate));
        (load, self.one(words, "replicas", "a number from 1", count))
    }

    /// A broker that the deployment has; `local` is always there.
    fn broker_of(&mut self, id: Id<Deployment>, setting: &Setting) -> Option<String> {
        self.no_more(setting, 1);
        let kind = self.arg(setting, 0, "the name of a broker", word)?;
        let brokers: Vec<String> =
            self.world.deployments[id].brokers.iter().map(|b| b.kind.clone()).collect();
        if kind == "local" || brokers.contains(&kind) {
            return Some(kind);
        }
        let span = setting.args[0].span;
        let known = KINDS.iter().find(|(w, _)| *w == "broker").map_or(&[][..], |(_, k)| *k);
        if !known.contains(&kind.as_str()) {
            self.unknown_word(span, ("broker", &kind), known);
            return None;
        }
        let name = &self.world.deployments[id].info.name;
        let text = format!("deployment `{name}` has no broker `{kind}`");
        let wrong = Diagnostic::new(UNKNOWN_BROKER, span, text)
            .here("not declared")
            .label(self.world.deployments[id].info.span, "the deployment")
            .help(format!("declare it: `broker {kind} env \"…\"`"));
        self.report(wrong);
        None
    }

    /// Gateways.
    pub(crate) fn gateways(&mut self) {
        for (s, id, t) in std::mem::take(&mut self.pending.gateways) {
            if t.on.text != "local" && !self.names.deployments.contains_key(t.on.text.as_str()) {
                self.unknown_deployment(&t.on);
            }
            let auth = t.auth.as_ref().and_then(|(auth, span)| {
                let clause =
                    tree::Clause { span: *span, kind: tree::ClauseKind::Auth(auth.clone()) };
                self.auth_scheme(auth, &clause)
            });
            let limit = t.limit.as_ref().and_then(|l| self.limit(t.name.span, l, None));
            let at = At { scope: s, service: None };
            let routes = self.routes(at, &t.routes);
            let composes = t.composes.iter().filter_map(|c| self.compose(s, c)).collect();
            let gateway = &mut self.world.gateways[id];
            if let Some((_, span)) = &t.auth {
                gateway.info.places.add("auth", *span);
            }
            gateway.auth = auth;
            gateway.limit = limit;
            for route in routes {
                match route {
                    (Callable::Operation(id), span) => gateway.routes.push((id, span)),
                    (Callable::Saga(id), span) => gateway.sagas.push((id, span)),
                }
            }
            gateway.composes = composes;
        }
    }

    /// What a gateway lets in, each once.
    fn routes(&mut self, at: At, paths: &[tree::Path]) -> Vec<(Callable, Span)> {
        let mut routes: Vec<(Callable, Span)> = Vec::with_capacity(paths.len());
        for path in paths {
            let Some(route) = self.callable(at, path) else { continue };
            if routes.iter().any(|(r, _)| *r == route) {
                let text = format!("`{}` is routed twice", path.text());
                self.report(Diagnostic::new(DUPLICATE_LINE, path.span, text).here("again here"));
                continue;
            }
            routes.push((route, path.span));
        }
        routes
    }

    fn unknown_deployment(&mut self, name: &tree::Name) {
        let mut known: Vec<&str> = self.names.deployments.keys().copied().collect();
        known.sort_unstable();
        let near = self.nearest(&name.text, known.iter().copied());
        let unknown = Diagnostic::new(
            UNKNOWN_DEPLOYMENT,
            name.span,
            format!("there is no deployment `{}`", name.text),
        );
        let unknown = unknown.here("unknown");
        self.report(match near {
            Some(near) => unknown.fix(format!("did you mean `{near}`?"), name.span, near),
            None => unknown.help(format!("there is `local`, {}", listed(known))),
        });
    }

    fn compose(&mut self, s: ScopeId, t: &tree::Compose) -> Option<Compose> {
        if t.method.text != "GET" {
            let wrong = Diagnostic::new(BAD_HTTP, t.method.span, "a composition only reads");
            self.report(
                wrong
                    .here("`GET` is expected")
                    .fix("write `GET`", t.method.span, "GET")
                    .unsafe_fix(),
            );
        }
        let params = crate::check::path_params(&t.path.value);
        if let Err(why) = &params {
            let wrong =
                Diagnostic::new(BAD_HTTP, t.path.span, "this is not a path").here(why.clone());
            self.report(wrong);
        }
        let mut parts: Vec<(String, Id<Operation>, Span)> = Vec::new();
        for (name, path, entries) in &t.parts {
            if parts.iter().any(|(n, ..)| *n == name.text) {
                let text = format!("two parts are called `{}`", name.text);
                self.report(Diagnostic::new(DUPLICATE_LINE, name.span, text).here("again here"));
            }
            let Some(operation) = self.operation(At { scope: s, service: None }, path) else {
                continue;
            };
            if !self.world.operations[operation].is_query() {
                let text = format!("`{}` is a command, and a composition only reads", path.text());
                self.report(Diagnostic::new(BAD_HTTP, path.span, text).here("a query is expected"));
            }
            self.entries_once(entries);
            self.composed(operation, entries, params.as_deref().unwrap_or_default());
            parts.push((name.text.clone(), operation, path.span));
        }
        Some(Compose {
            method: t.method.text.clone(),
            path: t.path.value.clone(),
            parts,
            span: t.span,
        })
    }

    /// The request of a part: its fields exist, and `path.x` is one of the path's parameters.
    fn composed(&mut self, operation: Id<Operation>, entries: &[tree::Entry], params: &[String]) {
        let record = self.world.request_record(operation);
        for entry in entries {
            if let Some(record) = record {
                self.field_index(record, &entry.name);
            }
            let ExprKind::Path(path) = &entry.value.kind else { continue };
            let [root, name] = path.segments.as_slice() else { continue };
            if root.text == "path" && !params.contains(&name.text) {
                self.unknown_field(name, "the path", None, params);
            }
        }
    }
}
