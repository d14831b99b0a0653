//! Whole cycles on seeded worlds: a planner that obeys an attacker, crashes, mishaps, rehearsals, and sixty days.
//!
//! What lives here: worlds, planned failures, and what must hold after each step; a failing test tells its seed.
//! What does not: what a single store function does (`it` next door), and single decisions (`domain`).

mod approval;
mod crash;
mod dice;
mod effects;
mod look;
mod malice;
mod rig;
mod town;
