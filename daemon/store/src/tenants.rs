//! Vaults and clients ↔ rows of the tables.

use kmip::ttlv::Timestamp;
use rusqlite::{Connection, params};

use crate::{Client, Error, Result, Rules, Successor, Token, Vault};

/// Every vault.
pub(crate) fn vaults(connection: &Connection) -> Result<Vec<Vault>> {
    let mut statement = connection.prepare_cached(
        "SELECT name, backend, locked_by_default, strict, created, user_pin, so_pin, constraints, \
        defaults, token_label, may_be_initialized, wrapped FROM vault ORDER BY name",
    )?;
    let vaults = statement.query_map([], |row| {
        Ok(Vault {
            name: row.get(0)?,
            backend: row.get(1)?,
            locked_by_default: row.get(2)?,
            strict: row.get(3)?,
            created: Timestamp(row.get(4)?),
            user_pin: row.get(5)?,
            so_pin: row.get(6)?,
            rules: Rules {
                constraints: row.get(7)?,
                defaults: row.get(8)?,
            },
            token: Token {
                label: row.get(9)?,
                may_be_initialized: row.get(10)?,
            },
            wrapped: row.get(11)?,
        })
    })?;
    Ok(vaults.collect::<rusqlite::Result<_>>()?)
}

/// Adds or replaces a vault.
pub(crate) fn put_vault(connection: &Connection, vault: &Vault) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO vault VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
        .execute(params![
            vault.name,
            vault.backend,
            vault.locked_by_default,
            vault.strict,
            vault.created.0,
            vault.user_pin,
            vault.so_pin,
            vault.rules.constraints,
            vault.rules.defaults,
            vault.token.label,
            vault.token.may_be_initialized,
            vault.wrapped,
        ])?;
    Ok(())
}

/// Changes a vault that is still as it was read.
pub(crate) fn change_vault(connection: &Connection, before: &Vault, after: &Vault) -> Result<()> {
    if !vaults(connection)?.contains(before) {
        return Err(Error::Conflict);
    }
    put_vault(connection, after)
}

/// Every client.
pub(crate) fn clients(connection: &Connection) -> Result<Vec<Client>> {
    let mut statement = connection.prepare_cached(
        "SELECT vault, name, role, spki_sha256, serial, issued, expires, revoked, \
        next_spki_sha256, next_serial, next_issued, next_expires FROM client ORDER BY vault, name",
    )?;
    let clients = statement.query_map([], |row| {
        let successor = match row.get(8)? {
            Some(spki_sha256) => Some(Successor {
                spki_sha256,
                serial: row.get(9)?,
                issued: Timestamp(row.get(10)?),
                expires: Timestamp(row.get(11)?),
            }),
            None => None,
        };
        Ok(Client {
            vault: row.get(0)?,
            name: row.get(1)?,
            role: row.get(2)?,
            spki_sha256: row.get(3)?,
            serial: row.get(4)?,
            issued: Timestamp(row.get(5)?),
            expires: Timestamp(row.get(6)?),
            revoked: row.get::<_, Option<i64>>(7)?.map(Timestamp),
            successor,
        })
    })?;
    Ok(clients.collect::<rusqlite::Result<_>>()?)
}

/// Adds or replaces a client.
pub(crate) fn put_client(connection: &Connection, client: &Client) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO client VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            client.vault,
            client.name,
            client.role,
            client.spki_sha256,
            client.serial,
            client.issued.0,
            client.expires.0,
            client.revoked.map(|date| date.0),
            client.successor.as_ref().map(|own| own.spki_sha256),
            client.successor.as_ref().map(|own| &own.serial),
            client.successor.as_ref().map(|own| own.issued.0),
            client.successor.as_ref().map(|own| own.expires.0),
        ])?;
    Ok(())
}

/// Gives a client a successor of its certificate, if it still has the certificate meant and was not revoked.
pub(crate) fn put_successor(connection: &Connection, client: &Client) -> Result<()> {
    let Some(own) = &client.successor else {
        return Ok(());
    };
    let changed = connection
        .prepare_cached(
            "UPDATE client SET next_spki_sha256 = ?, next_serial = ?, next_issued = ?, \
            next_expires = ? WHERE vault = ? AND name = ? AND spki_sha256 = ? AND revoked IS NULL",
        )?
        .execute(params![
            own.spki_sha256,
            own.serial,
            own.issued.0,
            own.expires.0,
            client.vault,
            client.name,
            client.spki_sha256,
        ])?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::Conflict)
    }
}
