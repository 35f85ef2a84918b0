//! The rows that are measured on: their columns, their CSV file, and the statements that all systems run on them.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::generate::{self, User};

/// A column's name and SQL type; the type's name means the same in all systems (SQLite takes its affinity from it).
pub(crate) type Column = (&'static str, ColumnType);

/// The types that the data sets use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Text,
    BigInt,
    Double,
    Timestamp,
}

impl ColumnType {
    fn sql(self) -> &'static str {
        match self {
            ColumnType::Text => "TEXT",
            ColumnType::BigInt => "BIGINT",
            ColumnType::Double => "DOUBLE PRECISION",
            ColumnType::Timestamp => "TIMESTAMPTZ",
        }
    }
}

use ColumnType::{BigInt, Double, Text, Timestamp};

const USER_COLUMNS: [Column; 8] = [
    ("id", Text),
    ("name", Text),
    ("email", Text),
    ("role", Text),
    ("status", Text),
    ("age", BigInt),
    ("created_at", Timestamp),
    ("score", Double),
];
const FLIGHT_COLUMNS: [Column; 19] = [
    ("year", BigInt),
    ("month", BigInt),
    ("day", BigInt),
    ("dep_time", BigInt),
    ("sched_dep_time", BigInt),
    ("dep_delay", BigInt),
    ("arr_time", BigInt),
    ("sched_arr_time", BigInt),
    ("arr_delay", BigInt),
    ("carrier", Text),
    ("flight", BigInt),
    ("tailnum", Text),
    ("origin", Text),
    ("dest", Text),
    ("air_time", BigInt),
    ("distance", BigInt),
    ("hour", BigInt),
    ("minute", BigInt),
    ("time_hour", Timestamp),
];

/// In which order of the key the rows arrive.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RowOrder {
    /// Ascending.
    Sorted,
    /// None.
    Shuffled,
}

/// A table's worth of rows.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Dataset {
    /// Generated.
    Users { rows: u64, order: RowOrder, seed: u64 },
    /// Real: flights from New York City in 2013, in the order of their departure.
    Flights { rows: u64, source: PathBuf },
}

impl Dataset {
    pub(crate) fn users(rows: u64, order: RowOrder, seed: u64) -> Dataset {
        Dataset::Users { rows, order, seed }
    }

    /// The flights of a gzipped CSV file, unpacked into `scratch` at once, since only that tells how many there are.
    pub(crate) fn flights(source: &Path, scratch: &Path) -> Result<Dataset> {
        let rows = unpack_flights(source, &scratch.join("flights.csv"))
            .map_err(|error| format!("{}: {error}", source.display()))?;
        Ok(Dataset::Flights { rows, source: source.to_owned() })
    }

    /// Names its files and stores: the same for equal rows in equal order only.
    pub(crate) fn name(&self) -> String {
        match self {
            Dataset::Users { rows, order: RowOrder::Sorted, .. } => format!("users-{rows}"),
            Dataset::Users { rows, order: RowOrder::Shuffled, .. } => format!("users-{rows}-shuffled"),
            Dataset::Flights { .. } => "flights".to_owned(),
        }
    }

    /// Names it to a reader.
    pub(crate) fn title(&self) -> String {
        let rows = crate::report::grouped(self.rows());
        match self {
            Dataset::Users { order: RowOrder::Sorted, .. } => format!("{rows} users"),
            Dataset::Users { order: RowOrder::Shuffled, .. } => format!("{rows} users in no order"),
            Dataset::Flights { .. } => format!("{rows} flights"),
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        match self {
            Dataset::Users { rows, .. } | Dataset::Flights { rows, .. } => *rows,
        }
    }

    pub(crate) fn table(&self) -> &'static str {
        match self {
            Dataset::Users { .. } => "users",
            Dataset::Flights { .. } => "flights",
        }
    }

