//! Each way to sign that is taken, and what an attacker makes of each: over real servers of keys, by OpenID Connect
//! Discovery too.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PublicKeyData};
use serde_json::{Value, json};
use svckit_core::call::{Accept, Answer, Body, IncomingCall};
use svckit_core::error::{Code, Error, Result};
use svckit_core::operation::{Auth, Operation, ServiceDescriptor};
use svckit_security::{AuthConfig, Guard, GuardOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const NAME: &str = "t.v1.T";
/// Of no use elsewhere: made for this test.
const RSA: &[u8] = include_bytes!("keys/rsa.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("keys/rsa.pub.pem");
const RSA_MODULUS: &str = include_str!("keys/rsa.modulus");

static READ: Operation = Operation::query(NAME, "Read", "/t.v1.T/Read");
static OPERATIONS: [&Operation; 1] = [&READ];

/// Says yes.
struct Yes(&'static ServiceDescriptor);

impl Accept for Yes {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        vec![self.0]
    }

    fn accept(&self, _: &'static Operation, _: IncomingCall) -> BoxFuture<'static, Result<Answer>> {
        std::future::ready(Ok(Answer::one(Bytes::new()))).boxed()
    }
}

fn descriptor(auth: Auth) -> &'static ServiceDescriptor {
    Box::leak(Box::new(ServiceDescriptor {
        name: NAME,
        wire_name: NAME,
        operations: &OPERATIONS,
        calls: &[],
        auth,
        file_descriptor: None,
    }))
}

fn guard(auth: Auth, config: AuthConfig) -> Result<Guard> {
    let auth_of = BTreeMap::from([(NAME.to_owned(), config)]);
    let options = GuardOptions { auth: auth_of, ..GuardOptions::default() };
    Guard::new(Arc::new(Yes(descriptor(auth))), &options)
}

async fn judged(guard: &Guard, token: &str) -> Result<()> {
    let mut call = IncomingCall::new(Body::One(Bytes::new()));
    call.peer = Some("10.1.2.3:4000".into());
    call.meta.set("authorization", format!("Bearer {token}"));
    guard.accept(&READ, call).await.map(drop)
}

/// Answers each path with a document, and remembers what was asked.
#[derive(Clone, Default)]
struct Site(Arc<Mutex<Kept>>);

/// The documents by their paths, and the paths that were asked for.
type Kept = (BTreeMap<String, Value>, Vec<String>);

impl Site {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let site = self.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 2048];
                let read = stream.read(&mut head).await.unwrap_or_default();
                let text = String::from_utf8_lossy(&head[..read]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                let body = site.0.lock().unwrap().0.get(&path).map(Value::to_string);
                site.0.lock().unwrap().1.push(path);
                let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
                let body = body.unwrap_or_default();
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        url
    }

    fn put(&self, path: &str, document: Value) {
        self.0.lock().unwrap().0.insert(path.to_owned(), document);
    }

    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().1.clone()
    }
}

#[expect(clippy::disallowed_methods, reason = "tokens are judged by the system's time of day")]
fn claims(issuer: &str) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    json!({ "iss": issuer, "aud": "t", "sub": "ann", "iat": now, "exp": now + 300 })
}

