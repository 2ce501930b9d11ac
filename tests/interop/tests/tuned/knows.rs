//! Who a client's certificate is of, as a handler sees it, whatever the call came over.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, IsCa, KeyPair, SanType,
};
use svckit::{App, Code, Config, Error, Result, Running, Streaming, TlsConfig};

use crate::known::v1::ledger::{self, WhoseContext};
use crate::known::v1::vault::{
    self, OpenContext, OpenRequest, WatchContext, WatchRequest, WhoContext,
};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Tells who calls.
struct Told;

impl vault::Service for Told {
    async fn who(&self, ctx: &mut WhoContext) -> Result<String> {
        Ok(ctx.principal().unwrap().key())
    }

    async fn watch(&self, ctx: &mut WatchContext, r: WatchRequest) -> Result<Streaming<String>> {
        let who = ctx.principal().unwrap().key();
        Ok(Streaming::from_values((0..r.count).map(move |_| who.clone())))
    }

    async fn open(&self, ctx: &mut OpenContext, r: OpenRequest) -> Result<String> {
        Ok(format!("{} for {}", r.door, ctx.principal().unwrap().subject))
    }
}

impl ledger::Service for Told {
    async fn whose(&self, ctx: &mut WhoseContext) -> Result<String> {
        Ok(format!("{} of {}", ctx.principal().unwrap().subject, ctx.tenant().unwrap_or("nobody")))
    }
}

struct World {
    folder: tempfile::TempDir,
    ours: Authority,
    running: Running,
}

const CONFIG: &str = r#"
[[auth."known.v1.Vault".certificates]]
name = "spiffe://shop.test/orders"
scopes = ["vault:open"]

[[auth."known.v1.Ledger".certificates]]
name = "orders.shop.test"
tenant = "acme"
"#;

impl World {
    async fn new() -> Self {
        let (folder, ours) = (tempfile::tempdir().unwrap(), authority());
        std::fs::write(folder.path().join("ca"), ours.pem()).unwrap();
        let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        pair(&folder, "server", server, &ours);
        let at = |name: &str| folder.path().join(name).display().to_string();
        let tls = format!(
            "[tls]\ncert = \"{}\"\nkey = \"{}\"\nclient_ca = \"{}\"\n",
            at("server.crt"),
            at("server.key"),
            at("ca")
        );
        std::fs::write(folder.path().join("svckit.toml"), format!("{tls}{CONFIG}")).unwrap();
        let variables = |name: &str| (name == "SVCKIT_CONFIG").then(|| at("svckit.toml"));
        let config = Config { data: None, ..Config::from_variables(variables).unwrap() };
        let app = App::with(config).serve(vault::server(Told)).serve(ledger::server(Told));
        let running = app.listen("127.0.0.1:0").start().await.unwrap();
        Self { folder, ours, running }
    }

    /// A caller with a certificate of these names, signed by one of the authorities.
    fn caller(&self, scheme: &str, names: Vec<SanType>, by: &Authority) -> App {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = names;
        params.distinguished_name = DistinguishedName::new();
        let (cert, key) = pair(&self.folder, "client", params, by);
        self.of(scheme, Some(cert), Some(key))
    }

    fn of(&self, scheme: &str, client_cert: Option<PathBuf>, client_key: Option<PathBuf>) -> App {
        let ca = Some(self.folder.path().join("ca"));
        let tls = TlsConfig { ca, client_cert, client_key, ..TlsConfig::default() };
        let url = format!("{scheme}://{}", self.running.address().unwrap());
        let app = App::with(Config { tls, ..Config::default() });
        app.endpoint("known.v1.Vault", &url).endpoint("known.v1.Ledger", &url)
    }
}

fn pair(
    folder: &tempfile::TempDir,
    name: &str,
    params: CertificateParams,
    by: &Authority,
) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    let write = |end: &str, text: String| {
        let path = folder.path().join(format!("{name}.{end}"));
        std::fs::write(&path, text).unwrap();
        path
    };
    (write("crt", certificate.pem()), write("key", key.serialize_pem()))
}

fn uri(text: &str) -> Vec<SanType> {
    vec![
        SanType::DnsName("orders.shop.test".try_into().unwrap()),
        SanType::URI(text.try_into().unwrap()),
    ]
}

fn dns(name: &str) -> Vec<SanType> {
    vec![SanType::DnsName(name.try_into().unwrap())]
}

