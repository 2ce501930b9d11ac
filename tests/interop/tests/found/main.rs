//! Services in several places, found by the facade: processes that come, drain and are killed while another one calls.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod agent;
mod consul;
mod process;
mod roles;
#[path = "../forms/service.rs"]
#[allow(dead_code, reason = "the other suite needs more of it")]
mod service;

svckit::include_contracts!();

use agent::{Agent, Registry};
use consul::Consul;
use process::Role;
use svckit_interop::{go, not_run};

/// So many calls that each of two endpoints gets some, but for a chance of one in millions.
const MANY: usize = 40;

fn server(name: &str) -> Role {
    Role::start("server", &[("FORMS_NAME", name)])
}

/// Who answers.
fn calls(visitor: &mut Role, count: usize) -> Vec<String> {
    let mut names: Vec<_> = (0..count).map(|_| visitor.ask("call")).collect();
    names.sort();
    names.dedup();
    names
}

/// Calls until they are answered as they should be: what is found takes a while to travel.
fn calls_become(visitor: &mut Role, wanted: &[&str]) {
    for _ in 0..500 {
        if calls(visitor, MANY) == wanted {
            return;
        }
    }
    panic!("the calls never became those of {wanted:?}: {:?}", calls(visitor, MANY));
}

#[test]
fn a_list_of_places_outlives_one_that_is_killed() {
    let (mut a, mut b) = (server("a"), server("b"));
    for scheme in ["http", "http+json"] {
        let url = format!("{scheme}://{},{scheme}://{}", a.address, b.address);
        let mut visitor = Role::start("visitor", &[("FORMS_AT", &url)]);
        assert_eq!(calls(&mut visitor, MANY), ["a", "b"], "{scheme}");
    }
    let url = format!("http://{},http://{}", a.address, b.address);
    let mut visitor = Role::start("visitor", &[("FORMS_AT", &url)]);
    assert_eq!(calls(&mut visitor, MANY), ["a", "b"]);
    a.kill();
    // Not one of them fails.
    assert_eq!(calls(&mut visitor, MANY), ["b"]);
    // What drains ends what it has begun, and takes nothing new.
    visitor.say("wait");
    assert_eq!(b.ask("waiting"), "waiting");
    assert_eq!(b.ask("drain"), "draining");
    calls_become(&mut visitor, &["unavailable"]);
    b.say("go");
    assert_eq!(visitor.hear(), "waited b");
    assert_eq!(b.hear(), "drained");
}

/// By an agent that says what this test tells it to.
#[test]
fn what_consul_says_is_followed() {
    followed(&mut Agent::start());
}

/// By an agent of Consul itself.
#[test]
fn an_agent_of_consul_is_followed() {
    let Some(consul) = go("consul") else {
        return not_run("services found by an agent of Consul", "consul");
    };
    followed(&mut Consul::start(&consul));
}

fn followed(agent: &mut impl Registry) {
    let (mut a, mut b, c) = (server("a"), server("b"), server("c"));
    agent.set(&[&a.address, &b.address]);
    let consul = [("FORMS_AT", "consul://forms"), ("CONSUL_HTTP_ADDR", &*agent.url())];
    let mut visitor = Role::start("visitor", &consul);
    assert_eq!(calls(&mut visitor, MANY), ["a", "b"]);
    a.kill();
    assert_eq!(calls(&mut visitor, MANY), ["b"]);
    agent.set(&[&b.address]);
    // One is left in peace: it is not found any more, and ends what it has begun.
    visitor.say("wait");
    assert_eq!(b.ask("waiting"), "waiting");
    agent.set(&[&c.address]);
    calls_become(&mut visitor, &["c"]);
    b.say("go");
    assert_eq!(visitor.hear(), "waited b");
    agent.set(&[&b.address, &c.address]);
    calls_become(&mut visitor, &["b", "c"]);
    // Nobody is there; then somebody is.
    agent.set(&[]);
    calls_become(&mut visitor, &["unavailable"]);
    agent.set(&[&c.address]);
    calls_become(&mut visitor, &["c"]);
}
