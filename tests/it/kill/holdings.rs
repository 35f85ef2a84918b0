//! What a client has in the database, and nobody else writes: its table on main and on branches of its own, its versions, its transfers.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::query;

/// Rows that one transaction wrote. They carry its number, so that one that is there by half shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) rows: i64,
    /// What an UPDATE sets in all of them at once.
    pub(super) mark: i64,
}

/// The rows of a client's table, by the numbers of the transactions that wrote them.
pub(super) type Rows = BTreeMap<i64, Batch>;

/// Money that went from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transfer {
    pub(super) giver: i64,
    pub(super) taker: i64,
    pub(super) amount: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holdings {
    pub(super) rows: Rows,
    /// Its branches, and the rows of its table on each.
    pub(super) branches: BTreeMap<String, Rows>,
    /// The numbers of its versions.
    pub(super) versions: BTreeSet<i64>,
    /// The rows of its table in the last of them.
    pub(super) last_version: Rows,
    pub(super) transfers: BTreeMap<i64, Transfer>,
}

/// Ids of a batch's rows begin with its number.
pub(super) const BATCH_IDS: i64 = 100;

/// Numbers of a client's transfers begin with the client's.
const TRANSFER_IDS: i64 = 1_000_000;

/// One batch in so many has a row whose value is kept out of line.
const LARGE_EVERY: i64 = 9;
const LARGE_REPEATS: usize = 1_500;

/// What a row has besides numbers; it follows from its id.
pub(super) fn payload(id: i64) -> String {
    let is_large = id % (BATCH_IDS * LARGE_EVERY) == 0;
    format!("{id:06}.").repeat(if is_large { LARGE_REPEATS } else { 3 })
}

pub(super) fn table(client: i64) -> String {
    format!("rows_{client}")
}

pub(super) fn branch(client: i64, number: i64) -> String {
    format!("c{client}_{number}")
}

pub(super) fn message(client: i64, number: i64) -> String {
    format!("client {client} version {number}")
}

pub(super) fn transfer_id(client: i64, number: i64) -> i64 {
    client * TRANSFER_IDS + number
}

impl Holdings {
    /// What is there of a client.
    pub(super) async fn observe(connection: &Client, client: i64) -> Result<Self, String> {
        let table = table(client);
        let mut holdings = Self { rows: read_rows(connection, &table).await?, ..Self::default() };
        for row in query(connection, "SELECT name FROM prolly.branches").await? {
            let name: String = row.get(0);
            if name.starts_with(&branch_prefix(client)) {
                let rows = read_rows(connection, &format!("{table} ON BRANCH '{name}'")).await?;
                holdings.branches.insert(name, rows);
            }
        }
        let mut ids = BTreeMap::new();
        for row in query(connection, "SELECT commit_id, message FROM prolly.log").await? {
            let (id, said): (String, String) = (row.get(0), row.get(1));
            let number = said.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(-1);
            if said == message(client, number) && ids.insert(number, id).is_some() {
                return Err(format!("there are two of {said:?}"));
            }
        }
        if let Some((_, id)) = ids.last_key_value() {
            holdings.last_version = read_rows(connection, &format!("{table} AS OF '{id}'")).await?;
        }
        holdings.versions = ids.into_keys().collect();
        let (from, to) = (transfer_id(client, 0), transfer_id(client + 1, 0));
        let transfers = format!(
            "SELECT id, giver, taker, amount FROM transfers WHERE id >= {from} AND id < {to} ORDER BY id"
        );
        for row in query(connection, &transfers).await? {
            let transfer = Transfer { giver: row.get(1), taker: row.get(2), amount: row.get(3) };
            holdings.transfers.insert(row.get::<_, i64>(0) - from, transfer);
        }
        Ok(holdings)
    }

    /// In what they differ, for a person to read.
    pub(super) fn difference(&self, other: &Self) -> String {
        if self.rows != other.rows {
            return format!("its rows are {:?} instead of {:?}", self.rows, other.rows);
        }
        if self.branches != other.branches {
            return format!("its branches are {:?} instead of {:?}", self.branches, other.branches);
        }
        if self.versions != other.versions {
            return format!("its versions are {:?} instead of {:?}", self.versions, other.versions);
        }
        if self.last_version != other.last_version {
            return format!(
                "its last version has {:?} instead of {:?}",
                self.last_version, other.last_version
            );
        }
        format!("its transfers are {:?} instead of {:?}", self.transfers, other.transfers)
    }
}

fn branch_prefix(client: i64) -> String {
    format!("c{client}_")
}

/// The batches in a table, or in a version of it. One with a row that does not belong to it is an error.
async fn read_rows(connection: &Client, source: &str) -> Result<Rows, String> {
    let mut rows = Rows::new();
    let sql = format!("SELECT id, batch, mark, payload FROM {source} ORDER BY id");
    for row in query(connection, &sql).await? {
        let (id, number, mark): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let batch = rows.entry(number).or_insert(Batch { rows: 0, mark });
        if id != number * BATCH_IDS + batch.rows || mark != batch.mark || row.get::<_, &str>(3) != payload(id)
        {
            return Err(format!(
                "batch {number} of {source} is torn at row {id}, which has mark {mark}; {batch:?}"
            ));
        }
        batch.rows += 1;
    }
    Ok(rows)
}
