//! What the command line asks of an import.

use std::collections::HashSet;
use std::path::PathBuf;
use std::str::FromStr;

use crate::failure::Failure;

/// The arguments of `import`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ImportRequest {
    /// The CSV file, with a header; it may be gzipped
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The table; made with the types that fit the file if it does not exist
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: String,

    /// The columns of the primary key
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) key: Vec<String>,

    /// The text that stands for NULL where it is not quoted
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) null: String,

    /// The type of a column, instead of the one that fits; may be given several times
    #[arg(long = "type", value_name = "COLUMN=TYPE")]
    pub(crate) types: Vec<GivenType>,

    /// The character between fields; `tab` is one too
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    pub(crate) delimiter: Delimiter,

    /// Add the rows to the table if it exists already
    #[arg(long)]
    pub(crate) append: bool,

    /// The message of the commit [default: Import FILE into TABLE]
    #[arg(long, value_name = "TEXT", conflicts_with = "no_commit")]
    pub(crate) message: Option<String>,

    /// Leave the rows uncommitted on the branch
    #[arg(long)]
    pub(crate) no_commit: bool,
}

impl ImportRequest {
    /// Refuses arguments that contradict each other, whatever the file holds.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.table.is_empty() {
            return Err(Failure::Usage("--table needs a name".to_owned()));
        }
        if let Some(column) = first_duplicate(self.key.iter().map(String::as_str)) {
            return Err(Failure::Usage(format!("--key names the column {column} twice")));
        }
        if let Some(column) = first_duplicate(self.types.iter().map(|given| given.column.as_str())) {
            return Err(Failure::Usage(format!("--type is given twice for the column {column}")));
        }
        Ok(())
    }

    /// The message of the commit.
    pub(super) fn commit_message(&self) -> String {
        self.message.clone().unwrap_or_else(|| {
            let file = self.file.file_name().unwrap_or(self.file.as_os_str());
            format!("Import {} into {}", file.to_string_lossy(), self.table)
        })
    }
}

/// The first name that has stood before.
pub(super) fn first_duplicate<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names.find(|name| !seen.insert(*name))
}

/// `--type column=TYPE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenType {
    /// The column.
    pub(crate) column: String,
    /// The type as CREATE TABLE takes it.
    pub(crate) sql_type: String,
}

impl FromStr for GivenType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, sql_type) = text.rsplit_once('=').ok_or("write it as COLUMN=TYPE, like zip=TEXT")?;
        // What a type may consist of, so that a slip does not end up as some other piece of SQL.
        let is_type = sql_type.starts_with(|c: char| c.is_ascii_alphabetic())
            && sql_type.chars().all(|c| c.is_ascii_alphanumeric() || " ()[],_".contains(c));
        if column.is_empty() || !is_type {
            return Err("write it as COLUMN=TYPE, like zip=TEXT".to_owned());
        }
        Ok(Self { column: column.to_owned(), sql_type: sql_type.to_owned() })
    }
}

/// The character between fields: one byte, and none that CSV needs for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delimiter(u8);

impl Delimiter {
    /// The byte.
    pub(super) fn byte(self) -> u8 {
        self.0
    }
}

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.as_bytes() {
            b"tab" | b"\\t" => Ok(Self(b'\t')),
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | b'\0') => Ok(Self(*byte)),
            _ => Err("it must be one ASCII character, or tab".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_type_is_a_column_and_a_type() {
        let given: GivenType = "a=b=NUMERIC(12, 2)".parse().unwrap();
        assert_eq!((given.column.as_str(), given.sql_type.as_str()), ("a=b", "NUMERIC(12, 2)"));
        for wrong in ["zip", "=TEXT", "zip=", "zip=TEXT; DROP TABLE t", "zip=1"] {
            assert!(wrong.parse::<GivenType>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_delimiter_is_one_character() {
        assert_eq!(";".parse(), Ok(Delimiter(b';')));
        assert_eq!("tab".parse(), Ok(Delimiter(b'\t')));
        for wrong in ["", "ab", "\"", "é"] {
            assert!(wrong.parse::<Delimiter>().is_err(), "{wrong}");
        }
    }
}
