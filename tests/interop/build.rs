//! Generates code from the original `demo.proto` as its users do (prost and tonic), where that file is at hand: below
//! `SVCKIT_CORPUS`, or below `../shared/corpus` beside the repository. Else `cfg(corpus)` is not set, and the tests that
//! need it are named as not run. Beside it, the contracts of `tests/forms` and `tests/tuned`.

use std::env;
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    svckit_build::configure().option("ranges", "true").compile("contracts")?;
    println!("cargo::rustc-check-cfg=cfg(corpus)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SVCKIT_CORPUS");
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let corpus = env::var_os("SVCKIT_CORPUS").map_or_else(beside, PathBuf::from);
    let folder = corpus.join("online-boutique");
    let proto = folder.join("demo.proto");
    if proto.is_file() {
        println!("cargo::rerun-if-changed={}", proto.display());
        let descriptors = protox::compile([&proto], [&folder])?;
        tonic_prost_build::configure().compile_fds(descriptors)?;
        println!("cargo::rustc-cfg=corpus");
        println!("cargo::rustc-env=SVCKIT_DEMO_PROTO={}", proto.display());
    }
    Ok(())
}
