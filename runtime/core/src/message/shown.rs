//! Messages as people may see them: as JSON, without what is sensitive.

use serde_json::Value;

use crate::broker::Envelope;
use crate::error::Result;
use crate::json;
use crate::server::read;
use crate::wire::Record;

/// How the payload of a message is shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    json: fn(&Envelope) -> Result<Vec<u8>>,
    /// JSON names of members whose values are replaced, wherever they stand: rather too many than one too few.
    sensitive: &'static [&'static str],
}

impl Shown {
    /// As the JSON of `T`, without the members that have one of these names.
    #[must_use]
    pub const fn of<T: Record>(sensitive: &'static [&'static str]) -> Self {
        Self { json: to_json::<T>, sensitive }
    }

    /// The payload as ProtoJSON, in which each sensitive value is replaced by one of its kind that says nothing: texts by
    /// `redacted`, numbers by 0, lists and objects by empty ones. A placeholder need not keep to a field's constraints.
    ///
    /// # Errors
    /// `invalid_argument` for what can't be read. The message says where, and shows nothing of the payload.
    pub fn show(&self, envelope: &Envelope) -> Result<Value> {
        let text = (self.json)(envelope)?;
        // What a record wrote is JSON.
        let mut value = serde_json::from_slice(&text).unwrap_or(Value::Null);
        self.redact(&mut value);
        Ok(value)
    }

    fn redact(&self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    if self.sensitive.contains(&name.as_str()) {
                        *member = placeholder(member);
                    } else {
                        self.redact(member);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact(item)),
            _ => {}
        }
    }
}

fn to_json<T: Record>(envelope: &Envelope) -> Result<Vec<u8>> {
    read::<T>(envelope).map(|record| json::to_vec(&record))
}

/// A value of the same kind that says nothing; the keys of a map would say something, too.
fn placeholder(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => Value::Bool(false),
        Value::Number(_) => Value::from(0),
        Value::String(_) => Value::from("redacted"),
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Object(_) => Value::Object(serde_json::Map::new()),
    }
}
