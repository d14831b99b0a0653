//! Whole cycles on seeded worlds: a planner that obeys an attacker, crashes, mishaps, rehearsals, and sixty days.
//!
//! What lives here: worlds, planned failures, and what must hold after each step; a failing test tells its seed.
//! What does not: what a single store function does (`it` next door), and single decisions (`domain`).

#[cfg(test)]
mod approval;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod demo_world;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod effects;
#[cfg(test)]
mod hours;
#[cfg(test)]
mod look;
#[cfg(test)]
mod malice;
#[cfg(test)]
mod mishaps;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod rehearsal;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod sixty_days;
#[cfg(test)]
mod starved;
#[cfg(test)]
mod takeover;
#[cfg(test)]
mod town;
#[cfg(test)]
mod turnstile;
#[cfg(test)]
mod wire;
