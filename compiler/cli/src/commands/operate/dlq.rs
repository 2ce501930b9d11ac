//! `svckit dlq list|show|redrive|drop`

use serde_json::{Value, json};
use svckit_driver::Failure;
use svckit_operate::{DeadFilter, DeadLetter, Done, Redrive};

use super::{age, as_test, desk, failed, table};
use crate::Status;
use crate::args::{DlqArgs, DlqCommand, FilterArgs, Format};
use crate::terminal::Terminal;

pub(crate) fn run(args: &DlqArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let desk = desk(&args.data)?;
    match &args.command {
        DlqCommand::List(filter) => {
            let letters = desk.dead_letters(&chosen(filter)).map_err(failed)?;
            let text = if terminal.format == Format::Json {
                format!("{:#}\n", Value::from_iter(letters.iter().map(summary)))
            } else {
                listed(&letters, |letter| age(desk.age(letter.failure.at)))
            };
            terminal.out(&text)?;
        }
        DlqCommand::Show(show) => {
            let letter = desk.dead_letter(show.number).map_err(failed)?;
            if show.as_test {
                terminal.out(&as_test::text(&letter, &show.contracts)?)?;
            } else if terminal.format == Format::Json {
                terminal.out(&format!("{:#}\n", whole(&letter)))?;
            } else {
                terminal.out(&shown(&letter))?;
            }
        }
        DlqCommand::Redrive(redrive) => {
            let (rate, dry_run) = (redrive.rate, redrive.dry_run);
            let what = Redrive { filter: chosen(&redrive.filter), rate, dry_run };
            let done = desk.redrive(&what, |_| {}).map_err(failed)?;
            told(done, dry_run, "given back to their groups", terminal)?;
        }
        DlqCommand::Drop(drop) => {
            let filter = chosen(&drop.filter);
            if filter == DeadFilter::default() && !drop.all && !drop.dry_run {
                return Err(Failure::new(
                    "drop which? Name some with --group, --id, --name or --class, or all of them with --all",
                ));
            }
            let done = desk.drop_dead(&filter, drop.dry_run).map_err(failed)?;
            told(done, drop.dry_run, "dropped", terminal)?;
        }
    }
    Ok(Status::Clean)
}

fn chosen(args: &FilterArgs) -> DeadFilter {
    let FilterArgs { group, id, name, class, limit } = args.clone();
    DeadFilter { group, id, name, class, after: 0, limit: limit.unwrap_or(0) }
}

fn told(done: Done, dry_run: bool, what: &str, terminal: &Terminal) -> Result<(), Failure> {
    if terminal.format == Format::Json {
        let document = json!({ "found": done.found, "done": done.done, "dryRun": dry_run });
        return terminal.out(&format!("{document:#}\n"));
    }
    let text = if dry_run {
        format!("{} dead letters would be {what}\n", done.found)
    } else {
        format!("{} of {} dead letters {what}\n", done.done, done.found)
    };
    terminal.out(&text)
}

fn listed(letters: &[DeadLetter], ago: impl Fn(&DeadLetter) -> String) -> String {
    if letters.is_empty() {
        return "no dead letters\n".to_owned();
    }
    let head = ["NUMBER", "GROUP", "MESSAGE", "CLASS", "TRIED", "AGE", "REASON"].map(str::to_owned);
    let row = |letter: &DeadLetter| {
        vec![
            letter.number.to_string(),
            letter.group.clone(),
            letter.envelope.name.to_string(),
            letter.failure.class.clone(),
            letter.attempts.to_string(),
            ago(letter),
            letter.failure.reason.lines().next().unwrap_or_default().chars().take(80).collect(),
        ]
    };
    let rows: Vec<_> = std::iter::once(head.to_vec()).chain(letters.iter().map(row)).collect();
    table(&rows)
}

fn summary(letter: &DeadLetter) -> Value {
    let DeadLetter { number, group, position, envelope, attempts, first, failure } = letter;
    json!({
        "number": number,
        "group": group,
        "position": position,
        "id": envelope.id.to_string(),
        "name": &*envelope.name,
        "version": envelope.version,
        "key": &*envelope.key,
        "attempts": attempts,
        "first": first.to_string(),
        "last": failure.at.to_string(),
        "handler": failure.handler,
        "class": failure.class,
        "reason": failure.reason,
    })
}

/// Without the payload, which may hold what is sensitive: how long it is, and of what type.
fn whole(letter: &DeadLetter) -> Value {
    let mut document = summary(letter);
    document["stack"] = json!(letter.failure.stack);
    document["source"] = json!(&*letter.envelope.source);
    document["time"] = json!(letter.envelope.time.to_string());
    document["contentType"] = json!(letter.envelope.content_type.as_str());
    document["payloadBytes"] = json!(letter.envelope.payload.len());
    document["headers"] =
        letter.envelope.meta.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    document
}

fn shown(letter: &DeadLetter) -> String {
    let Value::Object(fields) = whole(letter) else { return String::new() };
    let line = |(name, value): (&String, &Value)| match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => {
            Some(format!("{name:<14} {}\n", text.replace('\n', "\n               ")))
        }
        Value::Object(map) if map.is_empty() => None,
        other => Some(format!("{name:<14} {other}\n")),
    };
    fields.iter().filter_map(line).collect()
}