fn signed(algorithm: Algorithm, id: &str, key: &EncodingKey, claims: &Value) -> String {
    let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

/// Keys of every kind: names, the JWKs, and what signs with them.
fn keys() -> (Vec<Value>, Vec<(&'static str, Algorithm, EncodingKey)>) {
    let p256 = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let ed = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let rsa = || EncodingKey::from_rsa_pem(RSA).unwrap();
    let ec = |id: &str, curve: &str, pair: &KeyPair, half: usize| {
        let point = pair.der_bytes();
        json!({ "kty": "EC", "crv": curve, "kid": id, "x": B64.encode(&point[1..=half]),
                "y": B64.encode(&point[half + 1..=2 * half]) })
    };
    let jwks = vec![
        json!({ "kty": "RSA", "kid": "rsa", "use": "sig", "n": RSA_MODULUS.trim(), "e": "AQAB" }),
        ec("p256", "P-256", &p256, 32),
        ec("p384", "P-384", &p384, 48),
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": B64.encode(ed.der_bytes()) }),
        json!({ "kty": "oct", "kid": "shared", "k": B64.encode("a shared secret") }),
        json!({ "kty": "RSA", "kid": "enc", "use": "enc", "n": RSA_MODULUS.trim(), "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": "pinned", "alg": "RS512", "n": RSA_MODULUS.trim(), "e": "AQAB" }),
        json!({ "kty": "unheard of", "kid": "new" }),
    ];
    let signers = vec![
        ("rsa", Algorithm::RS256, rsa()),
        ("rsa", Algorithm::RS384, rsa()),
        ("rsa", Algorithm::RS512, rsa()),
        ("rsa", Algorithm::PS256, rsa()),
        ("rsa", Algorithm::PS384, rsa()),
        ("rsa", Algorithm::PS512, rsa()),
        ("p256", Algorithm::ES256, EncodingKey::from_ec_der(&p256.serialize_der())),
        ("p384", Algorithm::ES384, EncodingKey::from_ec_der(&p384.serialize_der())),
        ("ed", Algorithm::EdDSA, EncodingKey::from_ed_der(&ed.serialize_der())),
        ("pinned", Algorithm::RS512, rsa()),
    ];
    (jwks, signers)
}

const ISSUER: &str = "https://id.example";

async fn site() -> (Guard, Vec<(&'static str, Algorithm, EncodingKey)>) {
    let (jwks, signers) = keys();
    let site = Site::default();
    site.put("/keys", json!({ "keys": jwks }));
    let jwks_url = Some(format!("{}/keys", site.start().await));
    let config = AuthConfig { jwks_url, ..AuthConfig::default() };
    (guard(Auth::jwt(ISSUER).audience(&["t"]), config).unwrap(), signers)
}

fn why(done: Result<()>) -> Error {
    done.expect_err("it is refused")
}

#[tokio::test]
async fn every_way_to_sign_with_a_private_key_is_taken() {
    let (guard, signers) = site().await;
    for (id, algorithm, key) in &signers {
        let token = signed(*algorithm, id, key, &claims(ISSUER));
        judged(&guard, &token).await.unwrap_or_else(|error| panic!("{algorithm:?}: {error}"));
        judged(&guard, &token).await.expect("and known when it comes again");
        let (head, signature) = token.rsplit_once('.').unwrap();
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{head}.{flipped}{}", &signature[1..]);
        let error = why(judged(&guard, &forged).await);
        assert!(error.message().contains("its signature is wrong"), "{algorithm:?}: {error}");
    }
}

#[tokio::test]
async fn a_key_signs_in_its_own_ways_alone() {
    let (guard, signers) = site().await;
    let by = |name: &str, algorithm: Algorithm| {
        let found = signers.iter().find(|(id, a, _)| *id == name && *a == algorithm);
        &found.expect("there is one").2
    };
    let claims = claims(ISSUER);
    let rsa = by("rsa", Algorithm::RS256);
    let secret = EncodingKey::from_secret;
    let no_key = "has no such key";
    let not_allowed = "is not allowed here";
    for (what, token, wanted) in [
        (
            "the public key as a secret",
            signed(Algorithm::HS256, "rsa", &secret(RSA_PUBLIC), &claims),
            not_allowed,
        ),
        (
            "the modulus as a secret",
            signed(Algorithm::HS512, "rsa", &secret(RSA_MODULUS.trim().as_bytes()), &claims),
            not_allowed,
        ),
        (
            "a secret in the set",
            signed(Algorithm::HS256, "shared", &secret(b"a shared secret"), &claims),
            not_allowed,
        ),
        ("RSA under a curve's name", signed(Algorithm::RS256, "p256", rsa, &claims), no_key),
        (
            "another curve's name",
            signed(Algorithm::ES256, "p384", by("p256", Algorithm::ES256), &claims),
            no_key,
        ),
        ("a key that encrypts", signed(Algorithm::RS256, "enc", rsa, &claims), no_key),
        ("a key for another way", signed(Algorithm::RS256, "pinned", rsa, &claims), no_key),
        ("a kind that is not known", signed(Algorithm::RS256, "new", rsa, &claims), no_key),
        ("a secret's name", signed(Algorithm::RS256, "shared", rsa, &claims), no_key),
        ("a path for a name", signed(Algorithm::RS256, "../../etc/passwd", rsa, &claims), no_key),
    ] {
        let error = why(judged(&guard, &token).await);
        assert_eq!(error.code(), Code::Unauthenticated, "{what}: {error}");
        assert!(error.message().contains(wanted), "{what}: {error}");
    }
    // Keys and addresses that a token brings along are not even looked at.
    let own = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some("p256".to_owned());
    header.jku = Some("http://127.0.0.1:1/keys".to_owned());
    let token =
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ec_der(&own.serialize_der()));
    assert!(
        why(judged(&guard, &token.unwrap()).await).message().contains("its signature is wrong")
    );
}

#[tokio::test]
async fn a_contract_may_allow_some_ways_alone() {
    let (jwks, signers) = keys();
    let site = Site::default();
    site.put("/keys", json!({ "keys": jwks }));
    let jwks_url = Some(format!("{}/keys", site.start().await));
    let config = AuthConfig { jwks_url, ..AuthConfig::default() };
    let guard = guard(Auth::jwt(ISSUER).audience(&["t"]).algorithms(&["PS256"]), config).unwrap();
    for (id, algorithm, key) in &signers {
        let done = judged(&guard, &signed(*algorithm, id, key, &claims(ISSUER))).await;
        assert_eq!(done.is_ok(), *algorithm == Algorithm::PS256, "{algorithm:?}");
    }
}

#[tokio::test]
async fn an_issuer_says_itself_where_its_keys_are() {
    let (jwks, signers) = keys();
    let site = Site::default();
    let url = site.start().await;
    let issuer = format!("{url}/realms/shop");
    let discovery = "/realms/shop/.well-known/openid-configuration";
    site.put(
        discovery,
        json!({ "issuer": issuer, "jwks_uri": format!("{url}/realms/shop/certs") }),
    );
    site.put("/realms/shop/certs", json!({ "keys": jwks }));
    let config = || AuthConfig { issuer: Some(issuer.clone()), ..AuthConfig::default() };
    let of_issuer = guard(Auth::jwt(ISSUER).audience(&["t"]), config()).unwrap();
    let (id, algorithm, key) = &signers[0];
    judged(&of_issuer, &signed(*algorithm, id, key, &claims(&issuer))).await.unwrap();
    assert_eq!(site.asked(), [discovery, "/realms/shop/certs"]);
    assert!(
        why(judged(&of_issuer, &signed(*algorithm, id, key, &claims(ISSUER))).await)
            .message()
            .contains("another issuer")
    );
    // One that speaks for another, and one that sends us to where everybody may answer.
    for document in [
        json!({ "issuer": "https://evil.example", "jwks_uri": format!("{url}/realms/shop/certs") }),
        json!({ "issuer": issuer, "jwks_uri": "http://evil.example/certs" }),
        json!({ "issuer": issuer }),
        json!("none"),
    ] {
        site.put(discovery, document.clone());
        let fresh = guard(Auth::jwt(ISSUER).audience(&["t"]), config()).unwrap();
        let error = why(judged(&fresh, &signed(*algorithm, id, key, &claims(&issuer))).await);
        assert_eq!(error.code(), Code::Unavailable, "{document}: {error}");
        assert!(!error.message().contains("evil"), "{error}");
    }
}
