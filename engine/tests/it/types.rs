//! Types: what may be put under their keys.

use microprolly_engine::storage::StoreOptions;
use microprolly_engine::{
    Column, ColumnType, EngineError, FieldChange, Transaction, TypeDefinition, Violation,
};

use crate::fixture::*;

fn user() -> TypeDefinition {
    TypeDefinition::new(
        "user",
        vec![
            Column::new("id", ColumnType::TEXT),
            Column::new("role", ColumnType::TEXT).required(),
            Column::new("age", ColumnType::BigInt),
        ],
    )
}

fn violation(outcome: Result<(), EngineError>) -> Violation {
    match outcome {
        Err(EngineError::InvalidValue { violation, .. }) => violation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_put_under_a_type_must_be_one_of_its_rows() {
    let disk = Disk::new();
    let session = begin(&disk.create());
    session.put("user:0", "anything").unwrap();
    session.delete("user:0").unwrap();
    session.define_type(user()).unwrap();
    session.put("user:1", r#"{"id":"1","role":"admin","more":[1]}"#).unwrap();
    session.put("users:1", "not claimed").unwrap();
    session.put("user", "not claimed").unwrap();
    assert_eq!(violation(session.put("user:2", "{")), Violation::Malformed);
    assert_eq!(violation(session.put("user:2", r#"{"id":"2"}"#)), Violation::Missing);
    assert_eq!(violation(session.put("user:2", r#"{"id":"2","role":"a","age":"x"}"#)), Violation::WrongType);
    assert_eq!(violation(session.put("user:2", r#"{"id":"1","role":"a"}"#)), Violation::KeyMismatch);
    assert_eq!(session.get("user:2").unwrap(), None);
    drop(session);
    let session = begin(&disk.after_power_loss().open());
    assert_eq!(session.types().len(), 1);
    assert_eq!(violation(session.put("user:2", "{}")), Violation::Missing);
}

#[test]
fn rows_that_are_there_already_must_fit_a_new_type() {
    let session = session();
    session.put("user:1", r#"{"id":"1"}"#).unwrap();
    assert_eq!(violation(session.define_type(user())), Violation::Missing);
    assert!(session.types().is_empty());
    session.put("user:1", r#"{"id":"1","role":"x"}"#).unwrap();
    session.define_type(user()).unwrap();
    assert!(matches!(session.define_type(user()), Err(EngineError::AlreadyExists { .. })));
}

#[test]
fn ids_of_types_are_never_given_twice() {
    let disk = Disk::new();
    let session = begin(&disk.create());
    let define = |session: &microprolly_engine::Session, name: &str| {
        session.define_type(TypeDefinition::new(name, vec![Column::new("id", ColumnType::TEXT)])).unwrap();
        session.types().iter().find(|definition| definition.name == name).unwrap().id
    };
    let (a, b) = (define(&session, "a"), define(&session, "b"));
    let mut transaction = session.begin_transaction().unwrap();
    transaction.drop_type("b").unwrap();
    transaction.commit().unwrap();
    drop(session);
    let session = begin(&disk.open());
    let again = define(&session, "b");
    assert!(16_384 <= a && a < b && b < again);
}

#[test]
fn a_type_changed_by_another_while_rows_are_written_is_a_conflict() {
    let session = session();
    session.define_type(user()).unwrap();
    let mut writer = session.begin_transaction().unwrap();
    let mut bystander = session.begin_transaction().unwrap();
    writer.put("user:1", r#"{"id":"1","role":"x"}"#).unwrap();
    bystander.put("other", "x").unwrap();
    let mut changer = session.begin_transaction().unwrap();
    let mut wider = user();
    wider.columns.push(Column::new("email", ColumnType::TEXT).required());
    assert_eq!(changer.alter_type(wider, &FieldChange::None).unwrap().columns.len(), 4);
    changer.commit().unwrap();
    assert!(matches!(writer.commit(), Err(EngineError::Conflict { .. })));
    bystander.commit().unwrap();
    assert_eq!(session.types().first().unwrap().columns.len(), 4);
}

/// A definition used to be checked against the rows that its own transaction
/// saw, and rows against the definitions that theirs saw, so that of two at the
/// same time both were found right: a row that lacked what it must have, or
/// that made every scan of a new table fail, was there to stay.
#[test]
fn a_changed_definition_and_rows_written_meanwhile_are_a_conflict_whichever_commits_first() {
    type Change = fn(&mut Transaction);
    let define: Change = |transaction| {
        let id = Column::new("id", ColumnType::TEXT);
        transaction.define_type(TypeDefinition::new("user", vec![id])).unwrap();
    };
    let drop_type: Change = |transaction| {
        transaction.drop_type("user").unwrap();
    };
    let row: Change = |transaction| transaction.put("user:1", r#"{"id":"1"}"#).unwrap();
    let many: Change = |transaction| {
        for number in 0..17_000 {
            transaction.put(format!("user:{number}"), format!(r#"{{"id":"{number}"}}"#)).unwrap();
        }
    };
    let garbage: Change = |transaction| transaction.put("user:1", "garbage").unwrap();
    let alter: Change = |transaction| {
        let email = Column::new("email", ColumnType::TEXT).required();
        let columns = vec![Column::new("id", ColumnType::TEXT), email];
        transaction.alter_type(TypeDefinition::new("user", columns), &FieldChange::None).unwrap();
    };
    let conflicts = |is_there: bool, definition: Change, rows: Change| {
        for definition_first in [true, false] {
            let session = begin(&Disk::with_store(StoreOptions::default()).create());
            if is_there {
                let mut transaction = session.begin_transaction().unwrap();
                define(&mut transaction);
                transaction.commit().unwrap();
            }
            let mut changer = session.begin_transaction().unwrap();
            let mut writer = session.begin_transaction().unwrap();
            definition(&mut changer);
            rows(&mut writer);
            let (first, second) = if definition_first { (changer, writer) } else { (writer, changer) };
            first.commit().unwrap();
            match second.commit() {
                Err(EngineError::Conflict { what }) => assert_eq!(what, "table \"user\""),
                other => panic!("{other:?}"),
            }
        }
    };
    conflicts(true, alter, row);
    conflicts(true, alter, many);
    conflicts(true, drop_type, row);
    conflicts(false, define, garbage);
}

#[test]
fn a_changed_definition_is_no_conflict_with_rows_of_other_types_or_with_none() {
    let session = session();
    session.define_type(user()).unwrap();
    session.put("user:1", r#"{"id":"1","role":"x"}"#).unwrap();
    let mut changer = session.begin_transaction().unwrap();
    let mut idle = session.begin_transaction().unwrap();
    let mut changed = user();
    changed.columns.push(Column::new("email", ColumnType::TEXT));
    changer.alter_type(changed, &FieldChange::None).unwrap();
    session.put("users:1", "another type's").unwrap();
    session.put("user", "no type's").unwrap();
    changer.commit().unwrap();
    // What it writes was there before.
    idle.put("user:1", r#"{"id":"1","role":"x"}"#).unwrap();
    idle.put("elsewhere", "x").unwrap();
    idle.commit().unwrap();
    assert_eq!(contents(&session.working().unwrap()).len(), 4);
}

#[test]
fn definitions_and_rows_of_a_transaction_come_true_together_or_not_at_all() {
    let disk = Disk::new();
    let session = begin(&disk.create());
    let mut dropped = session.begin_transaction().unwrap();
    dropped.define_type(user()).unwrap();
    dropped.put("user:1", r#"{"id":"1","role":"x"}"#).unwrap();
    drop(dropped);
    assert!(session.types().is_empty());
    let mut kept = session.begin_transaction().unwrap();
    kept.define_type(user()).unwrap();
    let mark = kept.savepoint();
    assert_eq!(kept.drop_type("user").unwrap(), 0);
    kept.rollback_to(&mark);
    kept.put("user:1", r#"{"id":"1","role":"x"}"#).unwrap();
    kept.commit().unwrap();
    let session = begin(&disk.after_power_loss().open());
    assert_eq!(session.types().len(), 1);
    assert!(session.get("user:1").unwrap().is_some());
    let mut transaction = session.begin_transaction().unwrap();
    assert_eq!(transaction.drop_type("user").unwrap(), 1);
    transaction.commit().unwrap();
    assert!(session.types().is_empty() && session.get("user:1").unwrap().is_none());
}

#[test]
fn definitions_that_make_no_sense_are_refused() {
    let session = session();
    let text = |name: &str| Column::new(name, ColumnType::TEXT);
    for definition in [
        TypeDefinition::new("a:b", vec![text("id")]),
        TypeDefinition::new("", vec![text("id")]),
        TypeDefinition::new("t", vec![text("x"), text("x")]),
        TypeDefinition::new("t", vec![text("_id")]),
        TypeDefinition::new("t", vec![text("x")]).with_primary_key(["y"]),
        TypeDefinition::new("t", vec![text("x")]).with_primary_key(["x", "x"]),
        TypeDefinition::new("t", vec![Column::new("x", ColumnType::Jsonb)]).with_primary_key(["x"]),
        TypeDefinition::new("t", vec![Column::new("x", ColumnType::Numeric { precision: 39, scale: 0 })]),
    ] {
        let outcome = session.define_type(definition.clone());
        assert!(matches!(outcome, Err(EngineError::InvalidDefinition { .. })), "{definition:?}: {outcome:?}");
    }
}
