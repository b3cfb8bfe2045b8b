//! Numbered migrations: whose file it is, which schema it has, and how it gets the newest.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::{Error, Result, apart, backup, connection::APPLICATION_ID, rows};

/// A step of the schema. Once released, its text never changes.
pub(crate) struct Migration {
    /// Its number in words, as the file is called.
    name: &'static str,
    sql: &'static str,
    /// What SQL cannot say, done after it in the same transaction.
    then: fn(&Connection) -> Result<()>,
}

/// The steps in order; the n-th makes the schema n.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "0001_objects",
        sql: include_str!("../migrations/sqlite/0001_objects.sql"),
        then: nothing,
    },
    Migration {
        name: "0002_facets",
        sql: include_str!("../migrations/sqlite/0002_facets.sql"),
        then: rows::add_search_keys,
    },
    Migration {
        name: "0003_life",
        sql: include_str!("../migrations/sqlite/0003_life.sql"),
        then: apart::add_rotations,
    },
    Migration {
        name: "0004_successors",
        sql: include_str!("../migrations/sqlite/0004_successors.sql"),
        then: nothing,
    },
    Migration {
        name: "0005_tokens",
        sql: include_str!("../migrations/sqlite/0005_tokens.sql"),
        then: apart::add_sessions,
    },
    Migration {
        name: "0006_custody",
        sql: include_str!("../migrations/sqlite/0006_custody.sql"),
        then: nothing,
    },
    Migration {
        name: "0007_doubts",
        sql: include_str!("../migrations/sqlite/0007_doubts.sql"),
        then: nothing,
    },
    Migration {
        name: "0008_keys",
        sql: include_str!("../migrations/sqlite/0008_keys.sql"),
        then: nothing,
    },
];

fn nothing(_: &Connection) -> Result<()> {
    Ok(())
}

/// The steps taken, each with its whole text: that is the strongest checksum, and tells support what was run.
const LEDGER: &str = "CREATE TABLE migration (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, sql TEXT NOT NULL) STRICT";

/// How many steps were taken in the file, after making sure that it is a store of ours and none of a newer program.
/// Nothing is changed.
pub(crate) fn check(
    connection: &Connection,
    path: &Path,
    migrations: &[Migration],
) -> Result<usize> {
    let file = path.display();
    let application_id: i32 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(|error| not_ours(path, error))?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| not_ours(path, error))?;
    if application_id == 0 && tables == 0 {
        return Ok(0);
    }
    if is_cut_short(connection, path)? {
        return Err(cut_short(path));
    }
    if application_id != APPLICATION_ID {
        return Err(Error::NotOurs(format!(
            "{file} is a database of another program; configure another path, or move the file away"
        )));
    }
    let schema: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let taken = usize::try_from(schema).unwrap_or(usize::MAX);
    if taken > migrations.len() {
        return Err(Error::NotOurs(format!(
            "{file} has schema {schema} of a newer program, and this one knows no later than {}; \
            run the newer program, or restore the backup made before the upgrade",
            migrations.len()
        )));
    }
    for (number, migration) in (1_i64..).zip(migrations.iter().take(taken)) {
        let sql: Option<String> = connection
            .query_row(
                "SELECT sql FROM migration WHERE number = ?",
                [number],
                |row| row.get(0),
            )
            .optional()?;
        if sql.as_deref() != Some(migration.sql) {
            return Err(Error::NotOurs(format!(
                "{file} was made by another {} than this program has; run the program that made it, \
                or restore a backup",
                migration.name
            )));
        }
    }
    Ok(taken)
}

