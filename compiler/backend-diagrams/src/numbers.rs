//! What an analysis says of calls. It is passed in: a backend knows no analysis.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::graph::CallNumbers;

/// Numbers by the qualified names of caller and callee: `shop.orders.v1.Orders.PlaceOrder`; a handler's has `()` behind
/// it, a step's is `shop.orders.v1.Checkout#reserve`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers(BTreeMap<(String, String), CallNumbers>);

impl Numbers {
    /// Says what holds for a call; of several between the same two, the worst counts.
    pub fn set(&mut self, caller: &str, callee: &str, numbers: CallNumbers) {
        let entry = self.0.entry((caller.to_owned(), callee.to_owned())).or_default();
        *entry = entry.worse(numbers);
    }

    /// What is known of a call.
    #[must_use]
    pub fn get(&self, caller: &str, callee: &str) -> CallNumbers {
        self.0.get(&(caller.to_owned(), callee.to_owned())).copied().unwrap_or_default()
    }

    /// As text, for an option of the backend.
    #[must_use]
    pub fn to_text(&self) -> String {
        let row = |((caller, callee), n): (&(String, String), &CallNumbers)| {
            json!([caller, callee, n.worst_time, n.worst_calls, n.availability])
        };
        Value::Array(self.0.iter().map(row).collect()).to_string()
    }

    /// Reads what [`to_text`](Self::to_text) wrote; nothing where it is something else.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let rows: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
        let mut numbers = Self::default();
        for row in rows {
            if let (Some(caller), Some(callee)) = (row[0].as_str(), row[1].as_str()) {
                let found = CallNumbers {
                    worst_time: row[2].as_u64(),
                    worst_calls: row[3].as_f64(),
                    availability: row[4].as_f64(),
                };
                numbers.set(caller, callee, found);
            }
        }
        numbers
    }
}
