//! What the contracts' services do.

mod inventory;
mod mail;
mod orders;
mod payments;
mod shipping;

use svckit::{Page, PageRequest, Range, Result, State};

pub(crate) use self::inventory::Inventory;
pub(crate) use self::mail::Mail;
pub(crate) use self::orders::Orders;
pub(crate) use self::payments::{Bank, Payments};
pub(crate) use self::shipping::Shipping;

/// How many a page holds where nobody says.
const PAGE: u32 = 100;

/// A page of what a service keeps, by key; the last key of a page leads to the next.
async fn page<T>(state: State<'_, T>, page: PageRequest) -> Result<Page<T>>
where
    T: svckit::generated::wire::Record,
{
    let size = if page.size == 0 { PAGE } else { page.size.min(1_000) } as usize;
    let mut range = Range::all().limit(size);
    if !page.token.is_empty() {
        range = range.after(page.token);
    }
    let found = state.scan(range).await?;
    let last = found.last().filter(|_| found.len() == size).map(|(key, _)| key.clone());
    let items = found.into_iter().map(|(_, value)| value).collect();
    Ok(Page { items, next_page_token: last.unwrap_or_default() })
}
