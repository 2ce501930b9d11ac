//! Brings parcels on their way.

use svckit::{Page, PageRequest, Result};

use crate::shop::payments::v1::payments::PaymentCaptured;
use crate::shop::shipping::v1::Parcel;
use crate::shop::shipping::v1::shipping::{self, OrderShipped, ShipmentRefused};

/// Where no parcel goes.
const NOWHERE: &str = "nowhere";

pub(crate) struct Shipping;

impl shipping::Service for Shipping {
    async fn list_parcels(
        &self,
        ctx: &mut shipping::ListParcelsContext,
        page: PageRequest,
    ) -> Result<Page<Parcel>> {
        super::page(ctx.state(), page).await
    }
}

impl shipping::Subscriptions for Shipping {
    async fn ship(&self, ctx: &mut shipping::ShipContext, event: PaymentCaptured) -> Result<()> {
        if event.pickup == NOWHERE {
            let reason = format!("no parcel goes to {}", event.pickup);
            ctx.emit_shipment_refused(ShipmentRefused { order_id: event.order_id, reason });
            return Ok(());
        }
        let tracking = ctx.new_id().to_string();
        // One parcel an order: another one would have another key.
        let parcel =
            Parcel { order_id: event.order_id, tracking: tracking.clone(), pickup: event.pickup };
        ctx.state().put(format!("{}/{tracking}", event.order_id), &parcel).await?;
        let (order_id, customer) = (event.order_id, event.customer);
        ctx.emit_order_shipped(OrderShipped { order_id, tracking, customer });
        Ok(())
    }
}
