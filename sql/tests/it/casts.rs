//! Casts to UUID, JSONB and VARCHAR(n), and comparisons with UUIDs.

use crate::scene::Scene;

#[tokio::test]
async fn casts_to_uuid_jsonb_and_varchar_read_the_text() {
    let mut scene = Scene::users().await;
    assert_eq!(
        scene
            .rows(
                "SELECT 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid, ' {\"a\": 1}'::jsonb,
                 'äbcdef'::varchar(3), CAST(1234 AS VARCHAR(2)), NULL::uuid, 'abc'::varchar"
            )
            .await,
        ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|{\"a\": 1}|äbc|12|null|abc"]
    );
    assert_eq!(
        scene.rows("SELECT name::varchar(2), age::varchar(1) FROM user ORDER BY id").await,
        ["Ad|3", "Bo|null", "Cy|7"]
    );
    for (sql, message) in [
        ("SELECT 'x'::uuid", "invalid input syntax for type uuid: \"x\""),
        ("SELECT UUID 'x'", "invalid input syntax for type uuid: \"x\""),
        ("SELECT name::uuid FROM user WHERE id = '1'", "invalid input syntax for type uuid: \"Ada\""),
        ("SELECT '{bad'::jsonb", "invalid input syntax for type json"),
    ] {
        let error = scene.error(sql).await;
        assert_eq!(error.code.as_str(), "22P02", "{sql}");
        assert!(error.message.starts_with(message), "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn a_uuid_is_found_however_it_is_written() {
    let mut scene = Scene::empty();
    scene
        .run(
            "CREATE TABLE t (id UUID PRIMARY KEY, other UUID);
             INSERT INTO t VALUES
               ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'B0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11')",
        )
        .await;
    for condition in [
        "id = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
        "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' = id",
        "id = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid",
        "id >= 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
        "other = '{b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'",
        "other <> 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
    ] {
        assert_eq!(
            scene.rows(&format!("SELECT count(*) FROM t WHERE {condition}")).await,
            ["1"],
            "{condition}"
        );
    }
    assert_eq!(scene.error("SELECT * FROM t WHERE id = 'x'").await.code.as_str(), "22P02");
    scene.run("PREPARE p AS SELECT count(*) FROM t WHERE id = $1::uuid").await;
    assert_eq!(scene.rows("EXECUTE p('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11')").await, ["1"]);
    scene.run("DELETE FROM t WHERE id = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'").await;
    assert_eq!(scene.rows("SELECT count(*) FROM t").await, ["0"]);
}
