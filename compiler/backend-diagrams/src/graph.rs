//! What is drawn: boxes, what groups them, and arrows between them.

use serde::Serialize;

/// Version of the JSON form; it changes when a member is removed or means something else.
pub const VERSION: u32 = 1;

/// A map, ready to be laid out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Graph {
    /// What it is a map of.
    pub title: String,
    /// Frames around nodes, sorted by their label.
    pub clusters: Vec<Cluster>,
    /// In the order of the contracts.
    pub nodes: Vec<Node>,
    /// In the order of the contracts.
    pub edges: Vec<Edge>,
}

/// A frame around nodes: a package, or what one team owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// What stands in its corner.
    pub label: String,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// Unique and stable: the qualified name of what it stands for.
    pub id: String,
    /// What it stands for.
    pub kind: NodeKind,
    /// Its name.
    pub label: String,
    /// A line below the name; may be empty.
    pub detail: String,
    /// Index of the frame that it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<usize>,
    /// Comes from another workspace.
    pub external: bool,
    /// The map is about it.
    pub focus: bool,
}

/// What a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// All services of a package or an owner.
    Group,
    /// A service.
    Service,
    /// A command.
    Command,
    /// A query.
    Query,
    /// An `on`.
    Handler,
    /// A `schedule`.
    Schedule,
    /// An event.
    Event,
    /// A saga.
    Saga,
    /// A step of a saga.
    Step,
    /// A `wait` or `sleep` of a saga.
    Wait,
    /// The point of no return of a saga.
    Pivot,
    /// A choreography.
    Choreography,
    /// A gateway.
    Gateway,
}

/// An arrow; it may stand for several things of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edge {
    /// Index of the node that it leaves.
    pub from: usize,
    /// Index of the node that it points at.
    pub to: usize,
    /// What it stands for.
    pub kind: EdgeKind,
    /// What is written beside it, in lines.
    pub label: Vec<String>,
    /// All that it stands for, a line each.
    pub members: Vec<String>,
    /// The worst numbers among them.
    pub numbers: CallNumbers,
}

/// What an arrow stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// A call that has to succeed.
    Call,
    /// A call whose failure is survived.
    OptionalCall,
    /// A queued command: accepted, not answered.
    Queue,
    /// An event, on its way to a subscriber.
    Event,
    /// A step of a saga calls.
    Step,
    /// A saga, or a handler, takes something back.
    Undo,
    /// Starts a saga.
    Starts,
    /// What comes next in a saga.
    Then,
    /// Belongs to a choreography.
    Flow,
    /// Let in by a gateway.
    Route,
}

/// What an analysis says of a call; what it does not say is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct CallNumbers {
    /// Longest time that the caller may wait, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_time: Option<u64>,
    /// Most calls for one of the caller's, retries included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_calls: Option<f64>,
    /// Percent of calls that succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<f64>,
}

impl CallNumbers {
    /// The worse of each.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let most = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        let least = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            worst_time: self.worst_time.max(other.worst_time),
            worst_calls: most(self.worst_calls, other.worst_calls),
            availability: least(self.availability, other.availability),
        }
    }

    /// `≤ 2.3 s · ≤ 9 calls · 99.9 %`; empty where nothing is known.
    #[must_use]
    pub fn text(&self) -> String {
        let time = self.worst_time.map(|t| format!("≤ {}", duration(t)));
        let calls = self.worst_calls.filter(|c| *c > 1.0);
        let calls = calls.map(|c| format!("≤ {} calls", number(c)));
        let availability = self.availability.map(|a| format!("{} %", number(a)));
        [time, calls, availability].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

/// A time in the unit that fits it, with three digits that count.
pub(crate) fn duration(nanoseconds: u64) -> String {
    const UNITS: [(f64, &str); 6] =
        [(86_400e9, "d"), (3_600e9, "h"), (60e9, "min"), (1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    let exact = nanoseconds as f64;
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| exact >= *unit).unwrap_or((1.0, "ns"));
    format!("{} {name}", number(exact / unit))
}

/// At most three digits after the point, and none that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Graph {
    /// The JSON form, indented, with a line break at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            version: u32,
            #[serde(flatten)]
            graph: &'a Graph,
        }
        let document = Document { version: VERSION, graph: self };
        let text = serde_json::to_string_pretty(&document).expect("strings and numbers only");
        text + "\n"
    }
}
