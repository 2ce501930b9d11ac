//! What is a string or bytes on the wire: string, bytes, uuid, decimal, date.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::check::Violations;
use crate::json::{self, Node, View};
use crate::wire::{Form, Malformed, Native, Reader, Value, WireType, Writer, utf8};

impl Value for String {
    type Form = Native;
}

impl Form<String> for Native {
    const WIRE: WireType = WireType::Len;

    #[inline]
    fn write(value: &String, w: &mut Writer) {
        w.slice(value.as_bytes());
    }

    #[inline]
    fn read(r: &mut Reader<'_>, _: &mut Violations) -> Result<Option<String>, Malformed> {
        r.text().map(|text| Some(text.to_owned()))
    }

    #[inline]
    fn zero() -> Option<String> {
        Some(String::new())
    }

    #[inline]
    fn is_zero(value: &String) -> bool {
        value.is_empty()
    }

    fn view(value: &String) -> View<'_> {
        View::Text(value.as_str().into())
    }

    #[inline]
    fn write_json(value: &String, out: &mut json::Text<'_>) {
        out.string(value);
    }

    fn from_json(json: &Node<'_>, v: &mut Violations) -> Option<String> {
        text(json, v).map(str::to_owned)
    }

    #[inline]
    fn from_text(scan: &mut json::Scan<'_>) -> Option<String> {
        scan.string().map(Cow::into_owned)
    }
}

fn text<'a>(json: &'a Node<'_>, v: &mut Violations) -> Option<&'a str> {
    json.as_str().or_else(|| json::mismatch("a string", json, v))
}

const READ: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, READ);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, READ);

impl Value for Bytes {
    type Form = Native;
}

impl Form<Bytes> for Native {
    const WIRE: WireType = WireType::Len;

    #[inline]
    fn write(value: &Bytes, w: &mut Writer) {
        w.slice(value);
    }

    #[inline]
    fn read(r: &mut Reader<'_>, _: &mut Violations) -> Result<Option<Bytes>, Malformed> {
        r.bytes().map(Some)
    }

    #[inline]
    fn zero() -> Option<Bytes> {
        Some(Bytes::new())
    }

    #[inline]
    fn is_zero(value: &Bytes) -> bool {
        value.is_empty()
    }

    fn view(value: &Bytes) -> View<'_> {
        View::Text(STANDARD.encode(value).into())
    }

    fn write_json(value: &Bytes, out: &mut json::Text<'_>) {
        let length = value.len().div_ceil(3).saturating_mul(4);
        out.encoded(length, |to| {
            // It is as long as it has to be.
            let _ = STANDARD.encode_slice(value, to);
        });
    }

    fn from_json(json: &Node<'_>, v: &mut Violations) -> Option<Bytes> {
        let text = text(json, v)?;
        let engine = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
        match engine.decode(text) {
            Ok(bytes) => Some(bytes.into()),
            Err(_) => {
                v.push("", "bytes", "must be base64");
                None
            }
        }
    }
}

/// A type that is a string on the wire and must be readable as itself; the empty string counts as absent.
trait Parsed: Sized {
    /// The rule that a violation names.
    const RULE: &'static str;
    /// What it must be.
    const MUST: &'static str;

    fn parse(text: &[u8]) -> Option<Self>;
    /// Its text, which is ASCII without quotes and backslashes.
    fn put<R>(&self, text: impl FnOnce(&[u8]) -> R) -> R;
}

/// What can be read as `T` is ASCII; the rest is looked at as UTF-8, to tell a wrong value from wrong bytes.
fn read<T: Parsed>(text: &[u8], v: &mut Violations) -> Result<Option<T>, Malformed> {
    let value = T::parse(text);
    if value.is_none() && !utf8(text)?.is_empty() {
        v.push("", T::RULE, T::MUST);
    }
    Ok(value)
}

fn parse_json<T: Parsed>(json: &Node<'_>, v: &mut Violations) -> Option<T> {
    let text = text(json, v)?;
    let value = T::parse(text.as_bytes());
    match value {
        Some(_) => {}
        None if text.is_empty() => v.required(""),
        None => v.push("", T::RULE, T::MUST),
    }
    value
}

impl Parsed for Uuid {
    const RULE: &'static str = "uuid";
    const MUST: &'static str = "must be a UUID, such as 67e55044-10b1-426f-9247-bb680e5fe0c8";

    fn parse(text: &[u8]) -> Option<Self> {
        Self::try_parse_ascii(text).ok()
    }

    fn put<R>(&self, text: impl FnOnce(&[u8]) -> R) -> R {
        let mut buffer = Self::encode_buffer();
        text(self.hyphenated().encode_lower(&mut buffer).as_bytes())
    }
}

impl Parsed for Decimal {
    const RULE: &'static str = "decimal";
    const MUST: &'static str = "must be a decimal number of at most 28 digits, such as 12.50";

    fn parse(text: &[u8]) -> Option<Self> {
        short_decimal(text).or_else(|| {
            let plain = text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+'));
            if plain { Self::from_str_exact(utf8(text).ok()?).ok() } else { None }
        })
    }

    fn put<R>(&self, text: impl FnOnce(&[u8]) -> R) -> R {
        let mut buffer = [0_u8; 32];
        let start = put_decimal(self, &mut buffer);
        text(&buffer[start..])
    }
}

/// The decimals that are met every day: `[-]digits[.digits]` of at most 18 digits. `None` for all others, good or bad.
fn short_decimal(text: &[u8]) -> Option<Decimal> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > 18 {
        return None;
    }
    let (mut mantissa, mut point) = (0_i64, None);
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() && at > 0 => point = Some(at),
            _ => return None,
        }
    }
    let scale = point.map_or(0, |at| digits.len() - at - 1);
    if digits.is_empty() || (point.is_some() && scale == 0) || (negative && mantissa == 0) {
        return None;
    }
    Some(Decimal::new(if negative { -mantissa } else { mantissa }, u32::try_from(scale).ok()?))
}

