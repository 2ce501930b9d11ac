//! One cheap pass over a text: comments, brackets, and where items begin.

use svckit_diagnostics::{Diagnostic, FileId, Span};

use crate::codes;
use crate::parse::error::shown;
use crate::tree::{Comment, CommentKind};

/// Brackets may be nested so deep; an item that is deeper is not parsed.
pub const MAX_DEPTH: usize = 64;

/// What a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A word: letters, digits, `_`, also a number with its unit.
    Word,
    /// A string with its quotes, terminated or not.
    Str,
    /// One or more characters of punctuation.
    Punct,
    /// `//…` up to the end of the line.
    Comment,
}

/// A token: what the formatter re-lays and the scan counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: TokenKind,
    /// First byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// Cuts a text into tokens; blanks lie between them. Never fails: any other character is punctuation.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(text.len() / 5);
    let mut at = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let (kind, end) = token(text, at);
        out.push(Token { kind, start: at, end });
        at = end;
    }
    out
}

/// The token that begins at a place, and its end.
pub(crate) fn token(text: &str, at: usize) -> (TokenKind, usize) {
    let bytes = text.as_bytes();
    let rest = &bytes[at..];
    match rest[0] {
        b'/' if rest.starts_with(b"//") => (TokenKind::Comment, line_end(bytes, at)),
        b'"' => (TokenKind::Str, string_end(bytes, at + 1, false)),
        b'r' if rest.starts_with(b"r\"") => (TokenKind::Str, string_end(bytes, at + 2, true)),
        c if is_word(c) => {
            let len = rest.iter().position(|c| !is_word(*c)).unwrap_or(rest.len());
            (TokenKind::Word, at + len)
        }
        b'-' if rest.starts_with(b"->") => (TokenKind::Punct, at + 2),
        b'.' if rest.starts_with(b"..=") => (TokenKind::Punct, at + 3),
        b'.' if rest.starts_with(b"..") => (TokenKind::Punct, at + 2),
        b'=' if rest.starts_with(b"==") => (TokenKind::Punct, at + 2),
        c if c.is_ascii() => (TokenKind::Punct, at + 1),
        _ => {
            let len = text[at..].chars().next().map_or(1, char::len_utf8);
            (TokenKind::Punct, at + len)
        }
    }
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    let end = bytes[at..].iter().position(|c| *c == b'\n').map_or(bytes.len(), |n| at + n);
    if end > at && bytes[end - 1] == b'\r' { end - 1 } else { end }
}

/// The end of a string whose quote is before `at`: it ends with its line at the latest.
fn string_end(bytes: &[u8], mut at: usize, raw: bool) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\n' => return at,
            b'\\' if !raw && at + 1 < bytes.len() && bytes[at + 1] != b'\n' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Characters that the language has a use for; `'` and the like are not among them.
const KNOWN: &str = "{}()[]<>@:?=,;.*|-/%!&+";

/// So many stray characters are reported; a file with more is not a contract at all.
const MAX_STRAYS: usize = 5;

/// What to write instead of a character that has no meaning.
fn advice(character: &str) -> &'static str {
    match character {
        "#" => "a comment starts with `//`, a number on the wire with `@`",
        "'" | "`" | "“" | "”" | "„" | "‘" | "’" => {
            "a string stands between `\"` and `\"`"
        }
        "$" => "there are no variables: values are written out",
        c if c.chars().any(char::is_alphabetic) => {
            "names are made of ASCII letters, digits and `_`; strings and comments hold any text"
        }
        _ => "remove it: outside strings and comments a contract is plain ASCII",
    }
}

/// Whether the quote at the end of a plain string is an escaped one: the string goes on.
fn open_end(word: &str) -> bool {
    let Some(inner) = word.strip_suffix('"').filter(|_| word.starts_with('"')) else {
        return false;
    };
    inner.len() > 1 && inner.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

/// A part of the text that holds whole items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Why it must not be parsed: said already.
    pub(crate) broken: bool,
}

