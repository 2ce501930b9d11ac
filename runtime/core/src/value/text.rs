//! What is a string or bytes on the wire: string, bytes, uuid, decimal, date.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::check::Violations;
use crate::json::{self, View};
use crate::wire::{Form, Malformed, Native, Reader, Value, WireType, Writer};

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

    fn from_json(json: &Json, v: &mut Violations) -> Option<String> {
        text(json, v).map(str::to_owned)
    }
}

fn text<'a>(json: &'a Json, v: &mut Violations) -> Option<&'a str> {
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

    fn from_json(json: &Json, v: &mut Violations) -> Option<Bytes> {
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

    fn parse(text: &str) -> Option<Self>;
    fn put(&self, w: &mut Writer);
}

fn parse<T: Parsed>(text: &str, v: &mut Violations) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let value = T::parse(text);
    if value.is_none() {
        v.push("", T::RULE, T::MUST);
    }
    value
}

fn parse_json<T: Parsed>(json: &Json, v: &mut Violations) -> Option<T> {
    let text = text(json, v)?;
    if text.is_empty() {
        v.required("");
    }
    parse(text, v)
}

impl Parsed for Uuid {
    const RULE: &'static str = "uuid";
    const MUST: &'static str = "must be a UUID, such as 67e55044-10b1-426f-9247-bb680e5fe0c8";

    fn parse(text: &str) -> Option<Self> {
        Self::try_parse(text).ok()
    }

    fn put(&self, w: &mut Writer) {
        let mut buffer = Self::encode_buffer();
        w.slice(self.hyphenated().encode_lower(&mut buffer).as_bytes());
    }
}

impl Parsed for Decimal {
    const RULE: &'static str = "decimal";
    const MUST: &'static str = "must be a decimal number of at most 28 digits, such as 12.50";

    fn parse(text: &str) -> Option<Self> {
        Self::from_str_exact(text).ok()
    }

    fn put(&self, w: &mut Writer) {
        w.slice(self.to_string().as_bytes());
    }
}

impl Parsed for Date {
    const RULE: &'static str = "date";
    const MUST: &'static str = "must be a date of the form 2027-03-01";

    fn parse(text: &str) -> Option<Self> {
        if text.len() == 10 { text.parse().ok() } else { None }
    }

    fn put(&self, w: &mut Writer) {
        w.slice(self.to_string().as_bytes());
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
                value.put(w);
            }

            fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<$ty>, Malformed> {
                Ok(parse(r.text()?, v))
            }

            fn view(value: &$ty) -> View<'_> {
                View::Text(value.to_string().into())
            }

            fn from_json(json: &Json, v: &mut Violations) -> Option<$ty> {
                parse_json(json, v)
            }
        }
    )*};
}

parsed!(Uuid, Decimal, Date);
