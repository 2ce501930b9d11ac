//! The metrics that what runs exports, as far as rules and dashboards ask for them: names and labels at `/metrics`. The
//! runtime has the table; a test of the workspace compares both.

use svckit_model::Id;
use svckit_model::world::{Operation, Service, World};

/// How long calls took, at the server: a histogram.
pub const SERVER_CALLS: &str = "rpc_server_call_duration_seconds";
/// How long calls took, at the client, with all attempts: a histogram.
pub const CLIENT_CALLS: &str = "rpc_client_call_duration_seconds";
/// Calls that failed and were tried again.
pub const RETRIES: &str = "svckit_call_retries_total";
/// Calls that were refused without being tried.
pub const REJECTED: &str = "svckit_call_rejections_total";
/// Breakers that are not closed now.
pub const BREAKERS_OPEN: &str = "svckit_breakers_open";
/// Deliveries of messages, by what became of them.
pub const DELIVERIES: &str = "svckit_message_deliveries_total";
/// How long handlers took for a message: a histogram.
pub const PROCESS: &str = "messaging_process_duration_seconds";
/// Messages that wait for a group.
pub const WAITING: &str = "svckit_messages_waiting";
/// How long the oldest message of a group has waited.
pub const LAG: &str = "svckit_messages_lag_seconds";
/// Dead letters of a group that lie there.
pub const DEAD: &str = "svckit_messages_dead";
/// 1 while an outbox can't be published.
pub const OUTBOX_STALLED: &str = "svckit_outbox_stalled";

/// Each metric with the labels that are asked for.
pub const ALL: &[(&str, &[&str])] = &[
    (SERVER_CALLS, &[METHOD, STATUS]),
    (CLIENT_CALLS, &[METHOD, STATUS]),
    (RETRIES, &[METHOD]),
    (REJECTED, &[METHOD, "reason"]),
    (BREAKERS_OPEN, &[METHOD]),
    (DELIVERIES, &[GROUP, "outcome"]),
    (PROCESS, &[GROUP]),
    (WAITING, &[GROUP]),
    (LAG, &[GROUP]),
    (DEAD, &[GROUP]),
    (OUTBOX_STALLED, &[SERVICE]),
];

/// The label of an operation: [`method`].
pub const METHOD: &str = "rpc_method";
/// The label of how a call ended.
pub const STATUS: &str = "rpc_response_status_code";
/// The label of a consumer group: [`groups`].
pub const GROUP: &str = "messaging_consumer_group_name";
/// The label of a service, by its name in the contract.
pub const SERVICE: &str = "rpc_service";

/// The ways in which a call ends that are the server's own failure: what counts against its availability.
pub const FAULTS: [&str; 6] =
    ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];

/// The bounds of all histograms of times, in seconds.
pub const BOUNDS: [f64; 22] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0,
    2.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// An operation in the label [`METHOD`].
#[must_use]
pub fn method(world: &World, operation: Id<Operation>) -> String {
    let path = world.grpc_path(operation);
    path.strip_prefix('/').unwrap_or(&path).to_owned()
}

/// The consumer groups of a service, each with the time after which its messages are of no use, nanoseconds: one for its
/// subscriptions, one per queue, one per schedule.
#[must_use]
pub fn groups(world: &World, service: &Service) -> Vec<(String, Option<u64>)> {
    let name = world.qualified(&service.info);
    let mut groups = Vec::new();
    if !service.subscriptions.is_empty() {
        groups.push((name.clone(), None));
    }
    for operation in service.operations.iter().map(|id| &world.operations[*id]) {
        if let Some(queue) = &operation.queue {
            groups.push((format!("{name}.{}", operation.info.name), queue.expires));
        }
    }
    groups.extend(service.schedules.iter().map(|s| (format!("{name}/{}", s.info.name), None)));
    groups
}

/// The operations that the members of a service call, each once, in order.
#[must_use]
pub fn callees(world: &World, service: &Service) -> Vec<Id<Operation>> {
    let operations = service.operations.iter().flat_map(|id| &world.operations[*id].calls);
    let handlers = service.subscriptions.iter().flat_map(|id| &world.subscriptions[*id].calls);
    let schedules = service.schedules.iter().flat_map(|schedule| &schedule.calls);
    let mut callees = Vec::new();
    for call in operations.chain(handlers).chain(schedules) {
        if !callees.contains(&call.operation) {
            callees.push(call.operation);
        }
    }
    callees
}

/// A text as a string of PromQL, quotes included.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The regular expression for exactly these names, as a string of PromQL.
#[must_use]
pub fn any_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.replace('.', "\\.")).collect();
    quoted(&names.join("|"))
}
