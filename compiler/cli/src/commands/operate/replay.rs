//! `svckit replay`

use serde_json::json;
use svckit_driver::Failure;
use svckit_operate::ReplayFrom;

use super::{desk, failed};
use crate::Status;
use crate::args::{Format, ReplayArgs};
use crate::terminal::Terminal;

pub(crate) fn run(args: &ReplayArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let from = match (&args.from, args.position) {
        (Some(time), None) => ReplayFrom::Time(*time),
        (None, Some(position)) => ReplayFrom::Position(position),
        _ => return Err(Failure::new("replay from where? Say --from TIME or --position NUMBER")),
    };
    let count = desk(&args.data)?.replay(&args.group, from).map_err(failed)?;
    if terminal.format == Format::Json {
        terminal.out(&format!("{:#}\n", json!({ "group": args.group, "messages": count })))?;
    } else {
        terminal.out(&format!("{} gets {count} messages again\n", args.group))?;
    }
    Ok(Status::Clean)
}
