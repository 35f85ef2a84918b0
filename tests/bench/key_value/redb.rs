//! redb: a B-tree whose pages are copied when they are written.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, TableDefinition, WriteTransaction};

use super::entries::{Entries, Entry};
use super::store::{KeyValueStore, Writer};
use crate::Result;

/// What the report says about it.
pub(crate) const SETUP: &str =
    "version 4, in process, Durability::Immediate, default options (a cache of up to 1 GiB)";

/// The one table.
const ENTRIES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("kv");

/// One database file.
pub(super) struct Redb {
    database: Arc<Database>,
}

impl Redb {
    fn file(directory: &Path) -> PathBuf {
        directory.join("main.redb")
    }

    /// The database, while no writer has it.
    fn alone(&mut self) -> Result<&mut Database> {
        Ok(Arc::get_mut(&mut self.database).ok_or("a writer still has the database")?)
    }
}

fn begin_write(database: &Database) -> Result<WriteTransaction> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    Ok(transaction)
}

/// Whether there is a value, which is read.
fn is_there(table: &ReadOnlyTable<&'static [u8], &'static [u8]>, key: &[u8]) -> Result<bool> {
    let value = table.get(key)?;
    Ok(value.is_some_and(|value| !black_box(value.value()).is_empty()))
}

impl KeyValueStore for Redb {
    const KEEPS_VERSIONS: bool = false;

    type Writer = RedbWriter;

    fn create(directory: &Path) -> Result<Redb> {
        Ok(Redb { database: Arc::new(Database::create(Redb::file(directory))?) })
    }

    fn open(directory: &Path) -> Result<Redb> {
        Ok(Redb { database: Arc::new(Database::open(Redb::file(directory))?) })
    }

    fn load(&mut self, mut entries: Entries) -> Result<()> {
        let transaction = begin_write(&self.database)?;
        {
            let mut table = transaction.open_table(ENTRIES)?;
            while let Some((key, value)) = entries.read()? {
                table.insert(key, value)?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn commit(&mut self, changes: Vec<Entry>) -> Result<()> {
        let transaction = begin_write(&self.database)?;
        {
            let mut table = transaction.open_table(ENTRIES)?;
            for (key, value) in &changes {
                table.insert(key.as_slice(), value.as_slice())?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn get(&self, keys: &[Vec<u8>]) -> Result<u64> {
        let mut found = 0;
        for key in keys {
            let table = self.database.begin_read()?.open_table(ENTRIES)?;
            found += u64::from(is_there(&table, key)?);
        }
        Ok(found)
    }

    fn get_from_snapshot(&self, keys: &[Vec<u8>]) -> Result<u64> {
        let table = self.database.begin_read()?.open_table(ENTRIES)?;
        let mut found = 0;
        for key in keys {
            found += u64::from(is_there(&table, key)?);
        }
        Ok(found)
    }

    fn writer(&self) -> Result<RedbWriter> {
        Ok(RedbWriter(self.database.clone()))
    }

    fn collect_garbage(&mut self) -> Result<()> {
        let database = self.alone()?;
        while database.compact()? {}
        Ok(())
    }

    fn close(self) -> Result<()> {
        let database = Arc::into_inner(self.database).ok_or("a writer still has the database")?;
        database.close()?;
        Ok(())
    }
}

/// A writer; it waits for the others.
pub(super) struct RedbWriter(Arc<Database>);

impl Writer for RedbWriter {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        let transaction = begin_write(&self.0)?;
        {
            let mut table = transaction.open_table(ENTRIES)?;
            table.insert(key.as_slice(), value.as_slice())?;
        }
        transaction.commit()?;
        Ok(())
    }
}
