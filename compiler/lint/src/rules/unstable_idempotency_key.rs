use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Field, Idempotency, World};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A key that is another one, or the same one, at the wrong moment.
    ///
    /// ## What it does
    /// Finds idempotency keys, of commands and sagas, that can't tell one request from another and a repetition from
    /// both: a field whose name says that it is a moment (`sent_at`, `timestamp`, `now`), a count of attempts
    /// (`attempt`, `retry_count`) or made up each time (`nonce`, `random`); a date, which all requests of a day share;
    /// and a field with a default, which all requests that leave it out share.
    ///
    /// ## Why is this bad
    /// A key of the moment or the attempt differs on each repetition, so that nothing is recognised and everything is
    /// done twice. A key that requests share makes the second one a repetition of the first: it is answered with what
    /// the first one got, or refused, and never carried out.
    ///
    /// Reads: `idempotent by`, names, types and defaults of fields
    ///
    /// ## Example
    /// ```svc
    /// command Pay(invoice @1: string  sent_at @2: i64)
    ///   idempotent by sent_at
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// command Pay(invoice @1: string  request_id @2: uuid)
    ///   idempotent by request_id       // made once, the same on each repetition
    /// ```
    pub RULE = Error "unstable-idempotency-key" in Calls;
}

/// Words of names, and what they say of the value.
const MOMENT: &[&str] =
    &["now", "timestamp", "sent_at", "requested_at", "created_at", "time", "clock", "millis"];
const ATTEMPT: &[&str] = &[
    "attempt",
    "attempts",
    "attempt_no",
    "attempt_number",
    "retry",
    "retries",
    "retry_count",
    "try_number",
];
const RANDOM: &[&str] = &["nonce", "random", "salt", "rand"];

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (id, op) in world.operations.iter() {
        let Idempotency::ByField(index) = op.idempotency else { continue };
        let record = world.request_record(id).map(|r| &world.records[r]);
        if let Some(field) = record.and_then(|r| r.fields.get(index)) {
            let place = op.info.place("idempotent");
            judge(
                world,
                &format!("command `{}`", op.info.name),
                field,
                (place, op.info.span),
                report,
            );
        }
    }
    for (_, saga) in world.sagas.iter() {
        let Some([root, rest @ ..]) = saga.key.as_deref() else { continue };
        let param = saga.params.iter().find(|p| p.info.name == *root);
        if let Some(field) = param.and_then(|p| last(world, p, rest)) {
            let span = saga.info.span;
            judge(world, &format!("saga `{}`", saga.info.name), field, (span, span), report);
        }
    }
}

/// The field at the end of a path.
fn last<'w>(world: &'w World, field: &'w Field, path: &[String]) -> Option<&'w Field> {
    path.iter().try_fold(field, |field, name| match &field.ty {
        svckit_model::Type::Record(id) => {
            world.records[*id].fields.iter().find(|f| f.info.name == *name)
        }
        _ => None,
    })
}

fn judge(
    world: &World,
    what: &str,
    field: &Field,
    (place, subject): (Span, Span),
    report: &mut Report,
) {
    let Some((why, label)) = reason(world, field) else { return };
    let text = format!("the key of {what}, `{}`, {why}", field.info.name);
    let found = Diagnostic::new(RULE.code, place, text)
        .here("recognises no repetition")
        .label(field.info.span, label)
        .help("use what the caller makes once for each request and sends again with it: a `request_id @1: uuid`, or the business's own number");
    report.add(subject, found);
}

/// What is wrong with a key, in a sentence and at the field.
fn reason(world: &World, field: &Field) -> Option<(&'static str, &'static str)> {
    let name = field.info.name.as_str();
    if MOMENT.contains(&name) {
        return Some(("is another one at each attempt", "a moment"));
    }
    if ATTEMPT.contains(&name) {
        return Some(("is another one at each attempt", "counts the attempts"));
    }
    if RANDOM.contains(&name) {
        return Some(("is another one at each attempt", "made up each time"));
    }
    if world.builtin(&field.ty) == Some(svckit_model::Builtin::Date) {
        return Some(("is the same for all requests of a day", "a date"));
    }
    field
        .default
        .is_some()
        .then_some(("is the same for all requests that leave it out", "has a default"))
}
