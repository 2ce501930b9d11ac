//! The run as a picture: a strip per lane, over time: how many calls were answered and how many failed, how long they took,
//! what the contract promises; and what was done to whom.

use std::fmt::Write as _;
use std::time::Duration;

use crate::act::Act;
use crate::judge::{Judged, Line, Report};
use crate::load::{Lane, Sample};
use crate::machine::WINDOW;

/// The picture's measures, in pixels.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 52.0;
const TOP: f64 = 152.0;
const STRIP: f64 = 92.0;
const GAP: f64 = 30.0;
const NARROW: f64 = 1_200.0;
/// So many pixels a second, where the run is so long that the picture gets wider.
const SECOND: f64 = 3.5;
/// A point is what happened in so much time.
const STEP: Duration = Duration::from_secs(1);
/// The shortest and the longest time that is shown, in milliseconds, and what is written at the side.
const SHORTEST: f64 = 1.0;
const LONGEST: f64 = 5_000.0;
const TICKS: [(f64, &str); 4] =
    [(1.0, "1 ms"), (10.0, "10 ms"), (100.0, "100 ms"), (1_000.0, "1 s")];

const STYLE: &str = "text{font:13px sans-serif;fill:#333}.t{font-weight:bold}.s{font-size:11px;fill:#666}\
.p99{fill:none;stroke:#12548c;stroke-width:1.6}.p50{fill:none;stroke:#5fa3d9;stroke-width:1.4}\
.slo{stroke:#1d8a3a;stroke-width:1.4;stroke-dasharray:6 4}.e{fill:#d43a2f;fill-opacity:.8}\
.r{fill:#b9c2ca;fill-opacity:.45}.slowed{fill:#ffd24d}.stopped{fill:#ff9f40}.killed{fill:#f07ab0}\
.own{fill-opacity:.55}.far{fill-opacity:.16}.head{fill-opacity:.8}.busy{fill:#777}\
.kept{fill:#1d8a3a}.not{fill:#d43a2f}.f{fill:none;stroke:#bbb}.g{stroke:#ddd;stroke-width:.7}";

/// Draws it as SVG.
#[must_use]
pub fn svg(report: &Report<'_>) -> String {
    let end = report.acts.last().map_or(STEP, |act| act.span().1);
    let width = (end.as_secs_f64() * SECOND + LEFT + RIGHT).max(NARROW).ceil();
    let rows = u32::try_from(report.lanes.len()).unwrap_or(0);
    let height = TOP + f64::from(rows) * (STRIP + GAP) + 24.0;
    let scale = (width - LEFT - RIGHT) / end.as_secs_f64();
    let mut picture = Picture { end, scale, width, svg: String::new() };
    let _ = writeln!(
        picture.svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\
         <style>{STYLE}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    );
    picture.legend(report);
    picture.heads(report);
    let mut top = TOP;
    for (lane, samples) in report.each() {
        picture.strip(report, lane, samples, top);
        top += STRIP + GAP;
    }
    picture.seconds(top - GAP);
    picture.svg + "</svg>\n"
}

struct Picture {
    end: Duration,
    scale: f64,
    width: f64,
    svg: String,
}

impl Picture {
    fn x(&self, at: Duration) -> f64 {
        LEFT + at.as_secs_f64() * self.scale
    }

    fn text(&mut self, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            self.svg,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }

    fn rect(&mut self, class: &str, [x, y]: [f64; 2], width: f64, height: f64) {
        let _ = writeln!(
            self.svg,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        );
    }

