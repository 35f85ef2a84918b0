use super::{fails, hints, statement};
use crate::dialect::*;

fn text(value: &str, position: usize) -> Argument {
    Argument { value: ArgumentValue::Text(value.to_owned()), position }
}

#[test]
fn branches_are_created_dropped_renamed_and_used() {
    assert_eq!(
        statement("CREATE BRANCH b"),
        Statement::CreateBranch(CreateBranch { if_not_exists: false, name: text("b", 15), from: None })
    );
    assert_eq!(
        statement("CREATE BRANCH IF NOT EXISTS 'feature-x' FROM 'main~2';"),
        Statement::CreateBranch(CreateBranch {
            if_not_exists: true,
            name: text("feature-x", 29),
            from: Some(text("main~2", 46))
        })
    );
    assert_eq!(
        statement("DROP BRANCH IF EXISTS B FORCE"),
        Statement::DropBranch(DropBranch { if_exists: true, name: text("b", 23), force: true })
    );
    assert_eq!(
        statement("ALTER BRANCH \"B\" RENAME TO c"),
        Statement::RenameBranch(RenameBranch { name: text("B", 14), to: text("c", 28) })
    );
    assert_eq!(statement("USE BRANCH b"), Statement::UseBranch(UseBranch { name: text("b", 12) }));
    assert_eq!(
        statement("USE BRANCH $1"),
        Statement::UseBranch(UseBranch {
            name: Argument { value: ArgumentValue::Parameter(1), position: 12 }
        })
    );
}

#[test]
fn a_name_that_needs_quotes_is_said_to() {
    hints("CREATE BRANCH feature-x", "42601", "-x", "'feature-x'");
    hints("USE BRANCH team/a-1 ", "42601", "/a", "'team/a-1'");
    hints("CREATE BRANCH b FROM main~3", "42601", "~3", "'main~3'");
    hints("SHOW LOG 9f2c41ab", "42601", "9", "single quotes");
    fails("CREATE BRANCH", "42601", "");
    fails("CREATE BRANCH b FROM", "42601", "");
    fails("DROP BRANCH b FORCE now", "42601", "now");
    hints("USE main", "42601", "main", "USE BRANCH");
    fails("CREATE BRANCH \"\"", "42601", "\"\"");
}

#[test]
fn tags_are_created_and_dropped() {
    assert_eq!(
        statement("CREATE TAG 'v1.0' AT 'main^' MESSAGE 'first'"),
        Statement::CreateTag(CreateTag {
            if_not_exists: false,
            name: text("v1.0", 12),
            at: Some(text("main^", 22)),
            message: Some(text("first", 38)),
        })
    );
    assert_eq!(
        statement("DROP TAG v1"),
        Statement::DropTag(DropTag { if_exists: false, name: text("v1", 10) })
    );
    fails("CREATE TAG t MESSAGE", "42601", "");
    fails("CREATE TAG t AT 'a' AT 'b'", "42601", "AT 'b'");
    hints("CREATE TAG v1.0", "42601", ".0", "'v1.0'");
}

#[test]
fn commit_message_makes_a_version_and_commit_ends_a_transaction() {
    assert_eq!(
        statement("COMMIT MESSAGE 'why' AUTHOR 'A <a@x>' METADATA '{\"k\":1}' ALLOW EMPTY"),
        Statement::CommitMessage(CommitMessage {
            message: text("why", 16),
            author: Some(text("A <a@x>", 29)),
            metadata: Some(text("{\"k\":1}", 48)),
            allow_empty: true,
        })
    );
    assert_eq!(statement("COMMIT"), Statement::Commit { chain: false });
    hints("COMMIT MESSAGE why", "42601", "why", "'why'");
    fails("COMMIT MESSAGE", "42601", "");
    fails("COMMIT MESSAGE 'a' MESSAGE 'b'", "42601", "MESSAGE 'b'");
}

#[test]
fn diff_takes_two_versions_a_table_a_filter_and_summary() {
    let Statement::Diff(diff) = statement("DIFF 'main' 'feature-x' ON user WHERE role = 'admin'") else {
        panic!()
    };
    assert_eq!((&diff.from, &diff.to), (&text("main", 6), &text("feature-x", 13)));
    assert_eq!(diff.table.map(|table| table.name).as_deref(), Some("user"));
    assert!(diff.filter.is_some() && !diff.summary && !diff.three_dot);

    let Statement::Diff(diff) = statement("DIFF 'main'...'feature-x' ON s.t SUMMARY") else { panic!() };
    assert!(diff.three_dot && diff.summary && diff.filter.is_none());
    assert_eq!(diff.table.unwrap().to_string(), "s.t");

    let Statement::Diff(diff) = statement("DIFF $1 $2") else { panic!() };
    assert_eq!(diff.to.value, ArgumentValue::Parameter(2));
    assert_eq!(diff.table, None);

    let Statement::Diff(diff) = statement("DIFF 'a' 'b' ON t WHERE a = 1 OR b LIKE 'x' SUMMARY") else {
        panic!()
    };
    assert!(diff.summary && diff.filter.is_some());

    hints("DIFF main 'b'", "42601", "main", "'main'");
    hints("DIFF 'a'..'b'", "42601", "'b'", "DIFF 'a'...'b'");
    fails("DIFF 'a'", "42601", "");
    fails("DIFF 'a' 'b' ON", "42601", "");
    fails("DIFF 'a' 'b' WHERE", "42601", "");
    fails("DIFF 'a' 'b' ON t GROUP BY x", "42601", "GROUP");
}

