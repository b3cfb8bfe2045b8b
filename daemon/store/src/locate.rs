//! Locate in SQL: what the tables can tell narrows the search, and the meaning of the filter decides on the rest.

use kmip::{
    attribute::{Attribute, UniqueIdentifier},
    ttlv::Timestamp,
};
use rusqlite::{Connection, params_from_iter, types::Value};

use crate::{
    Filter, Located, ObjectId, Page, Result, Scope,
    keys::{self, KeyValue, SearchKey},
    rows,
};

/// More conditions than these gain nothing, and a filter is as long as a message may be.
const CONDITIONS_MAX: usize = 8;

/// Of two keys with more objects than this, none is worth more than the other.
const OBJECTS_COUNTED_MAX: i64 = 1_000;

/// [`crate::Record::state_at`] in SQL, of the time bound twice.
const STATE_AT: &str = "CASE WHEN o.state = 2 OR (o.state = 1 AND o.activation_date <= ?) \
    THEN CASE WHEN o.deactivation_date <= ? THEN 3 ELSE 2 END ELSE o.state END";

/// How the objects that match are found.
pub(crate) struct Plan<'a> {
    filter: &'a Filter,
    scope: &'a Scope,
    now: Timestamp,
    columns: Conditions,
    ranges: Vec<KeyRange>,
    /// Whether what SQL finds also matches, so that nothing has to be decoded.
    is_exact: bool,
}

/// Conditions on the columns of `object o`, and what they bind.
#[derive(Default)]
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    fn and(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.extend(values);
    }
}

/// A condition on the search keys of one kind.
struct KeyRange {
    kind: i64,
    from: KeyValue,
    to: KeyValue,
}

impl KeyRange {
    fn equal(key: SearchKey) -> Self {
        Self {
            kind: key.kind,
            from: key.value.clone(),
            to: key.value,
        }
    }

    /// The condition in SQL. Equality is said as such, for then the rows come in the order of creation.
    fn condition(&self) -> &'static str {
        if self.from == self.to {
            "vault = ? AND kind = ? AND value = ?"
        } else {
            "vault = ? AND kind = ? AND value BETWEEN ? AND ?"
        }
    }

    /// The condition asked of one object: equality at a point of the index, a range in a set made once.
    fn test(&self) -> String {
        let condition = self.condition();
        if self.from == self.to {
            format!(" AND EXISTS (SELECT 1 FROM attribute WHERE {condition} AND object = o.row)")
        } else {
            format!(" AND o.row IN (SELECT object FROM attribute WHERE {condition})")
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
        if self.from != self.to {
            values.push(value(&self.to));
        }
        values
    }
}

/// A statement from FROM to the last condition, and the column in whose order it walks.
struct Search {
    sql: String,
    values: Vec<Value>,
    order: &'static str,
}

impl<'a> Plan<'a> {
    /// Makes the plan; `None` when nothing can match.
    pub(crate) fn new(filter: &'a Filter, scope: &'a Scope, now: Timestamp) -> Option<Self> {
        let mut plan = Self {
            filter,
            scope,
            now,
            columns: Conditions::default(),
            ranges: Vec::new(),
            is_exact: filter.object_group_member.is_none(),
        };
        if let Some(owner) = &scope.owner {
            plan.columns
                .and("o.owner = ?", [Value::Text(owner.clone())]);
        }
        for (kind, range) in filter.date_ranges() {
            let (from, to) = range?;
            plan.ranges.push(KeyRange {
                kind: keys::kind_number(Some(kind)),
                from: KeyValue::Number(from.0),
                to: KeyValue::Number(to.0),
            });
        }
        for (n, asked) in filter.attributes.iter().enumerate() {
            // Other identifiers point into a batch, and are resolved before they get here.
            if matches!(asked, Attribute::UniqueIdentifier(id) if !matches!(id, UniqueIdentifier::Text(_)))
            {
                return None;
            }
            if n >= CONDITIONS_MAX || !(plan.ask_column(asked) || plan.ask_key(asked)) {
                plan.is_exact = false;
            }
        }
        Some(plan)
    }

    /// Adds a condition on a column of its own; whether there is one.
    fn ask_column(&mut self, asked: &Attribute) -> bool {
        let number = |n: u32| Value::Integer(i64::from(n));
        let (condition, values) = match asked {
            Attribute::ObjectType(own) => ("o.object_type = ?", vec![number(own.0)]),
            Attribute::CryptographicAlgorithm(own) => ("o.algorithm = ?", vec![number(own.0)]),
            Attribute::CryptographicLength(own) => {
                ("o.length = ?", vec![Value::Integer(i64::from(*own))])
            }
            Attribute::CryptographicUsageMask(own) => {
                ("o.usage_mask & ? = ?", vec![number(own.0); 2])
            }
            Attribute::State(own) => {
                let now = Value::Integer(self.now.0);
                let condition = format!("{STATE_AT} = ?");
                self.columns
                    .and(&condition, [now.clone(), now, number(own.0)]);
                return true;
            }
            _ => return false,
        };
        self.columns.and(condition, values);
        true
    }

    /// Adds a condition on a search key; whether that says all that is asked. Dates have their ranges already.
    fn ask_key(&mut self, asked: &Attribute) -> bool {
        match keys::search_key(asked) {
            Some(SearchKey {
                value: KeyValue::Number(_),
                ..
            }) => true,
            Some(key) => {
                let is_whole = key.is_whole;
                self.ranges.push(KeyRange::equal(key));
                is_whole
            }
            None => false,
        }
    }

