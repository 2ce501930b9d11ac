//! `svckit top`: how the consumer groups do, as it changes.

use std::io::IsTerminal as _;
use std::time::Duration;

use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Row, Table, TableState};
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

/// Draws until somebody has seen enough.
fn watch(desk: &Desk, screen: &mut ratatui::DefaultTerminal) -> Result<(), Failure> {
    let mut before = desk.snapshot().map_err(failed)?;
    let mut now = before.clone();
    let mut at = TableState::default().with_selected(0);
    loop {
        let draw = screen.draw(|frame| draw(frame, &now, &before, &mut at));
        draw.map_err(|error| Failure::new(format!("can't draw: {error}")))?;
        if event::poll(LOOK).unwrap_or(false) {
            match event::read() {
                Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => match key.code {
                    KeyCode::Char('q' | 'c') | KeyCode::Esc => return Ok(()),
                    KeyCode::Down | KeyCode::Char('j') => at.select_next(),
                    KeyCode::Up | KeyCode::Char('k') => at.select_previous(),
                    _ => {}
                },
                _ => {}
            }
        } else {
            before = std::mem::replace(&mut now, desk.snapshot().map_err(failed)?);
        }
    }
}

/// One screen.
fn draw(frame: &mut Frame<'_>, now: &Snapshot, before: &Snapshot, at: &mut TableState) {
    let [body, foot] =
        Layout::vertical([Constraint::Min(3), Constraint::Length(1)]).areas(frame.area());
    let lines = rows(now, before).into_iter().map(|shown| {
        let style = match (shown.dead, shown.late) {
            (true, _) => Style::new().fg(Color::Red),
            (_, true) => Style::new().fg(Color::Yellow),
            _ => Style::new(),
        };
        Row::new(shown.cells).style(style)
    });
    let widths = [Constraint::Min(24)].into_iter().chain([Constraint::Length(9); 6]);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let groups = Table::new(lines, widths)
        .header(Row::new(HEAD).style(bold))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .block(Block::bordered().title(" svckit top: consumer groups "));
    frame.render_stateful_widget(groups, body, at);
    let dead: u64 = now.groups.iter().map(|group| group.dead).sum();
    let waiting: u64 = now.groups.iter().map(|group| group.waiting).sum();
    let text =
        format!(" {waiting} waiting, {dead} dead letters (svckit dlq list)   up/down, q to end");
    frame.render_widget(Line::from(text), foot);
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
        let mut screen = Terminal::new(TestBackend::new(100, 8)).expect("a screen in memory");
        let mut state = TableState::default();
        screen.draw(|frame| draw(frame, &now, &before, &mut state)).expect("it draws in memory");
        let text: String =
            screen.backend().buffer().content().iter().map(|cell| cell.symbol()).collect();
        for part in ["shop.mail.v1.Mail", "10  ", "5  ", "2 s", "3 dead letters"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
