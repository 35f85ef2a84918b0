//! The one error of this crate: a SQLSTATE, a message for a person, and where it helps a detail, a hint and
//! a position in the text that the user wrote.

use std::fmt;

/// The five characters by which clients tell errors apart (PostgreSQL, appendix A).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SqlState(&'static str);

/// Declares the states as constants of [`SqlState`], each with its documentation.
macro_rules! sql_states {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl SqlState {
            $($(#[$doc])* pub const $name: SqlState = SqlState($code);)*
        }
    };
}

sql_states! {
    /// Success; the code of a plain notice.
    SUCCESSFUL_COMPLETION = "00000";
    /// A warning, in a notice.
    WARNING = "01000";
    /// The peer sent a message that does not fit the protocol.
    PROTOCOL_VIOLATION = "08P01";
    /// Valid SQL that this version does not run.
    FEATURE_NOT_SUPPORTED = "0A000";
    /// A sub-query used as a value gave more than one row, or a scalar more than one value.
    CARDINALITY_VIOLATION = "21000";
    /// A value does not fit its type; the general case of class 22.
    DATA_EXCEPTION = "22000";
    /// Text longer than its column or than the limit of the store.
    STRING_DATA_RIGHT_TRUNCATION = "22001";
    /// A number outside the range of its type.
    NUMERIC_VALUE_OUT_OF_RANGE = "22003";
    /// NULL where a value is needed.
    NULL_VALUE_NOT_ALLOWED = "22004";
    /// A date or time that does not read as one.
    INVALID_DATETIME_FORMAT = "22007";
    /// A date or time outside the range that can be held.
    DATETIME_FIELD_OVERFLOW = "22008";
    /// Division by zero.
    DIVISION_BY_ZERO = "22012";
    /// A character that the encoding does not allow: a NUL byte, broken UTF-8.
    CHARACTER_NOT_IN_REPERTOIRE = "22021";
    /// An argument or option with a value that it cannot take.
    INVALID_PARAMETER_VALUE = "22023";
    /// JSON text that is not JSON.
    INVALID_JSON_TEXT = "22032";
    /// Text that does not read as a value of the wanted type.
    INVALID_TEXT_REPRESENTATION = "22P02";
    /// Bytes that do not read as a value of the wanted type.
    INVALID_BINARY_REPRESENTATION = "22P03";
    /// A line of COPY input with too many or too few columns, or bad quoting.
    BAD_COPY_FILE_FORMAT = "22P04";
    /// NULL in a column that is NOT NULL.
    NOT_NULL_VIOLATION = "23502";
    /// A second row with the key of another.
    UNIQUE_VIOLATION = "23505";
    /// A CHECK that is false for a row.
    CHECK_VIOLATION = "23514";
    /// BEGIN inside a transaction.
    ACTIVE_SQL_TRANSACTION = "25001";
    /// A write to a past version, or in a transaction that is READ ONLY.
    READ_ONLY_SQL_TRANSACTION = "25006";
    /// COMMIT, SAVEPOINT or the like outside a transaction.
    NO_ACTIVE_SQL_TRANSACTION = "25P01";
    /// Anything but ROLLBACK after an error in a transaction.
    IN_FAILED_SQL_TRANSACTION = "25P02";
    /// A prepared statement that is not known.
    INVALID_SQL_STATEMENT_NAME = "26000";
    /// A user that may not connect.
    INVALID_AUTHORIZATION_SPECIFICATION = "28000";
    /// A cursor that is not known.
    INVALID_CURSOR_NAME = "34000";
    /// ROLLBACK TO or RELEASE of a savepoint that is not known.
    INVALID_SAVEPOINT_SPECIFICATION = "3B001";
    /// A branch, tag or revision that is not known (a database, to Postgres clients).
    INVALID_CATALOG_NAME = "3D000";
    /// A schema that is not known.
    INVALID_SCHEMA_NAME = "3F000";
    /// Another transaction committed a change to the same rows first: run it again.
    SERIALIZATION_FAILURE = "40001";
    /// The text is not SQL.
    SYNTAX_ERROR = "42601";
    /// A column that is not in the GROUP BY.
    GROUPING_ERROR = "42803";
    /// Two types that do not go together.
    DATATYPE_MISMATCH = "42804";
    /// A function or operator that is not known for these types.
    UNDEFINED_FUNCTION = "42883";
    /// A column that is not known.
    UNDEFINED_COLUMN = "42703";
    /// A table, projection or view that is not known.
    UNDEFINED_TABLE = "42P01";
    /// A `$n` without a type or value.
    UNDEFINED_PARAMETER = "42P02";
    /// A branch, tag, setting, type or other object that is not known.
    UNDEFINED_OBJECT = "42704";
    /// Two columns of one name.
    DUPLICATE_COLUMN = "42701";
    /// A cursor of that name is open.
    DUPLICATE_CURSOR = "42P03";
    /// A branch (a database, to Postgres clients) of that name exists.
    DUPLICATE_DATABASE = "42P04";
    /// A prepared statement of that name exists.
    DUPLICATE_PREPARED_STATEMENT = "42P05";
    /// A table of that name exists.
    DUPLICATE_TABLE = "42P07";
    /// Two tables of one name in a FROM.
    DUPLICATE_ALIAS = "42712";
    /// A tag or other object of that name exists.
    DUPLICATE_OBJECT = "42710";
    /// A column name that more than one table has.
    AMBIGUOUS_COLUMN = "42702";
    /// A column used where it cannot be.
    INVALID_COLUMN_REFERENCE = "42P10";
    /// A table definition that contradicts itself.
    INVALID_TABLE_DEFINITION = "42P16";
    /// An object that is not of the kind that the statement is for.
    WRONG_OBJECT_TYPE = "42809";
    /// A parameter whose type is not known.
    INDETERMINATE_DATATYPE = "42P18";
    /// A name that breaks the rules for names.
    INVALID_NAME = "42602";
    /// A commit prefix that more than one commit has.
    AMBIGUOUS_REVISION = "42P09";
    /// No space left on the device.
    DISK_FULL = "53100";
    /// The memory that queries may use is used up.
    OUT_OF_MEMORY = "53200";
    /// As many connections as the server takes.
    TOO_MANY_CONNECTIONS = "53300";
    /// A limit of the store or the session is reached.
    CONFIGURATION_LIMIT_EXCEEDED = "53400";
    /// A value, row or statement above a limit.
    PROGRAM_LIMIT_EXCEEDED = "54000";
    /// A statement nested or chained too deep.
    STATEMENT_TOO_COMPLEX = "54001";
    /// More columns than a table may have.
    TOO_MANY_COLUMNS = "54011";
    /// The object is not in the state that the statement needs: unmerged work, uncommitted changes.
    OBJECT_NOT_IN_PREREQUISITE_STATE = "55000";
    /// Another process or session holds it.
    OBJECT_IN_USE = "55006";
    /// A setting that cannot be changed now.
    CANT_CHANGE_RUNTIME_PARAM = "55P02";
    /// The user cancelled the statement, or its time ran out.
    QUERY_CANCELED = "57014";
    /// The server is stopping.
    ADMIN_SHUTDOWN = "57P01";
    /// A file or the device failed.
    IO_ERROR = "58030";
    /// A file that does not exist.
    UNDEFINED_FILE = "58P01";
    /// A defect of MicroProlly itself.
    INTERNAL_ERROR = "XX000";
    /// Stored data that does not verify.
    DATA_CORRUPTED = "XX001";
}

impl SqlState {
    /// The five characters.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlState({})", self.0)
    }
}

