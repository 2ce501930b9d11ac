//! Habits from other languages, and what to write instead.

use svckit_diagnostics::{Code, Diagnostic, FileId, Span};

use crate::codes;
use crate::scan::{Token, TokenKind, tokens};

/// A place where the grammar did not go on.
pub(super) struct Slip<'a> {
    id: FileId,
    text: &'a str,
    /// What stands there, and where.
    found: &'a str,
    span: Span,
    /// The tokens of the item before it.
    before: Vec<Token>,
    expected: &'a [String],
}

impl<'a> Slip<'a> {
    /// `base` is where the item begins.
    pub(super) fn new(
        text: &'a str,
        base: usize,
        span: Span,
        found: &'a str,
        expected: &'a [String],
    ) -> Self {
        let mut before = tokens(&text[base..span.start as usize]);
        before.retain(|t| t.kind != TokenKind::Comment);
        for token in &mut before {
            token.start += base;
            token.end += base;
        }
        Self { id: span.file, text, found, span, before, expected }
    }

    /// The message of the first slip that it is.
    pub(super) fn recognise(&self) -> Option<Diagnostic> {
        SLIPS.iter().find_map(|slip| slip(self))
    }

    /// The token that many before what was found; empty where there is none.
    fn previous(&self, back: usize) -> &'a str {
        self.token(back).map_or("", |t| &self.text[t.start..t.end])
    }

    fn token(&self, back: usize) -> Option<Token> {
        self.before.len().checked_sub(back).and_then(|i| self.before.get(i)).copied()
    }

    fn span_of(&self, back: usize) -> Span {
        self.token(back).map_or(self.span, |t| Span::new(self.id, t.start, t.end))
    }

    fn after(&self) -> &'a str {
        self.text[self.span.end as usize..].trim_start()
    }

    fn wants(&self, what: &str) -> bool {
        self.expected.iter().any(|e| e == what)
    }

    fn wants_number(&self) -> bool {
        self.wants("a number such as `@1`")
    }

    fn is_name(&self) -> bool {
        self.found.starts_with(|c: char| c.is_ascii_alphabetic())
    }

    fn say(&self, message: impl Into<String>) -> Option<Diagnostic> {
        self.say_at(codes::SYNTAX, self.span, message)
    }

    #[expect(clippy::unnecessary_wraps, reason = "every slip ends with it")]
    fn say_at(&self, code: Code, span: Span, message: impl Into<String>) -> Option<Diagnostic> {
        Some(Diagnostic::new(code, span, message))
    }
}

/// In this order: the first that knows the place speaks.
const SLIPS: &[fn(&Slip<'_>) -> Option<Diagnostic>] = &[
    separator,
    reserved_word,
    parted_unit,
    unknown_unit,
    rate,
    brackets_after_type,
    type_word,
    type_before_name,
    constraint_without_where,
    missing_type,
    late_number,
    equals,
    answer,
    code_of_error,
    errors_without_braces,
    no_parentheses,
    use_line,
    condition,
    order_of_modifiers,
    answer_of_event,
    foreign,
];

fn separator(s: &Slip<'_>) -> Option<Diagnostic> {
    let message = match s.found {
        ";" => "there are no semicolons",
        "," => "no comma stands here",
        _ => return None,
    };
    Some(
        s.say_at(codes::SEPARATOR, s.span, message)?
            .help("members need no separators; the formatter puts each on a line")
            .fix(format!("remove the `{}`", s.found), s.span, ""),
    )
}

const RESERVED: &[&str] = &["where", "sensitive", "deprecated", "reserved", "allow"];

fn reserved_word(s: &Slip<'_>) -> Option<Diagnostic> {
    let found = s.found;
    if !RESERVED.contains(&found) || !s.after().starts_with(['@', ':']) {
        return None;
    }
    let message = format!("a field can't be called `{found}`");
    Some(
        s.say_at(codes::RESERVED_WORD, s.span, message)?
            .help(format!("call it something else, and `wire \"{found}\"` if others know it so"))
            .fix(format!("rename it to `{found}_`"), s.span, format!("{found}_ wire \"{found}\"")),
    )
}

const UNITS: &[&str] = &["ns", "us", "ms", "s", "m", "h", "d", "B", "KiB", "MiB", "GiB", "TiB"];

/// `5 s`
fn parted_unit(s: &Slip<'_>) -> Option<Diagnostic> {
    let number = s.token(1)?;
    let digits = s.previous(1);
    let parted = digits.bytes().all(|b| b.is_ascii_digit()) && number.end < s.span.start as usize;
    if !parted || !(UNITS.contains(&s.found) || s.found == "%") {
        return None;
    }
    let gap = Span::new(s.id, number.end, s.span.start as usize);
    let whole = s.span_of(1).to(s.span);
    Some(s.say_at(codes::SYNTAX, whole, "no blank stands between a number and its unit")?.fix(
        format!("write `{digits}{}`", s.found),
        gap,
        "",
    ))
}

/// Units as others write them, and ours.
const FOREIGN_UNITS: &[(&[&str], &str)] = &[
    (&["msec", "millis", "milliseconds"], "ms"),
    (&["sec", "secs", "second", "seconds", "S"], "s"),
    (&["min", "mins", "minute", "minutes"], "m"),
    (&["hr", "hrs", "hour", "hours", "H"], "h"),
    (&["day", "days", "D"], "d"),
    (&["K", "k", "KB", "kB", "kb"], "KiB"),
    (&["M", "MB", "mb"], "MiB"),
    (&["G", "GB", "gb"], "GiB"),
];

fn our_unit(unit: &str) -> Option<&'static str> {
    FOREIGN_UNITS.iter().find(|(theirs, _)| theirs.contains(&unit)).map(|(_, ours)| *ours)
}

