//! Keys in doubt ↔ rows of the table.

use std::{path::Path, str::FromStr};

use kmip::mechanism::KeySpec;
use rusqlite::{Connection, params};

use crate::{Doubt, Error, ObjectId, Result};

/// Every key in doubt.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Doubt>> {
    let mut statement = connection.prepare_cached("SELECT object, backend, spec FROM doubt")?;
    let mut rows = statement.query([])?;
    let mut doubts = Vec::new();
    while let Some(row) = rows.next()? {
        let object = ObjectId(row.get(0)?);
        let spec = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        let spec = KeySpec::from_str(spec).map_err(|_| {
            Error::Corrupt(format!("key {object} in doubt: its kind of key is unknown"))
        })?;
        doubts.push(Doubt {
            object,
            backend: row.get(1)?,
            spec,
        });
    }
    Ok(doubts)
}

/// Notes one.
pub(crate) fn put(connection: &Connection, doubt: &Doubt) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO doubt (object, backend, spec) VALUES (?, ?, ?)")?
        .execute(params![
            doubt.object.0,
            doubt.backend,
            doubt.spec.to_string()
        ])?;
    Ok(())
}

/// Forgets some.
pub(crate) fn remove(connection: &Connection, doubts: &[Doubt]) -> Result<()> {
    let mut statement =
        connection.prepare_cached("DELETE FROM doubt WHERE object = ? AND backend = ?")?;
    for doubt in doubts {
        statement.execute(params![doubt.object.0, doubt.backend])?;
    }
    Ok(())
}

/// Forgets all in a copy of the store.
pub(crate) fn forget_in(copy: &Path) -> Result<()> {
    Connection::open(copy)?.execute("DELETE FROM doubt", [])?;
    Ok(())
}
