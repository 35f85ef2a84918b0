//! What a child process does: a task of SQL, or one of keys and values.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::dataset::Dataset;
use crate::key_value::{self, KeyValueTask};
use crate::task::Task;

/// What a child process measures, or prepares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    Sql(Task),
    KeyValue(KeyValueTask),
}

impl Work {
    /// The first words of its table's heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Work::Sql(task) => task.title(),
            Work::KeyValue(task) => task.title(),
        }
    }

    /// What its figures mean.
    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Work::Sql(task) => task.explanation(),
            Work::KeyValue(task) => task.explanation(),
        }
    }

    /// What makes the store that it works on: itself if it makes that anew, nothing if it needs none.
    pub(crate) fn preparation(self) -> Option<Work> {
        match self {
            Work::Sql(_) => Some(Work::Sql(Task::Load)),
            Work::KeyValue(task) => task.preparation().map(Work::KeyValue),
        }
    }

    /// The name of that store. Equal for works that share it.
    pub(crate) fn store_name(self, dataset: &Dataset) -> String {
        match self {
            Work::Sql(_) => dataset.name(),
            Work::KeyValue(task) => format!("{}-{}", dataset.name(), task.store_kind()),
        }
    }

    /// The name of the file that it reads the rows from.
    pub(crate) fn input_name(self, dataset: &Dataset) -> String {
        match self {
            Work::Sql(_) => dataset.csv_name(),
            Work::KeyValue(_) => key_value::input_name(dataset),
        }
    }

    /// Writes that file.
    pub(crate) fn write_input(self, dataset: &Dataset, scratch: &Path) -> Result<()> {
        match self {
            Work::Sql(_) => dataset.write_csv(scratch),
            Work::KeyValue(_) => key_value::write_input(dataset, scratch),
        }
    }
}
