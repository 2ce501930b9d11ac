//! The run as a picture: a strip per lane with its latencies over time, errors in red, what was done to the service as
//! shades.

use std::fmt::Write as _;
use std::time::Duration;

use crate::load::{Lane, Sample};
use crate::report::{Line, Report, millis};

/// The picture's measures, in pixels.
const WIDTH: f64 = 1_100.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 92.0;
const STRIP: f64 = 84.0;
const GAP: f64 = 30.0;
/// A point is what happened in so much time.
const STEP: Duration = Duration::from_millis(500);
/// The shortest and the longest time that is shown, in milliseconds, and what is written at the side.
const SHORTEST: f64 = 1.0;
const LONGEST: f64 = 5_000.0;
const TICKS: [(f64, &str); 4] = [(1.0, "1 ms"), (10.0, "10"), (100.0, "100"), (1_000.0, "1 s")];

const STYLE: &str = "text{font:12px sans-serif;fill:#333}.t{font-weight:bold}.s{font-size:10px;fill:#777}\
.p99{fill:none;stroke:#1f6fb2;stroke-width:1.5}.p50{fill:none;stroke:#8bbbe0;stroke-width:1.5}\
.slo{stroke:#2a8a3e;stroke-dasharray:5 4}.e{fill:#d43a2f;fill-opacity:.75}.h{fill:#f5c26b;fill-opacity:.45}\
.f{fill:none;stroke:#ccc}";

/// Draws it as SVG.
#[must_use]
pub fn svg(report: &Report<'_>) -> String {
    let end = report.phases.last().map_or(STEP, |phase| phase.to);
    let rows = u32::try_from(report.lanes.len()).unwrap_or(0);
    let height = TOP + f64::from(rows) * (STRIP + GAP) + 20.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\
         <style>{STYLE}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text class=\"t\" x=\"{LEFT}\" y=\"20\">The shop while {} is hurt</text>\n\
         <text class=\"s\" x=\"{LEFT}\" y=\"36\">dark: p99, light: p50 (log scale, from when a call was to begin); green: p99 that \
         the contract promises; red: share of errors</text>\n",
        report.hurt,
    );
    let picture = Picture { end, scale: (WIDTH - LEFT - RIGHT) / end.as_secs_f64() };
    let mut top = TOP;
    for (lane, samples) in report.each() {
        picture.strip(report, lane, samples, top, &mut svg);
        top += STRIP + GAP;
    }
    for (number, phase) in report.phases.iter().enumerate() {
        // Neighbours that are short are not written over each other.
        let y = if number % 2 == 0 { 56.0 } else { 68.0 };
        let _ = writeln!(
            svg,
            "<text class=\"s\" x=\"{:.1}\" y=\"{y}\">{}</text>",
            picture.x(phase.from) + 2.0,
            phase.name
        );
    }
    picture.seconds(top - GAP, &mut svg);
    svg.push_str("</svg>\n");
    svg
}

struct Picture {
    end: Duration,
    scale: f64,
}

impl Picture {
    fn x(&self, at: Duration) -> f64 {
        LEFT + at.as_secs_f64() * self.scale
    }

    /// What time it is, below the last strip.
    fn seconds(&self, bottom: f64, svg: &mut String) {
        let step = if self.end > Duration::from_secs(100) { 20 } else { 5 };
        for second in (0..=self.end.as_secs()).step_by(step) {
            let (x, y) = (self.x(Duration::from_secs(second)), bottom + 14.0);
            let _ = writeln!(
                svg,
                "<text class=\"s\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{second} s</text>"
            );
        }
    }

    fn strip(
        &self,
        report: &Report<'_>,
        lane: &Lane,
        samples: &[Sample],
        top: f64,
        svg: &mut String,
    ) {
        for phase in report.phases.iter().filter(|phase| phase.hurt) {
            let (x, width) =
                (self.x(phase.from), (phase.to - phase.from).as_secs_f64() * self.scale);
            let _ = writeln!(
                svg,
                "<rect class=\"h\" x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{STRIP}\"/>"
            );
        }
        let right = WIDTH - RIGHT;
        let _ = writeln!(
            svg,
            "<rect class=\"f\" x=\"{LEFT}\" y=\"{top}\" width=\"{:.1}\" height=\"{STRIP}\"/>\
             <text class=\"t\" x=\"{LEFT}\" y=\"{:.1}\">{}, {:.0}/s</text>",
            right - LEFT,
            top - 5.0,
            lane.title(),
            lane.rate,
        );
        for (value, text) in TICKS {
            let y = top + height(value);
            let _ = writeln!(
                svg,
                "<text class=\"s\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 5.0,
                y + 3.0
            );
        }
        if let Some(slo) = report.slo(lane) {
            let y = top + height(slo.p99.as_secs_f64() * 1_000.0);
            let _ = writeln!(
                svg,
                "<line class=\"slo\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"><title>{}</title></line>",
                millis(slo.p99)
            );
        }
        self.points(samples, top, svg);
    }

    fn points(&self, samples: &[Sample], top: f64, svg: &mut String) {
        let (mut p50, mut p99, mut at) = (String::new(), String::new(), Duration::ZERO);
        while at + STEP <= self.end {
            let line = Line::of(samples, at, at + STEP);
            let x = self.x(at + STEP / 2);
            if line.offered > 0 {
                for (path, time) in [(&mut p50, line.p50), (&mut p99, line.p99)] {
                    let _ =
                        write!(path, "{x:.1},{:.1} ", top + height(time.as_secs_f64() * 1_000.0));
                }
            }
            let errors = STRIP * (100.0 - line.availability()) / 100.0;
            if errors > 0.0 {
                let (width, y) = (STEP.as_secs_f64() * self.scale, top + STRIP - errors);
                let _ = writeln!(
                    svg,
                    "<rect class=\"e\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{errors:.1}\"/>",
                    self.x(at)
                );
            }
            at += STEP;
        }
        let _ = writeln!(
            svg,
            "<polyline class=\"p50\" points=\"{p50}\"/><polyline class=\"p99\" points=\"{p99}\"/>"
        );
    }
}

/// How far below the top of a strip a time is drawn.
fn height(millis: f64) -> f64 {
    let share = (millis.clamp(SHORTEST, LONGEST) / SHORTEST).ln() / (LONGEST / SHORTEST).ln();
    STRIP * (1.0 - share)
}
