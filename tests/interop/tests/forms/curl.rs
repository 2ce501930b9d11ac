//! curl, as people use it at a prompt.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// What is sent, by which arguments (`AT` is the server), and what is to be seen of the answer, head and body.
const CALLS: &[(&str, &[&str], &[&str])] = &[
    (
        "",
        &[
            "-X",
            "PUT",
            "-H",
            "content-type: application/json",
            "-d",
            r#"{"count":7}"#,
            "http://AT/v1/items/c-1",
        ],
        &[
            "HTTP/1.1 200 OK",
            "content-type: application/json",
            r#"{"id":"c-1","count":7,"note":null,"tags":[],"secret":null}"#,
        ],
    ),
    (
        "",
        &["http://AT/v1/items/c-1"],
        &["etag: W/\"", "cache-control: private, max-age=30", r#""count":7"#],
    ),
    ("", &["--http2-prior-knowledge", "http://AT/v1/items/c-1"], &["HTTP/2 200", r#""count":7"#]),
    ("", &["--http2", "http://AT/v1/items/c-1"], &["HTTP/1.1 200 OK", r#""count":7"#]),
    ("", &["--http1.0", "http://AT/v1/items/c-1"], &[" 200 OK", r#""count":7"#]),
    ("", &["-I", "http://AT/v1/items/c-1"], &["HTTP/1.1 200 OK", "content-length: 58"]),
    (
        "",
        &["-X", "OPTIONS", "http://AT/v1/items/c-1"],
        &["204 No Content", "allow: DELETE, GET, HEAD, OPTIONS, PATCH, PUT"],
    ),
    // What curl sends by default, `application/x-www-form-urlencoded`, is not JSON.
    (
        "",
        &["-d", "{}", "http://AT/v1/items"],
        &[
            "415 Unsupported Media Type",
            "content-type: application/problem+json",
            "accept: application/json",
        ],
    ),
    (
        "",
        &["--json", r#"{"id":"c-2","count":1}"#, "http://AT/v1/items"],
        &["200 OK", r#""id":"c-2""#],
    ),
    (
        "",
        &["--json", r#"{"id":"","count":0}"#, "http://AT/v1/items"],
        &["400 Bad Request", r#""field":"count""#, r#""field":"id""#, r#""instance":"/v1/items""#],
    ),
    ("", &["-X", "DELETE", "http://AT/v1/items/c-2?why=no%20more"], &["200 OK", "{}"]),
    (
        "",
        &[
            "-G",
            "--data-urlencode",
            "tags=a&b",
            "--data-urlencode",
            "tags=c d",
            "http://AT/v1/found",
        ],
        &[r#""tags a&b","tags c d""#],
    ),
    (
        "",
        &["-G", "-d", "page_size=1", "-d", "tags=x", "http://AT/v1/found"],
        &["link: </v1/found?page_size=1&tags=x&page_token=exact+false>; rel=\"next\""],
    ),
    (
        "",
        &["--compressed", "http://AT/v1/scan?size=4000"],
        &["content-encoding: gzip", "\u{7}\u{7}\u{7}"],
    ),
    (
        "",
        &["-N", "http://AT/v1/items/c-1/events?upto=2"],
        &[
            "content-type: text/event-stream",
            "retry: 2000\nid: 1\ndata: {",
            "id: 2\n",
            "id: end\nevent: end\n",
        ],
    ),
    (
        "{\"id\":\"a\",\"count\":1}\n{\"id\":\"b\",\"count\":2}\n",
        &["--data-binary", "@-", "-H", "content-type: application/x-ndjson", "http://AT/v1/loads"],
        &[r#"{"items":2,"count":"3"}"#],
    ),
    (
        "a body of which curl asks whether it is wanted",
        &["-T", "-", "-H", "expect: 100-continue", "http://AT/v1/items/c-1/scan"],
        &["100 Continue", "200 OK", r#"{"value":"46"}"#],
    ),
    (
        "not wanted",
        &["-T", "-", "-H", "expect: 100-continue", "http://AT/v1/items/recent/nothing"],
        &["404 Not Found", "connection: close"],
    ),
    (
        "",
        &[
            "-m",
            "20",
            "-H",
            "request-timeout: 50ms",
            "--json",
            r#"{"id":"w"}"#,
            "http://AT/forms.v1.Forms/Wait",
        ],
        &["504 Gateway Timeout", r#""code":"deadline_exceeded""#],
    ),
    ("", &["http://AT/v1/items/%66ull%2Fslash"], &["404 Not Found", r#""id":"full/slash""#]),
    ("", &["--path-as-is", "http://AT/v1/../v1/items/c-1"], &["404 Not Found"]),
];

/// Makes each call, and looks at what curl shows.
pub(crate) fn visit(at: &str) {
    for (sent, args, wanted) in CALLS {
        let args: Vec<_> = args.iter().map(|arg| arg.replace("AT", at)).collect();
        let mut curl = Command::new("curl")
            .args(["--silent", "--show-error", "--include", "--globoff"])
            .args(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("curl starts");
        // It may have gone before it read all.
        curl.stdin.take().expect("it is piped").write_all(sent.as_bytes()).ok();
        let ran = curl.wait_with_output().expect("curl ends");
        let said = String::from_utf8_lossy(&ran.stdout).replace("\r\n", "\n");
        let failed = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{args:?}: {failed}\n{said}");
        for part in *wanted {
            assert!(said.contains(part), "{args:?} says\n{said}\nwithout {part}");
        }
    }
}
