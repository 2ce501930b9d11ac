//! An envelope as CloudEvents' JSON format: what people and other tools read.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{ContentType, Envelope, Kind};
use crate::call::Metadata;
use crate::error::{Error, Result};

const KINDS: [(Kind, &str); 3] =
    [(Kind::Event, "event"), (Kind::Command, "command"), (Kind::Tick, "tick")];

impl Envelope {
    /// As CloudEvents' JSON format. A payload that is JSON stands there as such, another one in base64. What svckit adds
    /// is in extensions, whose names begin with `svckit`; what travels beside the message is in `svckitmeta`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let kind = KINDS.iter().find(|(kind, _)| *kind == self.kind).map(|(_, name)| *name);
        let mut event = json!({
            "specversion": "1.0",
            "id": self.id.to_string(),
            "source": &*self.source,
            "type": &*self.name,
            "time": self.time.to_string(),
            "datacontenttype": self.content_type.as_str(),
            "svckitkind": kind,
            "svckitversion": self.version,
            "svckitreadablesince": self.readable_since,
            "svckitpriority": self.priority,
            "svckitretainseconds": self.retain.as_secs(),
        });
        if !self.key.is_empty() {
            event["partitionkey"] = json!(&*self.key);
        }
        if let Some(expires) = self.expires {
            event["expirytime"] = json!(expires.to_string());
        }
        let meta: Map<_, _> =
            self.meta.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        if !meta.is_empty() {
            event["svckitmeta"] = Value::Object(meta);
        }
        let data = serde_json::from_slice::<Value>(&self.payload);
        match data.ok().filter(|_| self.content_type == ContentType::Json) {
            Some(data) => event["data"] = data,
            None => event["data_base64"] = json!(STANDARD.encode(&self.payload)),
        }
        format!("{event:#}")
    }

    /// From CloudEvents' JSON format. What svckit adds may be missing: then it is an event of version 1.
    ///
    /// # Errors
    /// `invalid_argument` that names the attribute that is missing or can't be read.
    pub fn from_json(text: &str) -> Result<Self> {
        let event: Value = serde_json::from_str(text)
            .map_err(|error| Error::invalid_argument(format!("this is no JSON: {error}")))?;
        let event = Attributes(&event);
        let version = event.number("svckitversion", 1)?;
        let kind = event.text("svckitkind")?.unwrap_or("event");
        let kind = KINDS.iter().find(|(_, name)| *name == kind).map(|(kind, _)| *kind);
        let mut meta = Metadata::default();
        for (name, value) in event.0["svckitmeta"].as_object().into_iter().flatten() {
            meta.set(name, value.as_str().unwrap_or_default());
        }
        let content_type = event.text("datacontenttype")?.unwrap_or("application/json");
        Ok(Self {
            id: event.needed("id")?.parse::<Uuid>().map_err(|error| wrong("id", &error))?,
            kind: kind
                .ok_or_else(|| wrong("svckitkind", &"event, command or tick may stand there"))?,
            source: event.needed("source")?.into(),
            name: event.needed("type")?.into(),
            version,
            readable_since: event.number("svckitreadablesince", version)?,
            key: event.text("partitionkey")?.unwrap_or_default().into(),
            time: event.time("time")?.unwrap_or(Timestamp::UNIX_EPOCH),
            content_type: ContentType::parse(content_type),
            meta,
            payload: event.payload()?,
            expires: event.time("expirytime")?,
            priority: event.number("svckitpriority", 0)?,
            retain: Duration::from_secs(event.number("svckitretainseconds", 0)?),
        })
    }
}

/// The attributes of an event.
struct Attributes<'a>(&'a Value);

