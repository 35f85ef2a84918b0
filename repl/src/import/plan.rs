//! What is to be done with the file: the statements that make the table and load the rows.

use super::request::ImportRequest;
use super::scan::Scan;
use crate::failure::Failure;

/// The table that the rows are added to.
#[derive(Debug)]
pub(super) struct Existing {
    /// Names of its columns.
    pub(super) columns: Vec<String>,
    /// Names of the columns of its key.
    pub(super) primary_key: Vec<String>,
}

/// The statements of an import.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// CREATE TABLE, if the table is new.
    pub(super) create_table: Option<String>,
    /// COPY … FROM STDIN.
    pub(super) copy: String,
}

impl Plan {
    /// A new table with the types that fit the file, or that the request gives.
    pub(super) fn for_new(scan: &Scan, request: &ImportRequest) -> Result<Self, Failure> {
        let names: Vec<&str> = scan.columns.iter().map(|(name, _)| name.as_str()).collect();
        check_columns(&scan.file, &names, "--key", request.key.iter().map(String::as_str))?;
        check_columns(&scan.file, &names, "--type", request.types.iter().map(|given| given.column.as_str()))?;
        let mut lines = Vec::new();
        for (name, facts) in &scan.columns {
            let given = request.types.iter().find(|given| given.column == *name);
            let sql_type = given.map_or_else(|| facts.sql_type(), |given| given.sql_type.clone());
            let is_key = request.key.contains(name);
            if is_key && let Some(line) = facts.first_null_line() {
                return Err(Failure::refused(format!(
                    "{}: line {line}: the key column {name} is null",
                    scan.file
                )));
            }
            let not_null = if is_key { " NOT NULL" } else { "" };
            lines.push(format!("    {} {sql_type}{not_null}", quoted_identifier(name)));
        }
        lines.push(format!("    PRIMARY KEY ({})", identifiers(request.key.iter().map(String::as_str))));
        let table = quoted_identifier(&request.table);
        Ok(Self {
            create_table: Some(format!("CREATE TABLE {table} (\n{}\n)", lines.join(",\n"))),
            copy: copy(request, &names),
        })
    }

    /// More rows for a table that exists.
    pub(super) fn for_existing(
        existing: &Existing,
        header: &[String],
        request: &ImportRequest,
    ) -> Result<Self, Failure> {
        let table = &request.table;
        if !request.types.is_empty() {
            return Err(Failure::Usage(format!(
                "--type is of no use: the table {table} exists and has its types"
            )));
        }
        if !request.key.is_empty() && request.key != existing.primary_key {
            return Err(Failure::refused_with_hint(
                format!("the key of {table} is not {}", request.key.join(",")),
                format!("It is {}; leave --key out to add rows.", existing.primary_key.join(",")),
            ));
        }
        if let Some(unknown) = header.iter().find(|name| !existing.columns.contains(name)) {
            return Err(Failure::refused_with_hint(
                format!("{}: the table {table} has no column {unknown}", request.file.display()),
                format!("Its columns are {}.", existing.columns.join(", ")),
            ));
        }
        let names: Vec<&str> = header.iter().map(String::as_str).collect();
        Ok(Self { create_table: None, copy: copy(request, &names) })
    }
}

/// Refuses an option that names a column which the file does not have.
fn check_columns<'a>(
    file: &str,
    header: &[&str],
    option: &str,
    mut named: impl Iterator<Item = &'a str>,
) -> Result<(), Failure> {
    match named.find(|name| !header.contains(name)) {
        None => Ok(()),
        Some(unknown) => Err(Failure::refused_with_hint(
            format!("{file} has no column {unknown}, which {option} names"),
            format!("Its columns are {}.", header.join(", ")),
        )),
    }
}

fn copy(request: &ImportRequest, names: &[&str]) -> String {
    format!(
        "COPY {} ({}) FROM STDIN (FORMAT csv, HEADER, DELIMITER {}, NULL {})",
        quoted_identifier(&request.table),
        identifiers(names.iter().copied()),
        quoted_literal(&char::from(request.delimiter.byte()).to_string()),
        quoted_literal(&request.null),
    )
}

fn identifiers<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(quoted_identifier).collect::<Vec<_>>().join(", ")
}

/// A name in double quotes, which keeps it as it is.
fn quoted_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in single quotes.
pub(super) fn quoted_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::infer::TypeFacts;
    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        request: ImportRequest,
    }

    fn request(arguments: &[&str]) -> ImportRequest {
        let all = ["import", "dir/f.csv", "--table", "it's"].iter().chain(arguments);
        Line::try_parse_from(all).unwrap().request
    }

    fn scan() -> Scan {
        let mut number = TypeFacts::default();
        number.observe("1");
        let mut maybe = TypeFacts::default();
        maybe.observe_null(7);
        Scan { columns: vec![("id".into(), number), ("a \"b\"".into(), maybe)], file: "dir/f.csv".into() }
    }

    #[test]
    fn a_new_table_has_the_types_that_fit_and_the_key_asked_for() {
        let request = request(&["--key", "id", "--null", "N'A", "--type", "a \"b\"=NUMERIC(4,1)"]);
        let plan = Plan::for_new(&scan(), &request).unwrap();
        assert_eq!(
            plan.create_table.as_deref(),
            Some(
                "CREATE TABLE \"it's\" (\n    \"id\" BIGINT NOT NULL,\n    \"a \"\"b\"\"\" NUMERIC(4,1),\n    PRIMARY KEY (\"id\")\n)"
            )
        );
        assert_eq!(
            plan.copy,
            "COPY \"it's\" (\"id\", \"a \"\"b\"\"\") FROM STDIN (FORMAT csv, HEADER, DELIMITER ',', NULL 'N''A')"
        );
        assert_eq!(request.commit_message(), "Import f.csv into it's");
    }

    #[test]
    fn a_key_that_is_missing_or_null_is_refused_before_anything_is_loaded() {
        let missing = Plan::for_new(&scan(), &request(&["--key", "x"])).unwrap_err();
        assert_eq!(missing.to_string(), "dir/f.csv has no column x, which --key names");
        let null = Plan::for_new(&scan(), &request(&["--key", "a \"b\""])).unwrap_err();
        assert_eq!(null.to_string(), "dir/f.csv: line 7: the key column a \"b\" is null");
    }

    #[test]
    fn rows_are_added_only_to_columns_that_exist() {
        let existing = Existing { columns: vec!["id".into(), "x".into()], primary_key: vec!["id".into()] };
        let header = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let plan = Plan::for_existing(&existing, &header(&["x", "id"]), &request(&["--append"])).unwrap();
        assert_eq!(plan.create_table, None);
        assert!(plan.copy.starts_with("COPY \"it's\" (\"x\", \"id\") FROM STDIN"));
        assert!(Plan::for_existing(&existing, &header(&["y"]), &request(&["--append"])).is_err());
        let other_key = request(&["--append", "--key", "x"]);
        assert!(Plan::for_existing(&existing, &header(&["id"]), &other_key).is_err());
    }
}
