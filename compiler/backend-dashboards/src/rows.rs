//! What is drawn of a service.

use svckit_backend::metrics::{
    self, BREAKERS_OPEN, CLIENT_CALLS, DEAD, DELIVERIES, FAULTS, GROUP, LAG, METHOD,
    OUTBOX_STALLED, PROCESS, REJECTED, RETRIES, SERVER_CALLS, SERVICE, STATUS, WAITING,
};
use svckit_model::World;
use svckit_model::world::{Operation, Service};

use crate::panels::{Board, Graph};

/// Grafana's own window, by the resolution of the graph.
const W: &str = "$__rate_interval";

fn graph(title: &str, about: &str, unit: &'static str, lines: Vec<(String, String)>) -> Graph {
    Graph { title: title.to_owned(), about: about.to_owned(), unit, lines, limit: None }
}

fn by(label: &str) -> String {
    format!("{{{{{label}}}}}")
}

/// What the service answers.
pub(crate) fn calls(world: &World, service: &Service, board: &mut Board) {
    let ids: Vec<_> = service.operations.to_vec();
    let answered = ids.iter().filter(|id| world.operations[**id].queue.is_none());
    let methods: Vec<String> = answered.clone().map(|id| metrics::method(world, *id)).collect();
    if methods.is_empty() {
        return;
    }
    board.row("Calls");
    let all = format!("{METHOD}=~{}", metrics::any_of(methods.iter().map(String::as_str)));
    let faults = metrics::quoted(&FAULTS.join("|"));
    let rate = format!("sum by ({METHOD}) (rate({SERVER_CALLS}_count{{{all}}}[{W}]))");
    let about = "Calls that were answered, whatever the answer.";
    board.graph(graph("Calls per second", about, "reqps", vec![(rate, by(METHOD))]));
    let share = format!(
        "sum by ({METHOD}) (rate({SERVER_CALLS}_count{{{all},{STATUS}=~{faults}}}[{W}])) \
         / sum by ({METHOD}) (rate({SERVER_CALLS}_count{{{all}}}[{W}]))"
    );
    let about = "Calls that failed by the server's own fault, of all.";
    board.graph(graph("Failures", about, "percentunit", vec![(share, by(METHOD))]));
    let refused = format!("sum by ({METHOD}, reason) (rate({REJECTED}{{{all}}}[{W}]))");
    let legend = format!("{} {}", by(METHOD), by("reason"));
    let about = "Calls that were refused without being tried, by what refused them.";
    board.graph(graph("Refused", about, "reqps", vec![(refused, legend)]));
    for (id, method) in answered.zip(&methods) {
        latency(&world.operations[*id], method, board);
    }
}

/// Quantiles of one operation, and its promise.
fn latency(operation: &Operation, method: &str, board: &mut Board) {
    let of = format!("{METHOD}={}", metrics::quoted(method));
    let mut wanted: Vec<f64> =
        operation.slo.latency.iter().map(|(percentile, _)| *percentile).collect();
    for usual in [50.0, 99.0] {
        if !wanted.contains(&usual) {
            wanted.push(usual);
        }
    }
    wanted.sort_by(f64::total_cmp);
    let line = |percentile: &f64| {
        let expr = format!(
            "histogram_quantile({}, sum by (le) (rate({SERVER_CALLS}_bucket{{{of}}}[{W}])))",
            percentile / 100.0
        );
        (expr, format!("p{percentile}"))
    };
    let promises = operation.slo.latency.iter();
    let promised = promises
        .clone()
        .map(|(percentile, nanos)| format!("p{percentile} within {} s", seconds(*nanos)));
    let promised: Vec<String> = promised.collect();
    let about = match promised.as_slice() {
        [] => "From the request to its answer, as the server measures it.".to_owned(),
        some => format!("Promised: {}.", some.join(", ")),
    };
    board.graph(Graph {
        title: format!("Latency of {}", operation.info.name),
        about,
        unit: "s",
        lines: wanted.iter().map(line).collect(),
        limit: promises.map(|(_, nanos)| seconds(*nanos)).reduce(f64::max),
    });
}

