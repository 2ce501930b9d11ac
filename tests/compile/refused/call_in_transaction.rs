//! A call while a transaction is open would hold up everybody else until the callee answers.

use generated::promises::promises::{
    sales::v1::sales::SellContext, stock::v1::Shelf, stock::v1::stock::LeftRequest,
};

pub async fn sell(ctx: &mut SellContext) -> svckit::Result<()> {
    let transaction = ctx.begin().await?;
    let left = ctx.stock().left(LeftRequest { sku: "MUG".into() }).await?; //~ error[E0502]: cannot borrow `*ctx` as immutable because it is also borrowed as mutable
    transaction.state::<Shelf>().put("MUG", &Shelf { left }).await
}

fn main() {}
