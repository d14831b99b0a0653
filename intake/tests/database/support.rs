//! A tenant on a fresh SQLite file, and files to import into it.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{
    action::{Actor, TenantMode},
    id::{IdSource, TenantId, uuid_v7},
    money::Currency,
    tenant::TenantSettings,
    time::{BusinessCalendar, Timestamp},
};
use intake::{ColumnMap, ImportKind, ImportReport, ImportRequest, IntakeError, import};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use store::{Store, tenant::NewTenant};
use tempfile::TempDir;

/// Ids in a row, so that a failure shows the same ones every time.
#[derive(Default)]
struct Counted(AtomicU64);

impl IdSource for Counted {
    fn next_uuid(&self, at: Timestamp) -> uuid::Uuid {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let mut random = [0; 10];
        random[2..].copy_from_slice(&count.to_be_bytes());
        uuid_v7(u64::try_from(at.timestamp_millis()).unwrap_or(0), random)
    }
}

/// A database with one tenant, and a folder for files.
pub struct World {
    pub folder: TempDir,
    pub store: Store,
    pub db: DatabaseConnection,
    pub tenant: TenantId,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("steward.db").display());
        let mut options = ConnectOptions::new(url);
        // The file goes with the test, so nothing has to survive a loss of power.
        options.map_sqlx_sqlite_opts(|options| options.pragma("synchronous", "OFF"));
        let db = Database::connect(options).await.unwrap();
        Self::over(folder, db).await
    }

    /// A tenant on a database without a schema.
    pub async fn over(folder: TempDir, db: DatabaseConnection) -> Self {
        Migrator::up(&db, None).await.unwrap();
        let store = Store::new(db.clone(), Arc::new(Counted::default()));
        let tenant = make_tenant(&store, "ours").await;
        Self { folder, store, db, tenant }
    }

    /// Another tenant on the same database.
    pub async fn other_tenant(&self) -> TenantId {
        make_tenant(&self.store, "theirs").await
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn request(&self, kind: ImportKind, file: &Path) -> ImportRequest {
        let zone = "Europe/Berlin".parse().unwrap();
        let eur = Currency::parse("EUR").unwrap();
        let mut request = ImportRequest::new(kind, file, Actor::Cli("ada".to_owned()), zone, eur);
        let rejects = format!("{}.rejects.csv", file.file_name().unwrap().to_string_lossy());
        request.rejects = Some(self.path(&rejects));
        request
    }

    pub async fn run(&self, request: &ImportRequest) -> Result<ImportReport, IntakeError> {
        import(&self.store, self.tenant, request, now(), &mut |_| {}).await
    }

    /// Imports a text as a file of a kind.
    pub async fn import(&self, kind: ImportKind, content: &str) -> ImportReport {
        self.import_with(kind, content, "").await
    }

    /// Imports a text as a file of a kind, understood through a map.
    pub async fn import_with(&self, kind: ImportKind, content: &str, map: &str) -> ImportReport {
        self.try_import(kind, content, map).await.unwrap()
    }

    pub async fn try_import(
        &self,
        kind: ImportKind,
        content: impl AsRef<[u8]>,
        map: &str,
    ) -> Result<ImportReport, IntakeError> {
        let file = self.write(&format!("{kind}.csv"), content);
        let mut request = self.request(kind, &file);
        request.map = ColumnMap::parse(map)?;
        self.run(&request).await
    }

    /// Imports orders from the texts of their two files.
    pub async fn import_orders(&self, heads: &str, lines: &str) -> ImportReport {
        let mut request = self.request(ImportKind::Orders, &self.write("orders.csv", heads));
        request.lines = Some(self.write("lines.csv", lines));
        self.run(&request).await.unwrap()
    }

    /// One column of text, row by row.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.db.query_all_raw(statement(sql)).await.unwrap();
        rows.iter()
            .map(|row| row.try_get_by_index::<Option<String>>(0).unwrap())
            .map(|text| text.unwrap_or_else(|| "NULL".to_owned()))
            .collect()
    }

    pub async fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let row = self.db.query_one_raw(statement(&sql)).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    pub async fn execute(&self, sql: &str) {
        self.db.execute_unprepared(sql).await.unwrap();
    }

    pub fn rejects(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}

/// The moment of every import.
pub fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// The counts of a report: inserted, updated, unchanged, rejected.
pub fn counts(report: &ImportReport) -> [u64; 4] {
    [report.inserted, report.updated, report.unchanged, report.rejected]
}

/// The problems of a report as `line field: reason`.
pub fn problems(report: &ImportReport) -> Vec<String> {
    let problems = report.problems.iter();
    problems.map(|it| format!("{} {}: {}", it.line, it.field, it.reason)).collect()
}

fn statement(sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql)
}

async fn make_tenant(store: &Store, slug: &str) -> TenantId {
    let new = NewTenant {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        sender_name: "Ada".to_owned(),
        mode: TenantMode::Approval,
        currency: Currency::parse("EUR").unwrap(),
        calendar: BusinessCalendar::weekdays("Europe/Berlin".parse().unwrap()),
        settings: TenantSettings::default(),
        simulated_now: None,
    };
    store.system().create_tenant(new, now()).await.unwrap()
}
