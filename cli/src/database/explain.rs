//! What a database says when it can't be used, in words with place and way out.

use sea_orm::sqlx::Error;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

use super::place::Place;

/// Explains what SeaORM passed on.
pub fn explained(place: &Place, error: &DbErr) -> anyhow::Error {
    match cause(error) {
        Some(error) => of_sqlx(place, error),
        None => anyhow::anyhow!("{place}: {error}"),
    }
}

/// Explains what the driver says.
pub fn of_sqlx(place: &Place, error: &Error) -> anyhow::Error {
    let known = match (place, error) {
        (Place::File(_), Error::Database(error)) => of_sqlite(place, &**error),
        (Place::Server { .. }, Error::Database(error)) => of_postgres(place, &**error),
        (Place::Server { .. }, Error::Io(error)) => Some(format!(
            "{place} can't be reached: {error}. Check that PostgreSQL is running and accepts connections there, and host and port in \
             database_url (MUSTER_DATABASE_URL)."
        )),
        (Place::Server { .. }, Error::Tls(error)) => {
            Some(format!("{place} can't be reached over TLS: {error}. Check its certificate, and sslmode in database_url."))
        }
        _ => None,
    };
    anyhow::anyhow!(known.unwrap_or_else(|| format!("{place}: {error}")))
}

/// Whether a SQLite file can be read but not written.
pub fn is_read_only(error: &DbErr) -> bool {
    matches!(cause(error), Some(Error::Database(error)) if sqlite_code(&**error) == Some(8))
}

fn cause(error: &DbErr) -> Option<&Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(&**error),
        _ => None,
    }
}

/// SQLite's primary code: the low byte of the extended one.
fn sqlite_code(error: &dyn DatabaseError) -> Option<u32> {
    error.code()?.parse::<u32>().ok().map(|code| code & 0xff)
}

fn of_sqlite(place: &Place, error: &dyn DatabaseError) -> Option<String> {
    Some(match sqlite_code(error)? {
        5 | 6 => format!("{place} is locked by another program, perhaps sqlite3 or a backup of files. Close it and try again."),
        8 => place.read_only(),
        10 => format!("the disk of {place} fails ({error}). See the system's log; do not write to this disk before the data is safe."),
        11 => format!(
            "{place} is damaged ({error}). Keep a copy of it, move it away, and restore a backup with `muster restore --from FOLDER`."
        ),
        13 => format!("the disk of {place} is full. Make room and try again."),
        14 => format!(
            "{place} can't be opened. It must be a file that the user who runs Muster can read and write, in a folder where this user can \
             make files."
        ),
        26 => format!(
            "{place} is not a SQLite database. If it is the wrong file, name the right one with data_dir (MUSTER_DATA_DIR) or database_url \
             (MUSTER_DATABASE_URL); if it is damaged, move it away and restore a backup with `muster restore --from FOLDER`."
        ),
        _ => return None,
    })
}

fn of_postgres(place: &Place, error: &dyn DatabaseError) -> Option<String> {
    let Place::Server { options, address } = place else { return None };
    let (user, database) = (options.get_username(), options.get_database().unwrap_or(options.get_username()));
    let setting = "database_url (MUSTER_DATABASE_URL)";
    Some(match &*error.code()? {
        "28P01" => format!("PostgreSQL at {address} refuses the password of {user}. Correct user and password in {setting}."),
        "28000" => format!("PostgreSQL at {address} does not let {user} in ({error}). Check the user in {setting}, and pg_hba.conf there."),
        "3D000" => format!(
            "PostgreSQL at {address} has no database {database}. Correct its name in {setting}, or make it: CREATE DATABASE {database} \
             OWNER {user}."
        ),
        "42501" => format!("{place}: {error}. The user {user} must own the database: ALTER DATABASE {database} OWNER TO {user}."),
        "53300" => format!(
            "PostgreSQL at {address} has no connection left. Lower database_connections (MUSTER_DATABASE_CONNECTIONS) of the processes that \
             share it, or raise its max_connections."
        ),
        "57P03" => format!("PostgreSQL at {address} is starting or stopping. Try again in a moment."),
        "25006" => place.read_only(),
        _ => return None,
    })
}
