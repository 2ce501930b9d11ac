//! A pest error in words.

use pest::error::{Error, ErrorVariant, InputLocation};
use svckit_diagnostics::{Diagnostic, Span};

use super::Rule;
use super::builder::Builder;
use crate::codes;

impl Builder<'_> {
    /// Says what was expected and what was found, and knows the common slips.
    pub(super) fn syntax_error(&mut self, error: &Error<Rule>) {
        let at = self.base
            + match error.location {
                InputLocation::Pos(at) => at,
                InputLocation::Span((at, _)) => at,
            };
        let at = self.skip_blanks(at.min(self.text.len()));
        let found = found(&self.text[at..]);
        let span = Span::new(self.id, at, at + found.len());
        let expected = expected(error);
        let diagnostic =
            self.slip(span, found, at).unwrap_or_else(|| plain(span, found, &expected));
        self.say(diagnostic);
    }

    /// pest reports the position before blanks and comments; the mistake is after them.
    fn skip_blanks(&self, mut at: usize) -> usize {
        loop {
            let rest = &self.text[at..];
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return at;
            }
            at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// Habits from other languages.
    fn slip(&self, span: Span, found: &str, at: usize) -> Option<Diagnostic> {
        let say = |message: &str| Diagnostic::new(codes::SYNTAX, span, message.to_owned());
        let before = self.text[..at].trim_end();
        let previous =
            before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
        match found {
            ";" | "," => {
                let what =
                    if found == ";" { "there are no semicolons" } else { "no comma stands here" };
                Some(
                    Diagnostic::new(codes::SEPARATOR, span, what.to_owned())
                        .help("members need no separators; the formatter puts each on a line")
                        .fix(format!("remove the `{found}`"), span, ""),
                )
            }
            "=" if !previous.is_empty() => {
                Some(say("`=` does not stand here").help("numbers are written `name @1: type`"))
            }
            _ if RESERVED.contains(&found)
                && self.text[span.end as usize..].trim_start().starts_with(['@', ':']) =>
            {
                Some(
                    Diagnostic::new(
                        codes::RESERVED_WORD,
                        span,
                        format!("a field can't be called `{found}`"),
                    )
                    .help(format!(
                        "call it something else, and `wire \"{found}\"` if others know it so"
                    ))
                    .fix(
                        format!("rename it to `{found}_`"),
                        span,
                        format!("{found}_ wire \"{found}\""),
                    ),
                )
            }
            _ => FOREIGN.iter().find(|(words, _)| words.contains(&found)).map(|(_, help)| {
                say(&format!("`{found}` is no word of this language")).help((*help).to_owned())
            }),
        }
    }
}

const RESERVED: &[&str] = &["where", "sensitive", "deprecated", "reserved", "allow"];

/// Words of other languages, and what to write instead.
const FOREIGN: &[(&[&str], &str)] = &[
    (
        &["message", "struct", "structure", "type", "dto", "data", "class"],
        "a product of fields is a `record`",
    ),
    (&["oneof", "variant"], "a choice between types is a `union`"),
    (
        &["rpc", "operation", "fn", "method", "def", "function"],
        "an operation is a `command` (changes state) or a `query` (does not)",
    ),
    (
        &["import", "include", "using"],
        "names come in by `use shop.common.v1.{Money}`; there are no paths to files",
    ),
    (&["syntax", "namespace", "module"], "a file starts with `package shop.orders.v1`"),
    (&["repeated", "array"], "several values are a `list<T>`"),
    (&["required"], "a field without `?` and default is required already"),
    (&["interface", "api", "trait"], "operations belong to a `service`"),
    (
        &["exception", "throws"],
        "an error is `error Name is not_found { … }`, and an operation lists its `errors { … }`",
    ),
    (
        &["topic", "publish", "publishes"],
        "a fact that is published is an `event`; an operation `emits` it",
    ),
    (
        &["subscribe", "subscribes", "listen", "handles"],
        "a subscription is `on Service.Event do Handler`",
    ),
    (&["returns", "return"], "an answer is written `-> T`"),
];

fn plain(span: Span, found: &str, expected: &[String]) -> Diagnostic {
    let shown =
        if found.is_empty() { "the end".to_owned() } else { format!("`{}`", found.escape_debug()) };
    let message = match expected {
        [] => format!("{shown} does not stand here"),
        list => format!("expected {}, found {shown}", join(list)),
    };
    let mut diagnostic = Diagnostic::new(codes::SYNTAX, span, message);
    let words = expected.iter().filter_map(|e| e.strip_prefix('`')?.strip_suffix('`'));
    if let Some(word) = near(found, words) {
        diagnostic =
            diagnostic.fix(format!("did you mean `{word}`?"), span, word.to_owned()).unsafe_fix();
    }
    diagnostic
}

/// The word that is nearest to a misspelt one.
fn near<'a>(found: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if found.len() < 3 || !found.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let scored = words.map(|w| (strsim::damerau_levenshtein(found, w), w));
    scored.filter(|(d, _)| *d <= 1 + found.len() / 5).min().map(|(_, w)| w)
}

/// `a, b or c`, at most eight.
fn join(list: &[String]) -> String {
    let shown = &list[..list.len().min(8)];
    match shown {
        [one] => one.clone(),
        [most @ .., last] if shown.len() == list.len() => format!("{} or {last}", most.join(", ")),
        _ => format!("{}, …", shown.join(", ")),
    }
}

/// The token at the start of a text, as it is shown.
fn found(text: &str) -> &str {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let len = match text.chars().next() {
        None => 0,
        Some('"') => text[1..].find(['"', '\n']).map_or(text.len(), |n| n + 2).min(text.len()),
        Some(c) if word(c) => text.find(|c| !word(c)).unwrap_or(text.len()),
        Some(c) => c.len_utf8(),
    };
    text.get(..len).unwrap_or_default()
}

fn expected(error: &Error<Rule>) -> Vec<String> {
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else { return Vec::new() };
    let mut names: Vec<String> = Vec::new();
    for rule in positives {
        for name in describe(*rule) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    // Plain words first, then keywords in order of the alphabet.
    names.sort_by_key(|n| (n.starts_with('`'), n.clone()));
    names
}

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
