//! One measurement in a process of its own: the order goes down on the command line, the figures come back on stdout, both as JSON.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::dataset::Dataset;
use crate::measure::Figure;
use crate::peers::parquet::Parquet;
use crate::peers::postgres::Postgres;
use crate::peers::sqlite::Sqlite;
use crate::subject::Subject;
use crate::system::SystemName;
use crate::task::Task;
use crate::work::Work;

/// What a child is to do.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) work: Work,
    pub(crate) system: SystemName,
    pub(crate) dataset: Dataset,
    /// Holds the data files and the stores.
    pub(crate) scratch: PathBuf,
    /// Reads by key.
    pub(crate) gets: u64,
}

impl Order {
    /// Where the store is that this system does the work on.
    pub(crate) fn directory(&self) -> PathBuf {
        let system = self.scratch.join(format!("{:?}", self.system).to_lowercase());
        system.join(self.work.store_name(&self.dataset))
    }

    /// Has a child process do it.
    pub(crate) fn send(&self) -> Result<Vec<Figure>> {
        let child = Command::new(env::current_exe()?)
            .arg("--order")
            .arg(serde_json::to_string(self)?)
            .stderr(Stdio::piped())
            .output()?;
        if !child.status.success() {
            let said = String::from_utf8_lossy(&child.stderr);
            let reason = said.trim().trim_start_matches("bench: ");
            return Err(format!("{:?} failed ({}): {reason}", self.work, child.status).into());
        }
        Ok(serde_json::from_slice(&child.stdout)?)
    }
}

/// Does what the order says, in this process, and prints the figures.
pub(crate) fn obey(order: &str) -> Result<()> {
    let order: Order = serde_json::from_str(order)?;
    let figures = match order.work {
        Work::Sql(task) => obey_with_sql(task, &order)?,
        Work::KeyValue(task) => task.measure(&order)?,
    };
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

fn obey_with_sql(task: Task, order: &Order) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match order.system {
            SystemName::MicroProlly => task.measure::<Subject>(order).await,
            SystemName::Postgres => task.measure::<Postgres>(order).await,
            SystemName::Sqlite => task.measure::<Sqlite>(order).await,
            SystemName::Parquet => task.measure::<Parquet>(order).await,
            system => Err(format!("{system} has no SQL").into()),
        }
    })
}
