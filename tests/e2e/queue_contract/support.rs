//! An empty database of its own for one test, opened as often as the test has "processes".

use harness::{Engine, postgres, sqlite};
use sea_orm::DatabaseConnection;

/// Connections of one "process" to PostgreSQL.
pub const CONNECTIONS: u32 = 8;

/// The database of one test.
pub enum Db {
    /// A file.
    Sqlite(sqlite::File),
    /// A database of the shared cluster.
    Postgres(postgres::Database),
}

impl Db {
    pub async fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::Sqlite(sqlite::File::empty()),
            Engine::Postgres => Self::Postgres(postgres::Database::empty(postgres::shared()).await),
        }
    }

    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    pub fn url(&self) -> &str {
        match self {
            Self::Sqlite(file) => file.url(),
            Self::Postgres(database) => database.url(),
        }
    }

    /// Another process, as far as the database can tell.
    pub async fn open(&self) -> DatabaseConnection {
        connect(self.url()).await
    }
}

/// A pool on the database at `url`, as Muster has it.
pub async fn connect(url: &str) -> DatabaseConnection {
    domain::db::Db::connect(url, CONNECTIONS).await.expect("the database can be opened").write().clone()
}
