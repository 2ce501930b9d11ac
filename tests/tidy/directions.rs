//! Who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// What each of our crates may depend on, tests apart. A crate that is not here has no place yet: give it one.
const MAY: &[(&str, &[&str])] = &[
    ("svckit-diagnostics", &[]),
    ("svckit-syntax", &["svckit-diagnostics"]),
    ("svckit-format", &["svckit-diagnostics", "svckit-syntax"]),
    ("svckit-model", &["svckit-diagnostics", "svckit-syntax"]),
    ("svckit-lint", &["svckit-diagnostics", "svckit-model"]),
    ("svckit-backend", &["svckit-diagnostics", "svckit-model"]),
    ("svckit-backend-alerts", BACKEND),
    ("svckit-backend-dashboards", BACKEND),
    ("svckit-backend-rust", BACKEND),
    ("svckit-backend-proto", BACKEND),
    ("svckit-backend-diagrams", BACKEND),
    (
        "svckit-driver",
        &[
            "svckit-backend",
            "svckit-backend-alerts",
            "svckit-backend-dashboards",
            "svckit-backend-diagrams",
            "svckit-backend-proto",
            "svckit-backend-rust",
            "svckit-diagnostics",
            "svckit-format",
            "svckit-lint",
            "svckit-model",
            "svckit-syntax",
        ],
    ),
    ("svckit-build", &["svckit-backend", "svckit-diagnostics", "svckit-driver"]),
    // The command is the door to both sides; nothing else of the compiler knows the runtime.
    (
        "svckit-cli",
        &[
            "svckit-backend",
            "svckit-diagnostics",
            "svckit-driver",
            "svckit-model",
            "svckit-operate",
            "svckit-templates",
        ],
    ),
    ("svckit-templates", &[]),
    ("svckit-core", &[]),
    ("svckit-discovery", &["svckit-core", "svckit-policy"]),
    ("svckit-messaging", &["svckit-core"]),
    (
        "svckit-operate",
        &["svckit-core", "svckit-messaging", "svckit-store-sqlite", "svckit-transport-inproc"],
    ),
    ("svckit-policy", &["svckit-core"]),
    ("svckit-sqlite", &["svckit-core"]),
    ("svckit-telemetry", &["svckit-core", "svckit-messaging"]),
    ("svckit-store-memory", &["svckit-core"]),
    ("svckit-store-sqlite", &["svckit-core", "svckit-sqlite"]),
    (
        "svckit-testkit",
        &[
            "svckit-core",
            "svckit-messaging",
            "svckit-sqlite",
            "svckit-store-memory",
            "svckit-store-sqlite",
            "svckit-transport-inproc",
        ],
    ),
    ("svckit-security", &["svckit-core"]),
    ("svckit-transport-grpc", &["svckit-core", "svckit-policy"]),
    ("svckit-transport-http", &["svckit-core"]),
    ("svckit-transport-inproc", &["svckit-core", "svckit-policy", "svckit-sqlite"]),
    (
        "svckit",
        &[
            "svckit-core",
            "svckit-discovery",
            "svckit-messaging",
            "svckit-policy",
            "svckit-security",
            "svckit-store-memory",
            "svckit-store-sqlite",
            "svckit-telemetry",
            "svckit-transport-grpc",
            "svckit-transport-http",
            "svckit-transport-inproc",
        ],
    ),
    ("quickstart", EXAMPLE),
    ("boutique", EXAMPLE),
    ("shop", EXAMPLE),
];

const BACKEND: &[&str] = &["svckit-backend", "svckit-diagnostics", "svckit-model"];
const EXAMPLE: &[&str] = &["svckit", "svckit-build"];

