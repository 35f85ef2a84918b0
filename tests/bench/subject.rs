//! MicroProlly, embedded: what is measured.

use std::fs::File;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use futures::TryStreamExt;
use microprolly_sql::{Database, Outcome, Principal, Session};

use crate::dataset::{self, Dataset};
use crate::system::Store;
use crate::{Result, measure};

/// What the report says about it.
pub(crate) const SETUP: &str = "embedded, default options; with tables every statement through SQL, with keys and values the engine's own interface";

/// The counter of tree nodes asked for, in a cache or not.
const CHUNKS_READ: &str = "SELECT CAST(value AS BIGINT) FROM prolly.stats WHERE name = 'nodes_read'";

/// An open store and the session that works on it.
pub(crate) struct Subject {
    session: Session,
    directory: PathBuf,
}

impl Subject {
    fn with(database: Database, directory: &Path) -> Result<Self> {
        let session = database.session(Principal::all_powerful("bench"))?;
        Ok(Subject { session, directory: directory.to_owned() })
    }

    /// Runs statements to their end and returns what they select.
    async fn run(&mut self, sql: &str) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        for outcome in self.session.run(sql).await? {
            batches.extend(rows_of(outcome).await?);
        }
        Ok(batches)
    }
}

impl Store for Subject {
    async fn create(directory: &Path) -> Result<Self> {
        Self::with(Database::create(directory)?, directory)
    }

    async fn open(directory: &Path) -> Result<Self> {
        Self::with(Database::open(directory)?, directory)
    }

    async fn load(&mut self, dataset: &Dataset, csv: &Path) -> Result<()> {
        self.run(&dataset.create_table()).await?;
        let copy = format!("COPY {} FROM STDIN (FORMAT csv, HEADER)", dataset.table());
        let outcome = self.session.run(&copy).await?.pop();
        let Some(Outcome::CopyIn(mut target)) = outcome else {
            return Err("COPY did not ask for data".into());
        };
        let mut file = File::open(csv)?;
        while let Some(piece) = dataset::next_piece(&mut file)? {
            target.write(&mut self.session, piece).await?;
        }
        let tag = target.finish(&mut self.session).await?;
        if tag != format!("COPY {}", dataset.rows()) {
            return Err(format!("COPY ended with {tag:?}").into());
        }
        self.run("COMMIT MESSAGE 'loaded'").await?;
        Ok(())
    }

    async fn group_by(&mut self, dataset: &Dataset) -> Result<u64> {
        measure::sum_of_first_column(&self.run(dataset.group_by()).await?)
    }

    async fn get(&mut self, ids: &[String]) -> Result<u64> {
        let mut parsed = self.session.parse("SELECT * FROM users WHERE id = $1")?;
        let statement = parsed.pop().ok_or("no statement was parsed")?;
        let prepared = self.session.prepare(&statement, &[Some(DataType::Utf8)]).await?;
        let mut found = 0;
        for id in ids {
            let outcome = self.session.execute(&prepared, &[ScalarValue::Utf8(Some(id.clone()))]).await?;
            found += row_count(&std::hint::black_box(rows_of(outcome).await?));
        }
        Ok(found)
    }

    async fn branch(&mut self, name: &str) -> Result<()> {
        self.run(&format!("CREATE BRANCH {name}")).await?;
        self.run(&format!("USE BRANCH {name}")).await?;
        Ok(())
    }

    async fn drop_branch(&mut self, name: &str) -> Result<()> {
        self.run("USE BRANCH main").await?;
        self.run(&format!("DROP BRANCH {name} FORCE")).await?;
        Ok(())
    }

    async fn change(&mut self, branch: &str, ids: &[String]) -> Result<()> {
        let quoted: Vec<_> = ids.iter().map(|id| format!("'{id}'")).collect();
        self.run(&format!("USE BRANCH {branch}")).await?;
        self.run(&format!("UPDATE users SET age = age + 1 WHERE id IN ({})", quoted.join(", "))).await?;
        self.run("COMMIT MESSAGE 'a year older'").await?;
        Ok(())
    }

    async fn diff(&mut self, branch: &str) -> Result<u64> {
        Ok(row_count(&self.run(&format!("DIFF 'main' '{branch}' ON users")).await?))
    }

    async fn chunks_read(&mut self) -> Result<Option<u64>> {
        measure::sum_of_first_column(&self.run(CHUNKS_READ).await?).map(Some)
    }

    async fn close(self, _dataset: &Dataset) -> Result<u64> {
        let directory = self.directory.clone();
        drop(self);
        measure::directory_bytes(&directory)
    }
}

/// The rows of a statement, all of them read; none of a statement that selects nothing.
async fn rows_of(outcome: Outcome) -> Result<Vec<RecordBatch>> {
    match outcome {
        Outcome::Rows { stream, .. } => Ok(stream.try_collect().await?),
        Outcome::Done { .. } => Ok(Vec::new()),
        Outcome::CopyIn(_) | Outcome::CopyOut(_) => Err("COPY where rows were expected".into()),
    }
}

fn row_count(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.num_rows() as u64).sum()
}
