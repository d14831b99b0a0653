//! Imports whose files were uploaded.

use std::time::Duration;

use domain::id::ImportId;
use serde::{Deserialize, Serialize};

use crate::{Job, Limits, Queue, TenantId};

/// Imports files that were uploaded, and reports what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportUpload {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which import.
    pub import_id: ImportId,
}

impl Job for ImportUpload {
    const NAME: &'static str = "import_upload";
    const QUEUE: Queue = Queue::Bulk;
    /// A million rows take a minute or two; an hour is for a database that is busy.
    const LIMITS: Limits = Limits::new(5, Duration::from_secs(60 * 60));

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant_id)
    }
}