    pub(crate) fn columns(&self) -> &'static [Column] {
        match self {
            Dataset::Users { .. } => &USER_COLUMNS,
            Dataset::Flights { .. } => &FLIGHT_COLUMNS,
        }
    }

    /// `CREATE TABLE`, without a semicolon, as every system takes it.
    pub(crate) fn create_table(&self) -> String {
        let columns: Vec<_> =
            self.columns().iter().map(|(name, kind)| format!("{name} {}", kind.sql())).collect();
        let key = match self {
            Dataset::Users { .. } => "id",
            Dataset::Flights { .. } => "year, month, day, carrier, flight, origin, sched_dep_time",
        };
        format!("CREATE TABLE {} ({}, PRIMARY KEY ({key}))", self.table(), columns.join(", "))
    }

    /// Reads every row, groups and averages. The first column counts the rows of the group, so that the sum of it tells whether every row
    /// was seen.
    pub(crate) fn group_by(&self) -> &'static str {
        match self {
            Dataset::Users { .. } => {
                "SELECT COUNT(*), AVG(score), role, status FROM users GROUP BY role, status"
            }
            Dataset::Flights { .. } => {
                "SELECT COUNT(*), AVG(dep_delay), carrier FROM flights GROUP BY carrier"
            }
        }
    }

    /// `count` keys of users, evenly spread over the order in which they were generated, which is none.
    pub(crate) fn sample_ids(&self, count: u64) -> Result<Vec<String>> {
        match self {
            Dataset::Users { rows, seed, .. } => {
                let keys = generate::user_keys(*seed, *rows);
                let step = (keys.len() / count.max(1) as usize).max(1);
                Ok(keys
                    .iter()
                    .step_by(step)
                    .cycle()
                    .take(count as usize)
                    .map(|key| generate::user_id(*key))
                    .collect())
            }
            Dataset::Flights { .. } => Err("only users are read by key".into()),
        }
    }

    /// Its CSV file in `scratch`: a header, commas, LF, nothing for NULL.
    pub(crate) fn csv(&self, scratch: &Path) -> PathBuf {
        scratch.join(self.csv_name())
    }

    pub(crate) fn csv_name(&self) -> String {
        format!("{}.csv", self.name())
    }

    /// Writes the CSV file. That of the flights is written by [`Dataset::flights`].
    pub(crate) fn write_csv(&self, scratch: &Path) -> Result<()> {
        let Dataset::Users { rows, order, seed } = self else { return Ok(()) };
        let mut keys = generate::user_keys(*seed, *rows);
        if *order == RowOrder::Sorted {
            keys.sort_unstable();
        }
        let mut file = BufWriter::new(File::create(self.csv(scratch))?);
        let mut line = String::from(User::CSV_HEADER);
        for key in keys {
            file.write_all(line.as_bytes())?;
            line.clear();
            User::new(*seed, key).write_csv(&mut line);
        }
        file.write_all(line.as_bytes())?;
        file.flush()?;
        Ok(())
    }
}

/// Unpacks the flights with `NA` turned into nothing, so that every system reads NULL by its own default. Returns the rows.
fn unpack_flights(source: &Path, target: &Path) -> Result<u64> {
    let lines = BufReader::new(GzDecoder::new(File::open(source)?)).lines();
    let mut file = BufWriter::new(File::create(target)?);
    let mut rows = 0;
    for (number, line) in lines.enumerate() {
        let line = line?;
        let fields: Vec<_> = line.split(',').map(|field| if field == "NA" { "" } else { field }).collect();
        if fields.len() != FLIGHT_COLUMNS.len() {
            return Err(format!(
                "line {} has {} fields, not {}",
                number + 1,
                fields.len(),
                FLIGHT_COLUMNS.len()
            )
            .into());
        }
        writeln!(file, "{}", fields.join(","))?;
        rows = number as u64;
    }
    file.flush()?;
    Ok(rows)
}

/// The next piece of a file that is streamed to a COPY, none at its end.
pub(crate) fn next_piece(file: &mut File) -> Result<Option<Bytes>> {
    const PIECE_BYTES: u64 = 256 * 1_024;
    let mut piece = Vec::with_capacity(PIECE_BYTES as usize);
    let length = file.take(PIECE_BYTES).read_to_end(&mut piece)?;
    Ok((length > 0).then(|| Bytes::from(piece)))
}
