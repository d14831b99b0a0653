//! Simulated days of whole cycles, on both databases.
