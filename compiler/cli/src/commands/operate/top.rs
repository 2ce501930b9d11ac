//! `svckit top`: how the consumer groups do, as it changes.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph, Row, Table, TableState, Wrap};
use svckit_driver::Failure;
use svckit_operate::{Desk, Snapshot};

use super::{age, desk, failed, table};
use crate::Status;
use crate::args::TopArgs;
use crate::terminal::Terminal;

/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);
/// What the columns say.
const HEAD: [&str; 7] = ["GROUP", "IN/S", "OUT/S", "WAITING", "IN HAND", "AGE", "DEAD"];

pub(crate) fn run(args: &TopArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let desk = desk(&args.data)?;
    if args.once || !std::io::stdout().is_terminal() {
        let first = desk.snapshot().map_err(failed)?;
        std::thread::sleep(LOOK);
        let now = desk.snapshot().map_err(failed)?;
        let head = HEAD.map(str::to_owned).to_vec();
        let rows = std::iter::once(head).chain(rows(&now, &first).into_iter().map(|r| r.cells));
        terminal.out(&table(&rows.collect::<Vec<_>>()))?;
        return Ok(Status::Clean);
    }
    let mut screen = ratatui::init();
    let watched = watch(&desk, &mut screen);
    ratatui::restore();
    watched.map(|()| Status::Clean)
}

/// A group, and whether something is wrong with it.
struct Shown {
    cells: Vec<String>,
    dead: bool,
    late: bool,
}

/// A group whose oldest message is older than that is late.
const LATE: Duration = Duration::from_secs(30);

fn rows(now: &Snapshot, before: &Snapshot) -> Vec<Shown> {
    let row = |lag: svckit_operate::Lag| {
        let (published, handled) = now.rates(before, &lag.group);
        Shown {
            dead: lag.dead > 0,
            late: lag.age.is_some_and(|age| age > LATE),
            cells: vec![
                lag.group,
                format!("{published:.0}"),
                format!("{handled:.0}"),
                lag.waiting.to_string(),
                lag.in_flight.to_string(),
                lag.age.map_or_else(|| "-".to_owned(), age),
                lag.dead.to_string(),
            ],
        }
    };
    now.lag().into_iter().map(row).collect()
}

/// Draws until somebody has seen enough. A file that can't be read for a while is told below, and looked at again.
fn watch(desk: &Desk, screen: &mut ratatui::DefaultTerminal) -> Result<(), Failure> {
    let first = desk.snapshot().map_err(failed)?;
    let mut seen = Seen { before: first.clone(), now: first, trouble: None };
    let mut at = TableState::default().with_selected(0);
    let mut next = Instant::now() + LOOK;
    loop {
        let draw = screen.draw(|frame| draw(frame, &seen, &mut at));
        draw.map_err(|error| Failure::new(format!("can't draw: {error}")))?;
        let left = next.saturating_duration_since(Instant::now());
        if event::poll(left).unwrap_or(false) {
            let Ok(event) = event::read() else { continue };
            if pressed(&event, &mut at) {
                return Ok(());
            }
        }
        if Instant::now() >= next {
            seen.look(desk);
            next = Instant::now() + LOOK;
        }
    }
}

/// Whether a key says that it is enough.
fn pressed(event: &Event, at: &mut TableState) -> bool {
    let Event::Key(key) = event else { return false };
    if key.kind == KeyEventKind::Release {
        return false;
    }
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => return true,
        KeyCode::Char('c') => return key.modifiers.contains(KeyModifiers::CONTROL),
        KeyCode::Down | KeyCode::Char('j') => at.select_next(),
        KeyCode::Up | KeyCode::Char('k') => at.select_previous(),
        KeyCode::Home => at.select_first(),
        KeyCode::End => at.select_last(),
        _ => {}
    }
    false
}

/// What was seen last, and before that.
struct Seen {
    before: Snapshot,
    now: Snapshot,
    trouble: Option<String>,
}