/// `30sec`
fn unknown_unit(s: &Slip<'_>) -> Option<Diagnostic> {
    let split = s.found.find(|c: char| c.is_ascii_alphabetic())?;
    let (digits, unit) = s.found.split_at(split);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let said = s.say_at(codes::BAD_LITERAL, s.span, format!("`{unit}` is no unit"))?.help(
        "durations end in `ns`, `us`, `ms`, `s`, `m`, `h` or `d`, sizes in `B`, `KiB`, `MiB`, `GiB` or `TiB`",
    );
    Some(match our_unit(unit) {
        Some(ours) => said
            .fix(format!("write `{digits}{ours}`"), s.span, format!("{digits}{ours}"))
            .unsafe_fix(),
        None => said,
    })
}

/// `500/min`
fn rate(s: &Slip<'_>) -> Option<Diagnostic> {
    if s.found != "/" || !s.previous(1).bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(
        s.say("a rate is per `s`, `m`, `h` or `d`")?
            .help("such as `500/s` or `10/m`, without blanks"),
    )
}

/// `Line[]`
fn brackets_after_type(s: &Slip<'_>) -> Option<Diagnostic> {
    if s.found != "[" || !s.after().starts_with(']') || !s.wants("`?`") {
        return None;
    }
    let of = s.previous(1);
    let end = s.text.len() - s.after().len() + 1;
    let whole = Span::new(s.id, s.span_of(1).start as usize, end);
    Some(s.say_at(codes::SYNTAX, whole, format!("several values are a list: `list<{of}>`"))?.fix(
        format!("write `list<{of}>`"),
        whole,
        format!("list<{of}>"),
    ))
}

/// `optional string`
fn type_word(s: &Slip<'_>) -> Option<Diagnostic> {
    let back = [1, 2].into_iter().find(|b| TYPE_WORDS.iter().any(|(w, _)| *w == s.previous(*b)))?;
    if !s.wants_number() {
        return None;
    }
    let word = s.previous(back);
    let (_, help) = TYPE_WORDS.iter().find(|(w, _)| *w == word)?;
    let message = format!("`{word}` does not stand before a type or a name");
    Some(s.say_at(codes::SYNTAX, s.span_of(back), message)?.help(*help))
}

const TYPE_WORDS: &[(&str, &str)] = &[
    ("optional", "a value that may be absent has a `?` after its type: `note @1: string?`"),
    ("nullable", "a value that may be absent has a `?` after its type: `note @1: string?`"),
    ("repeated", "several values are a list: `lines @1: list<Line>`"),
    ("required", "a field without `?` and default is required already"),
];

const BUILT_IN: &[&str] = &[
    "bool",
    "i32",
    "i64",
    "u32",
    "u64",
    "f32",
    "f64",
    "decimal",
    "string",
    "bytes",
    "uuid",
    "timestamp",
    "duration",
    "date",
    "json",
    "int",
    "int32",
    "int64",
    "uint32",
    "uint64",
    "float",
    "double",
];

/// `string id @1`
fn type_before_name(s: &Slip<'_>) -> Option<Diagnostic> {
    let type_ = s.previous(1);
    let upper = type_.starts_with(|c: char| c.is_ascii_uppercase());
    if !s.wants_number() || !s.is_name() || !(upper || BUILT_IN.contains(&type_)) {
        return None;
    }
    let message = "a field's name stands before its type";
    let found = s.found;
    Some(
        s.say_at(codes::SYNTAX, s.span_of(1), message)?
            .help(format!("write `{found} @1: {type_}`")),
    )
}

fn constraint_without_where(s: &Slip<'_>) -> Option<Diagnostic> {
    let word = s.previous(1);
    if !["len", "items", "pattern"].contains(&word) || !s.wants_number() {
        return None;
    }
    let span = s.span_of(1);
    Some(s.say_at(codes::SYNTAX, span, format!("`{word}` stands after `where`"))?.fix(
        "put `where` before it",
        span.at_start(),
        "where ",
    ))
}

/// `id @1:` and then the next field.
fn missing_type(s: &Slip<'_>) -> Option<Diagnostic> {
    let (colon, name) = (s.token(2)?, s.token(1)?);
    let broken = s.text[colon.end..name.start].contains('\n');
    if !["@", ":"].contains(&s.found) || s.previous(2) != ":" || !broken {
        return None;
    }
    let span = s.span_of(2);
    Some(
        s.say_at(codes::SYNTAX, span, "a type is missing after `:`")?.help("such as `id @1: uuid`"),
    )
}

