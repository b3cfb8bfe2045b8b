//! Records ↔ rows of the tables.

use std::{str::FromStr, sync::Arc};

use kmip::{ObjectType, attribute::Attributes, mechanism::KeySpec};
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};

use crate::{
    Custody, Error, ObjectId, Record, Result,
    keys::{self, NameKey},
};

/// More than any message may carry; far from the lengths where SQLite's own arithmetic ends.
const RECORD_BYTES_MAX: usize = 8 << 20;

/// The columns that [`read`] takes, of `object o` and `body b`.
pub(crate) const COLUMNS: &str = "o.id, o.vault, o.owner, o.object_type, o.revision, b.spec, \
    b.custody, b.backend, b.value, b.attributes";

/// A record as the tables hold it, made by the thread that commits so that the writer has only to bind it.
pub(crate) struct Encoded {
    pub(crate) record: Arc<Record>,
    attributes: Vec<u8>,
    spec: Option<String>,
}

impl Encoded {
    /// Encodes a record, unless it is larger than anything that makes sense.
    pub(crate) fn new(record: Arc<Record>) -> Result<Self> {
        let attributes = record.attributes.to_stored();
        let value_bytes = columns(&record.custody).2.map_or(0, <[u8]>::len);
        if attributes.len() + value_bytes > RECORD_BYTES_MAX {
            return Err(Error::Unavailable(format!(
                "the record {} is larger than {RECORD_BYTES_MAX} bytes, the most that is kept",
                record.id
            )));
        }
        Ok(Self {
            attributes,
            spec: record.spec.map(|spec| spec.to_string()),
            record,
        })
    }

    /// Adds the object and tells its row, or `None` when there is one with this identifier.
    pub(crate) fn insert(&self, connection: &Connection) -> Result<Option<u32>> {
        let record = &*self.record;
        // A row that is returned is kept in a table of its own until it is read; the last one inserted is known anyway.
        let added = connection
            .prepare_cached(
                "INSERT INTO object (id, vault, owner, object_type, revision) \
                VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                record.id.0,
                record.vault,
                record.owner,
                record.object_type.0,
                record.revision.cast_signed(),
            ])?;
        if added == 0 {
            return Ok(None);
        }
        let row = u32::try_from(connection.last_insert_rowid())
            .map_err(|_| Error::Unavailable("the store has no row left".to_owned()))?;
        self.put_body(row, connection)?;
        Ok(Some(row))
    }

    /// Replaces the object of the revision before and tells its row, or `None` when it is not of that revision.
    pub(crate) fn update(&self, connection: &Connection, before: u64) -> Result<Option<u32>> {
        let record = &*self.record;
        let row = connection
            .prepare_cached(
                "UPDATE object SET owner = ?, revision = ? \
                WHERE id = ? AND vault = ? AND object_type = ? AND revision = ? RETURNING row",
            )?
            .query_row(
                params![
                    record.owner,
                    record.revision.cast_signed(),
                    record.id.0,
                    record.vault,
                    record.object_type.0,
                    before.cast_signed(),
                ],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(row) = row {
            self.put_body(row, connection)?;
        }
        Ok(row)
    }

    fn put_body(&self, row: u32, connection: &Connection) -> Result<()> {
        let (custody, backend, value) = columns(&self.record.custody);
        connection
            .prepare_cached(
                "INSERT INTO body (object, spec, custody, backend, value, attributes) \
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (object) DO UPDATE SET spec = excluded.spec, \
                custody = excluded.custody, backend = excluded.backend, value = excluded.value, \
                attributes = excluded.attributes",
            )?
            .execute(params![
                row,
                self.spec,
                custody,
                backend,
                value,
                self.attributes
            ])?;
        Ok(())
    }
}

/// Custody as its columns: which, the backend's name, the bytes.
pub(crate) fn columns(custody: &Custody) -> (i64, Option<&str>, Option<&[u8]>) {
    match custody {
        Custody::Hsm { backend, key } => (1, Some(backend), Some(key)),
        Custody::Sealed { backend, sealed } => (2, Some(backend), Some(sealed)),
        Custody::Public(value) => (3, None, Some(value)),
        Custody::Doomed { backend, key } => (4, Some(backend), Some(key)),
        Custody::Gone => (5, None, None),
        Custody::Absent(description) => (6, None, Some(description)),
        Custody::Archived => (7, None, None),
        Custody::Unopened { backend, sealed } => (8, Some(backend), Some(sealed)),
    }
}

/// The custody in its columns.
pub(crate) fn custody(
    number: i64,
    backend: Option<String>,
    value: Option<Vec<u8>>,
) -> Option<Custody> {
    Some(match (number, backend, value) {
        (1, Some(backend), Some(key)) => Custody::Hsm { backend, key },
        (2, Some(backend), Some(sealed)) => Custody::Sealed { backend, sealed },
        (3, None, Some(value)) => Custody::Public(value),
        (4, Some(backend), Some(key)) => Custody::Doomed { backend, key },
        (5, None, None) => Custody::Gone,
        (6, None, description) => Custody::Absent(description.unwrap_or_default()),
        (7, None, None) => Custody::Archived,
        (8, Some(backend), Some(sealed)) => Custody::Unopened { backend, sealed },
        _ => return None,
    })
}

