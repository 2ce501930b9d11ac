//! Takes money for orders and gives it back; and the bank that does it.

use svckit::{Page, PageRequest, Result};
use tracing::Instrument as _;

use crate::shop::inventory::v1::inventory::StockReserved;
use crate::shop::payments::v1::bank::{self, ChargeError, ChargeRequest, RefundRequest};
use crate::shop::payments::v1::payments::{self, PaymentCaptured, PaymentFailed, PaymentRefunded};
use crate::shop::payments::v1::{CardDeclined, Entry};

/// A customer's token that begins so has nothing behind it.
const BROKE: &str = "tok-broke";

pub(crate) struct Bank;

impl bank::Service for Bank {
    async fn charge(
        &self,
        ctx: &mut bank::ChargeContext,
        request: ChargeRequest,
    ) -> Result<Entry, ChargeError> {
        if request.token.starts_with(BROKE) {
            return Err(CardDeclined { why: "the card has no money left".to_owned() }.into());
        }
        let entry = Entry { charge_id: request.charge_id, amount: request.amount, refunded: false };
        ctx.state().put(request.charge_id, &entry).await?;
        Ok(entry)
    }

    async fn refund(&self, ctx: &mut bank::RefundContext, request: RefundRequest) -> Result<()> {
        let ledger = ctx.state::<Entry>();
        if let Some(mut entry) = ledger.get(request.charge_id).await? {
            entry.refunded = true;
            ledger.put(request.charge_id, &entry).await?;
        }
        Ok(())
    }

    async fn ledger(
        &self,
        ctx: &mut bank::LedgerContext,
        page: PageRequest,
    ) -> Result<Page<Entry>> {
        super::page(ctx.state(), page).await
    }
}

pub(crate) struct Payments;

impl payments::Service for Payments {}

impl payments::Subscriptions for Payments {
    async fn capture(
        &self,
        ctx: &mut payments::CaptureContext,
        event: StockReserved,
    ) -> Result<()> {
        let charge =
            ChargeRequest { charge_id: event.order_id, amount: event.total, token: event.token };
        // In the trace of the order this stands around the call with all its attempts.
        let at_bank = tracing::info_span!("at the bank", order = %event.order_id);
        match ctx.bank().charge(charge).instrument(at_bank).await {
            Ok(_) => ctx.emit_payment_captured(PaymentCaptured {
                order_id: event.order_id,
                pickup: event.pickup,
                customer: event.customer,
            }),
            Err(ChargeError::CardDeclined(declined)) => {
                let (order_id, reason) = (event.order_id, declined.why);
                ctx.emit_payment_failed(PaymentFailed { order_id, reason });
            }
            // Whether the bank has it is not known: it is asked again, under the same key.
            Err(ChargeError::Other(error)) => return Err(error),
        }
        Ok(())
    }

    async fn give_back(
        &self,
        ctx: &mut payments::GiveBackContext,
        event: payments::GiveBackEvent,
    ) -> Result<()> {
        ctx.bank().refund(RefundRequest { charge_id: event.order_id }).await?;
        ctx.emit_payment_refunded(PaymentRefunded { order_id: event.order_id });
        Ok(())
    }
}
