//! Where queries are sent.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::OwnedSemaphorePermit;

/// Where queries are sent.
pub enum Reader {
    /// To whichever connection is free: each sees what is there at its own moment.
    Pool(DatabaseConnection),
    /// To one connection, one after the other: all see what was there at the first.
    Snapshot {
        /// It ends without a trace when the last who reads in it is gone.
        transaction: DatabaseTransaction,
        /// So few are open that connections are left for everything else.
        _turn: OwnedSemaphorePermit,
    },
}

/// Sends a statement to what is there.
macro_rules! send {
    ($reader:expr, $method:ident($($argument:expr),*)) => {
        match $reader {
            Reader::Pool(connection) => connection.$method($($argument),*),
            Reader::Snapshot { transaction, .. } => transaction.$method($($argument),*),
        }
    };
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        send!(self, get_database_backend())
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        send!(self, execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        send!(self, execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        send!(self, query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        send!(self, query_all_raw(statement)).await
    }
}
