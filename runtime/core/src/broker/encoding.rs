//! An envelope as bytes, for files and rows of stores and brokers of one's own.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

use super::{ContentType, Envelope, Kind};
use crate::call::Metadata;
use crate::error::{Error, Result};

/// The version of the form: a reader refuses what is newer.
const FORM: u32 = 1;

#[derive(Clone, PartialEq, Message)]
struct Row {
    #[prost(uint32, tag = "1")]
    form: u32,
    #[prost(bytes = "bytes", tag = "2")]
    id: Bytes,
    #[prost(uint32, tag = "3")]
    kind: u32,
    #[prost(string, tag = "4")]
    source: String,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(uint32, tag = "6")]
    version: u32,
    #[prost(uint32, tag = "7")]
    readable_since: u32,
    #[prost(string, tag = "8")]
    key: String,
    #[prost(int64, tag = "9")]
    time_us: i64,
    #[prost(string, tag = "10")]
    content_type: String,
    #[prost(btree_map = "string, string", tag = "11")]
    meta: BTreeMap<String, String>,
    #[prost(bytes = "bytes", tag = "12")]
    payload: Bytes,
    #[prost(int64, optional, tag = "13")]
    expires_us: Option<i64>,
    #[prost(uint32, tag = "14")]
    priority: u32,
    #[prost(uint64, tag = "15")]
    retain_ms: u64,
}

impl Envelope {
    /// As bytes, to be kept. Times are kept to the microsecond, durations to the millisecond.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let row = Row {
            form: FORM,
            id: Bytes::copy_from_slice(self.id.as_bytes()),
            kind: self.kind as u32,
            source: self.source.to_string(),
            name: self.name.to_string(),
            version: self.version,
            readable_since: self.readable_since,
            key: self.key.to_string(),
            time_us: self.time.as_microsecond(),
            content_type: self.content_type.as_str().to_owned(),
            meta: self
                .meta
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            payload: self.payload.clone(),
            expires_us: self.expires.map(Timestamp::as_microsecond),
            priority: self.priority.into(),
            retain_ms: u64::try_from(self.retain.as_millis()).unwrap_or(u64::MAX),
        };
        row.encode_to_vec().into()
    }

    /// From bytes that [`to_bytes`](Self::to_bytes) made.
    ///
    /// # Errors
    /// `data_loss` for what is damaged, `failed_precondition` for what a newer version wrote.
    pub fn from_bytes(bytes: Bytes) -> Result<Self> {
        let damaged = |what: &str| {
            Error::new(crate::error::Code::DataLoss, format!("a kept message is damaged: {what}"))
        };
        let row = Row::decode(bytes).map_err(|error| damaged(&error.to_string()))?;
        if row.form > FORM {
            return Err(Error::failed_precondition(format!(
                "a kept message has form {}, this version reads up to {FORM}; run the version that wrote it, or a newer one",
                row.form
            )));
        }
        let kind = [Kind::Event, Kind::Command, Kind::Tick];
        // By seconds and what is left, which reaches the ends of time; from microseconds alone does not.
        let time = |us: i64| {
            let left = i32::try_from(us.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
            Timestamp::new(us.div_euclid(1_000_000), left).map_err(|_| damaged("its time"))
        };
        let mut meta = Metadata::default();
        for (name, value) in row.meta {
            meta.set(&name, value);
        }
        Ok(Self {
            id: Uuid::from_slice(&row.id).map_err(|_| damaged("its id"))?,
            kind: *kind.get(row.kind as usize).ok_or_else(|| damaged("its kind"))?,
            source: row.source.into(),
            name: row.name.into(),
            version: row.version,
            readable_since: row.readable_since,
            key: row.key.into(),
            time: time(row.time_us)?,
            content_type: ContentType::parse(&row.content_type),
            meta,
            payload: row.payload,
            expires: row.expires_us.map(time).transpose()?,
            priority: u8::try_from(row.priority).unwrap_or(7),
            retain: Duration::from_millis(row.retain_ms),
        })
    }
}
