use super::*;

fn from(variables: &[(&str, &str)]) -> Result<Config> {
    Config::from_variables(|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn nothing_said_is_local_and_silent() {
    let config = from(&[]).unwrap();
    assert_eq!((config.deployment.as_str(), config.listen), ("local", None));
}

#[test]
fn what_is_durable_is_in_a_directory_unless_memory_is_asked_for() {
    assert_eq!(from(&[]).unwrap().data, Some("svckit-data".into()));
    assert_eq!(from(&[("SVCKIT_DATA", "/var/x")]).unwrap().data, Some("/var/x".into()));
    assert_eq!(from(&[("SVCKIT_DATA", ":memory:")]).unwrap().data, None);
    assert_eq!(Config::default().data, None);
}

#[test]
fn the_environment_says_where() {
    let endpoints = "shop.a.v1.A=http://127.0.0.1:1, shop.b.v1.B=http://b:2,";
    let config = from(&[
        ("SVCKIT_ENDPOINTS", endpoints),
        ("SVCKIT_DRAIN", "250ms"),
        ("SVCKIT_LISTEN", "[::]:1"),
    ])
    .unwrap();
    assert_eq!(config.endpoints["shop.b.v1.B"], "http://b:2");
    assert_eq!(
        (config.drain, config.listen.as_deref()),
        (Duration::from_millis(250), Some("[::]:1"))
    );
}

#[test]
fn what_is_wrong_is_named_with_what_is_right() {
    for (variable, value, wanted) in [
        ("SVCKIT_ENDPOINTS", "shop.a.v1.A", "write a service's full name"),
        ("SVCKIT_ENDPOINTS", "shop.a.v1.A=127.0.0.1:1", "write a service's full name"),
        ("SVCKIT_DEPLOYMENT", "production", "this version runs `local` alone"),
        ("SVCKIT_DRAIN", "soon", "write for example"),
        ("SVCKIT_DRAIN", "10 s", "write for example"),
        ("SVCKIT_DRAIN", "99999999999999999999h", "write for example"),
        ("SVCKIT_DATA", " ", "name one for what is durable, or write :memory:"),
        ("SVCKIT_PAYLOAD", "xml", "write protobuf or json"),
        ("SVCKIT_CONFIG", "/no/such/file", "SVCKIT_CONFIG=/no/such/file cannot be read"),
    ] {
        let error = from(&[(variable, value)]).unwrap_err();
        assert!(error.message().contains(wanted), "{error}");
    }
}

#[test]
fn unknown_keys_are_refused() {
    let mut config = Config::default();
    let error = config.text("listenn = \"0.0.0.0:1\"").unwrap_err();
    assert!(error.message().contains("unknown field `listenn`"), "{error}");
    assert!(
        known(["SVCKIT_LISTENN".to_owned()])
            .unwrap_err()
            .message()
            .contains("did you mean SVCKIT_LISTEN?")
    );
    assert!(known(["PATH", "SVCKIT_LOG", "SVCKIT_CORPUS"].map(str::to_owned)).is_ok());
}

#[test]
fn a_file_is_read() {
    let mut config = Config::default();
    config
        .text("listen = \"0.0.0.0:1\"\ndrain = \"5m\"\n[endpoints]\n\"a.v1.A\" = \"http://a\"")
        .unwrap();
    assert_eq!((config.drain, config.endpoints.len()), (Duration::from_secs(300), 1));
}

#[test]
fn what_the_readme_says_of_callers_is_read() {
    let readme = include_str!("../../../../README.md");
    let (_, chapter) = readme.split_once("## Who may call").unwrap();
    let text = chapter.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(text.lines().count(), 8);
    let mut config = Config::default();
    config.text(text).unwrap();
    assert_eq!(config.tls.cert.as_deref(), Some(Path::new("/etc/shop/tls.crt")));
    let auth = &config.auth["shop.orders.v1.Orders"];
    assert_eq!(auth.jwks_url.as_deref(), Some("https://id.shop.example/keys"));
    let granted = &config.auth["shop.ledger.v1.Ledger"].certificates[0];
    assert_eq!(granted.scopes, ["ledger:post"]);
}

#[test]
fn what_is_wrong_about_callers_is_told() {
    for (text, wanted) in [
        ("tls.certificate = \"a\"", "`cert`"),
        ("[auth.\"t.v1.T\"]\njwks = \"https://a\"", "`jwks_url`"),
        ("[[auth.\"t.v1.T\".keys]]\nname = \"a\"", "missing field `sha256`"),
        ("[[auth.\"t.v1.T\".keys]]\nname = \"a\"\nkey = \"b\"", "`sha256`"),
        ("[credentials.\"t.v1.T\"]\nbearer = \"x\"", "`bearer_file`"),
    ] {
        let error = Config::default().text(text).unwrap_err();
        assert!(error.message().contains(wanted), "{text}: {error}");
    }
}
