//! Keys and values, one operation at a time.

use bytes::Bytes;
use microprolly_storage::KeyRange;

use super::Session;
use crate::error::Result;
use crate::snapshot::SnapshotCursor;

impl Session {
    /// The value under a key in the branch's working state.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        self.working()?.get(key.as_ref())
    }

    /// Sets a key; durable on return.
    ///
    /// # Errors
    /// When a type claims the key and refuses the value, or a limit is passed.
    pub fn put(&self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Result<()> {
        let mut transaction = self.begin_transaction()?;
        transaction.put(key, value)?;
        transaction.commit()
    }

    /// Deletes a key; durable on return. Deleting what is not there changes
    /// nothing.
    pub fn delete(&self, key: impl Into<Bytes>) -> Result<()> {
        let mut transaction = self.begin_transaction()?;
        transaction.delete(key)?;
        transaction.commit()
    }

    /// The entries from `start`, included, to `end`, excluded, in key order;
    /// from the back in reverse. `take(n)` limits what is read.
    pub fn get_range(&self, start: impl AsRef<[u8]>, end: impl AsRef<[u8]>) -> Result<SnapshotCursor> {
        let range =
            KeyRange::between(Bytes::copy_from_slice(start.as_ref()), Bytes::copy_from_slice(end.as_ref()));
        Ok(self.working()?.range(&range))
    }

    /// The entries whose keys begin with `prefix`, in key order; from the back
    /// in reverse.
    pub fn get_prefix(&self, prefix: impl AsRef<[u8]>) -> Result<SnapshotCursor> {
        Ok(self.working()?.range(&KeyRange::prefix(prefix.as_ref())))
    }
}
