//! Who the demo's tenant deals with: companies, their people, their credit, and past touches.
//!
//! All names are made up, all addresses lie under `.example`, and all telephone numbers come from a
//! range that the German regulator keeps free for films.

mod account;
mod credit;
mod person;
mod touch;

pub(crate) use account::{ACCOUNTS, Standing, clients, standing};
pub(crate) use credit::{agreed_days, credit};
pub(crate) use person::{contacts, suppressions};
pub(crate) use touch::touches;

/// How many people the demo knows at each client.
pub(crate) const PEOPLE_EACH: usize = 3;

/// The key of a client by its place in the list.
pub(crate) fn client_key(client: usize) -> String {
    format!("CL-{:02}", client + 1)
}

/// The key of a person by the places of client and person.
pub(crate) fn contact_key(client: usize, slot: usize) -> String {
    format!("CL-{:02}-{}", client + 1, slot + 1)
}
