//! Writes worlds: every construct of the language, in every package, with names that are mostly there.

use std::fmt::Write as _;

use crate::tape::Tape;

/// How many of what each package has.
#[derive(Debug, Clone)]
struct Package {
    services: Vec<Service>,
}

#[derive(Debug, Clone)]
struct Service {
    operations: Vec<Kind>,
    events: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Query,
    Command,
    Undo,
    Queued,
    Streaming,
}

const PACKAGES: [&str; 3] = ["a", "b", "c"];
const ERRORS: usize = 2;
const POLICIES: usize = 3;

struct Writer<'a> {
    tape: Tape<'a>,
    all: Vec<Package>,
    /// The package that is written.
    at: usize,
    out: String,
}

/// The files of a world; the first one may stand alone.
pub(crate) fn world(numbers: &[u16]) -> Vec<String> {
    let mut tape = Tape::new(numbers);
    let count = 1 + tape.below(PACKAGES.len());
    let all = (0..count).map(|_| package(&mut tape)).collect();
    let mut writer = Writer { tape, all, at: 0, out: String::new() };
    let mut files: Vec<String> = (0..count).map(|at| writer.file(at)).collect();
    if writer.tape.one_in(2) {
        files.push(writer.deployments());
    }
    files
}

fn package(tape: &mut Tape<'_>) -> Package {
    let kinds = [Kind::Command, Kind::Query, Kind::Undo, Kind::Queued, Kind::Streaming];
    let service = |tape: &mut Tape<'_>| {
        let mut operations: Vec<Kind> =
            (0..1 + tape.below(4)).map(|_| tape.one_of(&kinds)).collect();
        // What is undone is the first one.
        if operations.contains(&Kind::Undo) {
            operations.insert(0, Kind::Command);
        }
        Service { operations, events: 1 + tape.below(3) }
    };
    Package { services: (0..1 + tape.below(3)).map(|_| service(tape)).collect() }
}

