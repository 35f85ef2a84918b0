use super::{fails, hints, parse, statement};
use crate::dialect::*;

fn set(sql: &str) -> (bool, String, Option<String>) {
    match statement(sql) {
        Statement::Set(set) => (set.local, set.name, set.value),
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn set_is_a_name_and_a_text_however_it_is_written() {
    for (sql, name, value) in [
        ("SET client_encoding TO 'UTF8'", "client_encoding", "UTF8"),
        ("SET NAMES 'UTF8'", "client_encoding", "UTF8"),
        ("set Extra_Float_Digits = 3", "extra_float_digits", "3"),
        ("SET x TO -1.5", "x", "-1.5"),
        ("SET SESSION x = on", "x", "on"),
        ("SET x = TRUE", "x", "true"),
        ("SET search_path TO public, \"Foo\"", "search_path", "public, Foo"),
        ("SET SCHEMA 'public'", "search_path", "public"),
        ("SET microprolly.branch = 'feature-x'", "microprolly.branch", "feature-x"),
        ("SET microprolly.as_of TO 'v1.0'", "microprolly.as_of", "v1.0"),
        ("SET TIME ZONE 'Europe/Berlin'", "timezone", "Europe/Berlin"),
        ("SET TIME ZONE UTC", "timezone", "utc"),
        ("SET TIME ZONE -5", "timezone", "-5"),
        ("SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE", "timezone", "+02:00"),
        ("SET ROLE admin", "role", "admin"),
        ("SET SESSION AUTHORIZATION 'a'", "session_authorization", "a"),
        ("SET application_name = 'psql'", "application_name", "psql"),
        ("SET DateStyle = ISO, MDY", "datestyle", "iso, mdy"),
        ("SET local = 1", "local", "1"),
        ("SET session TO 1", "session", "1"),
        ("SET SESSION session TO 1", "session", "1"),
    ] {
        assert_eq!(set(sql), (false, name.to_owned(), Some(value.to_owned())), "{sql}");
    }
    assert_eq!(set("SET LOCAL x = 1"), (true, "x".to_owned(), Some("1".to_owned())));
    assert_eq!(set("SET x TO DEFAULT"), (false, "x".to_owned(), None));
    assert_eq!(set("SET TIME ZONE LOCAL"), (false, "timezone".to_owned(), None));
    assert_eq!(set("SET TIME ZONE DEFAULT"), (false, "timezone".to_owned(), None));
    fails("SET x", "42601", "");
    fails("SET x 1", "42601", "1");
    fails("SET x =", "42601", "");
    fails("SET x = $1", "42601", "$1");
    fails("SET x = 1 2", "42601", "2");
    fails("SET x = 1, DEFAULT", "42601", "DEFAULT");
}

#[test]
fn reset_and_discard() {
    assert_eq!(statement("RESET ALL"), Statement::Reset(Reset::All));
    assert_eq!(
        statement("RESET microprolly.as_of"),
        Statement::Reset(Reset::Setting { name: "microprolly.as_of".to_owned(), position: 7 })
    );
    assert_eq!(
        statement("RESET TIME ZONE"),
        Statement::Reset(Reset::Setting { name: "timezone".to_owned(), position: 7 })
    );
    assert_eq!(statement("DISCARD ALL"), Statement::Discard(Discard::All));
    assert_eq!(statement("DISCARD TEMPORARY"), Statement::Discard(Discard::Temp));
    assert_eq!(statement("UNLISTEN *"), Statement::Unlisten);
    fails("DISCARD", "42601", "");
}

#[test]
fn transactions_begin_and_end_in_all_their_words() {
    let begin = |start, modes| Statement::Begin(Begin { start, modes });
    assert_eq!(statement("BEGIN"), begin(false, TransactionModes::default()));
    assert_eq!(statement("BEGIN WORK"), begin(false, TransactionModes::default()));
    assert_eq!(
        statement("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY DEFERRABLE"),
        begin(
            false,
            TransactionModes { isolation: Some(IsolationLevel::RepeatableRead), read_only: Some(true) }
        )
    );
    assert_eq!(
        statement("START TRANSACTION READ WRITE"),
        begin(true, TransactionModes { read_only: Some(false), ..TransactionModes::default() })
    );
    for sql in ["COMMIT", "END", "COMMIT WORK", "END TRANSACTION", "COMMIT AND NO CHAIN"] {
        assert_eq!(statement(sql), Statement::Commit { chain: false }, "{sql}");
    }
    assert_eq!(statement("COMMIT AND CHAIN"), Statement::Commit { chain: true });
    for sql in ["ROLLBACK", "ABORT", "ROLLBACK TRANSACTION", "ABORT WORK"] {
        assert_eq!(statement(sql), Statement::Rollback { chain: false }, "{sql}");
    }
    let name = |position| Name { value: "s".to_owned(), position };
    assert_eq!(statement("SAVEPOINT s"), Statement::Savepoint(name(11)));
    assert_eq!(statement("ROLLBACK TO s"), Statement::RollbackTo(name(13)));
    assert_eq!(statement("ROLLBACK WORK TO SAVEPOINT S"), Statement::RollbackTo(name(28)));
    assert_eq!(statement("RELEASE SAVEPOINT s"), Statement::Release(name(19)));
    assert!(parse("ROLLBACK TO s").is_transaction_control());
    assert!(!parse("COMMIT MESSAGE 'x'").is_transaction_control());
    assert_eq!(
        statement("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE"),
        Statement::SetTransaction(SetTransaction {
            session: true,
            modes: TransactionModes {
                isolation: Some(IsolationLevel::Serializable),
                ..TransactionModes::default()
            }
        })
    );
    assert!(matches!(
        statement("SET TRANSACTION READ ONLY"),
        Statement::SetTransaction(SetTransaction { session: false, .. })
    ));
    fails("BEGIN ISOLATION LEVEL CHAOS", "42601", "CHAOS");
    fails("BEGIN READ ONLY,", "42601", "");
    fails("START", "42601", "");
    fails("COMMIT x", "42601", "x");
    fails("COMMIT PREPARED 'x'", "0A000", "PREPARED");
    fails("SET TRANSACTION", "42601", "");
}

#[test]
fn explain_takes_a_statement_that_is_planned() {
    let explain = |sql| match statement(sql) {
        Statement::Explain(explain) => explain,
        other => panic!("{other:?}"),
    };
    let plain = explain("EXPLAIN SELECT 1");
    assert!(!plain.analyze && !plain.verbose && matches!(*plain.statement, Statement::Query(_)));
    let all = explain("EXPLAIN ANALYZE VERBOSE DELETE FROM t");
    assert!(all.analyze && all.verbose && matches!(*all.statement, Statement::Delete(_)));
    let options = explain("EXPLAIN (ANALYZE, VERBOSE false, COSTS off, FORMAT JSON) UPDATE t SET a = 1");
    assert!(options.analyze && !options.verbose);
    assert_eq!(options.format.as_deref(), Some("json"));
    assert!(matches!(*explain("EXPLAIN (SELECT 1)").statement, Statement::Query(_)));
    fails("EXPLAIN", "42601", "");
    fails("EXPLAIN COMMIT", "42601", "COMMIT");
    fails("EXPLAIN EXPLAIN SELECT 1", "42601", "EXPLAIN SELECT");
    fails("EXPLAIN (ANALYZE, FOO) SELECT 1", "42601", "FOO");
}

#[test]
fn prepared_statements_are_read() {
    let Statement::Prepare(prepare) = statement("PREPARE p (int, text[]) AS INSERT INTO t VALUES ($1, $2)")
    else {
        panic!()
    };
    assert_eq!((prepare.name.value.as_str(), prepare.parameter_types.len()), ("p", 2));
    let Statement::Execute(execute) = statement("EXECUTE p (1, 'a')") else { panic!() };
    assert_eq!(execute.arguments.len(), 2);
    assert!(matches!(statement("EXECUTE p"), Statement::Execute(_)));
    assert_eq!(statement("DEALLOCATE ALL"), Statement::Deallocate(Deallocate::All));
    assert!(matches!(statement("DEALLOCATE PREPARE p"), Statement::Deallocate(Deallocate::Named(_))));
    fails("PREPARE p AS COMMIT", "42601", "COMMIT");
    hints("SELET 1", "42601", "SELET", "SELECT");
}

#[test]
fn cursors_are_known_and_not_available() {
    for (sql, at) in [
        ("DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT * FROM t", "DECLARE"),
        ("FETCH NEXT FROM c", "FETCH"),
        ("MOVE LAST c", "MOVE"),
        ("SELECT 1; CLOSE c", "CLOSE"),
    ] {
        hints(sql, "0A000", at, "the server streams them");
    }
    assert_eq!(statement("CLOSE ALL"), Statement::CloseAll);
    fails("CLOSE ALL c", "42601", "c");
}
