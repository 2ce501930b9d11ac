//! Fields of a request as text in a path or a query: from JSON, and back.

use serde_json::{Map, Value as Json};
use svckit_core::check::Violations;
use svckit_core::http::{Param, ParamKind};

/// Puts a parameter where its field is in the JSON of the request. What no field is named after is passed over, like
/// members of JSON that are not known.
pub(crate) fn put(
    params: &[Param],
    (name, text): (&str, &str),
    into: &mut Map<String, Json>,
    v: &mut Violations,
) {
    let (head, rest) = name.split_once('.').map_or((name, None), |(head, rest)| (head, Some(rest)));
    let Some(param) = params.iter().find(|param| param.is(head)) else { return };
    let mark = v.mark();
    match (param.kind, rest) {
        (ParamKind::Record(fields), Some(rest)) => {
            let held = into.entry(param.json).or_insert_with(|| Json::Object(Map::new()));
            match held {
                Json::Object(members) => put(fields, (rest, text), members, v),
                _ => v.push("", "query", "is there as a whole, and so no field of it can be"),
            }
        }
        (_, Some(rest)) => v.push("", "query", format!("has no field `{}`", short(rest))),
        (ParamKind::Texts, None) => push(param, Json::from(text), into),
        (ParamKind::Names, None) => push(param, named(text), into),
        (ParamKind::Name, None) => once(param, Some(named(text)), into, v),
        (ParamKind::Flags, None) => {
            if let Some(flag) = flag(text, v) {
                push(param, flag.into(), into);
            }
        }
        (ParamKind::Text, None) => once(param, Some(Json::from(text)), into, v),
        (ParamKind::Flag, None) => {
            let flag = flag(text, v).map(Json::from);
            once(param, flag, into, v);
        }
        (ParamKind::Record(_) | ParamKind::Json, None) => {
            let json = json(text, v);
            once(param, json, into, v);
        }
    }
    v.prefix_from(mark, param.name);
}

/// A value of an enum.
fn named(text: &str) -> Json {
    text.parse::<i32>().map_or_else(|_| Json::from(text), Json::from)
}

fn push(param: &Param, item: Json, into: &mut Map<String, Json>) {
    if let Json::Array(items) = into.entry(param.json).or_insert_with(|| Json::Array(Vec::new())) {
        items.push(item);
    }
}

fn once(param: &Param, value: Option<Json>, into: &mut Map<String, Json>, v: &mut Violations) {
    let Some(value) = value else { return };
    if into.insert(param.json.to_owned(), value).is_some() {
        v.push("", "query", "is there more than once; it is one value");
    }
}

fn flag(text: &str, v: &mut Violations) -> Option<bool> {
    // `True` is what Python's clients write.
    let flag = match text {
        "true" | "True" | "TRUE" | "1" => Some(true),
        "false" | "False" | "FALSE" | "0" => Some(false),
        _ => None,
    };
    if flag.is_none() {
        v.push("", "type", "must be true or false, but is something else");
    }
    flag
}

fn json(text: &str, v: &mut Violations) -> Option<Json> {
    let json = serde_json::from_str(text);
    json.map_err(|error| v.push("", "json", format!("must be JSON text: {error}"))).ok()
}

/// So much of a text as a message may hold.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The text of a field for a segment of a path; nothing where it can't stand there.
pub(crate) fn segment(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Writes the members of a request as parameters; what has none is left over.
pub(crate) fn spread(
    params: &[Param],
    members: &Map<String, Json>,
    prefix: &str,
    pairs: &mut Vec<(String, String)>,
) {
    for param in params {
        let name = format!("{prefix}{}", param.json);
        match (members.get(param.json), param.kind) {
            (None | Some(Json::Null), _) => {}
            (Some(Json::Array(items)), ParamKind::Texts | ParamKind::Names | ParamKind::Flags) => {
                pairs.extend(items.iter().map(|item| (name.clone(), plain(item))));
            }
            (Some(Json::Object(fields)), ParamKind::Record(params)) => {
                let before = pairs.len();
                spread(params, fields, &format!("{name}."), pairs);
                if pairs.len() == before {
                    // It is there, though nothing in it is.
                    pairs.push((name, "{}".to_owned()));
                }
            }
            (Some(value), ParamKind::Json) => pairs.push((name, value.to_string())),
            (Some(value), _) => pairs.push((name, plain(value))),
        }
    }
}

/// A value that is no list and no object, without the quotes of JSON.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: &[Param] = &[
        Param::new("low", "low", ParamKind::Text),
        Param::new("open_end", "openEnd", ParamKind::Flag),
    ];
    const PARAMS: &[Param] = &[
        Param::new("order_id", "orderId", ParamKind::Text),
        Param::new("gift", "gift", ParamKind::Flag),
        Param::new("tags", "tags", ParamKind::Texts),
        Param::new("flags", "flags", ParamKind::Flags),
        Param::new("status", "status", ParamKind::Names),
        Param::new("size", "size", ParamKind::Record(SIZE)),
        Param::new("labels", "labels", ParamKind::Json),
    ];

    fn gathered(pairs: &[(&str, &str)]) -> (Json, Vec<String>) {
        let (mut members, mut v) = (Map::new(), Violations::new());
        for pair in pairs {
            put(PARAMS, *pair, &mut members, &mut v);
        }
        (Json::Object(members), v.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_kind_is_put_where_its_field_is() {
        let (json, wrong) = gathered(&[
            ("order_id", "1"),
            ("gift", "true"),
            ("tags", "a"),
            ("tags", "b"),
            ("flags", "false"),
            ("status", "STATUS_DONE"),
            ("status", "7"),
            ("size.low", "3"),
            ("size.open_end", "true"),
            ("labels", r#"{"a":"b"}"#),
            ("utm_source", "mail"),
        ]);
        let expected = serde_json::json!({
            "orderId": "1", "gift": true, "tags": ["a", "b"], "flags": [false],
            "status": ["STATUS_DONE", 7],
            "size": { "low": "3", "openEnd": true }, "labels": { "a": "b" },
        });
        assert_eq!((json, wrong), (expected, vec![]));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (json, _) = gathered(&[
            ("orderId", "a b&c=é"),
            ("gift", "false"),
            ("tags", ""),
            ("size", "{}"),
            ("labels", "{}"),
        ]);
        let mut pairs = Vec::new();
        spread(PARAMS, json.as_object().unwrap(), "", &mut pairs);
        let pairs: Vec<_> = pairs.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        assert_eq!(gathered(&pairs), (json, vec![]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (pairs, wanted) in [
            (&[("gift", "yes")][..], "`gift` must be true or false, but is something else"),
            (
                &[("order_id", "1"), ("orderId", "2")],
                "`order_id` is there more than once; it is one value",
            ),
            (&[("order_id.x", "1")], "`order_id` has no field `x`"),
            (
                &[("labels", "{")],
                "`labels` must be JSON text: EOF while parsing an object at line 1 column 1",
            ),
            (
                &[("size", "3"), ("size.low", "3")],
                "`size` is there as a whole, and so no field of it can be",
            ),
        ] {
            assert_eq!(gathered(pairs).1, [wanted]);
        }
    }
}
