//! What is asked of an import.

use std::path::{Path, PathBuf};

use domain::{
    action::Actor,
    import::{self, ImportKind, ImportOptions},
    money::Currency,
    time::Tz,
};

use crate::{
    column::Column,
    error::IntakeError,
    kind::{
        cases::Cases, clients::Clients, compliance::Compliance, contacts::Contacts,
        credit_profiles::CreditProfiles, deals::Deals, goals::Goals, price_book::PriceBook,
        products::Products, quotes::Quotes, requirements::Requirements, table::TableKind,
    },
    map::ColumnMap,
    order,
};

/// The source that rows are kept under unless another is named.
pub const DEFAULT_SOURCE: &str = "import";
/// Appended to a file's name for the file with its refused rows.
const REJECTS_SUFFIX: &str = ".rejects.csv";

/// The columns of a kind's file; mail has none.
pub const fn columns_of(kind: ImportKind) -> &'static [Column] {
    match kind {
        ImportKind::Clients => Clients::COLUMNS,
        ImportKind::Contacts => Contacts::COLUMNS,
        ImportKind::Products => Products::COLUMNS,
        ImportKind::PriceBook => PriceBook::COLUMNS,
        ImportKind::CreditProfiles => CreditProfiles::COLUMNS,
        ImportKind::Requirements => Requirements::COLUMNS,
        ImportKind::Orders => order::HEAD_COLUMNS,
        ImportKind::Deals => Deals::COLUMNS,
        ImportKind::Quotes => Quotes::COLUMNS,
        ImportKind::Cases => Cases::COLUMNS,
        ImportKind::Compliance => Compliance::COLUMNS,
        ImportKind::Goals => Goals::COLUMNS,
        ImportKind::Messages => &[],
    }
}

/// The columns of a kind's second file; only orders have one.
pub const fn line_columns_of(kind: ImportKind) -> &'static [Column] {
    match kind {
        ImportKind::Orders => order::LINE_COLUMNS,
        _ => &[],
    }
}

/// One import: what, from where, and how to understand it.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// What the file holds.
    pub kind: ImportKind,
    /// The file; for messages it may be a folder of `.eml` files.
    pub file: PathBuf,
    /// The file with the lines of orders; needed for orders, refused for anything else.
    pub lines: Option<PathBuf>,
    /// How the file names and writes things.
    pub map: ColumnMap,
    /// The system that the external ids come from; references are looked up in the same.
    pub source: String,
    /// Where refused rows go; `None` is the file's name with `.rejects.csv`, in the present folder.
    pub rejects: Option<PathBuf>,
    /// The tenant's zone, in which times are that are written without one.
    pub tenant_zone: Tz,
    /// The currency of amounts without one.
    pub currency: Currency,
    /// Who imports.
    pub actor: Actor,
    /// How it is to be read. Messages go to a mailbox with the file's name, without its ending, unless one is named.
    pub options: ImportOptions,
}

impl ImportRequest {
    /// An import with everything that can be left out left out.
    pub fn new(
        kind: ImportKind,
        file: impl Into<PathBuf>,
        actor: Actor,
        tenant_zone: Tz,
        currency: Currency,
    ) -> Self {
        Self {
            kind,
            file: file.into(),
            lines: None,
            map: ColumnMap::default(),
            source: DEFAULT_SOURCE.to_owned(),
            rejects: None,
            tenant_zone,
            currency,
            actor,
            options: ImportOptions::default(),
        }
    }

    /// Checks what the types cannot.
    pub(crate) fn validate(&self) -> Result<(), IntakeError> {
        import::check_source(&self.source).map_err(|fault| {
            let source = crate::fault::shown(&self.source);
            IntakeError::BadRequest(format!("the source `{source}` {fault}"))
        })?;
        let has_map = self.map != ColumnMap::default();
        let checked = self.options.check(self.kind, self.lines.is_some(), has_map);
        let checked = checked.and_then(|()| match self.kind {
            ImportKind::Messages => import::check_mailbox_name(&self.mailbox_name()),
            _ => Ok(()),
        });
        checked.map_err(|fault| {
            IntakeError::BadRequest(format!("--{} {}", fault.option, fault.problem))
        })
    }

    /// The zone of times that are written without one.
    pub(crate) fn zone(&self) -> Tz {
        let named = self.options.zone.as_ref().and_then(|it| it.parse().ok());
        named.unwrap_or(self.tenant_zone)
    }

    /// Where the refused rows of the file go.
    pub fn rejects_path(&self) -> PathBuf {
        self.rejects.clone().unwrap_or_else(|| rejects_beside_us(&self.file))
    }

    /// Where the refused rows of the second file go: beside those of the first.
    pub fn line_rejects_path(&self) -> Option<PathBuf> {
        let name = rejects_beside_us(self.lines.as_ref()?);
        let folder = self.rejects_path().parent().map(Path::to_owned).unwrap_or_default();
        Some(folder.join(name))
    }

    pub(crate) fn mailbox_name(&self) -> String {
        let stem = || self.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        self.options.mailbox.clone().or_else(stem).unwrap_or_default().trim().to_owned()
    }
}

fn rejects_beside_us(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(REJECTS_SUFFIX);
    PathBuf::from(name)
}