impl Writer<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// A line that is there sometimes.
    fn sometimes(&mut self, text: &str) {
        if self.tape.one_in(3) {
            self.line(text);
        }
    }

    /// A name of another package as this one says it.
    fn named(&self, package: usize, name: &str) -> String {
        if package == self.at { name.to_owned() } else { format!("{}.{name}", PACKAGES[package]) }
    }

    fn somewhere(&mut self) -> (usize, usize) {
        let package = self.tape.below(self.all.len());
        (package, self.tape.below(self.all[package].services.len()))
    }

    /// An operation, now and then one that is not there.
    fn operation(&mut self) -> String {
        let (package, service) = self.somewhere();
        let count = self.all[package].services[service].operations.len();
        let more = usize::from(self.tape.one_in(60));
        let operation = self.tape.below(count + more);
        self.named(package, &format!("S{service}.O{operation}"))
    }

    /// An operation that a step can call, and with what.
    fn step_call(&mut self, step: &str, kinds: &[Kind]) -> String {
        for _ in 0..8 {
            let (package, service) = self.somewhere();
            let count = self.all[package].services[service].operations.len();
            let at = self.tape.below(count);
            let kind = self.all[package].services[service].operations[at];
            if kinds.contains(&kind) {
                let name = self.named(package, &format!("S{service}.O{at}"));
                let by = format!("by: key({step})");
                let with = if kind == Kind::Undo { by.as_str() } else { "k: k" };
                return format!("{name} {{ {with} }}");
            }
        }
        "local think(k)".to_owned()
    }

    fn event(&mut self) -> String {
        let (package, service) = self.somewhere();
        let event = self.tape.below(self.all[package].services[service].events);
        self.named(package, &format!("S{service}.V{event}"))
    }

    fn own_event(&mut self, service: usize) -> String {
        let count = self.all[self.at].services[service].events;
        format!("V{}", self.tape.below(count))
    }

    fn error(&mut self) -> String {
        let package = self.tape.below(self.all.len());
        let error = self.tape.below(ERRORS);
        self.named(package, &format!("F{error}"))
    }

    fn policy(&mut self) -> String {
        let package = self.tape.below(self.all.len());
        let policy = self.tape.below(POLICIES);
        self.named(package, &format!("P{policy}"))
    }

    fn time(&mut self) -> &'static str {
        self.tape.one_of(&["1s", "200ms", "5m", "2h", "3d", "1ms", "90d"])
    }

    /// The type of a field.
    fn ty(&mut self) -> String {
        const PLAIN: [&str; 12] = [
            "uuid",
            "string",
            "bool",
            "i64",
            "u32",
            "f64",
            "decimal",
            "timestamp",
            "duration",
            "date",
            "json",
            "bytes",
        ];
        let plain = self.tape.one_of(&PLAIN).to_owned();
        let package = self.tape.below(self.all.len());
        let own = self.tape.one_of(&["K1", "K2", "E", "R0", "R1", "U"]);
        let own = self.named(package, own);
        match self.tape.below(6) {
            0 | 1 => format!("{plain}?"),
            2 => format!("list<{own}>"),
            3 => self.tape.one_of(&["string", "u32", "bool", "i64"]).to_owned(),
            4 => format!("map<string, {own}>"),
            _ => format!("{own}?"),
        }
    }

    /// Fields from number 2 on.
    fn fields(&mut self) -> String {
        let mut out = String::new();
        for at in 0..self.tape.below(4) {
            let ty = self.ty();
            let sensitive = if self.tape.one_in(8) { " sensitive" } else { "" };
            let deprecated = if self.tape.one_in(12) { " deprecated \"old\"" } else { "" };
            let _ = write!(out, "  f{at} @{}: {ty}{sensitive}{deprecated}", at + 2);
        }
        out
    }

    fn file(&mut self, at: usize) -> String {
        self.at = at;
        self.out = String::new();
        if self.tape.one_in(2) {
            self.line("//! What this is about.");
        }
        self.line(&format!("package {}.v1", PACKAGES[at]));
        for other in (0..self.all.len()).filter(|other| *other != at) {
            self.line(&format!("use {0}.v1 as {0}", PACKAGES[other]));
        }
        self.types();
        self.policies();
        for service in 0..self.all[at].services.len() {
            self.service(service);
        }
        self.flows();
        std::mem::take(&mut self.out)
    }

    fn types(&mut self) {
        if self.at == 0 {
            self.line("/// What all of it is about.\nscalar Key = uuid");
        }
        self.line("scalar K1 = string where len 1..=40, pattern r\"^[a-z]+$\"");
        self.line("scalar K2 = u32 where 1..=999   // a comment");
        self.line("enum E { low @1  high @2 reserved 7 }");
        for name in ["R0", "R1"] {
            let fields = self.fields();
            self.line(&format!("record {name} {{ id @1: uuid{fields} }}"));
        }
        self.line("union U { text @1: K1  number @2: K2 }");
        let code = self.tape.one_of(&["not_found", "unavailable", "resource_exhausted", "aborted"]);
        let after = self.tape.one_of(&["", " retryable", " retryable after 5s"]);
        self.line(&format!("error F0 is {code}{after}"));
        self.line("error F1 is failed_precondition { left @1: u32 }");
    }

    fn policies(&mut self) {
        for at in 0..POLICIES {
            let extends = if at > 0 && self.tape.one_in(2) { " extends P0" } else { "" };
            let (attempt, total) =
                self.tape.one_of(&[("200ms", "1s"), ("1s", "5s"), ("1m", "10m")]);
            let attempts = 1 + self.tape.below(6);
            let growth = self.tape.one_of(&[
                "exponential 50ms..1s",
                "constant 1s",
                "linear 1s..10s jitter equal",
                "exponential 1m..13h",
            ]);
            let even = if self.tape.one_in(4) { " even_if_retried" } else { "" };
            let blocks = [
                "breaker { window 10s  failure_rate 50% }",
                "breaker none because \"near\"",
                "bulkhead { concurrent 8 }",
                "limit { rate 50/s  per caller }",
                "hedge { after p95  at_most 1 }",
                "outlier { eject 10% }",
            ];
            let more = self.tape.some_of(&blocks[1..]).join("\n  ");
            self.line(&format!(
                "policy P{at}{extends} {{\n  timeout {{ attempt {attempt}  total {total} }}\n  retry {{ attempts {attempts}  backoff {growth}{even} }}\n  {more}\n}}"
            ));
        }
    }

    fn service(&mut self, at: usize) {
        self.line(&format!("\n/// Does it.\nservice S{at} {{"));
        for text in ["owner \"team\"", "tenant claim \"org\"", "meta pager \"p\""] {
            self.sometimes(text);
        }
        let auth = self.tape.one_of(&[
            "",
            "auth jwt { issuer \"https://id.example\"  audience \"x\" }",
            "auth mtls",
            "auth api_key",
            "auth none because \"inside\"",
        ]);
        self.line(auth);
        if self.tape.one_in(3) {
            let policy = self.policy();
            self.line(&format!("policy {policy}"));
        }
        if self.tape.one_in(6) {
            let called = self.operation();
            self.line(&format!("calls {called}"));
        }
        for operation in 0..self.all[self.at].services[at].operations.len() {
            self.operation_of(at, operation);
        }
        for event in 0..self.all[self.at].services[at].events {
            self.event_of(event);
        }
        for on in 0..self.tape.below(4) {
            self.on(at, on);
        }
        if self.tape.one_in(3) {
            let event = self.own_event(at);
            let when = self.tape.one_of(&["every 1h", "cron \"0 3 * * *\""]);
            self.line(&format!("schedule Tick {when}  emits {event}*"));
        }
        self.sometimes("fixture there { id @1: uuid }");
        self.line("}");
    }

    fn key(&self) -> String {
        self.named(0, "Key")
    }

    fn operation_of(&mut self, service: usize, at: usize) {
        if self.tape.one_in(10) {
            let rule = self.tape.one_of(&["sync-chain", "retry-non-idempotent", "orphan-event"]);
            self.line(&format!("allow {rule} because \"so\" until 2999-01-01"));
        }
        let (key, fields) = (self.key(), self.fields());
        let kind = self.all[self.at].services[service].operations[at];
        let answer = if self.tape.one_in(2) {
            format!(" -> {}", self.named(self.at, "R0"))
        } else {
            String::new()
        };
        match kind {
            Kind::Query => {
                let many = self.tape.one_of(&["R0", "page<R0>", "stream R1", "u32"]);
                self.line(&format!("query O{at}(k @1: {key}{fields}) -> {many}"));
                let more =
                    ["cache 30s", "shed above 80%", "slo availability 99.9%, latency p99 100ms"];
                let more = self.tape.some_of(&more).join("\n");
                self.line(&more);
            }
            Kind::Command => {
                self.line(&format!("command O{at}(k @1: {key}{fields}){answer}"));
                let idempotent = [
                    "idempotent by k",
                    "idempotent by k retain 1h",
                    "idempotent natural",
                    "idempotent by caller",
                    "idempotent none because \"so\"",
                ];
                let keyed = if at == 0 { 2 } else { idempotent.len() };
                let idempotent = self.tape.one_of(&idempotent[..keyed]);
                self.line(idempotent);
                let more = self.tape.some_of(&["irrevocable", "leaves \"nothing\""]).join("\n");
                self.line(&more);
            }
            Kind::Undo => self.line(&format!(
                "command O{at}(by @1: string)  undoes O0 by by  idempotent natural"
            )),
            Kind::Queued => {
                let (attempts, expires) = (1 + self.tape.below(12), self.time());
                let delivery =
                    self.tape.one_of(&["", "delivery at_most_once", "delivery effectively_once"]);
                self.line(&format!(
                    "command O{at}(k @1: {key}{fields})  idempotent by k  queue {{ concurrency 4  attempts {attempts}  expires {expires} }}  {delivery}"
                ));
            }
            Kind::Streaming => {
                self.line(&format!("command O{at}(stream R0) -> R1  idempotent natural"))
            }
        }
        self.promises(service, kind);
        if self.tape.one_in(4) && kind == Kind::Command {
            let path = format!("/v1/s{service}/o{at}/{{k}}");
            let method = self.tape.one_of(&["POST", "PUT", "DELETE"]);
            self.line(&format!("http {method} \"{path}\""));
        }
    }

    /// Errors, calls, emits and the policy of an operation.
    fn promises(&mut self, service: usize, kind: Kind) {
        if self.tape.one_in(3) && kind != Kind::Queued {
            let error = self.error();
            let emits = if kind == Kind::Command && self.tape.one_in(4) {
                format!(" emits {{ {} }}", self.own_event(service))
            } else {
                String::new()
            };
            self.line(&format!("errors {{ {error}{emits} }}"));
        }
        self.calls();
        if kind != Kind::Query && self.tape.one_in(2) {
            let emits = self.emits(service);
            self.line(&emits);
        }
        if self.tape.one_in(3) {
            let policy = self.policy();
            self.line(&format!("policy {policy}"));
        }
    }

    fn calls(&mut self) {
        if !self.tape.one_in(3) {
            return;
        }
        let mut all = vec![self.operation()];
        for _ in 0..self.tape.below(4) {
            let more = self.operation();
            if !all.contains(&more) {
                all.push(more);
            }
        }
        let more = self.tape.one_of(&["", " x3", " optional", " x30 optional"]);
        all[0].push_str(more);
        if self.tape.one_in(3) {
            let policy = self.policy();
            let _ = write!(all[0], " with {policy}");
        }
        if all.len() > 2 {
            let together = all.split_off(1).join(", ");
            all.push(format!("parallel {{ {together} x2 }}"));
        }
        self.line(&format!("calls {}", all.join(", ")));
    }

    fn emits(&mut self, service: usize) -> String {
        let (a, b) = (self.own_event(service), self.own_event(service));
        if a == b {
            return format!("emits {a}{}", self.tape.one_of(&["", "*", " | nothing"]));
        }
        match self.tape.below(5) {
            0 => format!("emits {a}"),
            1 => format!("emits {a} | {b}"),
            2 => format!("emits {a} | nothing"),
            3 => format!("emits {a}*"),
            _ => format!("emits {a}, ({b} | nothing)"),
        }
    }

    fn event_of(&mut self, at: usize) {
        let (key, fields) = (self.key(), self.fields());
        let public = if self.tape.one_in(3) { " public" } else { "" };
        let by = self.tape.one_of(&[" key k", ""]);
        let more = ["retain 30d", "delivery at_most_once", "dead_letter none because \"so\""];
        let more = self.tape.some_of(&more).join("  ");
        self.line(&format!("event V{at}{public} {{ k @1: {key}{fields} }}{by}  {more}"));
    }

    fn on(&mut self, service: usize, at: usize) {
        let event = self.event();
        let reads = if self.tape.one_in(3) { " { k }" } else { "" };
        self.line(&format!("on {event}{reads} do Handle{at}"));
        if self.tape.one_in(2) {
            let emits = self.emits(service);
            self.line(&emits);
        }
        self.calls();
        if self.tape.one_in(4) {
            let undone = self.event();
            self.line(&format!("undoes {undone}"));
        } else {
            self.sometimes("leaves \"so\"");
        }
        for more in ["ordered", "delivery effectively_once"] {
            self.sometimes(more);
        }
        if self.tape.one_in(4) {
            let policy = self.policy();
            self.line(&format!("policy {policy}"));
        }
    }

    fn flows(&mut self) {
        if self.tape.one_in(2) {
            self.saga();
        }
        if self.tape.one_in(2) {
            let (starts, succeeds, fails) = (self.event(), self.event(), self.event());
            let (key, within) = (self.key(), self.time());
            self.line(&format!(
                "choreography Flow by {key} of S0 {{\n  starts {starts}\n  succeeds {succeeds}\n  fails {fails}\n  within {within}\n}}"
            ));
        }
        let (key, event) = (self.key(), self.event());
        if self.all[self.at].services[0].operations[0] == Kind::Command {
            self.sometimes(&format!(
                "aggregate Kept by {key} {{ state R0  S0.O0 -> V0 | nothing  snapshot every 10 }}"
            ));
        }
        self.sometimes(&format!("projection Seen by {key} from {event} {{ count @1: u32 }}"));
    }

    fn saga(&mut self) {
        let key = self.key();
        let deadline = self.time();
        self.line(&format!(
            "saga Run of S0 (k @1: {key}  n @2: u32) idempotent by k {{\n  deadline {deadline}"
        ));
        for at in 0..1 + self.tape.below(5) {
            match self.tape.below(9) {
                0..=3 => self.step(at),
                4 => {
                    self.line("parallel {");
                    self.step(10 + at);
                    self.step(20 + at);
                    self.line("}");
                }
                5 => {
                    let (event, within) = (self.event(), self.time());
                    let other = self.tape.one_of(&["abort", "skip"]);
                    self.line(&format!(
                        "wait w{at}: {event} where k == k within {within} else {other}"
                    ));
                }
                6 => self.line("sleep 1h"),
                7 => self.line("pivot"),
                _ => self.line(&format!("step l{at}: local think(k) -> R0")),
            }
        }
        self.line("completed emit V0 { k: k }\naborted emit V0 { k: k }\n}");
    }

    fn step(&mut self, at: usize) {
        let name = format!("s{at}");
        let called = self.step_call(&name, &[Kind::Command, Kind::Query, Kind::Queued]);
        self.line(&format!("step {name}: {called}"));
        if self.tape.one_in(2) {
            let undo = self.step_call(&name, &[Kind::Undo]);
            self.line(&format!("  undo {undo}"));
        }
        if self.tape.one_in(30) {
            let (error, time) = (self.error(), self.time());
            self.line(&format!("  on {error} retry for {time}"));
        }
        if self.tape.one_in(4) {
            let time = self.time();
            self.line(&format!("  retry for {time}"));
        }
        self.sometimes("  best_effort");
    }

    fn deployments(&mut self) -> String {
        self.at = usize::MAX;
        self.out = "package deploy.v1\n".to_owned();
        for package in PACKAGES.iter().take(self.all.len()) {
            self.line(&format!("use {package}.v1 as {package}"));
        }
        let broker = self.tape.one_of(&[
            "kafka",
            "nats",
            "nats_core",
            "rabbitmq",
            "redis",
            "redis_pubsub",
            "sqs",
        ]);
        let discover = self.tape.one_of(&["dns \"x.example\"", "static \"10.0.0.1\"", "consul"]);
        let store = self.tape.one_of(&["postgres env \"DB\"", "memory"]);
        self.line(&format!("deployment production {{\n  discover {discover}\n  store {store}\n  broker {broker} env \"B\""));
        let count = self.all.len();
        for (package, name) in PACKAGES.iter().enumerate().take(count) {
            for service in 0..self.all[package].services.len() {
                let with = [
                    "rpc grpc, http".to_owned(),
                    format!("events {broker}"),
                    format!("queue {broker}"),
                    "load 200/s replicas 3".to_owned(),
                    "ack 1m".to_owned(),
                ];
                let with: Vec<&str> = with.iter().map(String::as_str).collect();
                let with = self.tape.some_of(&with).join("  ");
                self.line(&format!("  {}.S{service} {{ {with} }}", name));
            }
        }
        self.line("}\ngateway Public on production {\n  limit { rate 10/s  per caller }");
        let route = self.operation();
        self.line(&format!("  route {route}\n}}"));
        std::mem::take(&mut self.out)
    }
}
