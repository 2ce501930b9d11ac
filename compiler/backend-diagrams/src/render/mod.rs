//! The forms that a map is written in.

mod dot;
mod layout;
mod mermaid;
mod style;
mod svg;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::{LIMIT, svg};

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use crate::graph::Graph;

    /// No two boxes overlap, and arrows end at the boxes that they belong to.
    pub(crate) fn apart(graph: &Graph) -> Result<(), TestCaseError> {
        let layout = super::layout::layout(graph);
        for (at, a) in layout.nodes.iter().enumerate() {
            for b in &layout.nodes[at + 1..] {
                let overlap = a.x < b.x + b.width - 0.1
                    && b.x < a.x + a.width - 0.1
                    && a.y < b.y + b.height - 0.1
                    && b.y < a.y + a.height - 0.1;
                prop_assert!(!overlap, "{a:?} {b:?}");
            }
        }
        for (edge, way) in graph.edges.iter().zip(&layout.ways) {
            let ends = [(edge.from, way.points.first()), (edge.to, way.points.last())];
            for (node, point) in ends {
                let (rect, point) = (&layout.nodes[node], point.copied().unwrap_or_default());
                let near = point.0 >= rect.x - 1.0
                    && point.0 <= rect.x + rect.width + 1.0
                    && point.1 >= rect.y - 1.0
                    && point.1 <= rect.y + rect.height + 1.0;
                prop_assert!(near, "{edge:?}: {point:?} is not at {rect:?}");
            }
        }
        Ok(())
    }
}
