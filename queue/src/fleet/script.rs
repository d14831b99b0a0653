//! The scripts, each of them a transition that happens as a whole, and how they are called.

use std::sync::LazyLock;

use redis::{Cmd, Script};

use crate::{
    AGEING_MS, ALONE_PATIENCE_MS, BATCH_MAX, RESCUES_ALONE_MAX, RESCUES_TOGETHER_MAX,
    check::RESERVED_FOR, fair::TOKEN,
};

/// The layout of the keys: another number is another engine, and neither touches what is the other's.
pub(super) const LAYOUT: u32 = 1;
/// Farthest that the steady time goes at once, in milliseconds: a clock that is set takes no more from a lease.
const STEP_MAX_MS: i64 = 1_000;
/// The steady time is written down when it is older than this, in milliseconds.
const STEP_REFRESH_MS: i64 = 500;
/// Jobs that are done at one moment, below which each gets a word of its own.
const FEW_COMPLETED: usize = 16;
/// Places of lines that one claim looks at.
const VISITS_MAX: usize = 4 * BATCH_MAX;

const PRELUDE: &str = include_str!("lua/prelude.lua");

/// What a script may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// It reads alone.
    Read,
    /// It writes, and is refused as a whole by a server that is full.
    Write,
    /// It writes little and lets something go: also a server that is full takes it.
    Relieve,
}

fn stored(right: Right, text: &str) -> Stored {
    let flags = match right {
        Right::Read => "#!lua flags=no-writes,allow-oom",
        Right::Write => "#!lua",
        Right::Relieve => "#!lua flags=allow-oom",
    };
    let is_read_only = right == Right::Read;
    let reserved_ms = RESERVED_FOR.as_millis();
    let constants = format!(
        "local LAYOUT, IS_READ_ONLY, SHARE = '{LAYOUT}', {is_read_only}, {BATCH_MAX}\n\
        local AGEING, TOKEN, PATIENCE, RESERVED_FOR = {AGEING_MS}, {TOKEN}, {ALONE_PATIENCE_MS}, {reserved_ms}\n\
        local RESCUES_TOGETHER_MAX, RESCUES_ALONE_MAX = {RESCUES_TOGETHER_MAX}, {RESCUES_ALONE_MAX}\n\
        local STEP_MAX, STEP_REFRESH, VISITS_MAX = {STEP_MAX_MS}, {STEP_REFRESH_MS}, {VISITS_MAX}\n\
        local FEW_COMPLETED = {FEW_COMPLETED}\n"
    );
    let code = format!("{flags}\n{constants}{PRELUDE}\n{text}");
    let hash = Script::new(&code).get_hash().to_owned();
    Stored { code, hash }
}

macro_rules! scripts {
    ($($name:ident: $right:ident, $file:literal;)+) => {$(
        pub(super) static $name: LazyLock<Stored> =
            LazyLock::new(|| stored(Right::$right, include_str!(concat!("lua/", $file))));
    )+};
}

scripts! {
    ENQUEUE: Write, "enqueue.lua";
    CLAIM: Relieve, "claim.lua";
    SETTLE: Relieve, "settle.lua";
    EXTEND: Relieve, "extend.lua";
    TEND: Relieve, "tend.lua";
    BRING: Relieve, "bring.lua";
    SETTINGS: Relieve, "settings.lua";
    LOOK: Read, "look.lua";
    STATES: Read, "states.lua";
    STATS: Read, "stats.lua";
    LINES: Read, "lines.lua";
    IDS: Read, "ids.lua";
}

/// A script as it is sent, and the hash by which a server knows it.
pub(super) struct Stored {
    code: String,
    hash: String,
}

/// A call of a script on one queue's keys.
pub(super) struct Call {
    script: &'static Stored,
    command: Cmd,
}

impl Call {
    /// One with the times that every script takes first.
    pub fn new(script: &'static Stored, key: &str, times: &Times) -> Self {
        Self::with_capacity(script, key, times, 8, 256)
    }

    /// The same for many arguments of so many bytes in all.
    pub fn with_capacity(
        script: &'static Stored,
        key: &str,
        times: &Times,
        count: usize,
        bytes: usize,
    ) -> Self {
        let mut command = Cmd::with_capacity(count + 6, bytes + 128);
        command.arg("EVALSHA").arg(&script.hash).arg(1).arg(key).arg(&times.0).arg(&times.1);
        Self { script, command }
    }

    pub fn arg(&mut self, arg: impl AsRef<[u8]>) -> &mut Self {
        self.command.arg(arg.as_ref());
        self
    }

    pub fn number(&mut self, number: impl redis::ToRedisArgs) -> &mut Self {
        self.command.arg(number);
        self
    }

    /// By the script's hash: enough, as long as the server knows it.
    pub fn by_hash(&self) -> &Cmd {
        &self.command
    }

    /// With the whole script, after which the server knows it.
    pub fn in_full(&self) -> Cmd {
        let mut command = Cmd::new();
        command.arg("EVAL").arg(&self.script.code);
        for arg in self.command.args_iter().skip(2) {
            if let redis::Arg::Simple(arg) = arg {
                command.arg(arg);
            }
        }
        command
    }
}

/// The wall's and the steady time, where they are set; empty, the server's clock is taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Times(String, String);

impl Times {
    pub fn set(wall_ms: i64, steady_ms: i64) -> Self {
        Self(wall_ms.to_string(), steady_ms.to_string())
    }
}
