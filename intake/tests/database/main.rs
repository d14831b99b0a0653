//! Imports into a real database: what is written, what is refused and why, and that nothing is done twice.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tables;
