//! Services: their settings, which hold for their members.

use svckit_diagnostics::Diagnostic;
use svckit_syntax::tree::{self, Auth, ClauseKind, ExprKind, Setting};

use super::clauses::Place;
use super::context::{Cx, ServiceDefaults};
use super::members::At;
use crate::codes::services::BAD_AUTH;
use crate::world::*;

impl Cx<'_> {
    /// Settings of services.
    pub(crate) fn services(&mut self) {
        for (s, id, t) in std::mem::take(&mut self.pending.services) {
            let clauses = self.clauses(Place::Service, &t.settings);
            self.world.services[id].info.places = clauses.places();
            let at = At { scope: s, service: Some(id) };
            let mut defaults = ServiceDefaults::default();
            for clause in clauses.iter() {
                match &clause.kind {
                    ClauseKind::Owner(owner) => {
                        self.world.services[id].owner = Some(owner.value.clone())
                    }
                    ClauseKind::Tenant(claim) => {
                        self.world.services[id].tenant_claim = Some(claim.value.clone());
                    }
                    ClauseKind::Meta(key, value) => {
                        self.world.services[id].meta.push((key.text.clone(), value.value.clone()));
                    }
                    ClauseKind::Auth(auth) => {
                        let scheme = self.auth_scheme(auth, clause);
                        self.world.services[id].auth = scheme;
                    }
                    ClauseKind::Policy(path) => defaults.policy = self.policy_named(s, path),
                    ClauseKind::Calls(calls) => defaults.calls = self.calls(at, calls),
                    _ => {}
                }
            }
            self.service_defaults.insert(id, defaults);
        }
    }

    /// `auth …` of a service or gateway.
    pub(crate) fn auth_scheme(&mut self, auth: &Auth, clause: &tree::Clause) -> Option<AuthScheme> {
        match auth {
            Auth::Jwt(settings) => Some(AuthScheme::Jwt(self.jwt(settings, clause))),
            Auth::ApiKey => Some(AuthScheme::ApiKey),
            Auth::Mtls => Some(AuthScheme::Mtls),
            Auth::None(because) => Some(AuthScheme::None(because.reason.clone())),
            Auth::Scope(_) => {
                let wrong = Diagnostic::new(BAD_AUTH, clause.span, "a scope is an operation's")
                    .here("a service has a scheme here")
                    .help("write `jwt { … }`, `api_key`, `mtls` or `none because \"…\"`, and the scope on the operations");
                self.report(wrong);
                None
            }
        }
    }

    fn jwt(&mut self, settings: &[Setting], clause: &tree::Clause) -> Vec<(String, String)> {
        const KNOWN: [&str; 4] = ["issuer", "audience", "jwks", "algorithms"];
        let words = self.words("`jwt`", settings, &KNOWN);
        let text = |kind: &ExprKind| match kind {
            ExprKind::Str(text) => Some(text.clone()),
            _ => None,
        };
        let mut out = Vec::new();
        for word in KNOWN {
            let Some(setting) = words.get(word) else { continue };
            let values: Vec<Option<String>> = (0..setting.args.len().max(1))
                .map(|i| self.arg(setting, i, "a string", text))
                .collect();
            let values: Vec<String> = values.into_iter().flatten().collect();
            if !values.is_empty() {
                out.push((word.to_owned(), values.join(" ")));
            }
        }
        if words.get("issuer").is_none() {
            let wrong = Diagnostic::new(
                BAD_AUTH,
                clause.span,
                "`jwt` does not say whose tokens are trusted",
            );
            self.report(
                wrong.here("`issuer` is missing").help("write `jwt { issuer \"https://…\" }`"),
            );
        }
        out
    }
}

/// `auth scope "…"` of an operation; a scheme there has been taken for the service's by the parser.
pub(crate) fn scopes(auth: &Auth) -> Vec<String> {
    match auth {
        Auth::Scope(scopes) => scopes.iter().map(|s| s.value.clone()).collect(),
        _ => Vec::new(),
    }
}
