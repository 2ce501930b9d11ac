//! The report as text: act by act, then all of them at a glance.

use std::fmt::Write as _;

use crate::act::Act;
use crate::judge::{Judged, Line, Report, millis};
use crate::load::{Lane, Sample};

/// How wide the names of lanes and acts are, and the columns.
const NAME: usize = 30;
const ACT: usize = 20;
const CELL: usize = 29;
const GLANCE: usize = 15;

/// Act by act, a line per lane: calls answered, p50 and p99 before the harm, during it and after.
#[must_use]
pub fn acts(report: &Report<'_>) -> String {
    let mut text = String::new();
    for act in report.acts {
        let (from, to) = act.span();
        let busy = 100.0 - report.taken.free(from, to) * 100.0;
        let _ = writeln!(text, "{}: {}", act.title(), report.judge(act));
        let _ = write!(text, "  {:<NAME$}", "answered, p50/p99:");
        for phase in &act.phases {
            let title = format!("{} ({:.0} s)", phase.part, (phase.to - phase.from).as_secs_f64());
            let _ = write!(text, "{title:<CELL$}");
        }
        let _ = writeln!(text, "promised (others had the machine for {busy:.0} % of the time)");
        for (lane, samples) in report.each() {
            line(report, act, lane, samples, &mut text);
        }
        text.push('\n');
    }
    text
}

fn line(report: &Report<'_>, act: &Act, lane: &Lane, samples: &[Sample], text: &mut String) {
    let mut errors = Vec::new();
    let _ = write!(text, "  {:<NAME$}", lane.title());
    for phase in &act.phases {
        let line = Line::of(samples, phase.from, phase.to);
        let times = format!("{:.0}/{}", line.p50.as_secs_f64() * 1e3, millis(line.p99));
        let cell = format!("{} of {}, {times}", line.good, line.offered);
        let _ = write!(text, "{cell:<CELL$}");
        if !line.codes.is_empty() {
            errors.push(format!("{}: {}", phase.part, line.errors()));
        }
    }
    let promise = report.slo(lane).map_or("nothing".to_owned(), |slo| slo.to_string());
    let verdict = match report.lane(act, lane, samples) {
        Judged::Kept if lane.at == act.hurt => "(hurt)",
        Judged::Kept => "kept",
        Judged::Unsure(_) => "can't be told",
        Judged::Broken(_) => "BROKEN",
    };
    let line = format!("{promise}: {verdict}  {}", errors.join("; "));
    let _ = writeln!(text, "{}", line.trim_end());
}

/// All acts at a glance: the p99 of each lane while a service was hurt, and whether its promise was kept before, during and
/// after it.
#[must_use]
pub fn glance(report: &Report<'_>) -> String {
    let mut text = format!("{:<ACT$}", "p99 while");
    for lane in report.lanes {
        let name = lane.operation.rsplit('.').next().unwrap_or_default();
        let via = if lane.via == "gRPC" { "" } else { "*" };
        let _ = write!(text, "{:>GLANCE$}", format!("{name}{via}"));
    }
    let _ = writeln!(text, "{:>GLANCE$}", "well after");
    for act in report.acts {
        let _ = write!(text, "{:<ACT$}", act.title());
        for (lane, samples) in report.each() {
            let during = &act.phases[1];
            let p99 = millis(Line::of(samples, during.from, during.to).p99);
            let cell = match report.lane(act, lane, samples) {
                Judged::Kept if lane.at == act.hurt => "hurt".to_owned(),
                Judged::Kept => p99,
                Judged::Unsure(_) => format!("{p99} ?"),
                Judged::Broken(_) => format!("{p99} !"),
            };
            let _ = write!(text, "{cell:>GLANCE$}");
        }
        let well = report.recovery(act).map(|time| format!("{:.1} s", time.as_secs_f64()));
        let _ = writeln!(text, "{:>GLANCE$}", well.as_deref().unwrap_or("never"));
    }
    text.push_str(
        "*: over HTTP.  ?: can't be told, this machine was busy.  !: the promise was broken.\n",
    );
    text
}
