//! A job's id.

use domain::id::{Id, IdKind};

/// Marks the id of a job.
pub enum JobKey {}

impl IdKind for JobKey {
    const NOUN: &'static str = "job";
}

/// The id of a job: a UUID v7, so that jobs sort by the time they were made.
pub type JobId = Id<JobKey>;