impl Seen {
    fn look(&mut self, desk: &Desk) {
        match desk.snapshot() {
            Ok(now) => {
                self.before = std::mem::replace(&mut self.now, now);
                self.trouble = None;
            }
            Err(error) => self.trouble = Some(error.message().to_owned()),
        }
    }
}

/// Columns in the order in which they are left out where there is no room: what comes last here goes first.
const WORTH: [usize; 6] = [6, 3, 5, 2, 1, 4];
/// Names are not cut to less than this before a column is left out.
const NAME: usize = 24;

/// How wide each column is, and 0 for those that are left out.
fn widths(width: usize, rows: &[Shown]) -> [usize; 7] {
    let long = |column: usize| {
        let cells = rows.iter().map(|row| row.cells[column].chars().count());
        cells.chain([HEAD[column].len()]).max().unwrap_or(0)
    };
    let mut widths = [0; 7];
    let mut left = width.saturating_sub(long(0).min(NAME));
    for column in WORTH {
        let wants = long(column).max(if column == 0 { 0 } else { 5 });
        if left > wants + GAP {
            widths[column] = wants;
            left -= wants + GAP;
        } else {
            break;
        }
    }
    widths[0] = long(0).min(long(0).min(NAME) + left).min(width);
    widths
}

/// Between two columns.
const GAP: usize = 2;

/// The end of a name says more than its beginning.
fn end(name: &str, width: usize) -> String {
    let long = name.chars().count();
    if long <= width {
        return name.to_owned();
    }
    let rest = name.chars().skip(long + 1 - width.max(1));
    std::iter::once('…').chain(rest).collect()
}

/// One screen.
fn draw(frame: &mut Frame<'_>, seen: &Seen, at: &mut TableState) {
    let [body, foot] =
        Layout::vertical([Constraint::Min(3), Constraint::Length(1)]).areas(frame.area());
    let shown = rows(&seen.now, &seen.before);
    let block = Block::bordered().title(" svckit top: consumer groups ");
    if shown.is_empty() {
        let text = "no groups yet: one is there once a consumer of it has run";
        let text = Paragraph::new(text).wrap(Wrap { trim: true }).block(block);
        frame.render_widget(text, body);
    } else {
        frame.render_stateful_widget(groups(shown, usize::from(body.width), block), body, at);
    }
    let dead: u64 = seen.now.groups.iter().map(|group| group.dead).sum();
    let waiting: u64 = seen.now.groups.iter().map(|group| group.waiting).sum();
    let text = match &seen.trouble {
        Some(trouble) => Line::from(format!(" {trouble}")).style(Style::new().fg(Color::Red)),
        None => {
            let dead =
                format!("{dead} dead letters{}", if dead > 0 { " (svckit dlq list)" } else { "" });
            Line::from(format!(" q: end   {waiting} waiting, {dead}   up, down: move"))
        }
    };
    frame.render_widget(text, foot);
}