/// What the service calls.
pub(crate) fn callees(world: &World, service: &Service, board: &mut Board) {
    let callees = metrics::callees(world, service).into_iter();
    let answered = callees.filter(|id| world.operations[*id].queue.is_none());
    let methods: Vec<String> = answered.map(|id| metrics::method(world, id)).collect();
    if methods.is_empty() {
        return;
    }
    board.row("What it calls");
    let all = format!("{METHOD}=~{}", metrics::any_of(methods.iter().map(String::as_str)));
    let p99 = format!(
        "histogram_quantile(0.99, sum by (le, {METHOD}) (rate({CLIENT_CALLS}_bucket{{{all}}}[{W}])))"
    );
    let about = "With all attempts and pauses, as callers see it.";
    board.graph(graph("p99 of calls made", about, "s", vec![(p99, by(METHOD))]));
    let failed = format!(
        "sum by ({METHOD}, {STATUS}) (rate({CLIENT_CALLS}_count{{{all},{STATUS}!=\"OK\"}}[{W}]))"
    );
    let legend = format!("{} {}", by(METHOD), by(STATUS));
    let about = "After all attempts, by what they failed with.";
    board.graph(graph("Calls made that failed", about, "reqps", vec![(failed, legend)]));
    let retries = format!("sum by ({METHOD}) (rate({RETRIES}{{{all}}}[{W}]))");
    let about = "Attempts after the first one of a call.";
    board.graph(graph("Retries", about, "reqps", vec![(retries, by(METHOD))]));
    let open = format!("sum by ({METHOD}) ({BREAKERS_OPEN}{{{all}}})");
    let about = "Breakers that are not closed, over all instances.";
    board.graph(graph("Breakers open", about, "short", vec![(open, by(METHOD))]));
}

/// The messages that it takes and publishes.
pub(crate) fn messages(world: &World, service: &Service, board: &mut Board) {
    let groups = metrics::groups(world, service);
    let publishes = !service.events.is_empty();
    if groups.is_empty() && !publishes {
        return;
    }
    board.row("Messages");
    if !groups.is_empty() {
        let all = metrics::any_of(groups.iter().map(|(name, _)| name.as_str()));
        of_groups(&format!("{GROUP}=~{all}"), board);
    }
    if publishes {
        let name = metrics::quoted(&world.qualified(&service.info));
        let stalled = format!("max by ({SERVICE}) ({OUTBOX_STALLED}{{{SERVICE}={name}}})");
        let about = "1 while what it publishes can't leave its outbox.";
        board.graph(graph("Outbox stalled", about, "short", vec![(stalled, by(SERVICE))]));
    }
}

fn of_groups(all: &str, board: &mut Board) {
    let outcomes = format!("sum by ({GROUP}, outcome) (rate({DELIVERIES}{{{all}}}[{W}]))");
    let legend = format!("{} {}", by(GROUP), by("outcome"));
    let about = "Messages that were handed to handlers, by what became of them.";
    board.graph(graph("Deliveries by outcome", about, "ops", vec![(outcomes, legend)]));
    let p99 = format!(
        "histogram_quantile(0.99, sum by (le, {GROUP}) (rate({PROCESS}_bucket{{{all}}}[{W}])))"
    );
    let about = "How long handlers take for a message.";
    board.graph(graph("p99 of handling", about, "s", vec![(p99, by(GROUP))]));
    let lag = format!("max by ({GROUP}) ({LAG}{{{all}}})");
    let about = "How long the oldest message has waited.";
    board.graph(graph("Lag", about, "s", vec![(lag, by(GROUP))]));
    let waiting = format!("max by ({GROUP}) ({WAITING}{{{all}}})");
    let dead = format!("max by ({GROUP}) ({DEAD}{{{all}}})");
    let lines =
        vec![(waiting, format!("{} waiting", by(GROUP))), (dead, format!("{} dead", by(GROUP)))];
    let about = "Messages that are not handled yet, and those that were given up.";
    board.graph(graph("Waiting and dead", about, "short", lines));
}

#[expect(clippy::cast_precision_loss, reason = "times of contracts are far below 2^52 ns")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
