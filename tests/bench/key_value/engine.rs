//! MicroProlly's engine: what is measured.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use microprolly_engine::{CommitOptions, Database, DatabaseOptions, KeyRange, Principal, Session};
use microprolly_storage::RealVfs;

use super::entries::{Entries, Entry};
use super::store::{Appended, KeyValueStore, Writer};
use crate::Result;

/// A session of an open database.
pub(super) struct Engine {
    pub(super) session: Session,
}

impl Engine {
    pub(super) fn create_with(directory: &Path, options: &DatabaseOptions) -> Result<Engine> {
        Engine::of(Database::create_with(Arc::new(RealVfs), directory, options)?)
    }

    pub(super) fn open_with(directory: &Path, options: &DatabaseOptions) -> Result<Engine> {
        Engine::of(Database::open_with(Arc::new(RealVfs), directory, options)?)
    }

    fn of(database: Database) -> Result<Engine> {
        Ok(Engine { session: database.session(Principal::all_powerful("bench"))? })
    }

    /// Reads every entry. Returns how many there are.
    pub(super) fn scan(&self) -> Result<u64> {
        let mut found = 0;
        for entry in self.session.working()?.range(&KeyRange::all()) {
            black_box(entry?);
            found += 1;
        }
        Ok(found)
    }
}

impl KeyValueStore for Engine {
    const KEEPS_VERSIONS: bool = true;

    type Writer = Session;

    fn create(directory: &Path) -> Result<Engine> {
        Engine::of(Database::create(directory)?)
    }

    fn open(directory: &Path) -> Result<Engine> {
        Engine::of(Database::open(directory)?)
    }

    fn load(&mut self, mut entries: Entries) -> Result<()> {
        let mut transaction = self.session.begin_transaction()?;
        while let Some((key, value)) = entries.read()? {
            transaction.put(Bytes::copy_from_slice(key), Bytes::copy_from_slice(value))?;
        }
        transaction.commit_version(CommitOptions::message("loaded"))?;
        Ok(())
    }

    fn commit(&mut self, changes: Vec<Entry>) -> Result<()> {
        let mut transaction = self.session.begin_transaction()?;
        for (key, value) in changes {
            transaction.put(key, value)?;
        }
        transaction.commit_version(CommitOptions::message("changed"))?;
        Ok(())
    }

    fn get(&self, keys: &[Vec<u8>]) -> Result<u64> {
        let mut found = 0;
        for key in keys {
            found += u64::from(black_box(self.session.get(key)?).is_some());
        }
        Ok(found)
    }

    fn get_from_snapshot(&self, keys: &[Vec<u8>]) -> Result<u64> {
        let snapshot = self.session.working()?;
        let mut found = 0;
        for key in keys {
            found += u64::from(black_box(snapshot.get(key)?).is_some());
        }
        Ok(found)
    }

    fn writer(&self) -> Result<Session> {
        Ok(self.session.clone())
    }

    fn collect_garbage(&mut self) -> Result<()> {
        self.session.gc()?;
        Ok(())
    }

    fn appended(&self) -> Result<Option<Appended>> {
        let statistics = self.session.store_statistics()?;
        Ok(Some(Appended { chunks: statistics.chunk_writes, bytes: statistics.bytes }))
    }

    fn close(self) -> Result<()> {
        Ok(())
    }
}

impl Writer for Session {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        Ok(Session::put(self, key, value)?)
    }
}
