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

/// What a child is to do.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) task: Task,
    pub(crate) system: SystemName,
    pub(crate) dataset: Dataset,
    /// Holds the data files and the stores.
    pub(crate) scratch: PathBuf,
    /// Reads by key.
    pub(crate) gets: u64,
}

impl Order {
    /// Where the store of this system and dataset is.
    pub(crate) fn directory(&self) -> PathBuf {
        self.scratch.join(format!("{:?}", self.system).to_lowercase()).join(self.dataset.name())
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
            return Err(format!("{:?} failed ({}): {reason}", self.task, child.status).into());
        }
        Ok(serde_json::from_slice(&child.stdout)?)
    }
}

/// Does what the order says, in this process, and prints the figures.
pub(crate) fn obey(order: &str) -> Result<()> {
    let order: Order = serde_json::from_str(order)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let figures = runtime.block_on(async {
        match order.system {
            SystemName::MicroProlly => order.task.measure::<Subject>(&order).await,
            SystemName::Postgres => order.task.measure::<Postgres>(&order).await,
            SystemName::Sqlite => order.task.measure::<Sqlite>(&order).await,
            SystemName::Parquet => order.task.measure::<Parquet>(&order).await,
        }
    })?;
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}