/// What the scan found.
pub(crate) struct Scan {
    pub(crate) comments: Vec<Comment>,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Words that start an item.
pub(crate) const ITEM_WORDS: &[&str] = &[
    "package",
    "use",
    "allow",
    "scalar",
    "enum",
    "record",
    "union",
    "error",
    "service",
    "policy",
    "saga",
    "choreography",
    "aggregate",
    "projection",
    "deployment",
    "gateway",
    "example",
];

/// Words that start a member of a service.
pub(crate) const MEMBER_WORDS: &[&str] =
    &["command", "query", "event", "on", "schedule", "fixture", "allow"];

pub(crate) fn scan(id: FileId, text: &str) -> Scan {
    let tokens = tokens(text);
    let mut scan = Scan { comments: Vec::new(), chunks: Vec::new(), diagnostics: Vec::new() };
    for t in tokens.iter().filter(|t| t.kind == TokenKind::Comment) {
        let kind = match &text[t.start..t.end] {
            c if c.starts_with("//!") => CommentKind::File,
            c if c.starts_with("///") && !c.starts_with("////") => CommentKind::Item,
            _ => CommentKind::Plain,
        };
        scan.comments.push(Comment { span: Span::new(id, t.start, t.end), kind });
    }
    Splitter { id, text, tokens: &tokens, out: &mut scan, resync: false, angles: 0, strays: 0 }
        .run();
    scan
}

struct Splitter<'a> {
    id: FileId,
    text: &'a str,
    tokens: &'a [Token],
    out: &'a mut Scan,
    /// Brackets don't balance: an item word at the very start of a line begins an item in any case.
    resync: bool,
    /// Open `<` of the item.
    angles: usize,
    /// Stray characters so far.
    strays: usize,
}

