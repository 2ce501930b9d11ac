//! Any bytes, given to any command: messages and exit code 1, never a panic.

use super::sandbox::{GOOD, Sandbox};

/// Texts that are no contracts, each in a way of its own.
fn odd_texts() -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = vec![
        b"\0\0\0\0".to_vec(),
        b"\xff\xfe\xfd".to_vec(),
        b"\xef\xbb\xbf".to_vec(),
        b"package".to_vec(),
        b"package a.v1\nrecord R { s @1: string = \"".to_vec(),
        b"package a.v1\nrecord R { s @99999999999999999999999999: string }".to_vec(),
        b"package a.v1\r\rscalar \t= ".to_vec(),
        "package a.v1\nrecord Ä { \u{202e} @1: 漢字 }".into(),
        vec![b'{'; 100_000],
        vec![b'('; 100_000],
        b"package a.v1\nexample A \"x\" { request { ".to_vec(),
    ];
    let nested = "list<".repeat(50_000);
    texts.push(format!("package a.v1\nrecord R {{ x @1: {nested} }}").into_bytes());
    texts.extend(mutations(GOOD.as_bytes()));
    texts
}

/// The text with pieces cut out and bytes turned over, by a small generator with a fixed seed.
fn mutations(text: &[u8]) -> Vec<Vec<u8>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("below a usize")
    };
    (0..60)
        .map(|_| {
            let mut bytes = text.to_vec();
            for _ in 0..=next(4) {
                let at = next(bytes.len());
                bytes[at] = u8::try_from(next(256)).expect("below 256");
            }
            bytes.truncate(1 + next(bytes.len()));
            bytes
        })
        .collect()
}

#[test]
fn nothing_makes_it_panic() {
    for text in odd_texts() {
        let sandbox = Sandbox::new();
        sandbox.write("odd.svc", &text).write("good.svc", GOOD);
        let commands: [&[&str]; 5] = [
            &["check", "."],
            &["check", "--format", "json", "."],
            &["fmt", "--check", "odd.svc"],
            &["fmt", "odd.svc"],
            &["gen", "--target", "proto", "--out", "out", "."],
        ];
        for args in commands {
            let ran = sandbox.run(args);
            let shown = String::from_utf8_lossy(&text[..text.len().min(200)]);
            assert!(matches!(ran.code, Some(0 | 1)), "{args:?} {shown:?}: {ran:?}");
            assert!(!ran.stderr.contains("panicked"), "{args:?} {shown:?}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_broken_svckit_toml_is_a_finding() {
    for text in
        ["\0", "version = ", "[[[[", "version = 1\nversion = 1", "version = 9223372036854775808"]
    {
        let sandbox = Sandbox::new();
        sandbox.write("svckit.toml", text).write("a.svc", GOOD);
        let ran = sandbox.run(["check"]);
        assert_eq!(ran.code, Some(1), "{text:?}: {ran:?}");
        assert!(ran.stderr.contains("svckit.toml:"), "{}", ran.stderr);
    }
}

#[test]
fn a_file_that_is_not_utf8_shows_where_and_its_siblings_are_checked() {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.svc", b"package a.v1\n// caf\xe9\n")
        .write("b.svc", "package b.v1\nrecord b {}\n");
    let ran = sandbox.run(["check", "."]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("--> a.svc:2:7"), "{}", ran.stderr);
    assert!(ran.stderr.contains("byte 0xe9 at offset 19"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--> b.svc:2"), "{}", ran.stderr);
}
