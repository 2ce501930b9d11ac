//! The program, as someone runs it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

#[cfg(unix)]
use svckit_collector::{CONSUMER, Collector, INTERNAL};

fn shop(args: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_shop"));
    for (name, _) in std::env::vars_os() {
        if ["SVCKIT_", "OTEL_"].iter().any(|ours| name.to_string_lossy().starts_with(ours)) {
            program.env_remove(name);
        }
    }
    program.args(args);
    program
}

fn run(args: &[&str]) -> Output {
    shop(args).output().expect("cargo has built the program")
}

fn said(ran: &Output) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr)
}

#[test]
fn a_day_ends_well() {
    let ran = run(&["--orders", "80"]);
    let said = said(&ran);
    assert_eq!(ran.status.code(), Some(0), "{said}");
    for part in ["80 orders placed", "shipped", "no money left", "0 dead letters", "books balance"]
    {
        assert!(said.contains(part), "{part} is missing:\n{said}");
    }
}

#[test]
fn a_day_on_which_it_is_killed_ends_well_too() {
    let ran = run(&["crash", "--times", "6", "--orders", "120", "--seed", "3"]);
    let said = said(&ran);
    assert_eq!(ran.status.code(), Some(0), "{said}");
    assert!(said.contains("120 orders placed") && said.contains("6 times killed"), "{said}");
}

#[test]
fn the_same_day_again_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let day = || said(&run(&["--orders", "40", "--data", data]));
    let sums = |text: &str| {
        let from = text.find("    40 orders placed\n").unwrap_or_else(|| panic!("{text}"));
        let to = text.find("messages handled").unwrap_or_else(|| panic!("{text}"));
        text[from..to].rsplit_once('\n').map(|(sums, _)| sums.to_owned())
    };
    let (first, again) = (day(), day());
    assert_eq!(sums(&first), sums(&again));
    assert!(again.contains("books balance"), "{again}");
}

/// A process of its own, killed at the end.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(name: &str, address: &str, data: &Path, endpoints: &str) -> Served {
    serve_with(name, address, data, &[("SVCKIT_ENDPOINTS", endpoints)])
}

fn serve_with(name: &str, address: &str, data: &Path, variables: &[(&str, &str)]) -> Served {
    let mut program = shop(&["serve", name, "--listen", address, "--data"]);
    program.arg(data).env("SVCKIT_LOG", "info").envs(variables.iter().copied());
    let mut child = program.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let log = child.stderr.take().unwrap();
    let (told, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            let _ = told.send(line);
        }
    });
    let mut log = Vec::new();
    while !log.last().is_some_and(|line: &String| line.contains("serving")) {
        log.push(
            heard.recv().unwrap_or_else(|_| panic!("{name} does not serve:\n{}", log.join("\n"))),
        );
    }
    Served(child)
}

#[test]
fn each_service_in_a_process_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let sockets: Vec<_> = (0..5).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let addresses: Vec<_> = sockets.iter().map(|s| s.local_addr().unwrap().to_string()).collect();
    drop(sockets);
    let named = ::shop::house::NAMES.iter().zip(&addresses);
    let endpoints = named.clone().flat_map(|((_, services), address)| {
        services.iter().map(move |service| format!("{service}=http://{address}"))
    });
    let endpoints = endpoints.collect::<Vec<_>>().join(",");
    // The last one begins when the customers are there already: they wait for it.
    let mut named: Vec<_> = named.collect();
    let ((last, _), address) = named.pop().unwrap();
    let open = |name, address| serve(name, address, directory.path(), &endpoints);
    let _served: Vec<_> = named.iter().map(|((name, _), address)| open(name, address)).collect();
    let mut drive = shop(&["drive", "--orders", "60"]);
    let drive = drive.env("SVCKIT_ENDPOINTS", &endpoints).stdout(Stdio::piped());
    let drive = drive.env("SVCKIT_LOG", "info").stderr(Stdio::piped());
    let mut drive = drive.spawn().unwrap();
    // It is told that one is away; from then on it is waited for.
    let mut told = BufReader::new(drive.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(told.any(|line| line.contains("the breaker opens")), "it did not wait for {last}");
    let _last = open(last, address);
    std::thread::spawn(move || told.for_each(drop));
    let ran = drive.wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    assert!(said(&ran).contains("60 orders placed"), "{}", said(&ran));
}

#[test]
fn customers_may_come_over_http() {
    let directory = tempfile::tempdir().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    drop(socket);
    let _served = serve("all", &address, directory.path(), "");
    let ran = run(&["drive", "--orders", "60", "--at", &format!("http+json://{address}")]);
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    let said = said(&ran);
    assert!(said.contains("60 orders placed") && said.contains("books balance"), "{said}");
}

/// All of it said by the environment, as operators do.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_traces_go_where_the_environment_says_with_what_handlers_trace_themselves() {
    let collector = Collector::start().await;
    let directory = tempfile::tempdir().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    drop(socket);
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_SERVICE_NAME", "shop"),
    ];
    let mut served = serve_with("all", &address, directory.path(), &variables);
    let ran = run(&["drive", "--orders", "8", "--at", &format!("http://{address}")]);
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    let end = Command::new("kill").arg(served.0.id().to_string()).status().unwrap();
    assert!(end.success() && served.0.wait().unwrap().success());

    let came = collector.came();
    assert!(came.spans.iter().all(|(service, _)| service == "shop"));
    let at_bank = came.named("at the bank", INTERNAL);
    let calls = came.named("shop.payments.v1.BankService/Charge", INTERNAL);
    assert!(
        !at_bank.is_empty() && at_bank.len() == calls.len(),
        "{} {}",
        at_bank.len(),
        calls.len()
    );
    for span in at_bank {
        let parent = came.spans.iter().find(|(_, of)| of.span_id == span.parent_span_id);
        let (_, handler) = parent.expect("it stands in the handler's");
        assert_eq!((handler.kind, &handler.trace_id), (CONSUMER, &span.trace_id));
        let within = calls.iter().filter(|call| call.parent_span_id == span.span_id);
        assert_eq!(within.count(), 1, "the call stands in it");
    }
}

#[test]
fn what_is_not_understood_is_told_with_the_usage() {
    for args in [&["buy"][..], &["serve", "bank"], &["--orders", "none"], &["--orders", "0"]] {
        let ran = run(args);
        assert_eq!(ran.status.code(), Some(2), "{}", said(&ran));
        assert!(said(&ran).contains("Usage:"), "{}", said(&ran));
    }
}
