//! JSON text that is written.

/// What can't stand in a string as it is: quotes, backslashes and what controls.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// How many bytes are looked at in one go.
const AT_ONCE: usize = 16;

/// How many bytes at the beginning stand for themselves in a string.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> usize {
    let mut seen = 0;
    for chunk in bytes.chunks_exact(AT_ONCE) {
        // No way out in the middle, so that the compiler compares all of it at once.
        let special = chunk
            .iter()
            .fold(false, |any, byte| any | (*byte < 0x20) | matches!(byte, b'"' | b'\\'));
        if special {
            break;
        }
        seen += AT_ONCE;
    }
    let rest = bytes.get(seen..).unwrap_or_default();
    let special = rest.iter().position(|byte| SPECIAL[usize::from(*byte)]);
    seen + special.unwrap_or(rest.len())
}

/// JSON text, one value after the other.
///
/// Each member and each element ends in a comma; what closes their object or list takes the place of the last one.
#[derive(Debug)]
pub struct Text<'a>(&'a mut Vec<u8>);

impl<'a> Text<'a> {
    /// At the end of what is there.
    #[must_use]
    pub fn after(out: &'a mut Vec<u8>) -> Self {
        Self(out)
    }

    /// The same, for somebody else to write on.
    #[inline]
    pub(super) fn again(&mut self) -> Text<'_> {
        Text(self.0)
    }

    /// As it stands: a number, `true`, `null`.
    #[inline]
    pub fn raw(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    /// A whole number.
    #[inline]
    pub fn integer(&mut self, value: impl itoa::Integer) {
        self.raw(itoa::Buffer::new().format(value).as_bytes());
    }

    /// A whole number in quotes.
    #[inline]
    pub fn quoted(&mut self, value: impl itoa::Integer) {
        self.0.push(b'"');
        self.integer(value);
        self.0.push(b'"');
    }

    /// A string of which nothing needs an escape.
    #[inline]
    pub fn plain(&mut self, text: &[u8]) {
        self.0.push(b'"');
        self.raw(text);
        self.0.push(b'"');
    }

    /// A string.
    #[inline]
    pub fn string(&mut self, text: &str) {
        if plain(text.as_bytes()) == text.len() {
            self.plain(text.as_bytes());
        } else {
            self.escaped(text);
        }
    }

    #[cold]
    fn escaped(&mut self, text: &str) {
        self.0.push(b'"');
        let mut rest = text.as_bytes();
        loop {
            let (head, tail) = rest.split_at(plain(rest));
            self.raw(head);
            let Some((special, after)) = tail.split_first() else { break };
            self.special(*special);
            rest = after;
        }
        self.0.push(b'"');
    }

    fn special(&mut self, byte: u8) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0C => b'f',
            b'\r' => b'r',
            _ => {
                let (high, low) = (usize::from(byte >> 4), usize::from(byte & 0xF));
                return self.raw(&[b'\\', b'u', b'0', b'0', DIGITS[high], DIGITS[low]]);
            }
        };
        self.raw(&[b'\\', short]);
    }

    /// Bytes in base64.
    pub(crate) fn encoded(&mut self, length: usize, encode: impl FnOnce(&mut [u8])) {
        self.0.push(b'"');
        let at = self.0.len();
        self.0.resize(at + length, 0);
        encode(&mut self.0[at..]);
        self.0.push(b'"');
    }

    /// What serde_json writes of a value: of numbers with a fraction, and of any JSON.
    pub(crate) fn serde(&mut self, value: &impl serde::Serialize) {
        // Memory takes all that is written.
        let _ = serde_json::to_writer(&mut *self.0, value);
    }

    /// The name of a member, which needs no escape.
    #[inline]
    pub fn name(&mut self, name: &str) {
        self.plain(name.as_bytes());
        self.0.push(b':');
    }

    /// What divides the name of a member from its value.
    #[inline]
    pub(crate) fn colon(&mut self) {
        self.0.push(b':');
    }

    /// Ends a member or an element.
    #[inline]
    pub fn end(&mut self) {
        self.0.push(b',');
    }

    /// An object with the members that `body` writes.
    #[inline]
    pub fn object(&mut self, body: impl FnOnce(&mut Text<'_>)) {
        self.0.push(b'{');
        body(&mut Text(self.0));
        self.close(b'}');
    }

    /// A list of the elements that `body` writes.
    #[inline]
    pub fn list(&mut self, body: impl FnOnce(&mut Text<'_>)) {
        self.0.push(b'[');
        body(&mut Text(self.0));
        self.close(b']');
    }

    #[inline]
    fn close(&mut self, with: u8) {
        // No value ends in a comma.
        match self.0.last_mut() {
            Some(last) if *last == b',' => *last = with,
            _ => self.0.push(with),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn string(text: &str) -> String {
        let mut out = Vec::new();
        Text::after(&mut out).string(text);
        String::from_utf8(out).expect("what is written is UTF-8")
    }

    #[test]
    fn every_character_is_written_as_serde_json_writes_it() {
        for special in (0..=0x80_u8).map(char::from).chain("é\u{2028}\u{FFFF}😀".chars()) {
            // At each place of what is looked at in one go, and behind it.
            for at in 0..40 {
                let text = format!("{}{special}{}", "a".repeat(at), "b".repeat(40 - at));
                assert_eq!(string(&text), serde_json::to_string(&text).expect("a string"));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn strings_are_those_of_serde_json(text in "(\\PC|[\\x00-\\x1f\"\\\\]){0,80}") {
            prop_assert_eq!(string(&text), serde_json::to_string(&text).expect("a string"));
        }
    }

    #[test]
    fn what_is_empty_is_closed_as_it_was_opened() {
        let mut out = Vec::new();
        Text::after(&mut out).list(|text| {
            for _ in 0..2 {
                text.object(|_| {});
                text.end();
            }
            text.list(|_| {});
            text.end();
            text.object(|text| {
                text.name("a");
                text.string(",");
                text.end();
            });
            text.end();
        });
        assert_eq!(out, br#"[{},{},[],{"a":","}]"#);
    }
}
