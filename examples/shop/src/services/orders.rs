//! Takes orders, and notes what became of each.

use std::time::Duration;

use svckit::{Error, Page, PageRequest, Result, Streaming};

use crate::shop::common::v1::{Money, OrderId};
use crate::shop::inventory::v1::inventory::StockLevelRequest;
use crate::shop::orders::v1::orders::{
    self, CheckProductRequest, GetOrderRequest, WatchOrderRequest,
};
use crate::shop::orders::v1::{
    Availability, Order, OrderNotFound, OrderStatus, PlaceOrderRequest, WrongCurrency,
};
use crate::shop::shipping::v1::shipping::OrderShipped;

/// How often a watched order is looked at.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) struct Orders;

impl orders::Service for Orders {
    async fn place_order(
        &self,
        ctx: &mut orders::PlaceOrderContext,
        request: PlaceOrderRequest,
    ) -> Result<Order, orders::PlaceOrderError> {
        let total = total(&request)?;
        let order = Order {
            id: request.order_id,
            customer: request.customer.clone(),
            lines: request.lines.clone(),
            total: total.clone(),
            status: OrderStatus::Placed,
            tracking: None,
            reason: None,
            placed: ctx.now(),
        };
        ctx.state().put(order.id, &order).await?;
        ctx.emit_order_placed(orders::OrderPlaced {
            order_id: request.order_id,
            lines: request.lines,
            total,
            customer: request.customer,
            pickup: request.pickup,
            token: request.token,
            channel: request.channel,
            wants_mail: request.wants_mail,
        });
        Ok(order)
    }

    async fn get_order(
        &self,
        ctx: &mut orders::GetOrderContext,
        request: GetOrderRequest,
    ) -> Result<Order, orders::GetOrderError> {
        let found = ctx.state::<Order>().get(request.id).await?;
        Ok(found.ok_or(OrderNotFound { order_id: request.id })?)
    }

    async fn check_product(
        &self,
        ctx: &mut orders::CheckProductContext,
        request: CheckProductRequest,
    ) -> Result<Availability> {
        let asked = StockLevelRequest { sku: request.sku.clone() };
        let level = ctx.inventory().stock_level(asked).await;
        let pieces = level.ok().map(|stock| stock.available);
        Ok(Availability { sku: request.sku, pieces })
    }

    async fn list_orders(
        &self,
        ctx: &mut orders::ListOrdersContext,
        page: PageRequest,
    ) -> Result<Page<Order>> {
        super::page(ctx.state(), page).await
    }

    async fn watch_order(
        &self,
        ctx: &mut orders::WatchOrderContext,
        request: WatchOrderRequest,
    ) -> Result<Streaming<OrderStatus>, orders::WatchOrderError> {
        let found = ctx.state::<Order>().get(request.id).await?;
        let first = found.ok_or(OrderNotFound { order_id: request.id })?.status;
        let (sender, statuses) = Streaming::channel(1);
        let ctx = svckit::Context::clone(ctx);
        tokio::spawn(async move {
            let mut last = first;
            while sender.send(last).await.is_ok() && last == OrderStatus::Placed {
                // Without its store the shop has more to worry about than a watched order.
                let Ok(next) = changed(&ctx, request.id, last).await else { return };
                last = next;
            }
        });
        Ok(statuses)
    }
}

/// The status of an order once it is another one.
async fn changed(ctx: &svckit::Context, id: OrderId, last: OrderStatus) -> Result<OrderStatus> {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Some(order) = ctx.state::<Order>().get(id).await?
            && order.status != last
        {
            return Ok(order.status);
        }
    }
}

fn total(request: &PlaceOrderRequest) -> Result<Money, WrongCurrency> {
    let mut total = Money { currency: String::new(), cents: 0 };
    for line in &request.lines {
        if total.currency.is_empty() {
            total.currency.clone_from(&line.price.currency);
        }
        if line.price.currency != total.currency {
            return Err(WrongCurrency { currency: line.price.currency.clone() });
        }
        total.cents += line.price.cents * u64::from(line.quantity.get());
    }
    Ok(total)
}

impl orders::Subscriptions for Orders {
    async fn complete_order(
        &self,
        ctx: &mut orders::CompleteOrderContext,
        event: OrderShipped,
    ) -> Result<()> {
        let Some(mut order) = still_open(ctx, event.order_id).await? else { return Ok(()) };
        order.status = OrderStatus::Shipped;
        order.tracking = Some(event.tracking.clone());
        ctx.state().put(order.id, &order).await?;
        ctx.emit_order_completed(orders::OrderCompleted {
            order_id: event.order_id,
            customer: event.customer,
            tracking: event.tracking,
        });
        Ok(())
    }

    async fn cancel_out_of_stock(
        &self,
        ctx: &mut orders::CancelOutOfStockContext,
        event: orders::CancelOutOfStockEvent,
    ) -> Result<()> {
        let why = format!("{} is sold out", event.missing);
        let cancelled = cancel(ctx, event.order_id, &why).await?;
        ctx.emit_order_cancelled(cancelled);
        Ok(())
    }

    async fn cancel_unpaid(
        &self,
        ctx: &mut orders::CancelUnpaidContext,
        event: orders::CancelUnpaidEvent,
    ) -> Result<()> {
        let cancelled = cancel(ctx, event.order_id, &event.reason).await?;
        ctx.emit_order_cancelled(cancelled);
        Ok(())
    }

    async fn cancel_unshipped(
        &self,
        ctx: &mut orders::CancelUnshippedContext,
        event: orders::CancelUnshippedEvent,
    ) -> Result<()> {
        let cancelled = cancel(ctx, event.order_id, &event.reason).await?;
        ctx.emit_order_cancelled(cancelled);
        Ok(())
    }
}

/// An order that has not come to its end.
async fn still_open(ctx: &svckit::Context, id: OrderId) -> Result<Option<Order>> {
    let order = ctx.state::<Order>().get(id).await?;
    let order = order.ok_or_else(|| Error::not_found(format!("there is no order {id}")))?;
    Ok(Some(order).filter(|order| order.status == OrderStatus::Placed))
}

/// Cancels an order; what is to be told then. By the contract nothing can have ended it before: if something has, the
/// message goes to the dead letters, for somebody to look at.
async fn cancel(ctx: &svckit::Context, id: OrderId, why: &str) -> Result<orders::OrderCancelled> {
    let order = still_open(ctx, id).await?;
    let ended = || Error::failed_precondition(format!("order {id} has come to its end already"));
    let mut order = order.ok_or_else(ended)?;
    order.status = OrderStatus::Cancelled;
    order.reason = Some(why.to_owned());
    ctx.state().put(id, &order).await?;
    let (customer, reason) = (order.customer, why.to_owned());
    Ok(orders::OrderCancelled { order_id: id, customer, reason })
}