/// The record in a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<Record> {
    let id = ObjectId(row.get(0)?);
    let corrupt = |what: &str| Error::Corrupt(format!("object {id}: {what}"));
    let spec = row
        .get_ref(5)?
        .as_str_or_null()
        .map_err(rusqlite::Error::from)?
        .map(KeySpec::from_str)
        .transpose()
        .map_err(|_| corrupt("its kind of key is unknown"))?;
    let custody = custody(row.get(6)?, row.get(7)?, row.get(8)?)
        .ok_or_else(|| corrupt("its custody makes no sense"))?;
    let attributes = row.get_ref(9)?.as_blob().map_err(rusqlite::Error::from)?;
    let attributes = Attributes::from_stored(attributes)
        .map_err(|error| corrupt(&format!("attributes: {error}")))?;
    Ok(Record {
        vault: row.get(1)?,
        owner: row.get(2)?,
        object_type: ObjectType(row.get(3)?),
        spec,
        attributes,
        custody,
        revision: row.get::<_, i64>(4)?.cast_unsigned(),
        id,
    })
}

/// The record with an identifier.
pub(crate) fn find(connection: &Connection, id: &ObjectId) -> Result<Option<Record>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM object o JOIN body b ON b.object = o.row WHERE o.id = ?"
    ))?;
    let mut rows = statement.query([&id.0])?;
    rows.next()?.map(read).transpose()
}

/// The record in a row.
pub(crate) fn find_row(connection: &Connection, row: u32) -> Result<Option<Record>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM object o JOIN body b ON b.object = o.row WHERE o.row = ?"
    ))?;
    let mut rows = statement.query([row])?;
    rows.next()?.map(read).transpose()
}

/// A part of all records.
pub(crate) struct Part {
    /// Those that can be read, with their rows, in their order.
    pub(crate) records: Vec<(u32, Record)>,
    /// The last row looked at; none at the end.
    pub(crate) last: Option<u32>,
}

/// The next records in the order of their rows.
pub(crate) fn find_after_row(connection: &Connection, after: u32, rows_max: u32) -> Result<Part> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, o.row FROM object o JOIN body b ON b.object = o.row \
        WHERE o.row > ? ORDER BY o.row LIMIT ?"
    ))?;
    let mut rows = statement.query(params![after, rows_max])?;
    let (mut records, mut last) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        let number = row.get("row")?;
        last = Some(number);
        // A damaged record is told of where it is asked for; it must not hide the others.
        records.extend(read(row).ok().map(|record| (number, record)));
    }
    Ok(Part { records, last })
}

/// Records in the order of their identifiers.
pub(crate) fn find_after(
    connection: &Connection,
    after: Option<&ObjectId>,
    items_max: u32,
) -> Result<Vec<Record>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM object o JOIN body b ON b.object = o.row \
        WHERE o.id > ? ORDER BY o.id LIMIT ?"
    ))?;
    // No identifier is empty, so that all come after the empty one.
    read_all(statement.query(params![after.map_or("", |id| &id.0), items_max])?)
}

/// Records whose keys an HSM still owes to delete.
pub(crate) fn find_doomed(connection: &Connection, items_max: u32) -> Result<Vec<Record>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM object o JOIN body b ON b.object = o.row WHERE b.custody = 4 LIMIT ?"
    ))?;
    read_all(statement.query(params![items_max])?)
}

/// Every record in rows of [`COLUMNS`].
pub(crate) fn read_all(mut rows: Rows<'_>) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(read(row)?);
    }
    Ok(records)
}

/// Adds the search keys that stored objects do not have yet.
pub(crate) fn add_search_keys(connection: &Connection) -> Result<()> {
    let mut added = connection.prepare_cached(
        "INSERT INTO attribute (vault, kind, value, object) VALUES (?, ?, ?, ?) \
        ON CONFLICT DO NOTHING",
    )?;
    let mut after = 0;
    loop {
        let part = find_after_row(connection, after, 1_000)?;
        for (row, record) in part.records {
            for key in keys::search_keys(&record) {
                added.execute(params![record.vault, key.kind, key.value, row])?;
            }
        }
        match part.last {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// The object that is not destroyed and has the name.
pub(crate) fn find_name(connection: &Connection, name: &NameKey) -> Result<Option<ObjectId>> {
    let id = connection
        .prepare_cached(
            "SELECT o.id FROM name n JOIN object o ON o.row = n.object \
            WHERE n.vault = ? AND n.value = ? AND n.type = ?",
        )?
        .query_row(params![name.vault, name.value, name.name_type], |row| {
            row.get(0).map(ObjectId)
        });
    Ok(id.optional()?)
}
