//! `\d`, `\dt`, `\conninfo`: what there is.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use microprolly_sql::{TableInfo, TransactionStatus};

use crate::console::say;
use crate::failure::Failure;
use crate::output::ResultWriter;
use crate::output::type_name::type_name;
use crate::runner::Runner;

/// Schema of the user's own tables.
const PUBLIC: &str = "public";

/// `\dt`: the tables whose name fits a pattern, `schema.name` or a name in `public`.
pub(super) fn list_tables(runner: &mut Runner, pattern: &str) -> Result<(), Failure> {
    let (schema, name) = pattern.split_once('.').unwrap_or((PUBLIC, pattern));
    let mut tables = runner.catalog.tables()?;
    tables.retain(|table| fits(&table.schema, schema) && fits(&table.name, name));
    tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
    let texts = |value: fn(&TableInfo) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(tables.iter().map(value)))
    };
    let rows = tables.iter().map(|table| table.estimated_rows.and_then(|rows| i64::try_from(rows).ok()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("Schema", texts(|table| table.schema.clone())),
        ("Name", texts(|table| table.name.clone())),
        ("Rows", Arc::new(rows.collect::<Int64Array>())),
        ("Primary key", texts(|table| table.primary_key.join(", "))),
    ];
    show(runner, columns)
}

/// `\d TABLE`: its columns.
pub(super) fn describe_table(runner: &mut Runner, name: &str) -> Result<(), Failure> {
    let tables = runner.catalog.tables()?;
    let Some(table) = find(&tables, name) else {
        let near = super::suggest(name, tables.iter().map(|table| table.name.as_str()));
        let hint = match near.as_slice() {
            [] => "\\dt lists the tables.".to_owned(),
            near => format!("Did you mean {}? \\dt lists the tables.", near.join(" or ")),
        };
        return Err(Failure::refused_with_hint(format!("there is no table {name}"), hint));
    };
    let key_place = |name: &String| table.primary_key.iter().position(|key| key == name);
    let column_names = table.columns.iter().map(|column| column.name.as_str());
    let types = table.columns.iter().map(|column| type_name(&column.field));
    let nullable = table.columns.iter().map(|column| column.not_null.then_some("not null"));
    let defaults = table.columns.iter().map(|column| column.default.as_deref());
    let keys = table
        .columns
        .iter()
        .map(|column| key_place(&column.name).and_then(|place| i64::try_from(place + 1).ok()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("Column", Arc::new(StringArray::from_iter_values(column_names))),
        ("Type", Arc::new(StringArray::from_iter_values(types))),
        ("Nullable", Arc::new(nullable.collect::<StringArray>())),
        ("Default", Arc::new(defaults.collect::<StringArray>())),
        ("Key", Arc::new(keys.collect::<Int64Array>())),
    ];
    show(runner, columns)
}

/// `\conninfo`: the database, the branch and the transaction.
pub(super) fn say_where(runner: &Runner) {
    let session = &runner.session;
    let version =
        session.as_of().map_or(String::new(), |revision| format!(", as of '{revision}' (read-only)"));
    let transaction = match session.transaction_status() {
        TransactionStatus::Idle => "",
        TransactionStatus::Active => ", in a transaction",
        TransactionStatus::Failed => ", in a failed transaction",
    };
    say(format_args!(
        "Database {}, branch '{}'{version}{transaction}.",
        runner.directory.display(),
        session.branch()
    ));
}

/// The table of this name: with its schema, or in `public` before all others; as written before lower case.
fn find<'a>(tables: &'a [TableInfo], name: &str) -> Option<&'a TableInfo> {
    let (schema, bare) = match name.split_once('.') {
        Some((schema, bare)) => (Some(schema), bare),
        None => (None, name),
    };
    let matching = |bare: &str| {
        let named = tables.iter().filter(|table| table.name == bare);
        match schema {
            Some(schema) => named.filter(|table| table.schema == schema).min_by_key(|table| table.oid),
            None => named.min_by_key(|table| table.schema != PUBLIC),
        }
    };
    matching(bare).or_else(|| matching(&bare.to_lowercase()))
}

/// Whether a name fits a pattern in which `*` stands for any text and `?` for one character.
fn fits(name: &str, pattern: &str) -> bool {
    let (name, pattern): (Vec<char>, Vec<char>) = (name.chars().collect(), pattern.chars().collect());
    // `reached[n]`: the pattern so far fits the first n characters.
    let mut reached: Vec<bool> = (0..=name.len()).map(|count| count == 0).collect();
    for symbol in pattern {
        let before = reached.clone();
        for count in 0..=name.len() {
            reached[count] = match symbol {
                '*' => before[count] || (count > 0 && reached[count - 1]),
                '?' => count > 0 && before[count - 1],
                other => count > 0 && before[count - 1] && name[count - 1] == other,
            };
        }
    }
    reached[name.len()]
}

fn show(runner: &mut Runner, columns: Vec<(&str, ArrayRef)>) -> Result<(), Failure> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .map_err(|error| Failure::refused(format!("cannot lay out the list: {error}")))?;
    let out = runner.sink.writer();
    let result = ResultWriter::begin(&runner.settings, &batch.schema(), out)
        .and_then(|mut writer| writer.write(&batch, out).map(|()| writer))
        .and_then(|writer| writer.finish(out))
        .and_then(|()| out.flush());
    result.map_err(Failure::output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_stars_and_question_marks() {
        for (name, pattern, expected) in [
            ("flights", "*", true),
            ("flights", "fl*s", true),
            ("flights", "fl?ghts", true),
            ("flights", "flight", false),
            ("a.b", "a*b", true),
            ("", "*", true),
            ("", "?", false),
        ] {
            assert_eq!(fits(name, pattern), expected, "{name} {pattern}");
        }
    }

    fn table(schema: &str, name: &str) -> TableInfo {
        TableInfo {
            schema: schema.into(),
            name: name.into(),
            oid: 1,
            columns: Vec::new(),
            primary_key: Vec::new(),
            estimated_rows: None,
        }
    }

    #[test]
    fn a_bare_name_means_the_users_table_before_a_system_table() {
        let tables = [table("prolly", "log"), table("public", "log"), table("prolly", "tags")];
        assert_eq!(find(&tables, "log").unwrap().schema, "public");
        assert_eq!(find(&tables, "prolly.log").unwrap().schema, "prolly");
        assert_eq!(find(&tables, "TAGS").unwrap().name, "tags");
        assert!(find(&tables, "public.tags").is_none());
    }
}
