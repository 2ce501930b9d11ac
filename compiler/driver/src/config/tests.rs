use svckit_diagnostics::FileId;

use super::*;

fn read_ok(text: &str) -> Config {
    let (config, diagnostics) = read(FileId(0), text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    config
}

#[test]
fn everything_that_can_be_said_is_read() {
    let config = read_ok(
        r#"
        version = 1
        sources = ["contracts", "deploy"]
        [targets.rust]
        out = "src/generated"
        layout = "inline"
        extern = { "shop.common.v1" = "::shop_common" }
        [targets.proto]
        validate = false
        [dependencies]
        common = { path = "../common", crate = "shop-common" }
        [lint]
        profile = "strict"
        allow = [{ path = "old", rules = ["sync-chain"], because = "it moves", until = 2027-03-01 }]
        "#,
    );
    let sources: Vec<&str> = config.sources.iter().map(|s| s.value.as_str()).collect();
    assert_eq!(sources, ["contracts", "deploy"]);
    let rust = &config.targets[0];
    assert_eq!((rust.name.value.as_str(), rust.out.as_deref()), ("rust", Some("src/generated")));
    assert_eq!(rust.options.get("layout"), Some("inline"));
    assert_eq!(rust.options.get("extern.shop.common.v1"), Some("::shop_common"));
    assert_eq!(config.targets[1].options.get("validate"), Some("false"));
    assert_eq!(config.dependencies[0].krate.as_deref(), Some("shop-common"));
    assert_eq!(config.lint.profile, Profile::Strict);
    assert_eq!(config.lint.exceptions[0].until.as_deref(), Some("2027-03-01"));
}

#[test]
fn broken_toml_gives_its_place_and_nothing_else() {
    let (_, diagnostics) = read(FileId(0), "version = \nnonsense = [");
    assert!(!diagnostics.is_empty());
    assert!(diagnostics.iter().all(|d| d.code.slug == "invalid-toml"), "{diagnostics:?}");
}

#[test]
fn no_text_makes_it_panic() {
    let text = include_str!("../../svckit.schema.json");
    for end in (0..text.len()).step_by(7) {
        let _ = read(FileId(0), &text[..end]);
        let _ = read(FileId(0), &text[end..]);
    }
    let deep = format!("version = {}", "[".repeat(100_000));
    assert!(!read(FileId(0), &deep).1.is_empty());
}

#[test]
fn the_published_schema_has_the_same_keys() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../svckit.schema.json")).expect("the schema is JSON");
    for (table, keys) in KEYS {
        let mut at = &schema;
        for part in table.split('.').filter(|p| !p.is_empty()) {
            at = if part == "*" { &at["additionalProperties"] } else { &at["properties"][part] };
            at = at.get("items").unwrap_or(at);
        }
        let properties = at["properties"].as_object().expect("a table has properties");
        let mut found: Vec<&str> = properties.keys().map(String::as_str).collect();
        let mut wanted = keys.to_vec();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "[{table}]");
    }
    let profiles: Vec<&str> = PROFILES.iter().map(|(name, _)| *name).collect();
    let listed = &schema["properties"]["lint"]["properties"]["profile"]["enum"];
    assert_eq!(listed, &serde_json::json!(profiles));
}