/// `id: @1 uuid`, `id: uuid = @1`
fn late_number(s: &Slip<'_>) -> Option<Diagnostic> {
    if s.found != "@" || ![":", "="].contains(&s.previous(1)) {
        return None;
    }
    Some(
        s.say("a field's number stands between its name and the colon")?
            .help("such as `id @1: uuid`"),
    )
}

fn equals(s: &Slip<'_>) -> Option<Diagnostic> {
    if s.found != "=" {
        return None;
    }
    let help = if s.wants_number() || s.wants("`:`") {
        "a field is written `name @1: type`, a value of an enum `name @1`"
    } else {
        "a value follows its word without `=`: `attempts 3`"
    };
    Some(s.say("`=` does not stand here")?.help(help))
}

/// `query Get(): R`, `command Place() Res`
fn answer(s: &Slip<'_>) -> Option<Diagnostic> {
    if !s.wants("`->`") || s.previous(1) != ")" {
        return None;
    }
    let upper = s.found.starts_with(|c: char| c.is_ascii_uppercase());
    if s.found != ":" && !upper {
        return None;
    }
    let said = s.say("an answer is written `-> T`")?;
    Some(match upper {
        true => said.fix("put `->` before it", s.span.at_start(), "-> "),
        false => said.fix("write `->`", s.span, " ->"),
    })
}

const CODES: &[&str] = &[
    "cancelled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
];

/// `error OutOfStock: failed_precondition`
fn code_of_error(s: &Slip<'_>) -> Option<Diagnostic> {
    let bare = CODES.contains(&s.found);
    if !s.wants("`is`") || !(bare || [":", "=", "->"].contains(&s.found)) {
        return None;
    }
    let said = s.say("the code of an error stands after `is`")?;
    Some(match bare {
        true => said.fix("put `is` before it", s.span.at_start(), "is "),
        false => said.fix("write `is`", s.span, " is"),
    })
}

fn errors_without_braces(s: &Slip<'_>) -> Option<Diagnostic> {
    if s.previous(1) != "errors" || !s.is_name() || !s.wants("`{`") {
        return None;
    }
    Some(
        s.say("the errors of an operation stand in braces")?
            .help(format!("write `errors {{ {} }}`", s.found)),
    )
}

/// `query Get -> R`
fn no_parentheses(s: &Slip<'_>) -> Option<Diagnostic> {
    if !s.wants("`(`") || !["command", "query"].contains(&s.previous(2)) {
        return None;
    }
    let (name, span) = (s.previous(1), s.span_of(1));
    Some(
        s.say_at(codes::SYNTAX, span, format!("`{name}` has no parameters in parentheses"))?
            .help(format!("an operation without parameters is written `{name}()`"))
            .fix("add empty parentheses", span.at_end(), "()"),
    )
}

fn use_line(s: &Slip<'_>) -> Option<Diagnostic> {
    let back = (1..=24).find(|b| s.previous(*b) == "use")?;
    let path = (1..back)
        .all(|b| s.previous(b) == "." || s.token(b).is_some_and(|t| t.kind == TokenKind::Word));
    if !path || s.wants("an item") {
        return None;
    }
    let message = match s.found {
        "*" => "a `use` names what it brings in",
        ":" | "/" => "the parts of a package's name are joined by `.`",
        found if found.starts_with('"') => "a `use` names a package, not a file",
        _ => "a `use` says what it brings in, or gives an alias",
    };
    Some(
        s.say(message)?
            .help("write `use shop.common.v1.{Money}` or `use shop.common.v1 as common`"),
    )
}

/// `when order.total > 5`
fn condition(s: &Slip<'_>) -> Option<Diagnostic> {
    let asked = (1..=12).any(|b| ["when", "where"].contains(&s.previous(b)));
    if !asked || ![">", "<", "!", "&", "|", "+", "-", "*"].contains(&s.found) || s.wants("a field")
    {
        return None;
    }
    Some(s.say(format!("`{}` is no operator here", s.found))?.help(
        "`when` and `where` take a path, `not` or `==`; whatever else is decided is a `local` step",
    ))
}

fn order_of_modifiers(s: &Slip<'_>) -> Option<Diagnostic> {
    if !["where", "sensitive", "deprecated"].contains(&s.found) || !s.wants("a field") {
        return None;
    }
    Some(s.say(format!("`{}` does not stand here", s.found))?.help(
        "the order is `name @1: type`, `where …`, `= default`, and then `sensitive` and `deprecated \"…\"`",
    ))
}

fn answer_of_event(s: &Slip<'_>) -> Option<Diagnostic> {
    if s.found != "->" || !s.wants("a clause") || s.wants("`->`") {
        return None;
    }
    Some(
        s.say("nothing answers here")?
            .help("only commands, queries and sagas have an answer, and one at most"),
    )
}

fn foreign(s: &Slip<'_>) -> Option<Diagnostic> {
    let (_, help) = FOREIGN.iter().find(|(words, _)| words.contains(&s.found))?;
    Some(s.say(format!("`{}` is no word of this language", s.found))?.help(*help))
}

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
