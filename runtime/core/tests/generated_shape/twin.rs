//! The same schema by prost's derive: the reference for bytes.

use std::collections::BTreeMap;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Line {
    #[prost(string, tag = "1")]
    pub sku: String,
    #[prost(uint32, tag = "2")]
    pub quantity: u32,
    #[prost(string, tag = "3")]
    pub price: String,
    #[prost(int32, tag = "4")]
    pub status: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Tree {
    #[prost(string, tag = "1")]
    pub label: String,
    #[prost(message, optional, boxed, tag = "2")]
    pub left: Option<Box<Tree>>,
    #[prost(message, repeated, tag = "3")]
    pub children: Vec<Tree>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Method {
    #[prost(oneof = "MethodKind", tags = "1, 2, 3, 4")]
    pub kind: Option<MethodKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum MethodKind {
    #[prost(message, tag = "1")]
    Card(Line),
    #[prost(string, tag = "2")]
    Cash(String),
    #[prost(message, tag = "3")]
    Wait(prost_types::Duration),
    #[prost(message, tag = "4")]
    Tree(Box<Tree>),
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Everything {
    #[prost(bool, tag = "1")]
    pub a_bool: bool,
    #[prost(int32, tag = "2")]
    pub an_i32: i32,
    #[prost(int64, tag = "3")]
    pub an_i64: i64,
    #[prost(uint32, tag = "4")]
    pub a_u32: u32,
    #[prost(uint64, tag = "5")]
    pub a_u64: u64,
    #[prost(float, tag = "6")]
    pub an_f32: f32,
    #[prost(double, tag = "7")]
    pub an_f64: f64,
    #[prost(string, tag = "8")]
    pub a_string: String,
    #[prost(bytes = "bytes", tag = "9")]
    pub some_bytes: bytes::Bytes,
    #[prost(string, tag = "10")]
    pub a_uuid: String,
    #[prost(string, tag = "11")]
    pub a_decimal: String,
    #[prost(string, tag = "12")]
    pub a_date: String,
    #[prost(message, optional, tag = "13")]
    pub a_timestamp: Option<prost_types::Timestamp>,
    #[prost(message, optional, tag = "14")]
    pub a_duration: Option<prost_types::Duration>,
    #[prost(message, optional, tag = "15")]
    pub a_json: Option<prost_types::Value>,
    #[prost(int32, tag = "16")]
    pub a_status: i32,
    #[prost(message, optional, tag = "17")]
    pub a_line: Option<Line>,
    #[prost(message, optional, tag = "18")]
    pub a_method: Option<Method>,
    #[prost(int32, optional, tag = "19")]
    pub maybe_i32: Option<i32>,
    #[prost(string, optional, tag = "20")]
    pub maybe_string: Option<String>,
    #[prost(int32, optional, tag = "21")]
    pub maybe_status: Option<i32>,
    #[prost(message, optional, tag = "22")]
    pub maybe_line: Option<Line>,
    #[prost(message, optional, tag = "23")]
    pub maybe_duration: Option<prost_types::Duration>,
    #[prost(int32, repeated, tag = "24")]
    pub ints: Vec<i32>,
    #[prost(double, repeated, tag = "25")]
    pub floats: Vec<f64>,
    #[prost(bool, repeated, tag = "26")]
    pub flags: Vec<bool>,
    #[prost(int32, repeated, tag = "27")]
    pub statuses: Vec<i32>,
    #[prost(string, repeated, tag = "28")]
    pub tags: Vec<String>,
    #[prost(message, repeated, tag = "29")]
    pub lines: Vec<Line>,
    #[prost(string, repeated, tag = "30")]
    pub ids: Vec<String>,
    #[prost(message, repeated, tag = "31")]
    pub times: Vec<prost_types::Timestamp>,
    #[prost(btree_map = "string, message", tag = "32")]
    pub labels: BTreeMap<String, Line>,
    #[prost(btree_map = "int32, uint64", tag = "33")]
    pub counts: BTreeMap<i32, u64>,
    #[prost(btree_map = "string, string", tag = "34")]
    pub by_id: BTreeMap<String, String>,
    #[prost(btree_map = "bool, int32", tag = "35")]
    pub by_flag: BTreeMap<bool, i32>,
    #[prost(message, optional, tag = "36")]
    pub tree: Option<Tree>,
    #[prost(message, optional, tag = "37")]
    pub maybe_json: Option<prost_types::Value>,
    #[prost(float, repeated, tag = "38")]
    pub singles: Vec<f32>,
    #[prost(uint64, repeated, tag = "39")]
    pub longs: Vec<u64>,
    #[prost(int32, optional, tag = "40")]
    pub status_or: Option<i32>,
    #[prost(bool, optional, tag = "41")]
    pub flag_or: Option<bool>,
    #[prost(string, optional, tag = "42")]
    pub text_or: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct LinePatch {
    #[prost(message, optional, tag = "1")]
    pub value: Option<Line>,
    #[prost(message, optional, tag = "2")]
    pub update_mask: Option<prost_types::FieldMask>,
}
