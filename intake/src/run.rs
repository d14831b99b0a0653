//! The front door: one request, one report.

use std::path::Path;

use domain::{id::TenantId, import::ImportKind, time::Timestamp};
use store::Store;

use crate::{
    error::IntakeError,
    kind::{
        cases::Cases, clients::Clients, compliance::Compliance, contacts::Contacts,
        credit_profiles::CreditProfiles, deals::Deals, goals::Goals, price_book::PriceBook,
        products::Products, quotes::Quotes, requirements::Requirements, table,
    },
    ledger::Session,
    message, order,
    report::{ImportReport, Progress},
    request::ImportRequest,
    source::file_bytes,
};

/// Imports a file, batch by batch, and says what came of it.
///
/// Rows that are refused stand in the report and in the rejects file; all others are imported.
/// An error ends the import; the batches before it are kept, and running the import again goes on from there.
pub async fn import(
    store: &Store,
    tenant: TenantId,
    request: &ImportRequest,
    now: Timestamp,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<ImportReport, IntakeError> {
    request.validate()?;
    refuse_overwriting(request)?;
    let mut session = Session {
        store,
        tenant,
        request,
        now,
        report: ImportReport {
            kind: request.kind,
            read: 0,
            lines_read: 0,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            rejected: 0,
            lines_rejected: 0,
            warnings: Vec::new(),
            warnings_omitted: 0,
            problems: Vec::new(),
            problems_omitted: 0,
            rejects_file: None,
            line_rejects_file: None,
            discount_max: None,
        },
        bytes_total: bytes_of(request),
        bytes_before: 0,
        progress,
    };
    // Without this, a tenant that is not there would show as a broken reference in the first batch.
    let tenant = store.tenant(tenant).get_tenant().await;
    tenant.map_err(|error| session.failed(error))?;
    match request.kind {
        ImportKind::Clients => table::run::<Clients>(&mut session).await?,
        ImportKind::Contacts => table::run::<Contacts>(&mut session).await?,
        ImportKind::Products => table::run::<Products>(&mut session).await?,
        ImportKind::PriceBook => table::run::<PriceBook>(&mut session).await?,
        ImportKind::CreditProfiles => table::run::<CreditProfiles>(&mut session).await?,
        ImportKind::Requirements => table::run::<Requirements>(&mut session).await?,
        ImportKind::Orders => order::run(&mut session).await?,
        ImportKind::Deals => table::run::<Deals>(&mut session).await?,
        ImportKind::Quotes => table::run::<Quotes>(&mut session).await?,
        ImportKind::Cases => table::run::<Cases>(&mut session).await?,
        ImportKind::Compliance => table::run::<Compliance>(&mut session).await?,
        ImportKind::Goals => table::run::<Goals>(&mut session).await?,
        ImportKind::Messages => message::run(&mut session).await?,
    }
    Ok(session.report)
}

/// Bytes of the request's files, for the progress; what cannot be measured is reported when it is opened.
fn bytes_of(request: &ImportRequest) -> u64 {
    let size = |path: &Path| file_bytes(path).ok().flatten().unwrap_or(0);
    size(&request.file) + request.lines.as_deref().map_or(0, size)
}

/// Refused rows must not be written over the file they come from.
fn refuse_overwriting(request: &ImportRequest) -> Result<(), IntakeError> {
    let written = [Some(request.rejects_path()), request.line_rejects_path()];
    let read = [Some(&request.file), request.lines.as_ref()];
    for path in written.iter().flatten() {
        // A file that does not exist yet is none that is read.
        let Ok(path_written) = path.canonicalize() else { continue };
        let is_read = read.iter().flatten().any(|path_read| {
            path_read.canonicalize().is_ok_and(|path_read| path_read == path_written)
        });
        if is_read {
            return Err(IntakeError::BadRequest(format!(
                "refused rows would be written over {}: name another file for them",
                path.display()
            )));
        }
    }
    let [heads, lines] = &written;
    if heads == lines {
        return Err(IntakeError::BadRequest(
            "the refused rows of both files would go to one: name another file for them".to_owned(),
        ));
    }
    Ok(())
}
