//! Colours and strokes, the same in every form.

use crate::graph::{EdgeKind, NodeKind};

/// How a box looks.
pub(super) struct BoxStyle {
    pub(super) fill: &'static str,
    pub(super) stroke: &'static str,
    /// Radius of its corners in the SVG.
    pub(super) radius: f64,
    /// The word beside its name, if its look does not tell.
    pub(super) word: &'static str,
}

/// How an arrow looks.
pub(super) struct ArrowStyle {
    pub(super) color: &'static str,
    /// Lengths of strokes and gaps; empty for a line without any.
    pub(super) dashes: &'static str,
    /// For the legend.
    pub(super) word: &'static str,
}

pub(super) const TEXT: &str = "#1f2933";
pub(super) const FAINT: &str = "#6b7785";
pub(super) const FOCUS: &str = "#d97706";

pub(super) fn of_node(kind: NodeKind) -> BoxStyle {
    let (fill, stroke, radius, word) = match kind {
        NodeKind::Group => ("#eef2f7", "#64748b", 8.0, ""),
        NodeKind::Service => ("#ffffff", "#475569", 6.0, ""),
        NodeKind::Command => ("#eff6ff", "#2563eb", 4.0, "command"),
        NodeKind::Query => ("#f0fdfa", "#0d9488", 4.0, "query"),
        NodeKind::Handler => ("#fefce8", "#ca8a04", 4.0, "on"),
        NodeKind::Schedule => ("#fefce8", "#ca8a04", 4.0, "schedule"),
        NodeKind::Event => ("#ecfdf5", "#059669", 16.0, "event"),
        NodeKind::Saga => ("#f5f3ff", "#7c3aed", 6.0, "saga"),
        NodeKind::Step => ("#f5f3ff", "#7c3aed", 4.0, ""),
        NodeKind::Wait => ("#ffffff", "#7c3aed", 16.0, ""),
        NodeKind::Pivot => ("#ddd6fe", "#5b21b6", 4.0, "pivot"),
        NodeKind::Choreography => ("#fff1f2", "#e11d48", 16.0, "choreography"),
        NodeKind::Gateway => ("#f1f5f9", "#0f172a", 2.0, "gateway"),
    };
    BoxStyle { fill, stroke, radius, word }
}

pub(super) fn of_edge(kind: EdgeKind) -> ArrowStyle {
    let (color, dashes, word) = match kind {
        EdgeKind::Call => ("#334155", "", "calls"),
        EdgeKind::OptionalCall => ("#64748b", "2 3", "calls, and survives its failure"),
        EdgeKind::Queue => ("#b45309", "8 3", "queues work"),
        EdgeKind::Event => ("#059669", "6 4", "event"),
        EdgeKind::Step => ("#7c3aed", "", "saga's step"),
        EdgeKind::Undo => ("#dc2626", "3 3", "undo"),
        EdgeKind::Starts => ("#7c3aed", "1 3", "starts"),
        EdgeKind::Then => ("#7c3aed", "", "then"),
        EdgeKind::Flow => ("#e11d48", "6 4", "choreography"),
        EdgeKind::Route => ("#0f172a", "1 2", "lets in"),
    };
    ArrowStyle { color, dashes, word }
}