/// Writes a decimal to the end of the buffer, as its `Display` does, and gives where it starts: a sign, 29 digits and a point
/// fit in 32 bytes.
fn put_decimal(value: &Decimal, buffer: &mut [u8; 32]) -> usize {
    let scale = value.scale() as usize;
    let mut rest = value.mantissa().unsigned_abs();
    let (mut at, mut digits) = (buffer.len(), 0);
    while rest > 0 || digits <= scale {
        if digits == scale && scale > 0 {
            at -= 1;
            buffer[at] = b'.';
        }
        // Division of 128 bits is slow, and seldom needed.
        let digit = match u64::try_from(rest) {
            Ok(low) => {
                rest = u128::from(low / 10);
                low % 10
            }
            Err(_) => {
                let digit = (rest % 10) as u64;
                rest /= 10;
                digit
            }
        };
        at -= 1;
        buffer[at] = b'0' + digit as u8;
        digits += 1;
    }
    if value.is_sign_negative() {
        at -= 1;
        buffer[at] = b'-';
    }
    at
}

/// `2027-03-01`, where the year has four digits and no sign.
pub(super) fn day(date: Date) -> Option<[u8; 10]> {
    let year = u16::try_from(date.year()).ok()?;
    let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
    let [century, of_century] = [year / 100, year % 100].map(|two| digits(two as u8));
    let ([y0, y1], [y2, y3]) = (century, of_century);
    let ([m0, m1], [d0, d1]) = (digits(month), digits(day));
    Some([y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1])
}

/// The two digits of a number below 100.
pub(super) fn digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10, b'0' + number % 10]
}

impl Parsed for Date {
    const RULE: &'static str = "date";
    const MUST: &'static str = "must be a date of the form 2027-03-01";

    fn parse(text: &[u8]) -> Option<Self> {
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = text else { return None };
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0_i16, |number, digit| {
                digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0'))
            })
        };
        let year = number(&[*y0, *y1, *y2, *y3])?;
        let month = i8::try_from(number(&[*m0, *m1])?).ok()?;
        let day = i8::try_from(number(&[*d0, *d1])?).ok()?;
        Self::new(year, month, day).ok()
    }

    fn put<R>(&self, text: impl FnOnce(&[u8]) -> R) -> R {
        match day(*self) {
            Some(digits) => text(&digits),
            None => text(self.to_string().as_bytes()),
        }
    }
}

macro_rules! parsed {
    ($($ty:ty),*) => {$(
        impl Value for $ty {
            type Form = Native;
        }

        impl Form<$ty> for Native {
            const WIRE: WireType = WireType::Len;

            fn write(value: &$ty, w: &mut Writer) {
                value.put(|text| w.slice(text));
            }

            fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<$ty>, Malformed> {
                read(r.slice()?, v)
            }

            fn view(value: &$ty) -> View<'_> {
                View::Text(value.to_string().into())
            }

            fn write_json(value: &$ty, out: &mut json::Text<'_>) {
                value.put(|text| out.plain(text));
            }

            fn from_json(json: &Node<'_>, v: &mut Violations) -> Option<$ty> {
                parse_json(json, v)
            }

            fn from_text(scan: &mut json::Scan<'_>) -> Option<$ty> {
                <$ty>::parse(scan.string()?.as_bytes())
            }
        }
    )*};
}

parsed!(Uuid, Decimal, Date);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn put(value: &Decimal) -> String {
        let mut buffer = [0; 32];
        let start = put_decimal(value, &mut buffer);
        String::from_utf8(buffer[start..].to_vec()).expect("digits are ASCII")
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn decimals_are_those_of_their_library(high: i64, low: i64, shift in 0..127_u32, scale in 0..29_u32) {
            let mantissa = (i128::from(high) << 64 | i128::from(low)) >> shift;
            if let Ok(value) = Decimal::try_from_i128_with_scale(mantissa, scale) {
                let text = value.to_string();
                prop_assert_eq!(&put(&value), &text);
                let read = <Decimal as Parsed>::parse(text.as_bytes()).expect("it was written");
                prop_assert_eq!((read, read.scale()), (value, scale));
            }
        }

        #[test]
        fn short_decimals_are_those_of_their_library(text in "-?[0-9.]{0,20}") {
            if let Some(value) = short_decimal(text.as_bytes()) {
                let theirs = Decimal::from_str_exact(&text).expect("it is one of theirs");
                prop_assert_eq!((value, value.scale()), (theirs, theirs.scale()));
            }
        }
    }

    #[test]
    fn ends_of_the_range() {
        for value in
            [Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::new(-1, 28), Decimal::new(0, 3)]
        {
            assert_eq!(put(&value), value.to_string());
        }
        for text in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "1_0",
            "1e3",
            "--1",
            "1.2.3",
            " 1",
            "79228162514264337593543950336",
        ] {
            let ours = <Decimal as Parsed>::parse(text.as_bytes());
            assert!(ours.is_none() || text.contains('.'), "{text:?}: {ours:?}");
        }
        assert_eq!(<Date as Parsed>::parse(b"2024-02-29"), Date::new(2024, 2, 29).ok());
        for text in ["2023-02-29", "2024-2-29", "+024-01-01", "2024-01-01T", "２024-01"] {
            assert_eq!(<Date as Parsed>::parse(text.as_bytes()), None, "{text}");
        }
    }
}
