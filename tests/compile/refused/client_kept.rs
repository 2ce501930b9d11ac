//! A client that was taken before the transaction can't be used within it either.

use generated::promises::promises::{sales::v1::sales::SellContext, stock::v1::stock::LeftRequest};

pub async fn sell(ctx: &mut SellContext) -> svckit::Result<u32> {
    let stock = ctx.stock();
    let _transaction = ctx.begin().await?; //~ error[E0502]: cannot borrow `*ctx` as mutable because it is also borrowed as immutable
    Ok(stock.left(LeftRequest { sku: "MUG".into() }).await?)
}

fn main() {}
