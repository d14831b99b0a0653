//! Where secrets come from.

use rand::Rng;

/// Bytes of a secret: 256 bits, which nobody guesses.
pub const SECRET_BYTES: usize = 32;

/// A fresh secret from the operating system's randomness.
pub fn random_secret() -> [u8; SECRET_BYTES] {
    let mut secret = [0_u8; SECRET_BYTES];
    #[expect(clippy::disallowed_methods, reason = "secrets come from nowhere else")]
    rand::rng().fill_bytes(&mut secret);
    secret
}