/// Libraries of others that only these crates may use.
const ONLY: &[(&str, &[&str])] = &[
    ("clap", &["svckit-cli"]),
    ("ratatui", &["svckit-cli"]),
    ("rusqlite", &["svckit-sqlite"]),
    ("quote", &["svckit-backend-rust"]),
    ("prettyplease", &["svckit-backend-rust"]),
    ("pest", &["svckit-syntax"]),
    ("annotate-snippets", &["svckit-diagnostics"]),
    ("minijinja", &["svckit-templates"]),
    ("toml", &["svckit-driver", "svckit"]),
    // Telemetry hands the exporter of OTLP a connection.
    ("tonic", &["svckit-telemetry", "svckit-transport-grpc"]),
    ("axum", &["svckit-transport-http"]),
    (
        "hyper",
        &[
            "svckit-discovery",
            "svckit-security",
            "svckit-telemetry",
            "svckit-transport-grpc",
            "svckit-transport-http",
        ],
    ),
    ("opentelemetry", &["svckit-telemetry"]),
    (
        "tokio",
        &[
            "svckit-core",
            "svckit-discovery",
            "svckit-messaging",
            "svckit-operate",
            "svckit-policy",
            "svckit-security",
            "svckit-sqlite",
            "svckit-store-memory",
            "svckit-store-sqlite",
            "svckit-telemetry",
            "svckit-testkit",
            "svckit-transport-grpc",
            "svckit-transport-http",
            "svckit-transport-inproc",
            "svckit",
            "quickstart",
            "boutique",
            "shop",
        ],
    ),
];

/// Every package but those below `tests/`, which may know everything.
fn packages() -> Vec<Package> {
    let manifest = super::root().join("Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec();
    let packages = metadata.expect("cargo metadata of this workspace").packages;
    let tests = super::root().join("tests");
    packages.into_iter().filter(|p| !p.manifest_path.as_std_path().starts_with(&tests)).collect()
}

/// What a package needs to be built, tests apart.
fn needs(package: &Package) -> BTreeSet<String> {
    let dependencies =
        package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
    dependencies.map(|d| d.name.clone()).collect()
}

fn is_ours(name: &str) -> bool {
    name == "svckit" || name.starts_with("svckit-")
}

#[test]
fn dependencies_point_one_way() {
    let may: BTreeMap<&str, BTreeSet<&str>> =
        MAY.iter().map(|(name, may)| (*name, may.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package.name.as_str();
        let Some(may) = may.get(name) else {
            wrong.push(format!("{name} has no place in `MAY`"));
            continue;
        };
        for need in needs(&package).iter().filter(|n| is_ours(n) && !may.contains(n.as_str())) {
            wrong.push(format!("{name} may not depend on {need}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nARCHITECTURE.md says why", wrong.join("\n"));
}

#[test]
fn what_others_wrote_is_used_where_it_belongs() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package.name.as_str();
        let needs = needs(&package);
        for (library, who) in ONLY {
            if needs.contains(*library) && !who.contains(&name) {
                wrong.push(format!("{name} may not use {library}; only {} may", who.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_runtime_and_the_compiler_never_meet() {
    let packages = packages();
    let below = |folder: &str| {
        let root = super::root().join(folder);
        let inside = |p: &&Package| p.manifest_path.as_std_path().starts_with(&root);
        packages.iter().filter(inside).map(|p| p.name.to_string()).collect::<BTreeSet<_>>()
    };
    let runtime = below("runtime");
    let compiler: BTreeSet<String> = below("compiler").into_iter().chain(below("idl")).collect();
    for package in &packages {
        let name = package.name.to_string();
        let (side, other) = match (runtime.contains(&name), compiler.contains(&name)) {
            (true, _) => ("the runtime", &compiler),
            (_, true) => ("the compiler", &runtime),
            _ => continue,
        };
        let met = needs(package).intersection(other).cloned().collect::<BTreeSet<_>>();
        // The command is the door to both: by one crate, for the verbs that work at what runs.
        let door = BTreeSet::from(["svckit-operate".to_owned()]);
        let met: Vec<_> = if name == "svckit-cli" {
            met.difference(&door).cloned().collect()
        } else {
            met.into_iter().collect()
        };
        assert!(met.is_empty(), "{name} of {side} depends on {}", met.join(", "));
    }
}
