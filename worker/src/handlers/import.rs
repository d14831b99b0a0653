//! Imports whose files were uploaded.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::{
    action::Actor,
    id::{ImportId, TenantId},
    import::{ImportKind, ImportOptions, ImportPart, ImportState},
    time::Timestamp,
};
use intake::{ColumnMap, ImportReport, ImportRequest, IntakeError, Progress};
use jobs::{ImportUpload, JobId};
use store::{Scope, Store, StoreError, Transition, record};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::App;
use crate::runtime::{JobContext, JobError, JobResult, Outcome, Run};

/// Bytes of refused rows that are kept together.
const CHUNK_BYTES: usize = 1024 * 1024;
/// Pieces of refused rows that are kept: whoever has more refused has sent the wrong file.
const REJECT_CHUNKS_MAX: u32 = 64;

impl Run<App> for ImportUpload {
    /// Its end has closed the import, and its files are gone.
    const CAN_COME_BACK: bool = false;

    async fn abandon(self, app: Arc<App>, _: JobId, because: &str) -> Result<(), JobError> {
        let store = &app.agent.store;
        let work = store.begin(self.tenant_id).await.map_err(passing)?;
        let (told, now) = (Err(because.to_owned()), app.agent.clock.now());
        work.scope().mark_import_ended(self.import_id, told, now).await.map_err(passing)?;
        work.commit().await.map_err(passing)
    }

    async fn run(self, context: JobContext<App>) -> JobResult {
        let agent = &context.app.agent;
        let scope = agent.store.tenant(self.tenant_id);
        let row = scope.find_record::<record::Import>(self.import_id.uuid()).await;
        let Some(row) = row.map_err(passing)? else {
            return Ok(Outcome::Skipped("the import was dropped"));
        };
        if row.state != ImportState::Waiting.as_str() {
            return Ok(Outcome::Skipped("the import has ended"));
        }
        let tenant = scope.get_tenant().await.map_err(passing)?;
        let now = tenant.now(agent.clock.as_ref());
        scope.mark_import_begun(self.import_id).await.map_err(passing)?;
        let folder = TempDir::with_prefix("steward-import").map_err(passing)?;
        let files = Files { scope: &scope, import: self.import_id, folder: folder.path(), now };
        let outcome = match files.request(&row, &tenant).await? {
            Ok(request) => {
                let store = agent.store.clone();
                import_apart(store, tenant.id, request, now).await.map_err(passing)?
            }
            Err(error) => Err(error),
        };
        let report = match outcome {
            Err(IntakeError::Store { source: source @ StoreError::Unavailable(_), .. }) => {
                return Err(passing(source));
            }
            Err(IntakeError::Store { source, rows_kept }) => {
                tracing::error!(%source, "an import met a fault");
                Err(format!("the database refused a row; {rows_kept} rows before it were kept"))
            }
            // The reader sees names of files, and not where they lay.
            Err(error) => Err(without(&error.to_string(), folder.path())),
            Ok(report) => {
                files.keep_rejects(&report).await?;
                let text = serde_json::to_string(&report).map_err(JobError::bury)?;
                let report = serde_json::from_str(&without(&text, folder.path()));
                Ok(report.map_err(JobError::bury)?)
            }
        };
        let work = agent.store.begin(self.tenant_id).await.map_err(passing)?;
        let moved = work.scope().mark_import_ended(self.import_id, report, agent.clock.now()).await;
        if moved.map_err(passing)? == Transition::Moved {
            work.commit().await.map_err(passing)?;
        }
        Ok(Outcome::Done)
    }
}

