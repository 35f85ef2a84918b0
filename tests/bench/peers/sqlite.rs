//! SQLite in process: a write-ahead log, synced at every commit.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

use crate::Result;
use crate::dataset::{Column, ColumnType, Dataset};
use crate::system::Store;

/// Page cache in KiB; the default of 2 MiB would be a handicap.
const CACHE_KIB: u32 = 64 * 1_024;
/// Files up to this size are read through a memory map.
const MMAP_BYTES: i64 = 1 << 30;

/// What the report says about it.
pub(crate) fn setup() -> String {
    format!(
        "{}, in process, WAL, synchronous = FULL, cache {} MiB, memory map {} MiB, tables WITHOUT ROWID",
        rusqlite::version(),
        CACHE_KIB / 1_024,
        MMAP_BYTES >> 20,
    )
}

/// One database file.
pub(crate) struct Sqlite {
    connection: Connection,
    directory: PathBuf,
}

impl Sqlite {
    fn file(directory: &Path, name: &str) -> PathBuf {
        directory.join(format!("{name}.sqlite"))
    }

    pub(crate) fn connect(path: &Path) -> Result<Connection> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -i64::from(CACHE_KIB))?;
        connection.pragma_update(None, "mmap_size", MMAP_BYTES)?;
        Ok(connection)
    }

    /// Moves all of the log into the database file.
    pub(crate) fn checkpoint(connection: &Connection) -> Result<()> {
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
            .map_err(Into::into)
            .and_then(|busy| if busy == 0 { Ok(()) } else { Err("the checkpoint was blocked".into()) })
    }
}

impl Store for Sqlite {
    async fn create(directory: &Path) -> Result<Self> {
        Self::open(directory).await
    }

    async fn open(directory: &Path) -> Result<Self> {
        let connection = Self::connect(&Self::file(directory, MAIN))?;
        Ok(Sqlite { connection, directory: directory.to_owned() })
    }

    async fn load(&mut self, dataset: &Dataset, csv: &Path) -> Result<()> {
        self.connection.execute_batch(&format!("{} WITHOUT ROWID", dataset.create_table()))?;
        let columns = dataset.columns();
        let marks = vec!["?"; columns.len()].join(", ");
        let transaction = self.connection.transaction()?;
        {
            let mut insert =
                transaction.prepare(&format!("INSERT INTO {} VALUES ({marks})", dataset.table()))?;
            let mut reader = csv::Reader::from_path(csv)?;
            let mut record = csv::StringRecord::new();
            while reader.read_record(&mut record)? {
                let fields = record.iter().zip(columns).map(|(text, column)| Field { text, column });
                insert.execute(params_from_iter(fields))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    async fn after_load(&mut self, _dataset: &Dataset) -> Result<()> {
        Self::checkpoint(&self.connection)?;
        self.connection.execute_batch("ANALYZE")?;
        Ok(())
    }

    async fn group_by(&mut self, dataset: &Dataset) -> Result<u64> {
        let mut statement = self.connection.prepare(dataset.group_by())?;
        let counts = statement.query_map([], |row| row.get::<_, i64>(0))?;
        Ok(counts.sum::<rusqlite::Result<i64>>()? as u64)
    }

    async fn get(&mut self, ids: &[String]) -> Result<u64> {
        let mut statement = self.connection.prepare("SELECT * FROM users WHERE id = ?")?;
        let columns = statement.column_count();
        let mut found = 0;
        for id in ids {
            let mut rows = statement.query([id])?;
            while let Some(row) = rows.next()? {
                for column in 0..columns {
                    std::hint::black_box(row.get_ref(column)?);
                }
                found += 1;
            }
        }
        Ok(found)
    }

    async fn branch(&mut self, name: &str) -> Result<()> {
        let copy = Self::file(&self.directory, name);
        fs::copy(Self::file(&self.directory, MAIN), &copy)?;
        File::open(&copy)?.sync_all()?;
        File::open(&self.directory)?.sync_all()?;
        let connection = Self::connect(&copy)?;
        connection.query_row("SELECT 1 FROM users LIMIT 1", [], |row| row.get::<_, i64>(0))?;
        Ok(())
    }

    async fn drop_branch(&mut self, name: &str) -> Result<()> {
        self.connection.execute_batch("DETACH DATABASE branch").or_else(ignore_not_attached)?;
        fs::remove_file(Self::file(&self.directory, name))?;
        Ok(())
    }

    async fn change(&mut self, branch: &str, ids: &[String]) -> Result<()> {
        let path = Self::file(&self.directory, branch);
        let mut connection = Self::connect(&path)?;
        let transaction = connection.transaction()?;
        for id in ids {
            transaction.execute("UPDATE users SET age = age + 1 WHERE id = ?", [id])?;
        }
        transaction.commit()?;
        Self::checkpoint(&connection)?;
        connection.close().map_err(|(_, error)| error)?;
        Ok(())
    }

    async fn before_diff(&mut self, branch: &str) -> Result<()> {
        let path = Self::file(&self.directory, branch);
        let path = path.to_str().ok_or("the scratch directory's name is not UTF-8")?;
        self.connection.execute("ATTACH DATABASE ? AS branch", [path])?;
        Ok(())
    }

    async fn diff(&mut self, _branch: &str) -> Result<u64> {
        let removed = "SELECT * FROM main.users EXCEPT SELECT * FROM branch.users";
        let added = "SELECT * FROM branch.users EXCEPT SELECT * FROM main.users";
        let mut differing = std::collections::HashSet::new();
        for side in [removed, added] {
            let mut statement = self.connection.prepare(side)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                differing.insert(row.get::<_, String>(0)?);
            }
        }
        Ok(differing.len() as u64)
    }

    async fn close(self, _dataset: &Dataset) -> Result<u64> {
        Self::checkpoint(&self.connection)?;
        self.connection.close().map_err(|(_, error)| error)?;
        Ok(fs::metadata(Self::file(&self.directory, MAIN))?.len())
    }
}

/// The first version of the data.
const MAIN: &str = "main";

/// A branch whose differences nobody asked for was never attached.
fn ignore_not_attached(error: rusqlite::Error) -> Result<()> {
    if error.to_string().contains("no such database") { Ok(()) } else { Err(error.into()) }
}

/// A field of CSV as its column wants it: nothing is NULL.
struct Field<'a> {
    text: &'a str,
    column: &'a Column,
}

impl ToSql for Field<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let wrong =
            |error: Box<dyn std::error::Error + Send + Sync>| rusqlite::Error::ToSqlConversionFailure(error);
        Ok(match self.column.1 {
            _ if self.text.is_empty() => ToSqlOutput::Owned(Value::Null),
            ColumnType::BigInt => {
                ToSqlOutput::Owned(Value::Integer(self.text.parse().map_err(|e| wrong(Box::new(e)))?))
            }
            ColumnType::Double => {
                ToSqlOutput::Owned(Value::Real(self.text.parse().map_err(|e| wrong(Box::new(e)))?))
            }
            ColumnType::Text | ColumnType::Timestamp => {
                ToSqlOutput::Borrowed(ValueRef::Text(self.text.as_bytes()))
            }
        })
    }
}