    fn line(&mut self, class: &str, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) {
        let _ = writeln!(
            self.svg,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// What is shown, and what the colours mean.
    fn legend(&mut self, report: &Report<'_>) {
        let mut hurt: Vec<&str> = report.acts.iter().map(|act| act.hurt).collect();
        hurt.dedup();
        let title = format!(
            "The shop in five processes under load, while {} {} slowed, stopped and killed",
            hurt.join(", "),
            if hurt.len() == 1 { "is" } else { "in turn are" }
        );
        self.text("t", LEFT, 20.0, "start", &title);
        let mut x = LEFT;
        for (class, name) in [
            ("p50", "half of the calls took at most (p50, log scale)"),
            ("p99", "99 of 100 took at most (p99)"),
            ("slo", "what 99 of 100 may take, by the contract"),
        ] {
            self.line(class, [x, 38.0], [x + 24.0, 38.0]);
            x = self.word(x + 30.0, 42.0, name);
        }
        let rows: [&[(&str, &str)]; 2] = [
            &[
                ("r", "calls answered"),
                ("e", "calls failed (full height: all calls that came)"),
                ("busy", "others had this machine: what is not kept then is tried again"),
            ],
            &[
                ("slowed own", "slowed: runs 100 ms of 700"),
                ("stopped own", "stopped: takes connections, answers nothing"),
                ("killed own", "killed, then started again"),
                ("slowed far", "(pale) so is another service: this one keeps its promise"),
            ],
        ];
        for (y, row) in [54.0, 72.0].into_iter().zip(rows) {
            x = LEFT;
            for (class, name) in row {
                self.rect(class, [x, y], 14.0, if *class == "busy" { 5.0 } else { 12.0 });
                x = self.word(x + 20.0, y + 10.0, name);
            }
        }
    }

    /// A word of the legend; where the next one may begin.
    #[expect(clippy::cast_precision_loss, reason = "some letters")]
    fn word(&mut self, x: f64, y: f64, name: &str) -> f64 {
        self.text("s", x, y, "start", name);
        x + name.len() as f64 * 5.9 + 22.0
    }

    /// Above all strips: who is hurt, and how; and when others had this machine.
    fn heads(&mut self, report: &Report<'_>) {
        for own in report.acts.chunk_by(|a, b| a.hurt == b.hurt) {
            let (from, to) = (self.x(own[0].span().0), self.x(own[own.len() - 1].span().1));
            let text = format!("{} is hurt", own[0].hurt);
            self.text("t", f64::midpoint(from, to), TOP - 48.0, "middle", &text);
            self.line("f", [from + 2.0, TOP - 43.0], [to - 2.0, TOP - 43.0]);
        }
        for act in report.acts {
            let (x, width) = self.harmed(act);
            self.rect(&format!("{} head", act.harm), [x, TOP - 40.0], width, 13.0);
            // What is too narrow for its name has its colour.
            if width > 46.0 {
                self.text("s", x + width / 2.0, TOP - 30.0, "middle", &act.harm.to_string());
            }
        }
        let (mut busy, width) = (String::new(), WINDOW.as_secs_f64() * self.scale);
        for start in report.taken.starts().take_while(|start| *start < self.end) {
            let _ =
                write!(busy, "M{:.1} {:.1}h{width:.1}v3h-{width:.1}z", self.x(start), TOP - 25.0);
        }
        let _ = writeln!(self.svg, "<path class=\"busy\" d=\"{busy}\"/>");
    }

    fn harmed(&self, act: &Act) -> (f64, f64) {
        let during = &act.phases[1];
        (self.x(during.from), (during.to - during.from).as_secs_f64() * self.scale)
    }

    /// What time it is, below the last strip.
    fn seconds(&mut self, bottom: f64) {
        let step = if self.scale < 8.0 { 20 } else { 5 };
        for second in (0..=self.end.as_secs()).step_by(step) {
            let x = self.x(Duration::from_secs(second));
            self.text("s", x, bottom + 15.0, "middle", &format!("{second} s"));
        }
    }

    fn strip(&mut self, report: &Report<'_>, lane: &Lane, samples: &[Sample], top: f64) {
        let right = self.width - RIGHT;
        self.bars(lane, samples, top);
        for act in report.acts {
            let (x, width) = self.harmed(act);
            let shade = if act.hurt == lane.at { "own" } else { "far" };
            self.rect(&format!("{} {shade}", act.harm), [x, top], width, STRIP);
        }
        for (value, text) in TICKS {
            let y = top + height(value);
            self.line("g", [LEFT, y], [right, y]);
            self.text("s", LEFT - 6.0, y + 4.0, "end", text);
        }
        let promise = report.slo(lane).map_or("promises nothing".to_owned(), |slo| {
            let y = top + height(slo.p99.as_secs_f64() * 1_000.0);
            self.line("slo", [LEFT, y], [right, y]);
            format!("promises {slo}")
        });
        self.latencies(samples, top);
        self.rect("f", [LEFT, top], right - LEFT, STRIP);
        self.text("s", right + 5.0, top + 10.0, "start", &format!("{:.0}/s", lane.rate));
        self.text("s", right + 5.0, top + STRIP, "start", "0/s");
        self.text("t", LEFT, top - 6.0, "start", &format!("{}: {promise}", lane.title()));
        let judged = report.lane_judged(lane, samples);
        let class = if judged == Judged::Kept { "t kept" } else { "t not" };
        self.text(class, right, top - 6.0, "end", &judged.to_string());
    }

    /// How many calls were answered and how many failed; the whole height is what came.
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    fn bars(&mut self, lane: &Lane, samples: &[Sample], top: f64) {
        let (width, bottom) = (STEP.as_secs_f64() * self.scale, top + STRIP);
        let (mut good, mut bad) = (format!("M{LEFT:.1} {bottom:.1}"), String::new());
        for (at, line) in self.steps(samples) {
            let share =
                |count: usize| (count as f64 / (lane.rate * STEP.as_secs_f64())).min(1.0) * STRIP;
            let (x, y) = (self.x(at), bottom - share(line.good));
            let _ = write!(good, "V{y:.1}H{:.1}", x + width);
            if line.good < line.offered {
                let height = share(line.offered) - share(line.good);
                let _ = write!(bad, "M{x:.1} {y:.1}v-{height:.1}h{width:.1}v{height:.1}z");
            }
        }
        let _ = writeln!(
            self.svg,
            "<path class=\"r\" d=\"{good}V{bottom:.1}z\"/><path class=\"e\" d=\"{bad}\"/>"
        );
    }

    fn latencies(&mut self, samples: &[Sample], top: f64) {
        let (mut p50, mut p99) = (String::new(), String::new());
        for (at, line) in self.steps(samples) {
            let x = self.x(at + STEP / 2);
            for (path, time) in [(&mut p50, line.p50), (&mut p99, line.p99)] {
                let _ = write!(path, "{x:.1},{:.1} ", top + height(time.as_secs_f64() * 1_000.0));
            }
        }
        let _ = writeln!(
            self.svg,
            "<polyline class=\"p50\" points=\"{p50}\"/><polyline class=\"p99\" points=\"{p99}\"/>"
        );
    }

    fn steps(&self, samples: &[Sample]) -> Vec<(Duration, Line)> {
        let (mut steps, mut at) = (Vec::new(), Duration::ZERO);
        while at + STEP <= self.end {
            let line = Line::of(samples, at, at + STEP);
            if line.offered > 0 {
                steps.push((at, line));
            }
            at += STEP;
        }
        steps
    }
}

/// How far below the top of a strip a time is drawn.
fn height(millis: f64) -> f64 {
    let share = (millis.clamp(SHORTEST, LONGEST) / SHORTEST).ln() / (LONGEST / SHORTEST).ln();
    STRIP * (1.0 - share)
}
