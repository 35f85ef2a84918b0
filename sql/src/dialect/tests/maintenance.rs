use super::{fails, hints, statement};
use crate::dialect::*;

fn text(value: &str, position: usize) -> Argument {
    Argument { value: ArgumentValue::Text(value.to_owned()), position }
}

#[test]
fn garbage_is_collected_or_only_counted() {
    let collect = |dry_run| Statement::CollectGarbage(CollectGarbage { dry_run });
    assert_eq!(statement("COLLECT GARBAGE"), collect(false));
    assert_eq!(statement("collect garbage dry run;"), collect(true));
    fails("COLLECT GARBAGE DRY", "42601", "DRY");
    fails("COLLECT", "42601", "");
    fails("COLLECT GARBAGE VERBOSE", "42601", "VERBOSE");
}

#[test]
fn a_database_is_checked_and_repaired() {
    assert_eq!(statement("CHECK DATABASE"), Statement::CheckDatabase);
    assert_eq!(statement("REPAIR DATABASE"), Statement::RepairDatabase);
    fails("CHECK main", "42601", "main");
    fails("CHECK DATABASE main", "42601", "main");
    fails("REPAIR DATABASE FORCE", "42601", "FORCE");
}

#[test]
fn commits_trees_and_objects_are_inspected() {
    let inspect = |sql| match statement(sql) {
        Statement::Inspect(inspect) => inspect,
        other => panic!("{other:?}"),
    };
    assert_eq!(inspect("INSPECT COMMIT 'main^'"), Inspect::Commit(text("main^", 16)));
    assert_eq!(inspect("INSPECT COMMIT main"), Inspect::Commit(text("main", 16)));
    assert_eq!(
        inspect("INSPECT TREE 'main'"),
        Inspect::Tree { revision: text("main", 14), compared_with: None }
    );
    assert_eq!(
        inspect("INSPECT TREE main COMPARED WITH 'v1.0'"),
        Inspect::Tree { revision: text("main", 14), compared_with: Some(text("v1.0", 33)) }
    );
    assert_eq!(
        inspect("INSPECT OBJECT $1"),
        Inspect::Object(Argument { value: ArgumentValue::Parameter(1), position: 16 })
    );
    fails("INSPECT", "42601", "");
    fails("INSPECT main", "42601", "main");
    fails("INSPECT COMMIT", "42601", "");
    fails("INSPECT TREE 'main' COMPARED WITH", "42601", "");
    fails("INSPECT TREE 'main' WITH 'x'", "42601", "WITH");
    hints("INSPECT OBJECT 9f2c41ab", "42601", "9", "single quotes");
    hints("INSPECT TREE main~1", "42601", "~1", "'main~1'");
}

#[test]
fn a_setting_of_the_database_is_a_name_and_a_text() {
    let alter = |sql| match statement(sql) {
        Statement::AlterDatabase(alter) => (alter.name, alter.position, alter.value, alter.value_position),
        other => panic!("{other:?}"),
    };
    let parts = |name: &str, value: &str, position| (name.to_owned(), 20, value.to_owned(), position);
    for (sql, name, value, position) in [
        ("ALTER DATABASE SET compression = 'zstd(3)'", "compression", "zstd(3)", 34),
        ("ALTER DATABASE SET Garbage_Collection TO OFF", "garbage_collection", "off", 42),
        ("ALTER DATABASE SET microprolly.compression = none", "microprolly.compression", "none", 46),
    ] {
        assert_eq!(alter(sql), parts(name, value, position));
    }
    fails("ALTER DATABASE SET compression", "42601", "");
    fails("ALTER DATABASE SET compression =", "42601", "");
    fails("ALTER DATABASE SET compression = DEFAULT", "0A000", "DEFAULT");
    fails("ALTER DATABASE SET compression = 'none' x", "42601", "x");
    fails("ALTER DATABASE main SET compression = 'none'", "0A000", "ALTER");
}
