//! The built-in world of the demo: a distributor of workshop, hygiene and packaging supplies, its
//! forty clients, and two months of what they will order and write.
//!
//! What lives here: the rows and messages of that world ([`world`]), the way into a database
//! ([`install`]), and what must be found in it ([`expected_faults`], [`expected_mail`]).
//! What does not: checks, policy and cycles, which are the same for the demo as for anybody, and
//! the refusal of fakes in production, which is the configuration's.
//!
//! Every company, person, address and number is made up. The demo's tenant is autonomous because
//! its letters go to files. There a file counts as a touch, since the tenant lives on a clock of
//! its own.

mod care;
mod catalogue;
mod company;
mod dice;
mod install;
mod orders;
mod people;
mod pipeline;
mod post;
#[cfg(test)]
mod tests;
mod world;

pub use company::{
    ADDRESS, AUTHSERV_ID, DAYS_AHEAD, SENDER, TENANT, calendar, new_tenant, starts_at,
};
pub use install::{Counts, DemoError, Installed, MAILBOX, SOURCE, install};
pub use orders::expected_faults;
pub use post::{ExpectedMail, Outcome, Wish, expected_mail};
pub use world::{
    Case, ComplianceItem, Contact, Credit, Deal, Key, Message, Order, PastTouch, Price, Quote,
    Requirement, World, world,
};
