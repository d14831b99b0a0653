//! What the demo's tenant sells, and for how much, when and to whom.
//!
//! What lives here: sixty articles, the price book of two years, and the right price of a line.
//! What does not: who orders what, which is [`crate::orders`].

mod article;
mod price;

pub(crate) use article::{
    BROKEN_BY_25, DISCONTINUED_IN_APRIL, DISCONTINUED_LONG_AGO, DISCONTINUED_SOME_DAY,
    PRICE_EXPIRED, REPRICED, REPRICED_IN_APRIL, WITHOUT_PACKS, WITHOUT_PRICE, ordinary, products,
};
pub(crate) use price::{PriceList, prices};