const SCHEMES: [&str; 2] = ["https", "https+json"];

async fn vault(app: &App) -> vault::Client {
    vault::Client::connect(app).await.unwrap()
}

async fn open(app: &App) -> Result<String, Error> {
    vault(app).await.open(OpenRequest { door: "front".to_owned() }).await
}

async fn whose(app: &App) -> Result<String, Error> {
    ledger::Client::connect(app).await.unwrap().whose().await
}

#[tokio::test]
async fn a_handler_knows_whose_certificate_it_was() {
    let world = World::new().await;
    for scheme in SCHEMES {
        let app = world.caller(scheme, uri("spiffe://shop.test/orders"), &world.ours);
        let client = vault(&app).await;
        assert_eq!(client.who().await.unwrap(), "mtls:spiffe://shop.test/orders");
        let told = client.watch(WatchRequest { count: 3 }).await.unwrap().collect().await.unwrap();
        assert_eq!(told, ["mtls:spiffe://shop.test/orders"; 3]);
        let app = world.caller(scheme, dns("mail.shop.test"), &world.ours);
        assert_eq!(vault(&app).await.who().await.unwrap(), "mtls:mail.shop.test");
    }
}

#[tokio::test]
async fn who_has_no_certificate_of_the_authority_is_refused() {
    let (world, other) = (World::new().await, authority());
    for scheme in SCHEMES {
        // None at all: the connection comes about, the call does not.
        let error = vault(&world.of(scheme, None, None)).await.who().await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated, "{error}");
        assert!(error.message().contains("no certificate was shown"), "{error}");
        // One of another authority, whatever name it has.
        let stranger = world.caller(scheme, uri("spiffe://shop.test/orders"), &other);
        for error in
            [vault(&stranger).await.who().await.unwrap_err(), open(&stranger).await.unwrap_err()]
        {
            assert_eq!(error.code(), Code::Unavailable, "{error}");
        }
        // One that names nobody.
        let nobody = world.caller(scheme, Vec::new(), &world.ours);
        let error = vault(&nobody).await.who().await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated, "{error}");
        assert!(error.message().contains("names nobody"), "{error}");
    }
}

#[tokio::test]
async fn scopes_and_tenants_are_those_of_the_certificate() {
    let world = World::new().await;
    for scheme in SCHEMES {
        let orders = world.caller(scheme, uri("spiffe://shop.test/orders"), &world.ours);
        assert_eq!(open(&orders).await.unwrap(), "front for spiffe://shop.test/orders");
        let error = whose(&orders).await.unwrap_err();
        assert_eq!(error.code(), Code::PermissionDenied, "{error}");
        assert!(error.message().contains("write `tenant` beside its name"), "{error}");
        let named = world.caller(scheme, dns("orders.shop.test"), &world.ours);
        assert_eq!(whose(&named).await.unwrap(), "orders.shop.test of acme");
        let error = open(&named).await.unwrap_err();
        assert_eq!(error.code(), Code::PermissionDenied, "{error}");
        assert!(error.message().contains("needs the scope `vault:open`"), "{error}");
        // What a caller says of its tenant is not believed.
        let client = ledger::Client::connect(&named).await.unwrap();
        let client = client.with(svckit::CallOptions::new().tenant("other"));
        assert_eq!(client.whose().await.unwrap(), "orders.shop.test of acme");
    }
}

/// What makes no sense in a configuration keeps it from starting.
#[tokio::test]
async fn certificates_are_granted_once_and_by_mtls_alone() {
    let grant = |name: &str| svckit::CertificateConfig {
        name: name.to_owned(),
        tenant: None,
        scopes: Vec::new(),
    };
    for (service, certificates, wanted) in [
        ("known.v1.Vault", vec![grant("a"), grant("a")], "the certificate `a` is there twice"),
        ("tuned.v1.Tuned", vec![grant("a")], "whose contract says `auth mtls`"),
    ] {
        let auth = svckit::AuthConfig { certificates, ..svckit::AuthConfig::default() };
        let config = Config { auth: [(service.to_owned(), auth)].into(), ..Config::default() };
        let callee = crate::world::Callee(std::sync::Arc::default());
        let app = App::with(config).serve(vault::server(Told));
        let app = app.serve(crate::tuned::v1::tuned::server(callee)).listen("127.0.0.1:0");
        let error = app.start().await.expect_err("it does not start").to_string();
        assert!(error.contains(wanted), "{error}");
    }
}
