//! What becomes of a person's data when they are erased.

use sha2::{Digest, Sha256};

use crate::{
    id::{ContactId, MessageId},
    named::named_enum,
    proposal::{Payload, hex},
};

named_enum! {
    /// What was done about a person's data.
    pub enum PrivacyRequest, "kind of privacy request" {
        /// Everything about them was handed out.
        Export = "export",
        /// Everything about them was erased.
        Erasure = "erasure",
    }
}

/// What stands before the hash of an address.
pub const ERASED_ADDRESS: &str = "sha256:";

/// What is kept of the address of a person who was erased: enough to know it again if it is ever brought back.
pub fn erased_address(address: &str) -> String {
    let hash = Sha256::digest(address.trim().to_lowercase().as_bytes());
    format!("{ERASED_ADDRESS}{}", hex(&hash))
}

/// Whether a wish is about a person: addressed to them, naming them, or answering to what they wrote.
pub fn concerns(payload: &Payload, contact: ContactId, written: &[MessageId]) -> bool {
    let names_them =
        serde_json::to_string(payload).is_ok_and(|text| text.contains(&contact.uuid().to_string()));
    names_them || payload.message().is_some_and(|it| written.contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_again_by_its_hash_however_it_is_written() {
        let hash = erased_address("ada@example.com");
        assert_eq!(hash, erased_address(" Ada@Example.com"));
        assert_ne!(hash, erased_address("ada@example.org"));
        assert!(!hash.contains("ada") && hash.len() == ERASED_ADDRESS.len() + 64);
    }
}
