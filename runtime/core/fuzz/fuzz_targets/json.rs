//! Any text: refused, or read to a value whose JSON is read to the same value. `cargo +nightly fuzz run json`
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../tests/generated_shape/types.rs"]
mod types;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = serde_json::from_slice::<types::Everything>(bytes) {
        let once = serde_json::to_string(&value).expect("every value is JSON");
        let again: types::Everything = serde_json::from_str(&once).expect("what was written is read");
        assert_eq!(serde_json::to_string(&again).expect("every value is JSON"), once);
    }
    let _ = serde_json::from_slice::<types::Tree>(bytes);
    let _ = serde_json::from_slice::<types::LinePatch>(bytes);
});
