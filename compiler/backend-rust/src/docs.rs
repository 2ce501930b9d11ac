//! Doc comments and other attributes from the contract.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::world::Info;

/// Languages after a fence that rustdoc would compile.
const RUST: &[&str] =
    &["", "rust", "ignore", "should_panic", "no_run", "compile_fail", "test_harness"];

/// `///` lines of a Markdown text, none of which is compiled as an example.
pub(crate) fn docs(markdown: &str) -> TokenStream {
    if markdown.trim().is_empty() {
        return TokenStream::new();
    }
    let lines =
        harmless(markdown).into_iter().map(|l| if l.is_empty() { l } else { format!(" {l}") });
    quote!(#(#[doc = #lines])*)
}

/// `#[deprecated = "…"]`
pub(crate) fn deprecated(info: &Info) -> Option<TokenStream> {
    let note = info.deprecated.as_deref()?;
    Some(if note.is_empty() { quote!(#[deprecated]) } else { quote!(#[deprecated = #note]) })
}

/// Docs and deprecation.
pub(crate) fn attributes(info: &Info) -> TokenStream {
    let (docs, deprecated) = (docs(&info.docs), deprecated(info));
    quote!(#docs #deprecated)
}

/// The lines of a text whose code is plain text to rustdoc: fences without a language and indented blocks would be
/// compiled and run by `cargo test`.
fn harmless(markdown: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut open: Option<Fence> = None;
    let mut after_text = false;
    for line in markdown.lines().map(str::trim_end) {
        match (&open, fence(line)) {
            (Some(start), Some(found)) if start.is_closed_by(&found) => {
                open = None;
                out.push(line.to_owned());
            }
            (Some(_), _) => out.push(line.to_owned()),
            (None, Some(found)) => {
                out.push(opened(line, &found));
                open = Some(found);
            }
            (None, None) => out.push(outside(line, after_text)),
        }
        after_text = open.is_none() && is_text(line);
    }
    if let Some(start) = open {
        out.push(start.mark);
    }
    out
}

/// A line of backticks or tildes that starts or ends a block of code.
struct Fence {
    mark: String,
    info: String,
}

impl Fence {
    fn is_closed_by(&self, other: &Self) -> bool {
        other.info.is_empty() && other.mark.starts_with(&self.mark)
    }
}

/// The fence in a line, behind markers of quotes and lists.
fn fence(line: &str) -> Option<Fence> {
    let rest = line.trim_start_matches(|c: char| " \t>-*+.)".contains(c) || c.is_ascii_digit());
    let mark = rest.chars().next().filter(|c| "`~".contains(*c))?;
    let len = rest.chars().take_while(|c| *c == mark).count();
    let info = rest[len..].trim();
    let is_fence = len >= 3 && !(mark == '`' && info.contains('`'));
    is_fence.then(|| Fence { mark: rest[..len].to_owned(), info: info.to_owned() })
}

fn opened(line: &str, fence: &Fence) -> String {
    let is_rust = |word: &str| {
        RUST.contains(&word) || word.starts_with("edition") || word.starts_with(['E', '{', '.'])
    };
    if !fence.info.split([',', ' ', '\t']).any(is_rust) {
        return line.to_owned();
    }
    let before = line.len() - fence.info.len();
    format!("{}text", line[..before].trim_end())
}

/// A line outside of fences: an indented block becomes a paragraph.
fn outside(line: &str, after_text: bool) -> String {
    let quote = line.len() - line.trim_start_matches(['>', ' ', '\t']).len();
    let indent = &line[..quote];
    let is_code = indent.contains("    ") || indent.contains('\t');
    if is_code && !after_text {
        let marks: String = indent.chars().filter(|c| *c == '>').collect();
        return format!("{marks} {}", &line[quote..]).trim_start_matches(' ').to_owned();
    }
    line.to_owned()
}

/// Whether what follows may be indented and still be the same paragraph or item.
fn is_text(line: &str) -> bool {
    !line.trim_matches(['>', ' ', '\t']).is_empty() && !line.trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::harmless;

    fn made(text: &str) -> String {
        harmless(text).join("\n")
    }

    #[test]
    fn fences_that_rustdoc_would_run_become_text() {
        for info in ["", "rust", "rust,ignore", "should_panic", "compile_fail,E0001", "edition2024"]
        {
            assert_eq!(made(&format!("```{info}\nx\n```")), "```text\nx\n```", "{info}");
        }
        assert_eq!(made("````\n```\n````"), "````text\n```\n````");
        assert_eq!(made("> ```\n> x\n> ```"), "> ```text\n> x\n> ```");
        assert_eq!(made("1. ~~~\n   x\n   ~~~"), "1. ~~~text\n   x\n   ~~~");
    }

    #[test]
    fn other_languages_and_inline_code_stay() {
        for text in ["```json\n{}\n```", "```svc\nrecord\n```", "a ``` b", "`x`"] {
            assert_eq!(made(text), text);
        }
    }

    #[test]
    fn indented_code_becomes_a_paragraph_and_what_is_open_is_closed() {
        assert_eq!(made("a\n\n    code();"), "a\n\ncode();");
        assert_eq!(made("# h\n\tcode();"), "# h\ncode();");
        assert_eq!(made(">     code();"), "> code();");
        assert_eq!(made("- a\n    goes on"), "- a\n    goes on");
        assert_eq!(made("```\nx"), "```text\nx\n```");
    }
}
