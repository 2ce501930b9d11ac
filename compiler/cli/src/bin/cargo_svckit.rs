//! `cargo svckit`

fn main() -> std::process::ExitCode {
    svckit_cli::main()
}
