//! What lies on the shelves, and what is set aside for whom.

use svckit::{Range, Result, State, Streaming};

use crate::shop::common::v1::Sku;
use crate::shop::inventory::v1::inventory::{self, RestockRequest, StockLevelRequest};
use crate::shop::inventory::v1::{Reservation, Stock};
use crate::shop::orders::v1::orders::OrderPlaced;

pub(crate) struct Inventory;

impl inventory::Service for Inventory {
    async fn restock(
        &self,
        ctx: &mut inventory::RestockContext,
        request: RestockRequest,
    ) -> Result<Stock> {
        let shelves = ctx.state();
        let mut stock = on(&shelves, &request.sku).await?;
        stock.available += request.quantity.get();
        shelves.put(&request.sku, &stock).await?;
        Ok(stock)
    }

    async fn stock_level(
        &self,
        ctx: &mut inventory::StockLevelContext,
        request: StockLevelRequest,
    ) -> Result<Stock> {
        on(&ctx.state(), &request.sku).await
    }

    async fn count_shelves(
        &self,
        ctx: &mut inventory::CountShelvesContext,
    ) -> Result<Streaming<Stock>> {
        let all = ctx.state::<Stock>().scan(Range::all()).await?;
        Ok(Streaming::from_values(all.into_iter().map(|(_, stock)| stock)))
    }
}

/// What there is of a product: nothing, of one that was never there.
async fn on(shelves: &State<'_, Stock>, sku: &Sku) -> Result<Stock> {
    let stock = shelves.get(sku).await?;
    Ok(stock.unwrap_or_else(|| Stock { sku: sku.clone(), available: 0, gone: 0 }))
}

impl inventory::Subscriptions for Inventory {
    async fn reserve_stock(
        &self,
        ctx: &mut inventory::ReserveStockContext,
        event: OrderPlaced,
    ) -> Result<()> {
        // Everybody wants the same few shelves: one after the other is better than again and again.
        let shelves = ctx.begin().await?.state::<Stock>();
        let mut taken = Vec::new();
        for line in &event.lines {
            let mut stock = on(&shelves, &line.sku).await?;
            let quantity = line.quantity.get();
            if stock.available < quantity {
                let missing = line.sku.clone();
                // What was put so far is seen by nobody else: it is put back before the handler ends.
                for stock in taken.iter().rev() {
                    give_back(&shelves, stock).await?;
                }
                ctx.emit_stock_refused(inventory::StockRefused {
                    order_id: event.order_id,
                    missing,
                });
                return Ok(());
            }
            stock.available -= quantity;
            stock.gone += quantity;
            shelves.put(&line.sku, &stock).await?;
            taken.push(line.clone());
        }
        let reservation =
            Reservation { order_id: event.order_id, lines: event.lines, released: false };
        ctx.state().put(event.order_id, &reservation).await?;
        ctx.emit_stock_reserved(inventory::StockReserved {
            order_id: event.order_id,
            total: event.total,
            token: event.token,
            pickup: event.pickup,
            customer: event.customer,
        });
        Ok(())
    }

    async fn release_stock(
        &self,
        ctx: &mut inventory::ReleaseStockContext,
        event: inventory::ReleaseStockEvent,
    ) -> Result<()> {
        let open = ctx.begin().await?;
        let (shelves, reservations) = (open.state::<Stock>(), open.state::<Reservation>());
        let Some(mut reservation) = reservations.get(event.order_id).await? else { return Ok(()) };
        if reservation.released {
            return Ok(());
        }
        for line in &reservation.lines {
            give_back(&shelves, line).await?;
        }
        reservation.released = true;
        reservations.put(event.order_id, &reservation).await?;
        ctx.emit_stock_released(inventory::StockReleased { order_id: event.order_id });
        Ok(())
    }

    async fn count_everything(&self, ctx: &mut inventory::CountEverythingContext) -> Result<()> {
        let all = ctx.state::<Stock>().scan(Range::all()).await?;
        let pieces = all.iter().map(|(_, stock)| u64::from(stock.available)).sum();
        let products = u32::try_from(all.len()).unwrap_or(u32::MAX);
        ctx.emit_shelves_counted(inventory::ShelvesCounted { products, pieces });
        Ok(())
    }
}

async fn give_back(shelves: &State<'_, Stock>, line: &crate::shop::common::v1::Line) -> Result<()> {
    let mut stock = on(shelves, &line.sku).await?;
    stock.available += line.quantity.get();
    stock.gone -= line.quantity.get();
    shelves.put(&line.sku, &stock).await
}
