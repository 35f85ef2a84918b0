//! `microprolly import`: a CSV file into a table and a commit of it, in one transaction.
//!
//! The file is read twice. The first reading ([`scan`]) looks at every value and picks for each column the
//! narrowest type that keeps them all exactly ([`infer`]); the second ([`load`]) feeds the file to COPY. So
//! a type never turns out to be wrong after a million rows, and whatever goes wrong changes nothing.

mod infer;
mod load;
mod number;
mod plan;
mod progress;
mod records;
mod request;
mod scan;
pub(crate) mod source;

use std::collections::HashSet;

pub(crate) use request::ImportRequest;

use crate::failure::Failure;
use crate::import::plan::{Existing, Plan};
use crate::import::progress::Progress;
use crate::import::source::CsvFile;
use crate::runner::Runner;

/// Refuses what is wrong with the request whatever the database holds: arguments that contradict each other,
/// a file that cannot be read. Call it before the store is opened, or made.
pub(crate) fn check(request: &ImportRequest) -> Result<(), Failure> {
    request.check()?;
    CsvFile::new(request.file.clone()).open().map(drop)
}

/// Imports the file on the runner's branch.
pub(crate) async fn run(mut runner: Runner, request: ImportRequest) -> Result<(), Failure> {
    let file = CsvFile::new(request.file.clone());
    let existing = existing_table(&runner, &request)?;
    let plan = match existing {
        Some(existing) => {
            let header = scan::read_header(&file, request.delimiter.byte())?;
            Plan::for_existing(&existing, &header, &request)?
        }
        None => {
            if request.key.is_empty() {
                return Err(Failure::Usage(format!(
                    "the table {} is new: say which columns are its key, with --key a,b",
                    request.table
                )));
            }
            let progress = Progress::begin("reading", &file)?;
            let wanted: HashSet<&str> = request.types.iter().map(|given| given.column.as_str()).collect();
            let scan = scan::scan(&file, &request, &wanted, &progress);
            progress.clear();
            Plan::for_new(&scan?, &request)?
        }
    };
    load::load(&mut runner, &file, &plan, &request).await
}

/// The table that the rows go into, if it exists.
fn existing_table(runner: &Runner, request: &ImportRequest) -> Result<Option<Existing>, Failure> {
    let tables = runner.catalog.tables()?;
    let found = tables.into_iter().find(|table| table.schema == "public" && table.name == request.table);
    match found {
        Some(_) if !request.append => Err(Failure::refused_with_hint(
            format!("the table {} exists already", request.table),
            "--append adds the rows to it.",
        )),
        Some(table) => Ok(Some(Existing {
            columns: table.columns.into_iter().map(|column| column.name).collect(),
            primary_key: table.primary_key,
        })),
        None => Ok(None),
    }
}
