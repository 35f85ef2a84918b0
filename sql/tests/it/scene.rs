//! A database with two branches, and rows as text.

use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::scalar::ScalarValue;
use futures::StreamExt;
use microprolly_sql::{Command, Database, Outcome, Principal, Session, SqlError};

/// A session and the database under it.
pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) session: Session,
}

impl Scene {
    /// An empty database.
    pub(crate) fn empty() -> Self {
        Self::of(Database::in_memory().unwrap())
    }

    /// A session on a database.
    pub(crate) fn of(database: Database) -> Self {
        let session = database.session(Principal::all_powerful("ada")).unwrap();
        Self { database, session }
    }

    /// Users 1 to 3, committed; then, on the branch `feature`, user 1 is made
    /// a viewer, user 2 is gone, user 4 is new, and a key without a type is
    /// there; the last two are not committed.
    pub(crate) async fn users() -> Self {
        let mut scene = Self::empty();
        scene.run("CREATE TABLE user (id TEXT PRIMARY KEY, name TEXT, role TEXT NOT NULL, age BIGINT)").await;
        scene.put("main", "user:1", r#"{"id":"1","name":"Ada","role":"admin","age":36}"#);
        scene.put("main", "user:2", r#"{"id":"2","name":"Bob","role":"admin"}"#);
        scene.put("main", "user:3", r#"{"id":"3","name":"Cy","role":"viewer","age":7}"#);
        scene.run("COMMIT MESSAGE 'users'; CREATE TAG v1; CREATE BRANCH feature").await;
        scene.put("feature", "user:1", r#"{"id":"1","name":"Ada","role":"viewer","age":36}"#);
        scene.delete("feature", "user:2");
        scene.run("USE BRANCH feature; COMMIT MESSAGE 'edits'; USE BRANCH main").await;
        scene.put("feature", "user:4", r#"{"id":"4","name":"Dee","role":"viewer"}"#);
        scene.put("feature", "config:theme", "dark");
        scene
    }

    fn engine(&self, branch: &str) -> microprolly_engine::Session {
        let mut engine = self.database.engine().session(Principal::all_powerful("ada")).unwrap();
        engine.switch_branch(branch).unwrap();
        engine
    }

    /// Sets a key on a branch.
    pub(crate) fn put(&self, branch: &str, key: &'static str, value: &'static str) {
        self.engine(branch).put(key, value).unwrap();
    }

    /// Deletes a key on a branch.
    pub(crate) fn delete(&self, branch: &str, key: &'static str) {
        self.engine(branch).delete(key).unwrap();
    }

    /// Runs a script of which no result is wanted.
    pub(crate) async fn run(&mut self, sql: &str) {
        for outcome in self.session.run(sql).await.unwrap() {
            drop(lines(outcome).await.unwrap());
        }
    }

    /// The rows of one statement, cells separated by `|`.
    pub(crate) async fn rows(&mut self, sql: &str) -> Vec<String> {
        self.try_rows(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// The same, or the error, be it found before or while rows are read.
    pub(crate) async fn try_rows(&mut self, sql: &str) -> Result<Vec<String>, SqlError> {
        let outcome = self.session.run(sql).await?.pop().unwrap();
        lines(outcome).await
    }

    /// The error of a statement that must fail.
    pub(crate) async fn error(&mut self, sql: &str) -> SqlError {
        match self.try_rows(sql).await {
            Err(error) => error,
            Ok(rows) => panic!("{sql} gave {rows:?}"),
        }
    }

    /// The rows of a prepared statement.
    pub(crate) async fn prepared(&mut self, sql: &str, parameters: &[&str]) -> Result<Vec<String>, SqlError> {
        let parsed = self.session.parse(sql)?.pop().unwrap();
        let prepared = self.session.prepare(&parsed, &[]).await?;
        let values: Vec<ScalarValue> = parameters
            .iter()
            .zip(prepared.parameter_types())
            .map(|(text, wanted)| ScalarValue::from(*text).cast_to(wanted).unwrap())
            .collect();
        let outcome = self.session.execute(&prepared, &values).await?;
        if let Outcome::Rows { schema, .. } = &outcome {
            assert_eq!(prepared.schema().unwrap().fields(), schema.fields(), "{sql}");
        }
        lines(outcome).await
    }

    /// The columns of a statement's result, by name, and its command tag.
    pub(crate) async fn columns(&mut self, sql: &str) -> (Vec<String>, Command) {
        match self.session.run(sql).await.unwrap().pop().unwrap() {
            Outcome::Rows { schema, command, .. } => {
                (schema.fields().iter().map(|field| field.name().clone()).collect(), command)
            }
            other => panic!("{sql} gave {other:?}"),
        }
    }
}

async fn lines(outcome: Outcome) -> Result<Vec<String>, SqlError> {
    let Outcome::Rows { mut stream, .. } = outcome else { return Ok(Vec::new()) };
    let options = FormatOptions::default().with_null("null");
    let mut lines = Vec::new();
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| SqlError::from(&error))?;
        let columns: Vec<ArrayFormatter> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            lines.push(cells.join("|"));
        }
    }
    Ok(lines)
}
