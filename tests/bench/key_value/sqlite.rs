//! SQLite as a store of keys and values.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::entries::{Entries, Entry};
use super::store::{KeyValueStore, Writer};
use crate::Result;
use crate::peers::sqlite::Sqlite;

const CREATE: &str = "CREATE TABLE kv (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID";
const INSERT: &str = "INSERT INTO kv VALUES (?, ?)";
const PUT: &str = "INSERT INTO kv VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const GET: &str = "SELECT value FROM kv WHERE key = ?";

/// How long a writer waits for others.
const BUSY_TIME_MAX: Duration = Duration::from_secs(60);

/// One database file, set up as for its tables.
pub(super) struct SqliteEntries {
    connection: Connection,
    file: PathBuf,
}

impl SqliteEntries {
    fn connect(file: &Path) -> Result<Connection> {
        let connection = Sqlite::connect(file)?;
        connection.busy_timeout(BUSY_TIME_MAX)?;
        Ok(connection)
    }

    fn read_all(&self, keys: &[Vec<u8>]) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(GET)?;
        let mut found = 0;
        for key in keys {
            let mut rows = statement.query([key])?;
            while let Some(row) = rows.next()? {
                black_box(row.get_ref(0)?);
                found += 1;
            }
        }
        Ok(found)
    }
}

impl KeyValueStore for SqliteEntries {
    const KEEPS_VERSIONS: bool = false;

    type Writer = Connection;

    fn create(directory: &Path) -> Result<SqliteEntries> {
        let store = Self::open(directory)?;
        store.connection.execute_batch(CREATE)?;
        Ok(store)
    }

    fn open(directory: &Path) -> Result<SqliteEntries> {
        let file = directory.join("main.sqlite");
        Ok(SqliteEntries { connection: Self::connect(&file)?, file })
    }

    fn load(&mut self, mut entries: Entries) -> Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare(INSERT)?;
            while let Some((key, value)) = entries.read()? {
                insert.execute((key, value))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn commit(&mut self, changes: Vec<Entry>) -> Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut put = transaction.prepare_cached(PUT)?;
            for (key, value) in &changes {
                put.execute((key, value))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn get(&self, keys: &[Vec<u8>]) -> Result<u64> {
        self.read_all(keys)
    }

    fn get_from_snapshot(&self, keys: &[Vec<u8>]) -> Result<u64> {
        let transaction = self.connection.unchecked_transaction()?;
        let found = self.read_all(keys)?;
        transaction.commit()?;
        Ok(found)
    }

    fn writer(&self) -> Result<Connection> {
        Self::connect(&self.file)
    }

    fn settle(&self) -> Result<()> {
        Sqlite::checkpoint(&self.connection)
    }

    fn collect_garbage(&mut self) -> Result<()> {
        self.connection.execute_batch("VACUUM")?;
        self.settle()
    }

    fn close(self) -> Result<()> {
        self.settle()?;
        self.connection.close().map_err(|(_, error)| error)?;
        Ok(())
    }
}

impl Writer for Connection {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        self.prepare_cached(PUT)?.execute((key, value))?;
        Ok(())
    }
}
