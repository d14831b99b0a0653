//! The moments that both databases keep and order alike.

use domain::time::Timestamp;

/// The last second of the year 9999.
///
/// SQLite compares moments as text, in which a year of five digits begins with a sign and so comes before
/// every other, and it cannot be read again.
const LATEST_UNIX_SECONDS: i64 = 253_402_300_799;

/// The moment itself, or the latest one that can be stored: "never" is a moment beyond all calendars.
pub(crate) fn storable(at: Timestamp) -> Timestamp {
    Timestamp::from_timestamp(LATEST_UNIX_SECONDS, 0).map_or(at, |latest| at.min(latest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_five_digits_of_years_is_cut() {
        let latest = "9999-12-31T23:59:59Z".parse::<Timestamp>().unwrap();
        assert_eq!(storable(Timestamp::MAX_UTC), latest);
        assert_eq!(storable(latest), latest);
        assert_eq!(storable(Timestamp::UNIX_EPOCH), Timestamp::UNIX_EPOCH);
    }
}
