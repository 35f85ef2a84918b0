//! DataFusion on a Parquet file: what a scan costs when a file format made for scans does it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionContext};

use crate::dataset::{ColumnType, Dataset};
use crate::system::Store;
use crate::{Result, measure};

/// What the report says about it.
pub(crate) fn setup() -> String {
    format!(
        "{}, in process, default options, one file, statistics and no other index",
        datafusion::DATAFUSION_VERSION
    )
}

/// One file in its directory.
pub(crate) struct Parquet {
    context: SessionContext,
    directory: PathBuf,
}

impl Parquet {
    fn file(&self) -> PathBuf {
        self.directory.join("rows.parquet")
    }
}

impl Store for Parquet {
    async fn create(directory: &Path) -> Result<Self> {
        Self::open(directory).await
    }

    async fn open(directory: &Path) -> Result<Self> {
        Ok(Parquet { context: SessionContext::new(), directory: directory.to_owned() })
    }

    async fn load(&mut self, dataset: &Dataset, csv: &Path) -> Result<()> {
        let schema = schema(dataset);
        let rows = self.context.read_csv(utf8(csv)?, CsvReadOptions::new().schema(&schema)).await?;
        let options = DataFrameWriteOptions::new().with_single_file_output(true);
        rows.write_parquet(utf8(&self.file())?, options, None).await?;
        File::open(self.file())?.sync_all()?;
        File::open(&self.directory)?.sync_all()?;
        Ok(())
    }

    async fn group_by(&mut self, dataset: &Dataset) -> Result<u64> {
        if !self.context.table_exist(dataset.table())? {
            let path = self.file();
            self.context
                .register_parquet(dataset.table(), utf8(&path)?, ParquetReadOptions::default())
                .await?;
        }
        let batches = self.context.sql(dataset.group_by()).await?.collect().await?;
        measure::sum_of_first_column(&batches)
    }

    async fn close(self, _dataset: &Dataset) -> Result<u64> {
        Ok(fs::metadata(self.file())?.len())
    }
}

fn schema(dataset: &Dataset) -> Schema {
    let field = |(name, kind): &(&str, ColumnType)| {
        let kind = match kind {
            ColumnType::Text => DataType::Utf8,
            ColumnType::BigInt => DataType::Int64,
            ColumnType::Double => DataType::Float64,
            ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
        };
        Field::new(*name, kind, true)
    };
    Schema::new(dataset.columns().iter().map(field).collect::<Vec<_>>())
}

fn utf8(path: &Path) -> Result<&str> {
    Ok(path.to_str().ok_or("the scratch directory's name is not UTF-8")?)
}