impl fmt::Display for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What went wrong with a statement, as a client is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    /// The SQLSTATE.
    pub code: SqlState,
    /// One sentence, lower case and without a full stop, as PostgreSQL words it.
    pub message: String,
    /// More about what was found.
    pub detail: Option<String>,
    /// What the user may try instead.
    pub hint: Option<String>,
    /// Where in the text that the user sent, in characters from 1. For a script of several statements it
    /// counts from the start of the script, as PostgreSQL does.
    pub position: Option<usize>,
}

impl SqlError {
    /// An error without detail, hint or position.
    pub fn new(code: SqlState, message: impl Into<String>) -> Self {
        SqlError { code, message: message.into(), detail: None, hint: None, position: None }
    }

    /// Text that is not SQL (42601).
    pub fn syntax(message: impl Into<String>) -> Self {
        Self::new(SqlState::SYNTAX_ERROR, message)
    }

    /// SQL that this version does not run (0A000).
    pub fn not_supported(message: impl Into<String>) -> Self {
        Self::new(SqlState::FEATURE_NOT_SUPPORTED, message)
    }

    /// A defect of MicroProlly itself (XX000).
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(SqlState::INTERNAL_ERROR, message)
    }

    /// Adds what was found.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds what the user may try instead.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds where in the text it is, in characters from 1.
    #[must_use]
    pub fn with_position(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    /// Adds where in the text it is, if the error does not know and it is known here.
    #[must_use]
    pub fn or_position(mut self, position: Option<usize>) -> Self {
        self.position = self.position.or(position);
        self
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SqlError {}
