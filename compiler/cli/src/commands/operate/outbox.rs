//! `svckit outbox status`

use serde_json::json;
use svckit_driver::Failure;

use super::{age, desk, failed, table};
use crate::Status;
use crate::args::{Format, OutboxArgs};
use crate::terminal::Terminal;

pub(crate) fn run(args: &OutboxArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let desk = desk(&args.data)?;
    let outboxes = desk.outboxes().map_err(failed)?;
    let text = if terminal.format == Format::Json {
        let entry = |outbox: &svckit_operate::Outbox| {
            let oldest = outbox.status.oldest.map(|at| at.to_string());
            json!({ "service": outbox.service, "waiting": outbox.status.waiting, "oldest": oldest })
        };
        format!("{:#}\n", outboxes.iter().map(entry).collect::<serde_json::Value>())
    } else {
        let row = |outbox: &svckit_operate::Outbox| {
            let oldest = outbox.status.oldest.map_or("-".to_owned(), |at| age(desk.age(at)));
            vec![outbox.service.clone(), outbox.status.waiting.to_string(), oldest]
        };
        let head = ["SERVICE", "WAITING", "OLDEST"].map(str::to_owned).to_vec();
        table(&std::iter::once(head).chain(outboxes.iter().map(row)).collect::<Vec<_>>())
    };
    terminal.out(&text)?;
    Ok(Status::Clean)
}
