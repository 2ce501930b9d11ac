//! Any bytes: refused, or read to a value whose bytes are read to the same value. `cargo +nightly fuzz run decode`
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use svckit_core::wire::Record;

#[allow(dead_code)]
#[path = "../../tests/generated_shape/types.rs"]
mod types;

fn round_trip<T: Record>(bytes: &Bytes) {
    let Ok(value) = T::from_bytes(bytes) else { return };
    let once = value.to_bytes();
    let again = T::from_bytes(&once).expect("what was written is read");
    assert_eq!(again.to_bytes(), once);
}

fuzz_target!(|bytes: &[u8]| {
    let bytes = Bytes::copy_from_slice(bytes);
    round_trip::<types::Everything>(&bytes);
    round_trip::<types::Tree>(&bytes);
    round_trip::<types::LinePatch>(&bytes);
    let _ = types::Everything::from_bytes_checked(&bytes);
});