fn groups(shown: Vec<Shown>, width: usize, block: Block<'static>) -> Table<'static> {
    let widths = widths(width.saturating_sub(2), &shown);
    let cells = |cells: Vec<String>| {
        let cells = cells.into_iter().enumerate().filter(|(column, _)| widths[*column] > 0);
        Row::new(cells.map(|(column, cell)| match column {
            0 => Line::from(end(&cell, widths[0])),
            _ => Line::from(cell).right_aligned(),
        }))
    };
    let lines = shown.into_iter().map(|shown| {
        let style = match (shown.dead, shown.late) {
            (true, _) => Style::new().fg(Color::Red),
            (_, true) => Style::new().fg(Color::Yellow),
            _ => Style::new(),
        };
        cells(shown.cells).style(style)
    });
    let lines = lines.collect::<Vec<_>>();
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let shown = widths.iter().filter(|width| **width > 0);
    let columns = shown.map(|width| Constraint::Length(u16::try_from(*width).unwrap_or(u16::MAX)));
    Table::new(lines, columns.collect::<Vec<_>>())
        .column_spacing(GAP as u16)
        .header(cells(HEAD.map(str::to_owned).to_vec()).style(bold))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .block(block)
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use svckit_operate::GroupStatus;

    use super::*;

    #[test]
    fn a_screen_shows_rates_lag_and_dead_letters() {
        let group = |published, handled, waiting, dead| GroupStatus {
            group: "shop.mail.v1.Mail".to_owned(),
            published,
            handled,
            waiting,
            dead,
            oldest: Some("2027-03-01T10:00:00Z".parse().expect("a time")),
            ..GroupStatus::default()
        };
        let at =
            |text: &str, group| Snapshot { at: text.parse().expect("a time"), groups: vec![group] };
        let before = at("2027-03-01T10:00:00Z", group(10, 10, 0, 0));
        let now = at("2027-03-01T10:00:02Z", group(30, 20, 10, 3));
        let seen = Seen { before, now, trouble: None };
        let screen = text(&seen, 100, 8);
        for part in ["shop.mail.v1.Mail", "   10", "    5", "2 s", "3 dead letters"] {
            assert!(screen.contains(part), "{part}: {screen}");
        }
        // Names end next to their figures, however wide the screen is.
        assert!(screen.contains("shop.mail.v1.Mail     10"), "{screen}");
    }

    fn text(seen: &Seen, width: u16, height: u16) -> String {
        let mut screen =
            Terminal::new(TestBackend::new(width, height)).expect("a screen in memory");
        let mut state = TableState::default();
        screen.draw(|frame| draw(frame, seen, &mut state)).expect("it draws in memory");
        let lines = screen.backend().buffer().content().chunks(usize::from(width));
        let line = |cells: &[ratatui::buffer::Cell]| {
            cells.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
        };
        lines.map(line).collect::<Vec<_>>().join("\n")
    }

    fn seen(names: &[&str]) -> Seen {
        let group = |name: &&str| GroupStatus {
            group: (*name).to_owned(),
            dead: 7,
            ..GroupStatus::default()
        };
        let groups = names.iter().map(group).collect();
        let now = Snapshot { at: "2027-03-01T10:00:00Z".parse().expect("a time"), groups };
        Seen { before: now.clone(), now, trouble: None }
    }

    #[test]
    fn a_narrow_screen_shows_what_matters_most() {
        let all = seen(&["shop.inventory.v1.Inventory/CountEverything"]);
        let narrow = text(&all, 48, 6);
        for part in ["DEAD", "WAITING", "…", "CountEverything", "    7"] {
            assert!(narrow.contains(part), "{part}:\n{narrow}");
        }
        assert!(!narrow.contains("IN HAND"), "{narrow}");
        for (width, height) in [(24, 4), (1, 1), (3, 2), (10, 3)] {
            text(&all, width, height);
        }
    }

    #[test]
    fn nothing_and_trouble_are_told() {
        let mut none = seen(&[]);
        assert!(text(&none, 100, 8).contains("no groups yet"));
        none.trouble = Some("the broker b.sqlite is locked".to_owned());
        assert!(text(&none, 100, 8).contains("the broker b.sqlite is locked"));
    }

    #[test]
    fn keys_move_and_end() {
        let mut at = TableState::default().with_selected(0);
        let mut press = |code, modifiers| {
            let key = event::KeyEvent::new(code, modifiers);
            pressed(&Event::Key(key), &mut at)
        };
        let plain = KeyModifiers::NONE;
        assert!(press(KeyCode::Char('q'), plain) && press(KeyCode::Esc, plain));
        assert!(press(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert!(!press(KeyCode::Char('c'), plain) && !press(KeyCode::Down, plain));
        assert_eq!(at.selected(), Some(1));
    }
}
