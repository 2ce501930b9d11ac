//! For whom something is done: of calls, of the events and queued commands that they lead to, and of recorded answers.
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use serde_json::json;
use svckit::{App, AuthConfig, Code, Config, Credentials, Running};
use svckit_secrets::House;
use svckit_secrets::secrets::vault::v1::{bell, desk};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const DESK: &str = "secrets.vault.v1.Desk";

/// Signs tokens, and serves the key that verifies them.
struct Issuer {
    key: KeyPair,
    url: String,
}

impl Issuer {
    async fn start() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let point = key.der_bytes().to_vec();
        let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "one", "x": B64.encode(&point[1..33]),
                          "y": B64.encode(&point[33..65]) });
        let body = json!({ "keys": [jwk] }).to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 2048];
                let _ = stream.read(&mut head).await;
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        Self { key, url }
    }

    fn token(&self, subject: &str, tenant: &str, scope: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let claims = json!({ "iss": "https://id.example", "aud": "desk", "sub": subject, "org": tenant, "iat": now,
                             "exp": now + 300, "scope": scope });
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
        let key = EncodingKey::from_ec_der(&self.key.serialize_der());
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    }
}

async fn served(issuer: &Issuer, house: &House) -> Running {
    let auth = AuthConfig { jwks_url: Some(issuer.url.clone()), ..AuthConfig::default() };
    let config = Config { auth: [(DESK.to_owned(), auth)].into(), ..Config::default() };
    let app =
        App::with(config).serve(desk::server(house.clone())).serve(bell::server(house.clone()));
    app.listen("127.0.0.1:0").start().await.unwrap()
}

async fn client(url: &str, token: String) -> desk::Client {
    let app = App::local().endpoint(DESK, url).credentials(DESK, Credentials::bearer(token));
    desk::Client::connect(&app).await.unwrap()
}

fn request(text: &str) -> desk::PutRequest {
    desk::PutRequest { key: "one key".to_owned(), text: text.to_owned() }
}

#[tokio::test]
async fn what_a_call_leads_to_is_done_for_its_caller() {
    let (issuer, house) = (Issuer::start().await, House::default());
    let running = served(&issuer, &house).await;
    let client = client(&running.url().unwrap(), issuer.token("Zoë", "acme", "desk:write")).await;
    assert_eq!(client.put(request("a")).await.unwrap(), "Zoë");
    running.idle().await.unwrap();
    let mut heard = house.heard.lock().unwrap().clone();
    heard.sort();
    assert_eq!(heard, ["file jwt:Zoë acme", "listen jwt:Zoë acme", "ring jwt:Zoë acme"]);
    running.shutdown().await;
}

#[tokio::test]
async fn nobody_sees_what_was_answered_to_another_under_the_same_key() {
    let (issuer, house) = (Issuer::start().await, House::default());
    let running = served(&issuer, &house).await;
    let grpc = running.url().unwrap();
    for (way, url) in [("grpc", grpc.clone()), ("http", grpc.replace("http:", "http+json:"))] {
        let who = |name: &str, tenant: &str| {
            client(&url, issuer.token(&format!("{name} by {way}"), tenant, "desk:write"))
        };
        let (ann, bob, ann_elsewhere) =
            (who("ann", "acme").await, who("bob", "acme").await, who("ann", "other").await);
        let before = *house.put.lock().unwrap();
        assert_eq!(ann.put(request("a")).await.unwrap(), format!("ann by {way}"));
        // Another request under what would be the same key, were it not another's.
        assert_eq!(bob.put(request("b")).await.unwrap(), format!("bob by {way}"));
        assert_eq!(ann_elsewhere.put(request("c")).await.unwrap(), format!("ann by {way}"));
        assert_eq!(ann.put(request("a")).await.unwrap(), format!("ann by {way}"));
        assert_eq!(*house.put.lock().unwrap() - before, 3, "the fourth was a repetition");
        let reused = ann.put(request("b")).await.unwrap_err();
        assert_eq!(reused.code(), Code::FailedPrecondition, "{reused}");
    }
    running.shutdown().await;
}

#[tokio::test]
async fn who_may_not_is_told_so_and_who_is_not_known_is_told_how_to_be() {
    let (issuer, house) = (Issuer::start().await, House::default());
    let running = served(&issuer, &house).await;
    let grpc = running.url().unwrap();
    let asked = async |headers: &str, body: &str| {
        crate::outside::http(&grpc, "/v1/desk", headers, body).await
    };
    let token =
        |scope: &str| format!("authorization: Bearer {}\r\n", issuer.token("ann", "acme", scope));
    for (headers, status, challenge) in [
        (String::new(), "401", Some("Bearer")),
        ("authorization: Bearer x\r\n".to_owned(), "401", Some("Bearer error=\"invalid_token\"")),
        (token("desk:read"), "403", Some("Bearer error=\"insufficient_scope\"")),
        (token("desk:write"), "200", None),
    ] {
        // Who they are is asked before what they say.
        let nonsense = if status == "200" { "400" } else { status };
        for body in ["{", r#"{"key": 1}"#] {
            let answer = asked(&headers, body).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {nonsense}")), "{body}: {answer}");
        }
        let answer = asked(&headers, r#"{"key": "k", "text": "t"}"#).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        let found = answer.lines().find_map(|line| line.strip_prefix("www-authenticate: "));
        assert_eq!(found, challenge, "{answer}");
    }
    running.shutdown().await;
}