impl<'a> Attributes<'a> {
    fn text(&self, name: &str) -> Result<Option<&'a str>> {
        match &self.0[name] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(wrong(name, &"a string may stand there")),
        }
    }

    fn needed(&self, name: &str) -> Result<&'a str> {
        self.text(name)?.ok_or_else(|| wrong(name, &"it is missing"))
    }

    fn number<N: TryFrom<u64>>(&self, name: &str, otherwise: N) -> Result<N> {
        let value = &self.0[name];
        if value.is_null() {
            return Ok(otherwise);
        }
        let number = value.as_u64().and_then(|number| N::try_from(number).ok());
        number.ok_or_else(|| wrong(name, &"a small whole number may stand there"))
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>> {
        self.text(name)?.map(|text| text.parse().map_err(|error| wrong(name, &error))).transpose()
    }

    fn payload(&self) -> Result<Bytes> {
        if let Some(text) = self.text("data_base64")? {
            let bytes = STANDARD.decode(text).map_err(|error| wrong("data_base64", &error))?;
            return Ok(bytes.into());
        }
        Ok(match &self.0["data"] {
            Value::Null => Bytes::new(),
            data => data.to_string().into(),
        })
    }
}

fn wrong(name: &str, why: &dyn std::fmt::Display) -> Error {
    Error::invalid_argument(format!("`{name}` of the event: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        let mut meta = Metadata::default();
        meta.set("x-tenant", "org-1");
        Envelope {
            id: Uuid::from_u128(7),
            kind: Kind::Command,
            source: "t.v1.T".into(),
            name: "t.v1.T.Do".into(),
            version: 3,
            readable_since: 2,
            key: "k".into(),
            time: "2027-03-01T00:00:00.5Z".parse().unwrap(),
            content_type: ContentType::Protobuf,
            meta,
            payload: vec![0, 255, 7].into(),
            expires: Some("2027-03-02T00:00:00Z".parse().unwrap()),
            priority: 7,
            retain: Duration::from_secs(90),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let binary = envelope();
        assert_eq!(Envelope::from_json(&binary.to_json()).unwrap(), binary);
        let json = Envelope {
            content_type: ContentType::Json,
            payload: r#"{"a":[1,"ü"]}"#.into(),
            ..binary
        };
        assert!(json.to_json().contains("\"ü\""), "JSON is readable as such");
        assert_eq!(Envelope::from_json(&json.to_json()).unwrap(), json);
        // What calls itself JSON and is none stays as it is.
        let broken = Envelope { payload: "{".into(), ..json };
        assert_eq!(Envelope::from_json(&broken.to_json()).unwrap(), broken);
    }

    #[test]
    fn a_foreign_event_is_read_as_one_of_version_1() {
        let id = Uuid::from_u128(9);
        let text = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"a","type":"b","data":{{"x":1}}}}"#
        );
        let event = Envelope::from_json(&text).unwrap();
        assert_eq!(
            (event.id, event.kind, event.version, event.readable_since),
            (id, Kind::Event, 1, 1)
        );
        assert_eq!(
            (&event.payload[..], event.content_type),
            (&br#"{"x":1}"#[..], ContentType::Json)
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            ("{", "no JSON"),
            ("[]", "`id`"),
            (r#"{"id":"x"}"#, "`id`"),
            (r#"{"id":"00000000-0000-0000-0000-000000000007"}"#, "`source`"),
            (r#"{"id":7}"#, "`id`"),
            (r#"{"svckitversion":-1}"#, "`svckitversion`"),
            (r#"{"svckitversion":1e99}"#, "`svckitversion`"),
        ] {
            let error = Envelope::from_json(text).unwrap_err();
            assert!(error.message().contains(named), "{text}: {error}");
        }
        let mut event: Value = serde_json::from_str(&envelope().to_json()).unwrap();
        for (name, value) in [
            ("time", "yesterday"),
            ("svckitkind", "rumour"),
            ("data_base64", "ä"),
            ("expirytime", "x"),
        ] {
            let before = std::mem::replace(&mut event[name], json!(value));
            let error = Envelope::from_json(&event.to_string()).unwrap_err();
            assert!(error.message().contains(name), "{error}");
            event[name] = before;
        }
    }
}
