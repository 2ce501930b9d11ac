//! A dead letter as a test that shows the failure again.

use std::fmt::Write;

use svckit_core::broker::{ContentType, DeadLetter, Envelope, Kind};
use svckit_core::call::Metadata;
use svckit_core::error::Result;

/// The text of a Rust test that hands the message of a dead letter to the service again, and fails for as long as that
/// gives it up. `redact` gives the payload as ProtoJSON with what is sensitive replaced by something else of its type;
/// what travelled beside the message (tenant, principal, trace) is left out.
///
/// The test takes a function `service_under_test() -> svckit::ServiceServer`, which its reader writes.
///
/// # Errors
/// Those of `redact`: what can't be read can't be freed of what is sensitive, so nothing of it is shown.
pub fn as_test(
    letter: &DeadLetter,
    redact: impl Fn(&Envelope) -> Result<String>,
) -> Result<String> {
    let mut message = letter.envelope.clone();
    message.meta = Metadata::default();
    // It is worth handling again, whenever the test runs.
    message.expires = None;
    if message.kind != Kind::Tick {
        message.payload = redact(&letter.envelope)?.into();
        message.content_type = ContentType::Json;
    }
    let json = message.to_json();
    let hashes = "#".repeat(hashes(&json));
    let mut out = String::new();
    about(&mut out, letter);
    let name = name(letter);
    let _ = write!(
        out,
        "#[tokio::test]
async fn {name}() -> svckit::Result<()> {{
    let app = svckit::App::local().serve(service_under_test()).start().await?;
    let message = r{hashes}\"
{json}
\"{hashes};
    app.publish(svckit::Envelope::from_json(message)?).await?;
    app.idle().await?;
    let dead = app.dead_letters().await?;
    assert!(dead.is_empty(), \"it was given up again: {{:?}}\", dead[0].failure);
    Ok(())
}}
"
    );
    Ok(out)
}

/// What is known of it, as a comment that nothing in it can end.
fn about(out: &mut String, letter: &DeadLetter) {
    let failure = &letter.failure;
    let lines = format!(
        "{} gave up {} ({}) at {}, after {} attempts, as `{}`:\n{}\nSensitive fields are replaced. Dead letter {}.",
        letter.group,
        letter.envelope.name,
        letter.envelope.id,
        failure.at,
        letter.attempts,
        failure.class,
        failure.reason,
        letter.number,
    );
    for line in lines.split(['\n', '\r']) {
        let _ = writeln!(out, "/// {line}");
    }
}

/// As many `#` as a raw string needs around a text.
fn hashes(text: &str) -> usize {
    let after = text.split('"').skip(1);
    let runs = after.map(|rest| rest.bytes().take_while(|byte| *byte == b'#').count());
    runs.max().unwrap_or(0) + 1
}

/// `confirm_order_of_order_placed_0192f0c4`.
fn name(letter: &DeadLetter) -> String {
    let last = |name: &str| snake(name.rsplit(['.', '/']).next().unwrap_or_default());
    let by =
        if letter.failure.handler.is_empty() { &letter.group } else { &letter.failure.handler };
    let id = letter.envelope.id.simple().to_string();
    format!("{}_of_{}_{id}", last(by), last(&letter.envelope.name))
}

/// `OrderPlaced` as `order_placed`, and what no name may hold left out.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
        if c.is_ascii_uppercase() && out.ends_with(|last: char| last.is_ascii_lowercase()) {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    if out.starts_with(|first: char| first.is_ascii_digit()) || out.is_empty() {
        out.insert(0, 'h');
    }
    out
}
