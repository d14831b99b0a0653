//! The demo world, played: what its first hour must find, and sixty days of hourly cycles.
//!
//! What lives here: the agent over the built-in world, on a simulated clock, with a transport that remembers.
//! What does not: worlds made up for one test, which are in `it` and `sim`.

#[cfg(test)]
mod first_hour;
#[cfg(test)]
mod play;
#[cfg(test)]
mod sixty_days;
