//! A client at work, one statement or script after the other, until its connection is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::SinkExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, CopyInSink, Error};

use super::dice::Dice;
use super::holdings::{BATCH_IDS, Batch, Holdings, Transfer, branch, message, payload, table, transfer_id};
use super::{ACCOUNTS, Tally, connect};

/// Batches beyond which a client rather deletes than inserts, so that what has to be read after each kill stays little.
const BATCHES_MAX: usize = 24;

/// Something that is there as a whole or not at all.
#[derive(Clone, Debug)]
enum Operation {
    /// One INSERT, on a branch of the client's if one is named.
    Insert {
        number: i64,
        rows: i64,
        branch: Option<String>,
    },
    /// As many INSERTs as rows, between BEGIN and COMMIT.
    InsertEach {
        number: i64,
        rows: i64,
    },
    Copy {
        number: i64,
        rows: i64,
    },
    Mark {
        number: i64,
        mark: i64,
    },
    Delete {
        number: i64,
    },
    Transfer {
        number: i64,
        transfer: Transfer,
    },
    Version {
        number: i64,
    },
    /// Rows and a version with them, in one transaction.
    InsertVersion {
        number: i64,
        rows: i64,
    },
    CreateBranch {
        number: i64,
    },
    DropBranch {
        name: String,
    },
    CollectGarbage,
}

/// A client, and what it was told is done.
pub(super) struct Worker {
    pub(super) client: i64,
    dice: Dice,
    /// Numbers are given once, whatever becomes of what they were given to.
    next_number: i64,
    holdings: Holdings,
    /// What it was not told the outcome of.
    in_flight: Option<Operation>,
    pub(super) tally: Tally,
}

impl Worker {
    pub(super) fn new(client: i64, seed: u64) -> Self {
        Self {
            client,
            dice: Dice::new(seed),
            next_number: 1,
            holdings: Holdings::default(),
            in_flight: None,
            tally: Tally::default(),
        }
    }

    /// Works on the server at a port, until that is killed.
    ///
    /// # Errors
    /// An operation is refused for no reason, or the server hangs up before it is killed.
    pub(super) async fn work(mut self, port: u16, is_killed: Arc<AtomicBool>) -> Result<Self, String> {
        let lost = |worker: Self, what: &str, error: &Error| match is_killed.load(Ordering::SeqCst) {
            true => Ok(worker),
            false => Err(format!("the server hung up on client {} at {what}: {error}", worker.client)),
        };
        let connection = match connect(port).await {
            Ok(connection) => connection,
            Err(error) => return lost(self, "its start", &error),
        };
        loop {
            let operation = self.choose();
            self.in_flight = Some(operation.clone());
            match operation.perform(&connection, self.client).await {
                Ok(()) => {
                    operation.apply(self.client, &mut self.holdings);
                    self.in_flight = None;
                    self.tally.acknowledged += 1;
                    self.tally.collections += u64::from(matches!(operation, Operation::CollectGarbage));
                }
                Err(error) => match error.code() {
                    None => return lost(self, &format!("{operation:?}"), &error),
                    // Another client was faster with the same account.
                    Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE => {
                        self.in_flight = None;
                        self.tally.conflicts += 1;
                    }
                    Some(_) => {
                        return Err(format!("client {} is refused {operation:?}: {error:?}", self.client));
                    }
                },
            }
        }
    }

    /// Takes what is there for what it has, if that is what it was told, or that and all that was in flight.
    pub(super) fn reconcile(&mut self, seen: Holdings) -> Result<(), String> {
        let in_flight = self.in_flight.take();
        self.tally.in_flight += u64::from(in_flight.is_some());
        if seen == self.holdings {
            return Ok(());
        }
        let was_told = seen.difference(&self.holdings);
        let Some(operation) = in_flight else {
            return Err(format!("client {}: {was_told}; nothing was in flight", self.client));
        };
        operation.apply(self.client, &mut self.holdings);
        if seen != self.holdings {
            return Err(format!("client {}: {was_told}; in flight was {operation:?}", self.client));
        }
        self.tally.in_flight_done += 1;
        Ok(())
    }

    fn choose(&mut self) -> Operation {
        let (number, rows) = (self.next_number, 1 + self.dice.below(5));
        self.next_number += 1;
        let some_batch = self.some_batch();
        let some_branch = self.holdings.branches.keys().next().cloned();
        let insert = Operation::Insert { number, rows, branch: None };
        match (self.dice.below(100), some_batch, some_branch) {
            (0..22, Some(number), _) if self.holdings.rows.len() > BATCHES_MAX => {
                Operation::Delete { number }
            }
            (0..22, ..) => insert,
            (22..30, ..) => Operation::InsertEach { number, rows },
            (30..36, ..) => Operation::Copy { number, rows: 4 * rows },
            (36..46, Some(batch), _) => Operation::Mark { number: batch, mark: number },
            (46..52, Some(number), _) => Operation::Delete { number },
            (52..66, ..) => {
                let (giver, step) = (self.dice.below(ACCOUNTS), 1 + self.dice.below(ACCOUNTS - 1));
                let transfer =
                    Transfer { giver, taker: (giver + step) % ACCOUNTS, amount: self.dice.below(50) };
                Operation::Transfer { number, transfer }
            }
            (66..71, ..) => Operation::Version { number },
            (71..76, ..) => Operation::InsertVersion { number, rows },
            (76..86, _, None) => Operation::CreateBranch { number },
            (76..83, _, branch) => Operation::Insert { number, rows, branch },
            (83..86, _, Some(name)) => Operation::DropBranch { name },
            // Of two at once one would be refused.
            (86..100, ..) if self.client == 0 => Operation::CollectGarbage,
            _ => insert,
        }
    }

