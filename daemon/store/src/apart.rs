//! What hangs on objects apart from their bodies: the values of archived ones, when the server rotates them, and with
//! which run of a program they end.

use kmip::ttlv::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    Custody, Error, ObjectId, Record, Result,
    rows::{self, COLUMNS},
};

/// Where the value of an archived object is.
pub(crate) fn archived(connection: &Connection, id: &ObjectId) -> Result<Option<Custody>> {
    let found = connection
        .prepare_cached(
            "SELECT a.custody, a.backend, a.value FROM archive a \
            JOIN object o ON o.row = a.object WHERE o.id = ?",
        )?
        .query_row([&id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    found
        .map(|(number, backend, value)| {
            rows::custody(number, backend, value)
                .ok_or_else(|| Error::Corrupt(format!("object {id}: its archive makes no sense")))
        })
        .transpose()
}

/// Puts the custody of an object into the archive, or takes it out.
pub(crate) fn put_archived(
    connection: &Connection,
    id: &ObjectId,
    custody: Option<&Custody>,
) -> Result<()> {
    match custody {
        None => connection
            .prepare_cached(
                "DELETE FROM archive WHERE object = (SELECT row FROM object WHERE id = ?)",
            )?
            .execute([&id.0])?,
        Some(custody) => {
            let (number, backend, value) = rows::columns(custody);
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO archive (object, custody, backend, value) \
                    SELECT row, ?, ?, ? FROM object WHERE id = ?",
                )?
                .execute(params![number, backend, value, id.0])?
        }
    };
    Ok(())
}

/// Notes when an object is to be rotated, or that it is not.
pub(crate) fn put_rotation(
    connection: &Connection,
    row: u32,
    due: Option<Timestamp>,
) -> Result<()> {
    match due {
        None => connection
            .prepare_cached("DELETE FROM rotation WHERE object = ?")?
            .execute([row])?,
        Some(due) => connection
            .prepare_cached("INSERT OR REPLACE INTO rotation (object, due) VALUES (?, ?)")?
            .execute(params![row, due.0])?,
    };
    Ok(())
}

/// Objects that are to be rotated by now, the longest due first.
pub(crate) fn find_due(
    connection: &Connection,
    now: Timestamp,
    items_max: u32,
) -> Result<Vec<Record>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM rotation r JOIN object o ON o.row = r.object \
        JOIN body b ON b.object = o.row WHERE r.due <= ? ORDER BY r.due LIMIT ?"
    ))?;
    rows::read_all(statement.query(params![now.0, items_max])?)
}

/// Notes with which run of a program an object ends, or that it does not.
pub(crate) fn put_session(connection: &Connection, row: u32, run: Option<&str>) -> Result<()> {
    match run {
        None => connection
            .prepare_cached("DELETE FROM session WHERE object = ?")?
            .execute([row])?,
        Some(run) => connection
            .prepare_cached("INSERT OR REPLACE INTO session (object, run) VALUES (?, ?)")?
            .execute(params![row, run])?,
    };
    Ok(())
}

/// The runs that objects end with, each with its vault.
pub(crate) fn session_runs(connection: &Connection) -> Result<Vec<(String, String)>> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT o.vault, s.run FROM session s JOIN object o ON o.row = s.object",
    )?;
    let runs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(runs.collect::<rusqlite::Result<_>>()?)
}

/// The objects of a vault that end with a run.
pub(crate) fn find_of_session_run(
    connection: &Connection,
    vault: &str,
    run: &str,
    items_max: u32,
) -> Result<Vec<Record>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM session s JOIN object o ON o.row = s.object \
        JOIN body b ON b.object = o.row WHERE s.run = ? AND o.vault = ? LIMIT ?"
    ))?;
    rows::read_all(statement.query(params![run, vault, items_max])?)
}

/// Notes the rotations of objects that were stored before rotations were noted.
pub(crate) fn add_rotations(connection: &Connection) -> Result<()> {
    for_each(connection, |row, record| match record.rotation_due() {
        Some(due) => put_rotation(connection, row, Some(due)),
        None => Ok(()),
    })
}

/// Notes the runs of objects that were stored before runs were noted.
pub(crate) fn add_sessions(connection: &Connection) -> Result<()> {
    for_each(connection, |row, record| match record.session_run() {
        Some(run) => put_session(connection, row, Some(run)),
        None => Ok(()),
    })
}

fn for_each(connection: &Connection, note: impl Fn(u32, &Record) -> Result<()>) -> Result<()> {
    let mut after = 0;
    loop {
        let part = rows::find_after_row(connection, after, 1_000)?;
        for (row, record) in part.records {
            note(row, &record)?;
        }
        match part.last {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}
