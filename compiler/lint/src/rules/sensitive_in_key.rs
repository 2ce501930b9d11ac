use svckit_diagnostics::{Diagnostic, Severity, Span};
use svckit_model::{Field, Idempotency, Operation, Type, World};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A sensitive field that is a key, or part of an address.
    ///
    /// ## What it does
    /// Finds `sensitive` fields after `key` of an event, after `idempotent by` of a command or a saga, after
    /// `writes … by`, and between braces in the path of `http`. A warning: those that `http GET` or `DELETE` puts into the
    /// query of the address, for they have no body.
    ///
    /// ## Why is this bad
    /// Keys and addresses are what systems show: in the broker's tools, in traces and access logs, in the records of
    /// idempotency, in error messages of others, in the history of a browser. What stands there is hidden from nobody.
    ///
    /// Reads: `sensitive`, `key`, `idempotent by`, `writes … by`, `http`
    ///
    /// ## Example
    /// ```svc
    /// query GetPatient(insurance_no @1: string sensitive) -> Patient
    ///   http GET "/v1/patients/{insurance_no}"
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// query GetPatient(id @1: PatientId) -> Patient       // a number of your own, that says nothing
    ///   http GET "/v1/patients/{id}"
    /// ```
    /// To search by it, send it in a body: `http POST "/v1/patients/search"`.
    pub RULE = Error | Warning "sensitive-in-key" in Security;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, event) in world.events.iter() {
        let field = event.key.and_then(|at| world.records[event.payload].fields.get(at));
        let use_ =
            Use { what: "the key of event", name: &event.info.name, subject: event.info.span };
        judge(field, event.info.place("key"), &use_, report);
    }
    for (id, op) in world.operations.iter() {
        let record = world.request_record(id).map(|r| &world.records[r].fields[..]);
        operation(op, record.unwrap_or_default(), report);
        in_query(analysis, op, record.unwrap_or_default(), report);
    }
    sagas(world, report);
}

/// What a field is used for, and by whom.
struct Use<'a> {
    what: &'a str,
    name: &'a str,
    subject: Span,
}

fn operation(op: &Operation, fields: &[Field], report: &mut Report) {
    let (name, subject) = (&op.info.name, op.info.span);
    if let Idempotency::ByField(at) = op.idempotency {
        let use_ = Use { what: "the key of command", name, subject };
        judge(fields.get(at), op.info.place("idempotent"), &use_, report);
    }
    if let Some((_, at)) = op.promises.writes {
        let use_ = Use { what: "the key of what is written by", name, subject };
        judge(fields.get(at), op.info.place("writes"), &use_, report);
    }
    let Some(http) = &op.http else { return };
    for field in fields.iter().filter(|f| http.path.contains(&format!("{{{}}}", f.info.name))) {
        let use_ = Use { what: "in the address of", name, subject };
        judge(Some(field), http.span, &use_, report);
    }
}

/// What `GET` and `DELETE` carry beside the path.
fn in_query(analysis: &Analysis<'_>, op: &Operation, fields: &[Field], report: &mut Report) {
    let Some(http) = op.http.as_ref().filter(|http| ["GET", "DELETE"].contains(&&*http.method))
    else {
        return;
    };
    for field in fields.iter().filter(|f| !http.path.contains(&format!("{{{}}}", f.info.name))) {
        let Some((path, place)) = analysis.sensitive().within(analysis.world, field) else {
            continue;
        };
        let text = format!(
            "`{path}` is sensitive, and `{}` puts it into the query of the address of `{}`",
            http.method, op.info.name
        );
        let mut found = Diagnostic::new(RULE.code, http.span, text)
            .here(format!("`{}?{path}=…`: shown in access logs and histories", http.path))
            .label(place, "sensitive")
            .help("send it in a body: `http POST` may carry a query, too; or ask by an identifier that says nothing");
        found.severity = Severity::Warning;
        report.add(op.info.span, found);
    }
}

fn sagas(world: &World, report: &mut Report) {
    for (_, saga) in world.sagas.iter() {
        let Some([root, rest @ ..]) = saga.key.as_deref() else { continue };
        let mut field = saga.params.iter().find(|p| p.info.name == *root);
        let (name, subject) = (&saga.info.name, saga.info.span);
        let use_ = Use { what: "the key of saga", name, subject };
        judge(field, subject, &use_, report);
        for part in rest {
            field = field.and_then(|f| match &f.ty {
                Type::Record(id) => world.records[*id].fields.iter().find(|f| f.info.name == *part),
                _ => None,
            });
            judge(field, subject, &use_, report);
        }
    }
}

fn judge(field: Option<&Field>, place: Span, use_: &Use<'_>, report: &mut Report) {
    let Some(field) = field.filter(|f| f.sensitive) else { return };
    let text = format!("`{}` is sensitive, and {} `{}`", field.info.name, use_.what, use_.name);
    let found = Diagnostic::new(RULE.code, place, text)
        .here("shown in logs, traces and the tools of others")
        .label(field.info.span, "sensitive")
        .help("use an identifier that says nothing: a number of your own, a `uuid`");
    report.add(use_.subject, found);
}