impl Splitter<'_> {
    fn run(&mut self) {
        self.resync = !self.balanced();
        let mut depth: Vec<Token> = Vec::new();
        let mut start: Option<usize> = None;
        let mut broken = false;
        let mut after_allow = false;
        let mut previous: Option<Token> = None;
        for t in self.tokens.iter().filter(|t| t.kind != TokenKind::Comment) {
            let begins = self.begins_item(*t, previous, depth.len());
            if begins && !(after_allow && depth.is_empty()) {
                if !depth.is_empty() {
                    self.unclosed(depth[depth.len() - 1]);
                    broken = true;
                    depth.clear();
                }
                self.push(start, t.start, broken);
                (start, broken) = (Some(t.start), false);
                self.angles = 0;
            }
            if begins {
                after_allow = self.word(*t) == "allow";
            }
            start = start.or(Some(t.start));
            broken |= self.bracket(*t, &mut depth);
            broken |= self.stray(*t);
            previous = Some(*t);
        }
        if let Some(open) = depth.last() {
            self.unclosed(*open);
            broken = true;
        }
        self.push(start, self.text.len(), broken);
    }

    fn word(&self, t: Token) -> &str {
        &self.text[t.start..t.end]
    }

    fn push(&mut self, start: Option<usize>, end: usize, broken: bool) {
        if let Some(start) = start.filter(|s| *s < end) {
            self.out.chunks.push(Chunk { start, end, broken });
        }
    }

    fn balanced(&self) -> bool {
        let mut depth = 0_i64;
        for t in self.tokens.iter().filter(|t| t.kind == TokenKind::Punct) {
            depth += match self.word(*t) {
                "{" | "(" | "[" => 1,
                "}" | ")" | "]" => -1,
                _ => 0,
            };
            if depth < 0 {
                return false;
            }
        }
        depth == 0
    }

    fn begins_item(&self, t: Token, previous: Option<Token>, depth: usize) -> bool {
        let after_brace = depth == 0 && previous.is_some_and(|p| self.word(p) == "}");
        if after_brace && t.kind == TokenKind::Word {
            return true;
        }
        if t.kind != TokenKind::Word || !ITEM_WORDS.contains(&self.word(t)) {
            return false;
        }
        let before = &self.text[previous.map_or(0, |p| p.end)..t.start];
        let first = previous.is_none() || before.contains('\n');
        if depth == 0 {
            return first;
        }
        self.resync && first && before.ends_with('\n') && self.followed_by_name(t)
    }

    /// `record Name`, `service Name {`: not the `policy P` of a service nor the field `record`.
    fn followed_by_name(&self, t: Token) -> bool {
        let rest = self.text[t.end..].trim_start_matches([' ', '\t']);
        self.word(t) != "policy"
            && self.word(t) != "allow"
            && rest.starts_with(|c: char| c.is_ascii_uppercase())
    }

    /// Keeps the stack of open brackets; whether the item is broken by this token.
    fn bracket(&mut self, t: Token, depth: &mut Vec<Token>) -> bool {
        if t.kind != TokenKind::Punct {
            return false;
        }
        if self.word(t) == "<" {
            return self.angle(t);
        }
        self.angles = self.angles.saturating_sub(usize::from(self.word(t) == ">"));
        let closes = match self.word(t) {
            "{" | "(" | "[" => {
                depth.push(t);
                if depth.len() == MAX_DEPTH + 1 {
                    self.too_deep(t);
                }
                return depth.len() > MAX_DEPTH;
            }
            "}" => "{",
            ")" => "(",
            "]" => "[",
            _ => return false,
        };
        if depth.last().is_some_and(|open| self.word(*open) == closes) {
            depth.pop();
            return false;
        }
        // Deeper than twice the limit, which is broken anyway, nobody looks for it.
        let near = depth.len().saturating_sub(2 * MAX_DEPTH);
        match depth[near..].iter().rposition(|open| self.word(*open) == closes) {
            // What it closes was opened before: what was opened since is never closed.
            Some(index) => {
                let inner = depth[near + index + 1];
                depth.truncate(near + index);
                self.closed_too_early(t, inner);
            }
            None => self.closes_nothing(t, depth.last().copied()),
        }
        true
    }

    fn closed_too_early(&mut self, t: Token, open: Token) {
        let bracket = self.word(open).to_owned();
        let found = self.word(t).to_owned();
        let said = Diagnostic::new(
            codes::UNBALANCED,
            self.span(open),
            format!("`{bracket}` is never closed"),
        )
        .label(self.span(t), format!("`{found}` closes what stands around it"))
        .help("close it where its content ends");
        self.say(said);
    }

    fn closes_nothing(&mut self, t: Token, open: Option<Token>) {
        let found = self.word(t).to_owned();
        let span = self.span(t);
        let said = Diagnostic::new(codes::UNBALANCED, span, format!("`{found}` closes nothing"));
        self.say(match open {
            Some(open) => said
                .label(self.span(open), "this is open")
                .help("close it by the bracket that it was opened with"),
            None => said.help("remove it, or look for the bracket that was closed too early"),
        });
    }

    /// Types nest by angle brackets; one that is never closed is the grammar's to report.
    fn angle(&mut self, t: Token) -> bool {
        self.angles += 1;
        if self.angles == MAX_DEPTH + 1 {
            self.too_deep(t);
        }
        self.angles > MAX_DEPTH
    }

    fn stray(&mut self, t: Token) -> bool {
        let word = self.word(t);
        let (code, message, help) = match t.kind {
            TokenKind::Str
                if !word.ends_with('"') || word == "\"" || word == "r\"" || open_end(word) =>
            {
                (
                    codes::UNTERMINATED_STRING,
                    "this string does not end on its line".to_owned(),
                    "add a closing `\"`; a line break in a string is `\\n`",
                )
            }
            TokenKind::Punct if word == "/" && self.text[t.end..].starts_with('*') => (
                codes::BLOCK_COMMENT,
                "there are no block comments".to_owned(),
                "write `//` at the start of each line",
            ),
            TokenKind::Punct if !KNOWN.contains(word) && word.chars().count() == 1 => (
                codes::STRAY_CHARACTER,
                format!("`{}` has no meaning here", shown(word)),
                advice(word),
            ),
            _ => return false,
        };
        let said = Diagnostic::new(code, self.span(t), message).help(help);
        self.strays += usize::from(code == codes::STRAY_CHARACTER);
        if self.strays <= MAX_STRAYS || code != codes::STRAY_CHARACTER {
            self.say(said);
        }
        true
    }

    fn too_deep(&mut self, t: Token) {
        let span = self.span(t);
        self.say(
            Diagnostic::new(
                codes::TOO_DEEP,
                span,
                format!("brackets are nested more than {MAX_DEPTH} levels deep"),
            )
            .help("give the inner part a name of its own"),
        );
    }

    fn unclosed(&mut self, open: Token) {
        let bracket = self.word(open).to_owned();
        let span = self.span(open);
        self.say(
            Diagnostic::new(codes::UNBALANCED, span, format!("`{bracket}` is never closed"))
                .help("close it where its content ends"),
        );
    }

    fn span(&self, t: Token) -> Span {
        Span::new(self.id, t.start, t.end)
    }

    /// At most so many messages of the scan, so that a binary file does not drown everything.
    fn say(&mut self, diagnostic: Diagnostic) {
        if self.out.diagnostics.len() < 20 {
            self.out.diagnostics.push(diagnostic);
        }
    }
}
