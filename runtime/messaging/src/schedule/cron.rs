//! Cron lines of five fields (minute, hour, day of the month, month, day of the week), in UTC.
//!
//! A field is `*`, a number, a range `1-5`, either with a step `*/15`, or a list of those. Sunday is 0 or 7. Where both
//! days are restricted, either suffices, as in the cron of old.

#[cfg(test)]
mod tests;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// How far ahead a time is looked for: 29 February comes again within eight years.
const DAYS: i32 = 366 * 8 + 2;

/// A cron line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether a day must match both of its fields.
    both: bool,
}

impl Cron {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it, and what may stand there.
    pub fn parse(line: &str) -> Result<Self, String> {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(format!(
                "`{line}` has {} fields; a cron line has five: minute hour day month weekday",
                fields.len()
            ));
        };
        let mut weekdays = field(weekday, "weekday", 0, 7)?;
        weekdays |= (weekdays >> 7) & 1;
        Ok(Self {
            minutes: field(minute, "minute", 0, 59)?,
            hours: field(hour, "hour", 0, 23)?,
            days: field(day, "day", 1, 31)?,
            months: field(month, "month", 1, 12)?,
            weekdays,
            both: day.starts_with('*') || weekday.starts_with('*'),
        })
    }

    /// The first time after `now` that it tells; nothing for a day that never comes.
    #[must_use]
    pub fn after(&self, now: Timestamp) -> Option<Timestamp> {
        let from = now.to_zoned(TimeZone::UTC).datetime();
        let mut date = from.date();
        for ahead in 0..DAYS {
            if self.matches(date) {
                let earliest = (ahead == 0).then(|| from.time());
                if let Some(time) = self.time(earliest) {
                    return DateTime::from_parts(date, time)
                        .to_zoned(TimeZone::UTC)
                        .ok()
                        .map(|at| at.timestamp());
                }
            }
            date = date.checked_add(Span::new().days(1)).ok()?;
        }
        None
    }

    fn matches(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        has(self.months, date.month()) && if self.both { day && weekday } else { day || weekday }
    }

    /// The first time of a day, later than the minute of `after`.
    fn time(&self, after: Option<Time>) -> Option<Time> {
        let later = |time: &Time| {
            after.is_none_or(|after| (time.hour(), time.minute()) > (after.hour(), after.minute()))
        };
        let hours = (0..24).filter(|hour| has(self.hours, *hour));
        let times = hours.flat_map(|hour| {
            (0..60)
                .filter(|minute| has(self.minutes, *minute))
                .filter_map(move |m| Time::new(hour, m, 0, 0).ok())
        });
        times.into_iter().find(later)
    }
}

fn has(set: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| set & (1 << number) != 0)
}

fn field(text: &str, name: &str, min: u32, max: u32) -> Result<u64, String> {
    let wrong = || {
        format!(
            "`{text}` is no {name}; write *, a number from {min} to {max}, a range 1-5, a step */15, or a list of those"
        )
    };
    let mut set = 0;
    for part in text.split(',') {
        let (range, step) =
            part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step = step.map_or(Some(1), number).filter(|step| *step > 0).ok_or_else(wrong)?;
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (Some(min), Some(max)),
            Some((from, to)) => (number(from), number(to)),
            None if part.contains('/') => (number(range), Some(max)),
            None => (number(range), number(range)),
        };
        let (from, to) = from
            .zip(to)
            .filter(|(from, to)| *from >= min && from <= to && *to <= max)
            .ok_or_else(wrong)?;
        set |= (from..=to).step_by(step as usize).fold(0, |set, number| set | 1 << number);
    }
    Ok(set)
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}
