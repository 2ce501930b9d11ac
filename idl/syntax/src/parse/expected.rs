//! What pest expected, in the words of people.

use pest::error::{Error, ErrorVariant};

use super::Rule;
use crate::scan::{ITEM_WORDS, MEMBER_WORDS};

/// What a pest error expected, without repetition: plain words first, then keywords by the alphabet.
pub(super) fn expected(error: &Error<Rule>) -> Vec<String> {
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else { return Vec::new() };
    let mut names: Vec<String> = Vec::new();
    for rule in positives {
        for name in describe(*rule) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    collapse(&mut names, &["`record`", "`enum`", "`saga`"], ITEM_WORDS, "an item");
    collapse(&mut names, &["`command`", "`query`"], MEMBER_WORDS, "a member of a service");
    names.sort_by_key(|n| (n.starts_with('`'), n.clone()));
    names
}

/// Puts one name in the place of a group's words where the group's marks are all there.
fn collapse(names: &mut Vec<String>, marks: &[&str], group: &[&str], name: &str) {
    let whole = marks.iter().all(|m| names.iter().any(|n| n == m));
    if whole {
        names.retain(|n| !group.contains(&n.trim_matches('`')));
    }
    if whole && !names.iter().any(|n| n == name) {
        names.push(name.to_owned());
    }
}

/// The words that may stand where that is expected; for "did you mean".
pub(super) fn words_of(expected: &[String]) -> Vec<&str> {
    let mut words = Vec::new();
    for name in expected {
        match GROUPS.iter().find(|(group, _)| group == name) {
            Some((_, group)) => words.extend_from_slice(group),
            None => words.extend(name.strip_prefix('`').and_then(|n| n.strip_suffix('`'))),
        }
    }
    words.retain(|w| w.starts_with(|c: char| c.is_ascii_lowercase()));
    words
}

const GROUPS: &[(&str, &[&str])] = &[
    ("an item", ITEM_WORDS),
    ("a member of a service", MEMBER_WORDS),
    (
        "a clause",
        &[
            "owner",
            "tenant",
            "meta",
            "auth",
            "policy",
            "calls",
            "errors",
            "idempotent",
            "retain",
            "http",
            "starts",
            "emits",
            "slo",
            "cache",
            "queue",
            "undoes",
            "leaves",
            "delivery",
            "dead_letter",
            "fallback",
            "shed",
            "irrevocable",
            "writes",
            "limit",
            "key",
            "upcasts",
            "public",
            "ordered",
            "deprecated",
        ],
    ),
    (
        "a line of a saga",
        &[
            "deadline",
            "step",
            "parallel",
            "wait",
            "pivot",
            "sleep",
            "complete",
            "completed",
            "aborted",
            "allow",
        ],
    ),
];

/// What people call a rule; nothing for rules that say nothing to them.
fn describe(rule: Rule) -> Vec<String> {
    let name = format!("{rule:?}");
    if let Some(word) = name.strip_prefix("k_") {
        return vec![format!("`{word}`")];
    }
    let table = DESCRIPTIONS.iter().find(|(r, _)| *r == rule);
    table.map(|(_, words)| words.iter().map(|w| (*w).to_owned()).collect()).unwrap_or_default()
}

const DESCRIPTIONS: &[(Rule, &[&str])] = &[
    (
        Rule::items,
        &[
            "`package`",
            "`use`",
            "`scalar`",
            "`enum`",
            "`record`",
            "`union`",
            "`error`",
            "`service`",
            "`policy`",
            "`saga`",
            "`choreography`",
            "`aggregate`",
            "`projection`",
            "`deployment`",
            "`gateway`",
            "`example`",
        ],
    ),
    (Rule::members, &["`command`", "`query`", "`event`", "`on`", "`schedule`", "`fixture`"]),
    (Rule::p_open, &["`{`"]),
    (Rule::p_close, &["`}`"]),
    (Rule::p_lpar, &["`(`"]),
    (Rule::p_rpar, &["`)`"]),
    (Rule::p_rbr, &["`]`"]),
    (Rule::p_gt, &["`>`"]),
    (Rule::p_colon, &["`:`"]),
    (Rule::p_eq, &["`=`"]),
    (Rule::p_arrow, &["`->`"]),
    (Rule::ident, &["a name"]),
    (Rule::path, &["a name"]),
    (Rule::field, &["a field"]),
    (Rule::field_name, &["a name"]),
    (Rule::enum_value, &["a value"]),
    (Rule::r#type, &["a type"]),
    (Rule::plain_type, &["a type"]),
    (Rule::generic, &["a type"]),
    (Rule::param_type, &["a type"]),
    (Rule::param_fields, &["parameters"]),
    (Rule::tag, &["a number such as `@1`"]),
    (Rule::number, &["a number"]),
    (Rule::expr, &["a value"]),
    (Rule::range, &["a range such as `1..=9`"]),
    (Rule::range_or_one, &["a range such as `1..=9`"]),
    (Rule::constraint, &["a range", "`len`", "`items`", "`pattern`"]),
    (Rule::constraints, &["`where`"]),
    (Rule::default, &["`=`"]),
    (Rule::sensitive, &["`sensitive`"]),
    (Rule::deprecated, &["`deprecated`"]),
    (Rule::string, &["a string"]),
    (Rule::plain_string, &["a string"]),
    (Rule::raw_string, &["a string"]),
    (Rule::date, &["a date"]),
    (Rule::duration, &["a duration such as `2s`"]),
    (Rule::percentile, &["a percentile such as `p99`"]),
    (Rule::wire, &["`wire`"]),
    (Rule::none, &["`none`"]),
    (Rule::because, &["`because`"]),
    (Rule::opt, &["`?`"]),
    (Rule::answer, &["`->`"]),
    (Rule::entry, &["`name: value`"]),
    (Rule::setting, &["a setting"]),
    (Rule::policy_block, &["a block of a policy"]),
    (Rule::pair, &["a setting"]),
    (Rule::item, &["an item"]),
    (Rule::package, &["`package`"]),
    (Rule::use_, &["`use`"]),
    (Rule::allow, &["`allow`"]),
    (Rule::member, &["a member of a service"]),
    (Rule::operation, &["`command`", "`query`"]),
    (Rule::event, &["`event`"]),
    (Rule::on, &["`on`"]),
    (Rule::schedule, &["`schedule`"]),
    (Rule::fixture, &["`fixture`"]),
    (Rule::clause, &["a clause"]),
    (Rule::call, &["a call"]),
    (Rule::comma, &["`,`"]),
    (Rule::version, &["a version such as `v2`"]),
    (Rule::saga_part, &["a line of a saga"]),
    (Rule::step_call, &["a call"]),
    (Rule::ex_part, &["`given`", "`request`", "`response`", "`fails`", "`event`"]),
    (Rule::idempotent, &["`idempotent`"]),
    (Rule::times, &["a count such as `x20`"]),
    (Rule::emits, &["an event"]),
    (Rule::scalar, &["`scalar`"]),
    (Rule::enum_, &["`enum`"]),
    (Rule::record, &["`record`"]),
    (Rule::union_, &["`union`"]),
    (Rule::error, &["`error`"]),
    (Rule::service, &["`service`"]),
    (Rule::policy, &["`policy`"]),
    (Rule::saga, &["`saga`"]),
    (Rule::choreography, &["`choreography`"]),
    (Rule::aggregate, &["`aggregate`"]),
    (Rule::projection, &["`projection`"]),
    (Rule::deployment, &["`deployment`"]),
    (Rule::gateway, &["`gateway`"]),
    (Rule::example, &["`example`"]),
];
