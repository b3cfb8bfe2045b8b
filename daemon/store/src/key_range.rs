//! A condition on the search keys of one kind, as the index answers it.

use roaring::RoaringBitmap;
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};

use crate::{
    Result,
    digests::Digests,
    keys::{self, KeyValue},
};

/// Where keys are looked up: in a state of the table, or in memory.
pub(crate) struct Index<'a> {
    pub(crate) table: &'a Connection,
    pub(crate) digests: &'a Digests,
    pub(crate) vault: &'a str,
}

/// A condition on the search keys of one kind.
pub(crate) struct KeyRange {
    pub(crate) kind: i64,
    pub(crate) from: KeyValue,
    pub(crate) to: KeyValue,
}

impl KeyRange {
    pub(crate) fn is_point(&self) -> bool {
        self.from == self.to
    }

    /// The condition in SQL. Equality is said as such, for then the rows come in the order of creation.
    fn condition(&self) -> &'static str {
        if self.is_point() {
            "vault = ? AND kind = ? AND value = ?"
        } else {
            "vault = ? AND kind = ? AND value BETWEEN ? AND ?"
        }
    }

    fn values(&self, index: &Index<'_>) -> Vec<Value> {
        let value = |key: &KeyValue| match key {
            KeyValue::Number(number) => Value::Integer(*number),
            KeyValue::Bytes(bytes) => Value::Blob(bytes.clone()),
        };
        let mut values = vec![
            Value::Text(index.vault.to_owned()),
            Value::Integer(self.kind),
            value(&self.from),
        ];
        if !self.is_point() {
            values.push(value(&self.to));
        }
        values
    }

    /// How many objects meet the condition, as far as that is worth knowing.
    pub(crate) fn count(&self, index: &Index<'_>, most: u64) -> Result<u64> {
        if self.kind == keys::DIGEST {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let objects = index.digests.count(index.vault, &self.from, most);
            return Ok(u64::try_from(objects).unwrap_or(u64::MAX));
        }
        let mut values = self.values(index);
        values.push(Value::Integer(i64::try_from(most).unwrap_or(i64::MAX)));
        let objects: i64 = index
            .table
            .prepare_cached(&format!(
                "SELECT count(*) FROM (SELECT 1 FROM attribute WHERE {} LIMIT ?)",
                self.condition()
            ))?
            .query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(u64::try_from(objects).unwrap_or_default())
    }

    /// Whether one object meets the condition, which is a point.
    pub(crate) fn is_met(&self, index: &Index<'_>, row: u32) -> Result<bool> {
        if self.kind == keys::DIGEST {
            return Ok(index.digests.has(index.vault, &self.from, row));
        }
        let mut values = self.values(index);
        values.push(Value::Integer(i64::from(row)));
        let met = index
            .table
            .prepare_cached(&format!(
                "SELECT 1 FROM attribute WHERE {} AND object = ?",
                self.condition()
            ))?
            .query_row(params_from_iter(values), |_| Ok(()))
            .optional()?;
        Ok(met.is_some())
    }

    /// Rows that meet the condition, before one, newest first.
    pub(crate) fn before(&self, index: &Index<'_>, before: u32, most: usize) -> Result<Vec<u32>> {
        if self.kind == keys::DIGEST {
            let (vault, digest) = (index.vault, &self.from);
            return Ok(index.digests.before(vault, digest, before, most));
        }
        let mut values = self.values(index);
        values.push(Value::Integer(i64::from(before)));
        values.push(Value::Integer(i64::try_from(most).unwrap_or(i64::MAX)));
        let mut statement = index.table.prepare_cached(&format!(
            "SELECT object FROM attribute WHERE {} AND object < ? ORDER BY object DESC LIMIT ?",
            self.condition()
        ))?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every row that meets the condition.
    pub(crate) fn all(&self, index: &Index<'_>) -> Result<RoaringBitmap> {
        let mut statement = index.table.prepare_cached(&format!(
            "SELECT object FROM attribute WHERE {}",
            self.condition()
        ))?;
        let values = params_from_iter(self.values(index));
        let rows = statement.query_map(values, |row| row.get::<_, u32>(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