#[test]
fn show_gives_lists_and_settings() {
    assert_eq!(statement("SHOW BRANCHES"), Statement::Show(Show::Branches));
    assert_eq!(statement("show tags"), Statement::Show(Show::Tags));
    assert_eq!(statement("SHOW STATUS"), Statement::Show(Show::Status));
    assert_eq!(statement("SHOW TABLES"), Statement::Show(Show::Tables));
    assert_eq!(statement("SHOW TYPES"), Statement::Show(Show::Types));
    assert_eq!(statement("SHOW SEGMENTS"), Statement::Show(Show::Segments));
    assert_eq!(statement("SHOW ALL"), Statement::Show(Show::Settings));
    assert_eq!(statement("SHOW LOG"), Statement::Show(Show::Log(LogRange::Current)));
    assert_eq!(statement("SHOW LOG main"), Statement::Show(Show::Log(LogRange::From(text("main", 10)))));
    assert_eq!(
        statement("SHOW LOG 'a'..'b'"),
        Statement::Show(Show::Log(LogRange::Between { exclude: text("a", 10), include: text("b", 15) }))
    );
    hints("SHOW LOG 'a'...'b'", "42601", ".'b'", "two points");
    fails("SHOW", "42601", "");
    fails("SHOW BRANCHES LIKE 'x'", "42601", "LIKE");
    for (sql, name) in [
        ("SHOW server_version", "server_version"),
        ("SHOW microprolly.branch", "microprolly.branch"),
        ("SHOW TimeZone", "timezone"),
        ("SHOW TIME ZONE", "timezone"),
        ("SHOW transaction isolation level", "transaction_isolation"),
        ("SHOW log.level", "log.level"),
    ] {
        assert_eq!(
            statement(sql),
            Statement::Show(Show::Setting { name: name.to_owned(), position: 6 }),
            "{sql}"
        );
    }
}

#[test]
fn statements_of_later_versions_are_known_and_refused() {
    for (sql, name) in [
        ("MERGE BRANCH 'feature-x' INTO 'main' ON CONFLICT FAIL", "MERGE BRANCH"),
        ("RESOLVE CONFLICT 'user:1' USING OURS", "RESOLVE CONFLICT"),
        ("RESOLVE CONFLICTS USING OURS", "RESOLVE CONFLICTS"),
        ("ABORT MERGE", "ABORT MERGE"),
        ("CHERRY PICK 'rev'", "CHERRY PICK"),
        ("REBASE BRANCH 'f' ONTO 'main'", "REBASE"),
        ("RESET HARD TO 'rev'", "RESET HARD"),
        ("RESET TO 'rev'", "RESET TO"),
        ("RESTORE user FROM 'rev' WHERE id = 1", "RESTORE"),
        ("STASH POP 3", "STASH"),
        ("UNDO", "UNDO"),
        ("SHOW CONFLICTS", "SHOW CONFLICTS"),
        ("CREATE OR REPLACE PROJECTION p ON user (role)", "CREATE OR REPLACE PROJECTION"),
        ("SUBSCRIBE TO p SINCE 'x'", "SUBSCRIBE"),
        ("CREATE INDEX i ON user (role)", "CREATE INDEX"),
        ("CREATE BRANCH PERMISSION bp ON '{user}/*' OWNER '{user}'", "CREATE BRANCH PERMISSION"),
        ("EXPLAIN PERMISSION write ON 'user:42:x' FOR 'alice'", "EXPLAIN PERMISSION"),
        ("CREATE HOOK h BEFORE COMMIT CHECK (SELECT 1)", "CREATE HOOK"),
        ("CREATE MERGE RULE ON 'counter:*' USING gcounter", "CREATE MERGE RULE"),
        ("PUSH TO r BRANCH main", "PUSH"),
        ("ALTER DATABASE d RENAME TO e", "ALTER DATABASE"),
        ("GRANT editor TO alice", "GRANT"),
        ("VACUUM", "VACUUM"),
    ] {
        let error = fails(sql, "0A000", name.split(' ').next().unwrap());
        assert_eq!(error.message, format!("{name} is not available in this version"));
    }
    fails("COPY (SUBSCRIBE TO p) TO STDOUT", "0A000", "SUBSCRIBE");
}
