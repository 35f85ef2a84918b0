//! A data set as keys and values, in a file that every system loads: making them takes time that is not the systems'.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use crate::Result;
use crate::child::Order;
use crate::dataset::{Column, ColumnType, Dataset, RowOrder};
use crate::generate::{self, User};

/// A key and its value.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// The file's name: for each entry a line of key, tab and value, none of which holds either.
pub(crate) fn file_name(dataset: &Dataset) -> String {
    format!("{}.entries", dataset.name())
}

/// Writes the file: users in the data set's order, flights in that of their keys.
pub(crate) fn write(dataset: &Dataset, scratch: &Path) -> Result<()> {
    let mut file = BufWriter::new(File::create(scratch.join(file_name(dataset)))?);
    match dataset {
        Dataset::Users { rows, order, seed } => {
            let mut keys = generate::user_keys(*seed, *rows);
            if *order == RowOrder::Sorted {
                keys.sort_unstable();
            }
            for key in keys {
                writeln!(file, "{}\t{}", generate::user_id(key), User::new(*seed, key).json())?;
            }
        }
        Dataset::Flights { .. } => {
            for (key, value) in flights(dataset, scratch)? {
                writeln!(file, "{key}\t{value}")?;
            }
        }
    }
    file.flush()?;
    Ok(())
}

/// Key and JSON document of every flight, in the order of the keys.
pub(super) fn flights(dataset: &Dataset, scratch: &Path) -> Result<Vec<(String, String)>> {
    let mut flights = Vec::new();
    for record in csv::Reader::from_path(dataset.csv(scratch))?.records() {
        flights.push(flight(&record?, dataset.columns())?);
    }
    flights.sort_unstable();
    Ok(flights)
}

fn flight(record: &csv::StringRecord, columns: &[Column]) -> Result<(String, String)> {
    let field = |name: &str| {
        let place = columns.iter().position(|(column, _)| *column == name);
        place.and_then(|place| record.get(place)).ok_or_else(|| format!("a flight has no {name}"))
    };
    let key = format!(
        "{}-{:0>2}-{:0>2} {} {:0>4} {} {:0>4}",
        field("year")?,
        field("month")?,
        field("day")?,
        field("carrier")?,
        field("flight")?,
        field("origin")?,
        field("sched_dep_time")?,
    );
    let mut members = Vec::with_capacity(columns.len());
    for ((name, kind), text) in columns.iter().zip(record) {
        let value = match kind {
            _ if text.is_empty() => "null".to_owned(),
            ColumnType::BigInt | ColumnType::Double => text.to_owned(),
            ColumnType::Text | ColumnType::Timestamp => serde_json::to_string(text)?,
        };
        members.push(format!("\"{name}\":{value}"));
    }
    Ok((key, format!("{{{}}}", members.join(","))))
}

/// Reads the file from its beginning.
pub(super) struct Entries {
    file: BufReader<File>,
    line: Vec<u8>,
}

impl Entries {
    const BUFFER_BYTES: usize = 256 * 1_024;

    /// Those of the order's data set.
    pub(super) fn open(order: &Order) -> Result<Entries> {
        let path = order.scratch.join(file_name(&order.dataset));
        let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Entries { file: BufReader::with_capacity(Self::BUFFER_BYTES, file), line: Vec::new() })
    }

    /// The next key and value, none at the end.
    pub(super) fn read(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        self.line.clear();
        if self.file.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let tab = line.iter().position(|byte| *byte == b'\t').ok_or("a line without a tab")?;
        Ok(Some((&line[..tab], &line[tab + 1..])))
    }
}

/// Bytes of all keys and values of the order's data set.
pub(super) fn bytes(order: &Order) -> Result<u64> {
    /// The tab and the end of the line.
    const SEPARATORS: u64 = 2;
    let file = fs::metadata(order.scratch.join(file_name(&order.dataset)))?;
    Ok(file.len() - SEPARATORS * order.dataset.rows())
}
