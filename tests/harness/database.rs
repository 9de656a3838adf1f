//! A migrated database for one test, on either engine.

use crate::{postgres, sqlite};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// A database that is there until this is dropped.
pub enum TestDatabase {
    /// A file of its own.
    Sqlite(sqlite::File),
    /// A database of the shared cluster.
    Postgres(postgres::Database),
}

impl TestDatabase {
    /// A new one, with all tables and no rows.
    pub async fn create(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::Sqlite(sqlite::File::create().await),
            Engine::Postgres => Self::Postgres(postgres::Database::create(postgres::shared()).await),
        }
    }

    /// Where Muster finds it.
    pub fn url(&self) -> &str {
        match self {
            Self::Sqlite(file) => file.url(),
            Self::Postgres(database) => database.url(),
        }
    }
}

/// Names the build of the tests, and with it the migrations that are in it: templates are kept per build.
pub fn build_name() -> String {
    let program = program();
    let modified = std::fs::metadata(&program).and_then(|meta| meta.modified()).expect("the test program is a file");
    format!("{:016x}", hashed((program, modified)))
}

/// A folder in `parent` that all test processes of this user and this checkout share. Another checkout, whose tests may run at the same time, has
/// other templates.
pub fn shared_folder(parent: &std::path::Path) -> std::path::PathBuf {
    let checkout = hashed(program().parent());
    let folder = parent.join(format!("muster-tests-{}-{checkout:016x}", postgres::user_id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    folder
}

fn program() -> std::path::PathBuf {
    std::env::current_exe().expect("the test program has a path")
}

fn hashed(value: impl std::hash::Hash) -> u64 {
    use std::hash::Hasher;
    let mut hasher = std::hash::DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A lock that only one process holds at a time, until it is dropped.
pub fn exclusive(path: &std::path::Path) -> std::fs::File {
    let file = std::fs::File::create(path).expect("the lock file can be made");
    file.lock().expect("the file system knows locks");
    file
}
