//! Calls within the process.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::call::{Accept, Answer, IncomingCall, OutgoingCall, Transport};
use svckit_core::error::Result;
use svckit_core::operation::Operation;

/// Hands calls to the services of the same process.
#[derive(Clone)]
pub struct InProcess {
    services: Arc<dyn Accept>,
}

impl InProcess {
    /// The way to these services.
    #[must_use]
    pub fn new(services: Arc<dyn Accept>) -> Self {
        Self { services }
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl Transport for InProcess {
    fn call(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        let OutgoingCall { meta, deadline, body } = call;
        self.services
            .accept(operation, IncomingCall { meta, deadline, ..IncomingCall::new(body) })
            .boxed()
    }
}