/// Takes the steps that are missing, all in one transaction. A file that has something to lose is copied first, beside
/// itself, and the copy stays.
pub(crate) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &[Migration],
) -> Result<()> {
    let taken = check(connection, path, migrations)?;
    if taken == migrations.len() {
        return Ok(());
    }
    if taken > 0 {
        keep_copy(connection, path, taken)?;
    }
    let transaction = connection.transaction()?;
    if taken == 0 {
        transaction.execute_batch(LEDGER)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    for (number, migration) in (1_i64..).zip(migrations).skip(taken) {
        transaction.execute_batch(migration.sql)?;
        (migration.then)(&transaction)?;
        transaction.execute(
            "INSERT INTO migration (number, name, sql) VALUES (?, ?, ?)",
            params![number, migration.name, migration.sql],
        )?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    Ok(transaction.commit()?)
}

fn keep_copy(connection: &Connection, path: &Path, schema: usize) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".schema-{schema}"));
    let copy = Path::new(&name);
    if copy.exists() {
        // An upgrade that failed left it; the store has changed since.
        std::fs::remove_file(copy)
            .map_err(|error| Error::Unavailable(format!("{}: {error}", copy.display())))?;
    }
    backup::copy(connection, copy, &mut |_, _| {})
}

/// Says what a file is that SQLite does not read.
fn not_ours(path: &Path, error: rusqlite::Error) -> Error {
    let file = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::NotOurs(format!(
            "{file} is no SQLite database; configure another path, or move the file away"
        )),
        Some(ErrorCode::DatabaseCorrupt) => cut_short(path),
        _ => error.into(),
    }
}

fn cut_short(path: &Path) -> Error {
    Error::NotOurs(format!(
        "{} is damaged or cut short; restore it from a backup",
        path.display()
    ))
}

/// Whether bytes are missing at the end, which SQLite would take for zeros where it is less than a page. While there is
/// a log, the file may be behind.
fn is_cut_short(connection: &Connection, path: &Path) -> Result<bool> {
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if connection.path().is_none_or(str::is_empty) || bytes(Path::new(&log)) > 0 {
        return Ok(false);
    }
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let expected = pragma("page_count")?.saturating_mul(pragma("page_size")?);
    Ok(i64::try_from(bytes(path)).is_ok_and(|bytes| bytes < expected))
}

#[cfg(test)]
mod tests {
    use kmip::{
        HashingAlgorithm,
        attribute::{Attribute, Attributes, Digest},
        ttlv::{Bytes, Timestamp},
    };

    use super::*;
    use crate::{
        Filter, ObjectId, Options, Page, Scope, SqliteStore, Store as _, connection, keys,
    };

    const SECOND: Migration = Migration {
        name: "0002_more",
        sql: "ALTER TABLE vault ADD COLUMN note TEXT",
        then: nothing,
    };

    fn first() -> Migration {
        Migration {
            name: "0001_objects",
            sql: MIGRATIONS[0].sql,
            then: nothing,
        }
    }

    #[test]
    fn an_upgrade_keeps_a_copy_and_a_downgrade_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut connection = connection::open_writer(&path).unwrap();
        migrate(&mut connection, &path, &[first()]).unwrap();
        migrate(&mut connection, &path, &[first(), SECOND]).unwrap();
        connection.execute_batch("SELECT note FROM vault").unwrap();

        let copy = folder.path().join("store.db.schema-1");
        let mut copied = connection::open_writer(&copy).unwrap();
        assert_eq!(check(&copied, &copy, &[first(), SECOND]), Ok(1));
        migrate(&mut copied, &copy, &[first(), SECOND]).unwrap();