    fn some_batch(&mut self) -> Option<i64> {
        let count = i64::try_from(self.holdings.rows.len()).ok().filter(|count| *count > 0)?;
        let place = usize::try_from(self.dice.below(count)).ok()?;
        self.holdings.rows.keys().nth(place).copied()
    }
}

impl Operation {
    async fn perform(&self, connection: &Client, client: i64) -> Result<(), Error> {
        let table = table(client);
        match self {
            Self::Insert { number, rows, branch: None } => {
                connection.batch_execute(&insert(&table, *number, *rows)).await
            }
            Self::Insert { number, rows, branch: Some(name) } => {
                connection.batch_execute(&format!("USE BRANCH {name}")).await?;
                connection.batch_execute(&insert(&table, *number, *rows)).await?;
                connection.batch_execute("USE BRANCH main").await
            }
            Self::InsertEach { number, rows } => {
                let inserts: Vec<String> = (0..*rows)
                    .map(|row| format!("INSERT INTO {table} VALUES {}", values(*number, row)))
                    .collect();
                connection.batch_execute(&format!("BEGIN; {}; COMMIT", inserts.join("; "))).await
            }
            Self::Copy { number, rows } => {
                let statement = format!("COPY {table} FROM STDIN (FORMAT csv)");
                let sink: CopyInSink<Bytes> = connection.copy_in(statement.as_str()).await?;
                futures::pin_mut!(sink);
                for row in 0..*rows {
                    let id = number * BATCH_IDS + row;
                    let line = format!("{id},{number},0,{}\n", payload(id));
                    sink.send(Bytes::from(line)).await?;
                }
                sink.finish().await.map(drop)
            }
            Self::Mark { number, mark } => {
                let update = format!("UPDATE {table} SET mark = {mark} WHERE batch = {number}");
                connection.batch_execute(&update).await
            }
            Self::Delete { number } => {
                connection.batch_execute(&format!("DELETE FROM {table} WHERE batch = {number}")).await
            }
            Self::Transfer { number, transfer: Transfer { giver, taker, amount } } => {
                let id = transfer_id(client, *number);
                let script = format!(
                    "BEGIN; UPDATE accounts SET balance = balance - {amount} WHERE id = {giver}; \
                     UPDATE accounts SET balance = balance + {amount} WHERE id = {taker}; \
                     INSERT INTO transfers VALUES ({id}, {giver}, {taker}, {amount}); COMMIT"
                );
                connection.batch_execute(&script).await
            }
            Self::Version { number } => {
                let commit = format!("COMMIT MESSAGE '{}' ALLOW EMPTY", message(client, *number));
                connection.batch_execute(&commit).await
            }
            Self::InsertVersion { number, rows } => {
                let (insert, message) = (insert(&table, *number, *rows), message(client, *number));
                connection.batch_execute(&format!("BEGIN; {insert}; COMMIT MESSAGE '{message}'")).await
            }
            Self::CreateBranch { number } => {
                connection.batch_execute(&format!("CREATE BRANCH {}", branch(client, *number))).await
            }
            Self::DropBranch { name } => connection.batch_execute(&format!("DROP BRANCH {name} FORCE")).await,
            Self::CollectGarbage => connection.batch_execute("COLLECT GARBAGE").await,
        }
    }

    /// What a client has once it is done.
    fn apply(&self, client: i64, holdings: &mut Holdings) {
        match self {
            Self::Insert { number, rows, branch: Some(name) } => {
                let on_branch = holdings.branches.entry(name.clone()).or_default();
                on_branch.insert(*number, Batch { rows: *rows, mark: 0 });
            }
            Self::Insert { number, rows, branch: None }
            | Self::InsertEach { number, rows }
            | Self::Copy { number, rows } => {
                holdings.rows.insert(*number, Batch { rows: *rows, mark: 0 });
            }
            Self::Mark { number, mark } => {
                if let Some(batch) = holdings.rows.get_mut(number) {
                    batch.mark = *mark;
                }
            }
            Self::Delete { number } => {
                holdings.rows.remove(number);
            }
            Self::Transfer { number, transfer } => {
                holdings.transfers.insert(*number, *transfer);
            }
            Self::Version { number } => {
                holdings.versions.insert(*number);
                holdings.last_version = holdings.rows.clone();
            }
            Self::InsertVersion { number, rows } => {
                holdings.rows.insert(*number, Batch { rows: *rows, mark: 0 });
                holdings.versions.insert(*number);
                holdings.last_version = holdings.rows.clone();
            }
            Self::CreateBranch { number } => {
                holdings.branches.insert(branch(client, *number), holdings.rows.clone());
            }
            Self::DropBranch { name } => {
                holdings.branches.remove(name);
            }
            Self::CollectGarbage => {}
        }
    }
}

fn insert(table: &str, number: i64, rows: i64) -> String {
    let rows: Vec<String> = (0..rows).map(|row| values(number, row)).collect();
    format!("INSERT INTO {table} VALUES {}", rows.join(", "))
}

fn values(number: i64, row: i64) -> String {
    let id = number * BATCH_IDS + row;
    format!("({id}, {number}, 0, '{}')", payload(id))
}
