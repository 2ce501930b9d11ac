//! An operation, and who answers it.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::call::{Accept, Answer, IncomingCall};
use svckit_core::error::Result;
use svckit_core::operation::{Operation, ServiceDescriptor};

pub(crate) static GET: Operation = Operation::query("a.v1.A", "Get", "/a.v1.AService/Get");

/// Answers with nothing, at once.
pub(crate) struct Answers;

impl Accept for Answers {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        Vec::new()
    }

    fn accept(&self, _: &'static Operation, _: IncomingCall) -> BoxFuture<'static, Result<Answer>> {
        async { Ok(Answer::one(Bytes::new())) }.boxed()
    }
}