        let Err(Error::NotOurs(text)) = migrate(&mut connection, &path, &[first()]) else {
            panic!("a newer schema was taken");
        };
        assert!(text.contains("store.db has schema 2"), "{text}");
    }

    #[test]
    fn objects_of_the_first_schema_get_the_search_keys_of_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut connection = connection::open_writer(&path).unwrap();
        migrate(&mut connection, &path, &[first()]).unwrap();
        let attributes = Attributes {
            certificate_length: Some(700),
            ..Attributes::default()
        };
        connection
            .execute_batch(
                "INSERT INTO object (row, id, vault, owner, object_type, storage, revision) \
                VALUES (7, 'id', 'v', 'o', 1, 1, 1)",
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO body (object, custody, value, attributes) VALUES (7, 3, x'00', ?)",
                [attributes.to_stored()],
            )
            .unwrap();
        migrate(&mut connection, &path, MIGRATIONS).unwrap();
        let object: i64 = connection
            .query_row(
                "SELECT object FROM attribute WHERE value = 700",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(object, 7);
    }

    #[test]
    fn keys_that_tell_nothing_are_left_out_of_older_files_and_their_objects_found_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut connection = connection::open_writer(&path).unwrap();
        migrate(&mut connection, &path, &MIGRATIONS[..7]).unwrap();
        let digest = Attribute::Digest(Digest {
            hashing_algorithm: HashingAlgorithm::SHA256,
            digest_value: Some(Bytes(vec![7; 32])),
            key_format_type: None,
        });
        let short = Attribute::ShortUniqueIdentifier(Bytes(vec![0xAB; 16]));
        let policy = Attribute::OperationPolicyName(crate::USUAL_POLICY.to_owned());
        let contact = Attribute::ContactInformation("kept".to_owned());
        let all = [digest, short, policy, contact];
        let mut attributes = Attributes::default();
        for attribute in all.clone() {
            attributes.add(attribute).unwrap();
        }
        let id = "abababab-abab-abab-abab-abababababab";
        let insert = "INSERT INTO object (row, id, vault, owner, object_type, revision) \
            VALUES (7, ?, 'v', 'o', 2, 1)";
        connection.execute(insert, [id]).unwrap();
        let insert =
            "INSERT INTO body (object, custody, value, attributes) VALUES (7, 3, x'00', ?)";
        connection
            .execute(insert, [attributes.to_stored()])
            .unwrap();
        for attribute in &all {
            // As every object's keys were kept before.
            let key = keys::search_key(attribute).unwrap();
            let insert = "INSERT INTO attribute (vault, kind, value, object) VALUES ('v', ?, ?, 7)";
            connection
                .execute(insert, params![key.kind, key.value])
                .unwrap();
        }
        drop(connection);

        let store = SqliteStore::open(&path, &Options::default()).unwrap();
        let kept = "SELECT count(*) FROM attribute";
        let kept: i64 = store
            .reader()
            .unwrap()
            .query_row(kept, [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, 1, "that of the contact");
        let scope = Scope {
            vault: "v".to_owned(),
            owner: None,
        };
        for attribute in all {
            let filter = Filter {
                attributes: vec![attribute],
                ..Filter::default()
            };
            let located = store
                .begin()
                .locate(&filter, &scope, Page::default(), Timestamp(0));
            assert_eq!(
                located.unwrap().ids,
                [ObjectId(id.to_owned())],
                "{filter:?}"
            );
        }
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut connection = connection::open_writer(&path).unwrap();
        migrate(&mut connection, &path, &[first()]).unwrap();
        let broken = Migration {
            name: "0002_broken",
            sql: "CREATE TABLE fine (a); CREATE TABLE vault (a)",
            then: nothing,
        };
        assert!(migrate(&mut connection, &path, &[first(), broken]).is_err());
        assert_eq!(check(&connection, &path, &[first()]), Ok(1));
        assert!(connection.execute_batch("SELECT a FROM fine").is_err());
        migrate(&mut connection, &path, &[first(), SECOND]).unwrap();
    }

    #[test]
    fn a_migration_whose_text_changed_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut connection = connection::open_writer(&path).unwrap();
        migrate(&mut connection, &path, &[first()]).unwrap();
        let other = Migration {
            name: "0001_objects",
            sql: "CREATE TABLE other (a)",
            then: nothing,
        };
        let Err(Error::NotOurs(text)) = check(&connection, &path, &[other]) else {
            panic!("another schema was taken");
        };
        assert!(text.contains("0001_objects"), "{text}");
    }
}
