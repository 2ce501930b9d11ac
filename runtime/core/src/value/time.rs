//! Points and lengths of time: `google.protobuf.Timestamp` and `google.protobuf.Duration`.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::check::Violations;
use crate::json::{self, View};
use crate::wire::{Form, Malformed, Native, Reader, Slot, Value, WireType, Writer};

/// The longest duration that Protobuf allows: about 10,000 years.
const LONGEST: u64 = 315_576_000_000;

/// Writes seconds and nanoseconds, as both messages have them.
#[inline]
fn write(seconds: i64, nanos: i32, w: &mut Writer) {
    w.message(|w| {
        w.field(1, &seconds);
        w.field(2, &nanos);
    });
}

#[inline]
fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<(i64, i32)>, Malformed> {
    let mut seconds = Slot::<i64>::new();
    let mut nanos = Slot::<i32>::new();
    while let Some(tag) = r.tag()? {
        match tag.number() {
            1 => seconds.read(tag, r, "seconds", v)?,
            2 => nanos.read(tag, r, "nanos", v)?,
            _ => r.skip(tag)?,
        }
    }
    Ok(seconds.take("seconds", r, v)?.zip(nanos.take("nanos", r, v)?))
}

/// The 0, 3, 6 or 9 digits that ProtoJSON writes after the second.
fn fraction(nanos: u32) -> String {
    match nanos {
        0 => String::new(),
        n if n % 1_000_000 == 0 => format!(".{:03}", n / 1_000_000),
        n if n % 1_000 == 0 => format!(".{:06}", n / 1_000),
        n => format!(".{n:09}"),
    }
}

fn refuse<T>(rule: &str, message: &str, v: &mut Violations) -> Option<T> {
    v.push("", rule, message);
    None
}

impl Value for Timestamp {
    type Form = Native;
}

/// Seconds since 1970, rounded down, and the nanoseconds after them.
fn parts(value: Timestamp) -> (i64, i32) {
    match value.subsec_nanosecond() {
        nanos if nanos < 0 => (value.as_second() - 1, nanos + 1_000_000_000),
        nanos => (value.as_second(), nanos),
    }
}

fn point((seconds, nanos): (i64, i32), v: &mut Violations) -> Option<Timestamp> {
    let nanos_fit = (0..1_000_000_000).contains(&nanos);
    let value = Timestamp::new(seconds, nanos).ok().filter(|value| nanos_fit && in_years(*value));
    value.or_else(|| refuse("timestamp", "must lie between the years 1 and 9999", v))
}

/// Whether the year has the four digits that RFC 3339 and Protobuf have.
fn in_years(value: Timestamp) -> bool {
    value.as_second() >= -62_135_596_800
}

impl Form<Timestamp> for Native {
    const WIRE: WireType = WireType::Len;
    const MERGES: bool = true;

    fn write(value: &Timestamp, w: &mut Writer) {
        let (seconds, nanos) = parts(*value);
        write(seconds, nanos, w);
    }

    fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Timestamp>, Malformed> {
        <Self as Form<Timestamp>>::read_body(&mut r.message()?, v)
    }

    fn read_body(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Timestamp>, Malformed> {
        Ok(read(r, v)?.and_then(|parts| point(parts, v)))
    }

    fn view(value: &Timestamp) -> View<'_> {
        let (seconds, nanos) = parts(*value);
        let whole = Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN).to_string();
        let whole = whole.strip_suffix('Z').unwrap_or(&whole);
        View::Text(format!("{whole}{}Z", fraction(nanos.unsigned_abs())).into())
    }

    fn from_json(json: &Json, v: &mut Violations) -> Option<Timestamp> {
        let Some(text) = json.as_str() else { return json::mismatch("a string", json, v) };
        let value = text.parse::<Timestamp>().ok().filter(|value| in_years(*value));
        value.or_else(|| refuse("timestamp", "must be a time of the form 2027-03-01T12:00:00Z", v))
    }
}

impl Value for Duration {
    type Form = Native;
}

fn length((seconds, nanos): (i64, i32), v: &mut Violations) -> Option<Duration> {
    match (u64::try_from(seconds), u32::try_from(nanos)) {
        (Ok(seconds), Ok(nanos)) if seconds <= LONGEST && nanos < 1_000_000_000 => {
            Some(Duration::new(seconds, nanos))
        }
        _ => refuse("duration", "must not be negative, nor longer than 315576000000 seconds", v),
    }
}

impl Form<Duration> for Native {
    const WIRE: WireType = WireType::Len;
    const MERGES: bool = true;

    fn write(value: &Duration, w: &mut Writer) {
        let seconds = i64::try_from(value.as_secs()).unwrap_or(i64::MAX);
        write(seconds, value.subsec_nanos().cast_signed(), w);
    }

    fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Duration>, Malformed> {
        <Self as Form<Duration>>::read_body(&mut r.message()?, v)
    }

    fn read_body(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Duration>, Malformed> {
        Ok(read(r, v)?.and_then(|parts| length(parts, v)))
    }

    fn view(value: &Duration) -> View<'_> {
        View::Text(format!("{}{}s", value.as_secs(), fraction(value.subsec_nanos())).into())
    }

    fn from_json(json: &Json, v: &mut Violations) -> Option<Duration> {
        let Some(text) = json.as_str() else { return json::mismatch("a string", json, v) };
        let Some(parts) = duration_parts(text) else {
            return refuse("duration", "must be a number of seconds of the form \"1.5s\"", v);
        };
        length(parts, v)
    }
}

/// Seconds and nanoseconds of `1.5s`.
fn duration_parts(text: &str) -> Option<(i64, i32)> {
    let number = text.strip_suffix('s')?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if part.is_empty() || part.len() > 9 || !digits(part) || !digits(whole.trim_start_matches('-'))
    {
        return None;
    }
    Some((whole.parse().ok()?, format!("{part:0<9}").parse().ok()?))
}
