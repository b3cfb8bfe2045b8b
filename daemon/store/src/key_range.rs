//! A condition on the search keys of one kind, as the index answers it.

use roaring::RoaringBitmap;
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};

use crate::{Result, Scope, keys::KeyValue};

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

    fn values(&self, scope: &Scope) -> Vec<Value> {
        let value = |key: &KeyValue| match key {
            KeyValue::Number(number) => Value::Integer(*number),
            KeyValue::Bytes(bytes) => Value::Blob(bytes.clone()),
        };
        let mut values = vec![
            Value::Text(scope.vault.clone()),
            Value::Integer(self.kind),
            value(&self.from),
        ];
        if !self.is_point() {
            values.push(value(&self.to));
        }
        values
    }

    /// How many objects meet the condition, as far as that is worth knowing.
    pub(crate) fn count(&self, connection: &Connection, scope: &Scope, most: u64) -> Result<u64> {
        let mut values = self.values(scope);
        values.push(Value::Integer(i64::try_from(most).unwrap_or(i64::MAX)));
        let objects: i64 = connection
            .prepare_cached(&format!(
                "SELECT count(*) FROM (SELECT 1 FROM attribute WHERE {} LIMIT ?)",
                self.condition()
            ))?
            .query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(u64::try_from(objects).unwrap_or_default())
    }

    /// Whether one object meets the condition, which is a point.
    pub(crate) fn is_met(&self, connection: &Connection, scope: &Scope, row: u32) -> Result<bool> {
        let mut values = self.values(scope);
        values.push(Value::Integer(i64::from(row)));
        let met = connection
            .prepare_cached(&format!(
                "SELECT 1 FROM attribute WHERE {} AND object = ?",
                self.condition()
            ))?
            .query_row(params_from_iter(values), |_| Ok(()))
            .optional()?;
        Ok(met.is_some())
    }

    /// Rows that meet the condition, before one, newest first.
    pub(crate) fn before(
        &self,
        connection: &Connection,
        scope: &Scope,
        before: u32,
        most: usize,
    ) -> Result<Vec<u32>> {
        let mut values = self.values(scope);
        values.push(Value::Integer(i64::from(before)));
        values.push(Value::Integer(i64::try_from(most).unwrap_or(i64::MAX)));
        let mut statement = connection.prepare_cached(&format!(
            "SELECT object FROM attribute WHERE {} AND object < ? ORDER BY object DESC LIMIT ?",
            self.condition()
        ))?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every row that meets the condition.
    pub(crate) fn all(&self, connection: &Connection, scope: &Scope) -> Result<RoaringBitmap> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT object FROM attribute WHERE {}",
            self.condition()
        ))?;
        let values = params_from_iter(self.values(scope));
        let rows = statement.query_map(values, |row| row.get::<_, u32>(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
