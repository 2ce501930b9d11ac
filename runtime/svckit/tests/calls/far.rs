//! An inventory in a process of its own.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use svckit::Error;

use crate::generated_shape::inventory::{self, ReserveError};
use crate::generated_shape::{OrderPlaced, ReserveRequest, StockLevelRequest};
use crate::shop::Probe;

/// It fails, in the way that it is asked to by the sku, and tells what it is given.
#[derive(Default)]
pub struct Far(pub Arc<Probe>);

impl Far {
    fn fails(&self, sku: &str) -> Error {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        let error = Error::unavailable("restarting");
        match sku {
            "FAR NO" => error.with_no_retry(),
            "LATER" => error.with_retry_after(Duration::from_millis(2_500)),
            _ => error,
        }
    }
}

impl inventory::Service for Far {
    async fn reserve(
        &self,
        ctx: &mut inventory::ReserveContext,
        req: ReserveRequest,
    ) -> Result<(), ReserveError> {
        let error = self.fails(&req.sku);
        match req.sku.as_str() {
            "FAR WAIT" => {
                self.0.wait().await;
                Ok(())
            }
            "FAR LEFT" => {
                let left = ctx.remaining().map_or(u128::MAX, |left| left.as_millis());
                Err(Error::out_of_range(left.to_string()).into())
            }
            _ => Err(error.into()),
        }
    }

    async fn stock_level(
        &self,
        _: &mut inventory::StockLevelContext,
        req: StockLevelRequest,
    ) -> Result<u32, Error> {
        Err(self.fails(&req.sku))
    }
}

impl inventory::Subscriptions for Far {
    async fn count_placed(
        &self,
        _: &mut inventory::CountPlacedContext,
        _: OrderPlaced,
    ) -> Result<(), Error> {
        Ok(())
    }
}
