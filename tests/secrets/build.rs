//! Compiles the contract.

fn main() -> svckit_build::Result {
    svckit_build::configure().compile("contracts")
}
