//! Remembers, in memory, what visitors put into their carts.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::shop::carts::{
    AddItemContext, AddItemError, AddItemRequest, EmptyCartContext, EmptyCartError,
    EmptyCartRequest, GetCartContext, GetCartError, GetCartRequest, Service,
};
use crate::shop::{Cart, CartFull, CartItem, Quantity, UserId};

/// Different products that a cart holds.
const PRODUCTS: usize = 50;
/// Pieces of one product that a cart holds: what [`Quantity`] allows.
const PIECES: u32 = 1000;

/// The carts of all visitors.
#[derive(Debug, Default)]
pub struct Carts {
    carts: Mutex<HashMap<UserId, Vec<CartItem>>>,
}

impl Carts {
    fn open(&self) -> MutexGuard<'_, HashMap<UserId, Vec<CartItem>>> {
        self.carts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds pieces to those that are there.
fn add(items: &mut Vec<CartItem>, item: CartItem) -> Result<(), CartFull> {
    let full = |limit| CartFull { product_id: item.product_id.clone(), limit };
    if let Some(there) = items.iter_mut().find(|there| there.product_id == item.product_id) {
        let pieces = there.quantity.get() + item.quantity.get();
        there.quantity = Quantity::new(pieces).map_err(|_| full(PIECES))?;
    } else if items.len() < PRODUCTS {
        items.push(item);
    } else {
        return Err(full(PRODUCTS as u32));
    }
    Ok(())
}

impl Service for Carts {
    async fn add_item(
        &self,
        _ctx: &mut AddItemContext,
        req: AddItemRequest,
    ) -> Result<(), AddItemError> {
        Ok(add(self.open().entry(req.user_id).or_default(), req.item)?)
    }

    async fn get_cart(
        &self,
        _ctx: &mut GetCartContext,
        req: GetCartRequest,
    ) -> Result<Cart, GetCartError> {
        let items = self.open().get(&req.user_id).cloned().unwrap_or_default();
        Ok(Cart { user_id: req.user_id, items })
    }

    async fn empty_cart(
        &self,
        _ctx: &mut EmptyCartContext,
        req: EmptyCartRequest,
    ) -> Result<(), EmptyCartError> {
        self.open().remove(&req.user_id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::ProductId;

    fn item(id: &str, pieces: i32) -> CartItem {
        CartItem {
            product_id: ProductId::new(id).unwrap(),
            quantity: Quantity::new(pieces).unwrap(),
        }
    }

    #[test]
    fn adds_up_by_product() {
        let mut cart = vec![];
        for next in [item("a", 2), item("b", 1), item("a", 3)] {
            add(&mut cart, next).unwrap();
        }
        assert_eq!(cart, [item("a", 5), item("b", 1)]);
    }

    #[test]
    fn a_full_cart_stays_as_it_is() {
        let mut cart = vec![item("a", 999)];
        assert_eq!(add(&mut cart, item("a", 2)).unwrap_err().limit, 1000);
        assert_eq!(cart, [item("a", 999)]);
        for i in 1..PRODUCTS {
            add(&mut cart, item(&i.to_string(), 1)).unwrap();
        }
        assert_eq!(add(&mut cart, item("last", 1)).unwrap_err().limit, 50);
    }
}
