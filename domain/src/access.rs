//! Who may do what through the API.
//!
//! A key has one role; a role grants permissions, and each endpoint asks for one.

use crate::{named::named_enum, time::Timestamp};

named_enum! {
    /// What a key is for.
    pub enum KeyRole, "role" {
        /// Everything, keys and settings included.
        Owner = "owner",
        /// Everything but keys, settings, erasure and deletion.
        Operator = "operator",
        /// Reads, and changes nothing.
        Viewer = "viewer",
        /// Enqueues jobs, and reads none.
        Enqueue = "enqueue",
    }
}

named_enum! {
    /// What an endpoint asks for.
    pub enum Permission, "permission" {
        /// Look at anything.
        Read = "read",
        /// Enqueue jobs.
        Enqueue = "enqueue",
        /// Bring and change data, decide on actions, hold work back.
        Operate = "operate",
        /// Keys, settings, export, erasure, deletion.
        Own = "own",
    }
}

impl KeyRole {
    /// Whether a key of this role may do that.
    pub const fn may(self, permission: Permission) -> bool {
        match self {
            Self::Owner => true,
            Self::Operator => !matches!(permission, Permission::Own),
            Self::Viewer => matches!(permission, Permission::Read),
            Self::Enqueue => matches!(permission, Permission::Enqueue),
        }
    }
}

/// Why a key that is known is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// Somebody took it back.
    Revoked,
    /// Its time is over.
    Expired,
}

/// Whether a key opens anything at a moment; `None` if it does.
pub fn find_key_fault(
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<KeyFault> {
    if revoked_at.is_some_and(|at| at <= now) {
        return Some(KeyFault::Revoked);
    }
    expires_at.is_some_and(|at| at <= now).then_some(KeyFault::Expired)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_its_line_says() {
        let table = [
            (KeyRole::Owner, "read enqueue operate own"),
            (KeyRole::Operator, "read enqueue operate"),
            (KeyRole::Viewer, "read"),
            (KeyRole::Enqueue, "enqueue"),
        ];
        for (role, granted) in table {
            let may: Vec<_> =
                Permission::ALL.iter().filter(|it| role.may(**it)).map(|it| it.as_str()).collect();
            assert_eq!(may.join(" "), granted, "{role}");
        }
    }

    #[test]
    fn a_key_ends_at_the_very_moment_that_it_names() {
        let at = |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        let (end, before) = (at(1_000), at(999));
        assert_eq!(find_key_fault(Some(end), None, before), None);
        assert_eq!(find_key_fault(Some(end), None, end), Some(KeyFault::Expired));
        assert_eq!(find_key_fault(Some(end), Some(before), end), Some(KeyFault::Revoked));
        assert_eq!(find_key_fault(None, Some(end), before), None);
        assert_eq!(find_key_fault(None, None, end), None);
    }
}