/// Imports on a thread that may block: files are read where an import is awaited.
///
/// Whoever drops this ends the import at its next step. Errors if it came to no end.
async fn import_apart(
    store: Store,
    tenant: TenantId,
    request: ImportRequest,
    now: Timestamp,
) -> Result<Result<ImportReport, IntakeError>, &'static str> {
    let (_alive, gone) = oneshot::channel::<()>();
    let runtime = tokio::runtime::Handle::current();
    let import = tokio::task::spawn_blocking(move || {
        let mut unseen = |_: Progress| {};
        runtime.block_on(async {
            tokio::select! {
                report = intake::import(&store, tenant, &request, now, &mut unseen) => Some(report),
                _ = gone => None,
            }
        })
    });
    import.await.ok().flatten().ok_or("the import came to no end")
}

/// What may work another time. What went wrong inside is logged, and stands in no record that others read.
fn passing(error: impl std::fmt::Display) -> JobError {
    tracing::warn!(%error, "an import could not go on");
    JobError::retry("the database, or the folder for its files, could not be used")
}

/// The text without the folder that files lay in for a while.
fn without(text: &str, folder: &Path) -> String {
    text.replace(&format!("{}/", folder.display()), "")
}

/// The files of an import, in a folder of their own.
struct Files<'f> {
    scope: &'f Scope<'f>,
    import: ImportId,
    folder: &'f Path,
    now: Timestamp,
}

impl Files<'_> {
    /// What is to be imported. What cannot be asked for at all is told as the import's end.
    async fn request(
        &self,
        row: &record::Import,
        tenant: &store::tenant::Tenant,
    ) -> Result<Result<ImportRequest, IntakeError>, JobError> {
        let kind: ImportKind = row.kind.parse().map_err(JobError::bury)?;
        let actor: Actor = row.created_by.parse().map_err(JobError::bury)?;
        let options: ImportOptions =
            serde_json::from_value(row.options.clone()).map_err(JobError::bury)?;
        let suffix = if kind == ImportKind::Messages { "mbox" } else { "csv" };
        let Some(file) = self.write(ImportPart::File, suffix).await? else {
            return Err(JobError::bury("its file is gone"));
        };
        let (zone, currency) = (tenant.calendar.zone, tenant.currency);
        let mut request = ImportRequest::new(kind, file, actor, zone, currency);
        request.source.clone_from(&row.source);
        request.options = options;
        request.rejects = Some(self.path(ImportPart::Rejects, "csv"));
        request.lines = self.write(ImportPart::Lines, "csv").await?;
        if let Some(map) = self.write(ImportPart::Map, "toml").await? {
            match ColumnMap::load(&map) {
                Ok(map) => request.map = map,
                Err(error) => return Ok(Err(error.into())),
            }
        }
        Ok(Ok(request))
    }

    fn path(&self, part: ImportPart, suffix: &str) -> PathBuf {
        self.folder.join(format!("{part}.{suffix}"))
    }

    /// Writes a file of the upload into the folder, if there is one.
    async fn write(&self, part: ImportPart, suffix: &str) -> Result<Option<PathBuf>, JobError> {
        let path = self.path(part, suffix);
        let mut file = None;
        for position in 0.. {
            let chunk = self.scope.find_import_chunk(self.import, part, position).await;
            let Some(bytes) = chunk.map_err(passing)? else { break };
            let file = match &mut file {
                Some(file) => file,
                none => none.insert(File::create(&path).map_err(passing)?),
            };
            file.write_all(&bytes).map_err(passing)?;
        }
        Ok(file.map(|_| path))
    }

    async fn keep_rejects(&self, report: &ImportReport) -> Result<(), JobError> {
        let files = [
            (ImportPart::Rejects, &report.rejects_file),
            (ImportPart::LineRejects, &report.line_rejects_file),
        ];
        for (part, path) in files {
            let Some(path) = path else { continue };
            let mut file = File::open(path).map_err(passing)?;
            for position in 0..REJECT_CHUNKS_MAX {
                let bytes = read_chunk(&mut file).map_err(passing)?;
                if bytes.is_empty() {
                    break;
                }
                let (id, now) = (self.import, self.now);
                let kept = self.scope.insert_import_chunk(id, part, position, bytes, now).await;
                kept.map_err(passing)?;
            }
        }
        Ok(())
    }
}

fn read_chunk(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