    /// The page, and how many there are in all.
    pub(crate) fn page(&self, connection: &Connection, page: Page) -> Result<Located> {
        // One snapshot, so that the total is that of the page.
        let snapshot = connection.unchecked_transaction()?;
        let search = self.search(&snapshot)?;
        let mut located = Located::default();
        if !self.is_exact {
            self.visit(&snapshot, &search, |_, id| located.add(id, page))?;
            return Ok(located);
        }
        let mut statement = snapshot.prepare_cached(&format!(
            "SELECT o.id {} ORDER BY {} DESC LIMIT ? OFFSET ?",
            search.sql, search.order
        ))?;
        let signed = |n: u64| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        let limits = [
            signed(page.items_max.unwrap_or(u64::MAX)),
            signed(page.offset),
        ];
        let values = search.values.iter().chain(&limits);
        let ids = statement.query_map(params_from_iter(values), |row| row.get(0).map(ObjectId))?;
        located.ids = ids.collect::<rusqlite::Result<_>>()?;
        located.total = if page == Page::default() {
            u64::try_from(located.ids.len()).unwrap_or(u64::MAX)
        } else {
            count(&snapshot, &search)?
        };
        Ok(located)
    }

    /// Every object that matches with its row, newest first.
    pub(crate) fn all(&self, connection: &Connection) -> Result<Vec<(i64, ObjectId)>> {
        let snapshot = connection.unchecked_transaction()?;
        let search = self.search(&snapshot)?;
        let mut found = Vec::new();
        if self.is_exact {
            let mut statement = snapshot.prepare_cached(&format!(
                "SELECT o.row, o.id {} ORDER BY {} DESC",
                search.sql, search.order
            ))?;
            let mut rows = statement.query(params_from_iter(&search.values))?;
            while let Some(row) = rows.next()? {
                found.push((row.get(0)?, ObjectId(row.get(1)?)));
            }
        } else {
            self.visit(&snapshot, &search, |row, id| found.push((row, id)))?;
        }
        Ok(found)
    }

    /// The row of an object: its place in the order of creation.
    pub(crate) fn row_of(connection: &Connection, id: &ObjectId) -> Result<i64> {
        Ok(connection
            .prepare_cached("SELECT row FROM object WHERE id = ?")?
            .query_row([&id.0], |row| row.get(0))?)
    }

    /// Decodes what SQL found, one record at a time, and shows what matches.
    fn visit(
        &self,
        connection: &Connection,
        search: &Search,
        mut show: impl FnMut(i64, ObjectId),
    ) -> Result<()> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {}, o.row {} ORDER BY {} DESC",
            rows::COLUMNS,
            search.sql,
            search.order
        ))?;
        let mut rows = statement.query(params_from_iter(&search.values))?;
        while let Some(row) = rows.next()? {
            let record = rows::read(row)?;
            if self.filter.matches(&record, self.now) {
                show(row.get("row")?, record.id);
            }
        }
        Ok(())
    }

    /// The search from the key with the fewest objects, or from the vault. The other conditions are asked of each.
    fn search(&self, connection: &Connection) -> Result<Search> {
        let body = if self.is_exact {
            ""
        } else {
            " CROSS JOIN body b ON b.object = o.row"
        };
        let first = self.fewest(connection)?;
        // CROSS JOIN is SQLite's word for this order of the tables, whatever its statistics say.
        let (mut sql, mut values, order) = match first.and_then(|first| self.ranges.get(first)) {
            Some(range) => (
                format!(
                    "FROM (SELECT object FROM attribute WHERE {}) a \
                    CROSS JOIN object o ON o.row = a.object{body} WHERE true",
                    range.condition()
                ),
                range.values(self.scope),
                "a.object",
            ),
            None => (
                format!("FROM object o{body} WHERE o.vault = ?"),
                vec![Value::Text(self.scope.vault.clone())],
                "o.row",
            ),
        };
        let mask = self.filter.storage_mask().0;
        // Of one kind of storage, the index has the objects in the order of creation.
        sql.push_str(if mask.is_power_of_two() {
            " AND o.storage = ?"
        } else {
            " AND o.storage & ? != 0"
        });
        values.push(Value::Integer(i64::from(mask)));
        sql.push_str(&self.columns.sql);
        values.extend(self.columns.values.iter().cloned());
        for (n, range) in self.ranges.iter().enumerate() {
            if Some(n) != first {
                sql.push_str(&range.test());
                values.extend(range.values(self.scope));
            }
        }
        Ok(Search { sql, values, order })
    }

    /// The key condition that the fewest objects meet.
    fn fewest(&self, connection: &Connection) -> Result<Option<usize>> {
        if self.ranges.len() < 2 {
            return Ok((!self.ranges.is_empty()).then_some(0));
        }
        let mut fewest: Option<(i64, usize)> = None;
        for (n, range) in self.ranges.iter().enumerate() {
            let objects: i64 = connection
                .prepare_cached(&format!(
                    "SELECT count(*) FROM (SELECT 1 FROM attribute WHERE {} LIMIT \
                    {OBJECTS_COUNTED_MAX})",
                    range.condition()
                ))?
                .query_row(params_from_iter(range.values(self.scope)), |row| row.get(0))?;
            if fewest.is_none_or(|(least, _)| objects < least) {
                fewest = Some((objects, n));
            }
        }
        Ok(fewest.map(|(_, n)| n))
    }
}

fn count(connection: &Connection, search: &Search) -> Result<u64> {
    let total: i64 = connection
        .prepare_cached(&format!("SELECT count(*) {}", search.sql))?
        .query_row(params_from_iter(&search.values), |row| row.get(0))?;
    Ok(u64::try_from(total).unwrap_or_default())
}
