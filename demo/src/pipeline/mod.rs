//! Eighty deals and twenty-five quotes.

mod deal;
mod quote;

pub(crate) use deal::deals;
pub(crate) use quote::quotes;
