//! Values of every type, there and back, in both formats.

use bytes::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::server::TestServer;

/// A value in its binary form, whatever the type.
#[derive(Debug, PartialEq, Clone)]
struct Binary(Vec<u8>);

impl ToSql for Binary {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Binary {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }
    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A value in its text form, whatever the type.
#[derive(Debug)]
struct Text(&'static str);

impl ToSql for Text {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }
    to_sql_checked!();
}

#[tokio::test]
async fn every_type_comes_back_as_it_went_in_either_format() {
    let server = TestServer::start().await;
    let client = server.client().await;
    let cases: [(&str, Type, &'static str, &[u8]); 14] = [
        ("BOOLEAN", Type::BOOL, "t", &[1]),
        ("SMALLINT", Type::INT2, "-2", &[0xff, 0xfe]),
        ("INTEGER", Type::INT4, "7", &[0, 0, 0, 7]),
        ("BIGINT", Type::INT8, "-1", &[0xff; 8]),
        ("REAL", Type::FLOAT4, "1.5", &[0x3f, 0xc0, 0, 0]),
        ("DOUBLE PRECISION", Type::FLOAT8, "-0.5", &[0xbf, 0xe0, 0, 0, 0, 0, 0, 0]),
        ("NUMERIC(10,2)", Type::NUMERIC, "12.50", &[0, 2, 0, 0, 0, 0, 0, 2, 0, 12, 0x13, 0x88]),
        ("TEXT", Type::TEXT, "ä", "ä".as_bytes()),
        ("BYTEA", Type::BYTEA, "\\x00ff", &[0, 0xff]),
        ("DATE", Type::DATE, "2000-01-02", &[0, 0, 0, 1]),
        ("TIME", Type::TIME, "00:00:01", &[0, 0, 0, 0, 0, 0x0f, 0x42, 0x40]),
        ("TIMESTAMP", Type::TIMESTAMP, "2000-01-01 00:00:01", &[0, 0, 0, 0, 0, 0x0f, 0x42, 0x40]),
        ("TIMESTAMPTZ", Type::TIMESTAMPTZ, "2000-01-01 00:00:01+00", &[0, 0, 0, 0, 0, 0x0f, 0x42, 0x40]),
        (
            "INTERVAL",
            Type::INTERVAL,
            "1 mon 2 days 00:00:01",
            &[0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 2, 0, 0, 0, 1],
        ),
    ];
    for (sql_type, pg_type, text, binary) in cases {
        let statement = client
            .prepare_typed(&format!("SELECT $1::{sql_type} AS value"), std::slice::from_ref(&pg_type))
            .await;
        let statement = statement.unwrap_or_else(|error| panic!("{sql_type}: {error:?}"));
        assert_eq!(statement.columns()[0].type_(), &pg_type, "{sql_type}");
        for parameter in [&Binary(binary.to_vec()) as &(dyn ToSql + Sync), &Text(text)] {
            let row = client.query_one(&statement, &[parameter]).await;
            let row = row.unwrap_or_else(|error| panic!("{sql_type} {parameter:?}: {error:?}"));
            assert_eq!(row.get::<_, Binary>(0), Binary(binary.to_vec()), "{sql_type} {parameter:?}");
        }
        // The planner reads intervals in words only.
        let literal = if sql_type == "INTERVAL" { "1 month 2 days 1 second" } else { text };
        let shown = client.simple_query(&format!("SELECT '{literal}'::{sql_type} AS value")).await;
        let shown = shown.unwrap_or_else(|error| panic!("{sql_type}: {error:?}"));
        let shown = shown.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        assert_eq!(shown.as_deref(), Some(text), "{sql_type}");
        let null = client.query_one(&statement, &[&None::<Binary>]).await.unwrap();
        assert_eq!(null.get::<_, Option<Binary>>(0), None, "{sql_type}");
    }
}

#[tokio::test]
async fn arrays_come_back_as_they_went() {
    let server = TestServer::start().await;
    let client = server.client().await;
    let statement = client.prepare_typed("SELECT $1 AS value", &[Type::INT4_ARRAY]).await.unwrap();
    let value = vec![Some(1), None, Some(-3)];
    let row = client.query_one(&statement, &[&value]).await.unwrap();
    assert_eq!(row.get::<_, Vec<Option<i32>>>(0), value);
    let statement = client.prepare_typed("SELECT $1 AS value", &[Type::TEXT_ARRAY]).await.unwrap();
    let value = vec!["a", "", "b, \"c\""];
    let row = client.query_one(&statement, &[&value]).await.unwrap();
    assert_eq!(row.get::<_, Vec<&str>>(0), value);
}

#[tokio::test]
async fn columns_of_a_table_have_their_own_types() {
    let server = TestServer::start().await;
    let client = server.client().await;
    client
        .batch_execute(
            "CREATE TABLE t (id UUID PRIMARY KEY, doc JSONB, tags TEXT[], price NUMERIC(8,3));
             INSERT INTO t VALUES ('6f1d8a0e-0c6b-4f5e-9d57-0a4c2a3b1c0d', '{\"a\": 1}', ARRAY['x', 'y'], 1.5)",
        )
        .await
        .unwrap();
    let statement = client.prepare("SELECT id, doc, tags, price FROM t").await.unwrap();
    let types: Vec<_> = statement.columns().iter().map(|column| column.type_().clone()).collect();
    assert_eq!(types, [Type::UUID, Type::JSONB, Type::TEXT_ARRAY, Type::NUMERIC]);
    let row = client.query_one(&statement, &[]).await.unwrap();
    assert_eq!(row.get::<_, Binary>(0).0.len(), 16);
    assert_eq!(row.get::<_, Binary>(1).0[0], 1);
    assert_eq!(row.get::<_, Vec<String>>(2), ["x", "y"]);

    let id = Binary(row.get::<_, Binary>(0).0);
    let by_id = client.prepare_typed("SELECT count(*) FROM t WHERE id = $1", &[Type::UUID]).await.unwrap();
    assert_eq!(client.query_one(&by_id, &[&id]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn values_that_do_not_read_are_refused_by_code() {
    let server = TestServer::start().await;
    let client = server.client().await;
    let statement = client.prepare_typed("SELECT $1 AS value", &[Type::INT4]).await.unwrap();
    let code = async |parameter: &(dyn ToSql + Sync)| {
        let error = client.query(&statement, &[parameter]).await.unwrap_err();
        error.code().unwrap().code().to_owned()
    };
    assert_eq!(code(&Text("seven")).await, "22P02");
    assert_eq!(code(&Text("3000000000")).await, "22003");
    assert_eq!(code(&Binary(vec![1, 2, 3])).await, "22P03");
    let unknown = client.prepare_typed("SELECT $1 AS value", &[Type::POINT]).await;
    assert_eq!(unknown.unwrap_err().code().unwrap().code(), "42704");
}
