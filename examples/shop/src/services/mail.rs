//! Writes to customers.

use svckit::{Page, PageRequest, Result};

use crate::shop::mail::v1::mail::{self, WriteRequest};
use crate::shop::mail::v1::{Letter, Urgency};
use crate::shop::orders::v1::orders::OrderCompleted;

pub(crate) struct Mail;

impl mail::Service for Mail {
    async fn write(&self, ctx: &mut mail::WriteContext, request: WriteRequest) -> Result<()> {
        let WriteRequest { order_id, customer, text, urgency } = request;
        let letter = Letter { order_id, customer, text, urgency };
        // A second letter would have another key.
        let key = format!("{order_id}/{}", ctx.new_id());
        ctx.state().put(key, &letter).await
    }

    async fn list_letters(
        &self,
        ctx: &mut mail::ListLettersContext,
        page: PageRequest,
    ) -> Result<Page<Letter>> {
        super::page(ctx.state(), page).await
    }
}

impl mail::Subscriptions for Mail {
    async fn thank_buyer(
        &self,
        ctx: &mut mail::ThankBuyerContext,
        event: OrderCompleted,
    ) -> Result<()> {
        ctx.send_write(WriteRequest {
            order_id: event.order_id,
            customer: event.customer,
            text: format!("Thank you! Your parcel is on its way: {}", event.tracking),
            urgency: Urgency::Whenever,
        })
    }

    async fn tell_buyer(
        &self,
        ctx: &mut mail::TellBuyerContext,
        event: mail::TellBuyerEvent,
    ) -> Result<()> {
        ctx.send_write(WriteRequest {
            order_id: event.order_id,
            customer: event.customer,
            text: format!("We are sorry: your order was cancelled, for {}", event.reason),
            urgency: Urgency::Now,
        })
    }
}
