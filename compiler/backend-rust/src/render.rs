//! Tokens as formatted text.

use proc_macro2::TokenStream;

/// Items as text, with an empty line between two.
///
/// Each is formatted by itself, for the printer puts no lines between items.
pub(crate) fn items(items: impl IntoIterator<Item = TokenStream>) -> String {
    let mut texts: Vec<String> = Vec::new();
    for item in items {
        texts.extend(one(item));
    }
    texts.join("\n")
}

/// The items in one stream of tokens, each as text; `use` lines stay together.
fn one(item: TokenStream) -> Vec<String> {
    let file: syn::File = match syn::parse2(item.clone()) {
        Ok(file) => file,
        Err(error) => unreachable!("generated code parses: {error}: {item}"),
    };
    file.items
        .into_iter()
        .map(|item| {
            spaced(&prettyplease::unparse(&syn::File {
                shebang: None,
                frontmatter: None,
                attrs: Vec::new(),
                items: vec![item],
            }))
        })
        .collect()
}

/// Text with an empty line between two methods.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = "";
    for line in text.lines() {
        let indent = |line: &str| line.len() - line.trim_start().len();
        let is_end = before.ends_with(['}', ';']) && !before.trim_start().starts_with("//");
        let is_start = METHODS.iter().any(|start| line.trim_start().starts_with(start));
        if is_end && is_start && indent(before) == indent(line) {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        before = line;
    }
    out
}

/// What a method starts with, its documents included.
const METHODS: &[&str] = &["fn ", "pub fn ", "pub async fn ", "///", "#["];

/// Text one level deeper; nothing in generated code spans lines but code and comments.
pub(crate) fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        if !line.is_empty() {
            out.push_str("    ");
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}
