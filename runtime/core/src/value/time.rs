//! Points and lengths of time: `google.protobuf.Timestamp` and `google.protobuf.Duration`.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::text::{day, digits};
use crate::check::Violations;
use crate::json::{self, Node, View};
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

/// Writes the 0, 3, 6 or 9 digits that ProtoJSON has after the second.
fn fraction(mut nanos: u32, out: &mut json::Text<'_>) {
    let count = match nanos {
        0 => return,
        n if n % 1_000_000 == 0 => 3,
        n if n % 1_000 == 0 => 6,
        _ => 9,
    };
    let mut digits = *b".000000000";
    for digit in digits[1..].iter_mut().rev() {
        *digit = b'0' + (nanos % 10) as u8;
        nanos /= 10;
    }
    out.raw(&digits[..=count]);
}

/// What is written, for those who want it as a value.
fn view<'a, T>(value: &T) -> View<'a>
where
    Native: Form<T>,
{
    let mut out = Vec::new();
    Native::write_json(value, &mut json::Text::after(&mut out));
    let text = String::from_utf8(out).unwrap_or_default();
    View::Text(text.trim_matches('"').to_owned().into())
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
    value.or_else(|| {
        refuse("timestamp", "must lie between 0001-01-01T00:00:00Z and 9999-12-30T22:00:00Z", v)
    })
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
        view(value)
    }

    fn write_json(value: &Timestamp, out: &mut json::Text<'_>) {
        let (seconds, nanos) = parts(*value);
        let whole = Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN);
        out.raw(b"\"");
        match second(Offset::UTC.to_datetime(whole)) {
            Some(text) => out.raw(&text),
            None => out.raw(whole.to_string().trim_end_matches('Z').as_bytes()),
        }
        fraction(nanos.unsigned_abs(), out);
        out.raw(b"Z\"");
    }

    fn from_json(json: &Node<'_>, v: &mut Violations) -> Option<Timestamp> {
        let Some(text) = json.as_str() else { return json::mismatch("a string", json, v) };
        let value = if rfc3339(text) { text.parse::<Timestamp>().ok() } else { None };
        let value = value.filter(|value| in_years(*value));
        value.or_else(|| refuse("timestamp", "must be a time of the form 2027-03-01T12:00:00Z", v))
    }
}

/// `2027-03-01T12:00:00`, where the year has four digits and no sign.
fn second(time: DateTime) -> Option<[u8; 19]> {
    let mut text = *b"0000-00-00T00:00:00";
    text[..10].copy_from_slice(&day(time.date())?);
    for (at, number) in [(11, time.hour()), (14, time.minute()), (17, time.second())] {
        text[at..at + 2].copy_from_slice(&digits(number.unsigned_abs()));
    }
    Some(text)
}

/// Whether a text has the form that ProtoJSON writes times in. Their library reads more, `2027-03-01 12:00Z[UTC]` for one.
fn rfc3339(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00";
    let like = |(form, found): (&u8, &u8)| match form {
        b'0' => found.is_ascii_digit(),
        other => other == found,
    };
    let Some((head, rest)) = text.as_bytes().split_at_checked(FORM.len()) else { return false };
    let fraction = rest
        .strip_prefix(b".")
        .map_or(0, |part| 1 + part.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let zone = match &rest[fraction..] {
        b"Z" => true,
        [b'+' | b'-', zone @ ..] => zone.len() == 5 && b"00:00".iter().zip(zone).all(like),
        _ => false,
    };
    FORM.iter().zip(head).all(like) && fraction != 1 && fraction <= 10 && zone
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
        view(value)
    }

    fn write_json(value: &Duration, out: &mut json::Text<'_>) {
        out.raw(b"\"");
        out.integer(value.as_secs());
        fraction(value.subsec_nanos(), out);
        out.raw(b"s\"");
    }

    fn from_json(json: &Node<'_>, v: &mut Violations) -> Option<Duration> {
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
    let nanos = format!("{part:0<9}").parse::<i32>().ok()?;
    // `-0.5s` is negative, though its whole part is not.
    Some((whole.parse().ok()?, if whole.starts_with('-') { -nanos } else { nanos }))
}
