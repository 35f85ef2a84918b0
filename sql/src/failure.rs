//! How errors of the layers below read to a user: a SQLSTATE, a position, a hint.

use datafusion::common::{DataFusionError, SchemaError};
use datafusion::error::DataFusionError as PlannerError;
use microprolly_engine::{ColumnType, EngineError, Kind, StorageError, ValueError, Violation};

use crate::dialect::ParsedStatement;
use crate::error::{SqlError, SqlState};

impl From<EngineError> for SqlError {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::Storage(storage) => return storage_failure(storage),
            EngineError::NotFound { kind, .. } => match kind {
                Kind::Branch | Kind::Tag | Kind::Revision => SqlState::INVALID_CATALOG_NAME,
                Kind::Type => SqlState::UNDEFINED_TABLE,
                Kind::Column => SqlState::UNDEFINED_COLUMN,
                Kind::Object => SqlState::UNDEFINED_OBJECT,
            },
            EngineError::AlreadyExists { kind, .. } => match kind {
                Kind::Branch => SqlState::DUPLICATE_DATABASE,
                Kind::Type => SqlState::DUPLICATE_TABLE,
                Kind::Column => SqlState::DUPLICATE_COLUMN,
                Kind::Tag | Kind::Revision | Kind::Object => SqlState::DUPLICATE_OBJECT,
            },
            EngineError::Ambiguous { .. } => SqlState::AMBIGUOUS_REVISION,
            EngineError::InvalidName { .. } => SqlState::INVALID_NAME,
            EngineError::InvalidValue { violation, .. } => match violation {
                Violation::Malformed => SqlState::INVALID_JSON_TEXT,
                Violation::WrongType => SqlState::INVALID_TEXT_REPRESENTATION,
                Violation::OutOfRange => SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
                Violation::Missing => SqlState::NOT_NULL_VIOLATION,
                Violation::KeyMismatch => SqlState::CHECK_VIOLATION,
            },
            EngineError::InvalidDefinition { .. } => SqlState::INVALID_TABLE_DEFINITION,
            EngineError::Conflict { .. } => SqlState::SERIALIZATION_FAILURE,
            EngineError::NothingToCommit { .. } | EngineError::Refused { .. } => {
                SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE
            }
            _ => SqlState::INTERNAL_ERROR,
        };
        let hint = error.hint();
        Self { hint, ..Self::new(code, error.to_string()) }
    }
}

/// Text or a value that a column of this type does not take.
pub(crate) fn value_failure(failure: ValueError, column_type: &ColumnType) -> SqlError {
    let moment = matches!(column_type, ColumnType::Timestamp | ColumnType::TimestampTz | ColumnType::Date);
    let code = match failure.violation {
        Violation::Malformed => SqlState::INVALID_JSON_TEXT,
        Violation::WrongType if moment => SqlState::INVALID_DATETIME_FORMAT,
        Violation::OutOfRange if moment => SqlState::DATETIME_FIELD_OVERFLOW,
        Violation::OutOfRange if matches!(column_type, ColumnType::Text { .. }) => {
            SqlState::STRING_DATA_RIGHT_TRUNCATION
        }
        Violation::OutOfRange => SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
        Violation::WrongType | Violation::Missing | Violation::KeyMismatch => {
            SqlState::INVALID_TEXT_REPRESENTATION
        }
    };
    SqlError::new(code, failure.reason)
}

fn storage_failure(error: &StorageError) -> SqlError {
    let code = match error {
        StorageError::NotFound { .. } | StorageError::Corrupt { .. } => SqlState::DATA_CORRUPTED,
        StorageError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
            SqlState::DISK_FULL
        }
        StorageError::Io { .. } | StorageError::Poisoned { .. } => SqlState::IO_ERROR,
        StorageError::Locked { .. } => SqlState::OBJECT_IN_USE,
        StorageError::NotAStore { .. } | StorageError::AlreadyExists { .. } => SqlState::UNDEFINED_FILE,
        StorageError::NewerFormat { .. } => SqlState::FEATURE_NOT_SUPPORTED,
        StorageError::TooLarge { .. } => SqlState::PROGRAM_LIMIT_EXCEEDED,
        _ => SqlState::INTERNAL_ERROR,
    };
    SqlError::new(code, error.to_string())
}

/// An engine's error on its way through DataFusion.
pub(crate) fn external(error: EngineError) -> PlannerError {
    PlannerError::External(Box::new(SqlError::from(error)))
}

impl From<SqlError> for PlannerError {
    fn from(error: SqlError) -> Self {
        Self::External(Box::new(error))
    }
}

/// An error of DataFusion, with its place in the statement where one is known.
pub(crate) fn planner_failure(error: &PlannerError, statement: Option<&ParsedStatement>) -> SqlError {
    let position = || {
        let span = error.diagnostic()?.span?;
        let location = |at: datafusion::common::Location| sqlparser::tokenizer::Location {
            line: at.line,
            column: at.column,
        };
        statement?.position_of(sqlparser::tokenizer::Span::new(location(span.start), location(span.end)))
    };
    SqlError::from(error).or_position(position())
}

impl From<&PlannerError> for SqlError {
    fn from(error: &PlannerError) -> Self {
        match error {
            DataFusionError::External(source) => match source.downcast_ref::<Self>() {
                Some(own) => own.clone(),
                None => match source.downcast_ref::<PlannerError>() {
                    Some(inner) => Self::from(inner),
                    None => Self::internal(first_line(&source.to_string())),
                },
            },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
                Self::from(&**inner)
            }
            DataFusionError::Shared(inner) => Self::from(&**inner),
            DataFusionError::Collection(all) => match all.first() {
                Some(first) => Self::from(first),
                None => Self::internal(first_line(&error.to_string())),
            },
            DataFusionError::ArrowError(arrow, _) => arrow_failure(arrow),
            DataFusionError::SchemaError(schema, _) => schema_failure(schema),
            DataFusionError::NotImplemented(message) => Self::not_supported(first_line(message)),
            DataFusionError::Plan(message) => Self::new(plan_code(message), first_line(message)),
            DataFusionError::Execution(message) => Self::new(execution_code(message), first_line(message)),
            DataFusionError::ResourcesExhausted(message) => {
                Self::new(SqlState::OUT_OF_MEMORY, first_line(message))
            }
            DataFusionError::SQL(parser, _) => Self::syntax(parser.to_string()),
            DataFusionError::Internal(message) => Self::internal(first_line(message)),
            other => Self::internal(first_line(&other.strip_backtrace())),
        }
    }
}

fn arrow_failure(error: &arrow::error::ArrowError) -> SqlError {
    use arrow::error::ArrowError;
    match error {
        ArrowError::DivideByZero => SqlError::new(SqlState::DIVISION_BY_ZERO, "division by zero"),
        ArrowError::ArithmeticOverflow(message) => {
            SqlError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, message)
        }
        ArrowError::CastError(message) | ArrowError::ParseError(message) => {
            SqlError::new(SqlState::INVALID_TEXT_REPRESENTATION, message)
        }
        ArrowError::ExternalError(source) => match source.downcast_ref::<DataFusionError>() {
            Some(inner) => SqlError::from(inner),
            None => match source.downcast_ref::<SqlError>() {
                Some(own) => own.clone(),
                None => SqlError::internal(first_line(&source.to_string())),
            },
        },
        other => SqlError::new(execution_code(&other.to_string()), other.to_string()),
    }
}

fn schema_failure(error: &SchemaError) -> SqlError {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let near = valid_fields
                .iter()
                .map(|valid| (strsim::jaro_winkler(&valid.name, &field.name), &valid.name))
                .filter(|(likeness, _)| *likeness > 0.75)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let error = SqlError::new(
                SqlState::UNDEFINED_COLUMN,
                format!("column \"{}\" does not exist", field.flat_name().replace('"', "")),
            );
            match near {
                Some((_, name)) => error.with_hint(format!("Did you mean \"{name}\"?")),
                None => error,
            }
        }
        SchemaError::AmbiguousReference { field } => SqlError::new(
            SqlState::AMBIGUOUS_COLUMN,
            format!("column reference \"{}\" is ambiguous", field.name),
        ),
        other => SqlError::new(SqlState::DUPLICATE_COLUMN, other.to_string()),
    }
}

/// The planner tells its errors apart by their words only.
fn plan_code(message: &str) -> SqlState {
    let own = own_words(message);
    let has = |words: &str| own.contains(words);
    if has("invalid function")
        || has("function") && (has("not found") || has("no function matches") || has("failed to match"))
    {
        SqlState::UNDEFINED_FUNCTION
    } else if has("table") && has("not found") {
        SqlState::UNDEFINED_TABLE
    } else if has("group by") || has("aggregate") && has("must") {
        SqlState::GROUPING_ERROR
    } else if has("cast") && !has("unsupported cast") {
        SqlState::INVALID_TEXT_REPRESENTATION
    } else if has("cannot coerce") || has("unsupported cast") || has("type") || has("coercion") {
        SqlState::DATATYPE_MISMATCH
    } else if has("placeholder") || has("parameter") {
        SqlState::UNDEFINED_PARAMETER
    } else if has("duplicate") || has("unique") {
        SqlState::DUPLICATE_ALIAS
    } else {
        SqlState::SYNTAX_ERROR
    }
}

fn execution_code(message: &str) -> SqlState {
    let own = own_words(message);
    let has = |words: &str| own.contains(words);
    if has("divide by zero") || has("division by zero") {
        SqlState::DIVISION_BY_ZERO
    } else if has("overflow") || has("out of range") {
        SqlState::NUMERIC_VALUE_OUT_OF_RANGE
    } else if has("more than one row") {
        SqlState::CARDINALITY_VIOLATION
    } else if has("timestamp") || has("date") && has("pars") {
        SqlState::INVALID_DATETIME_FORMAT
    } else if has("cast") || has("cannot parse") || has("parse") {
        SqlState::INVALID_TEXT_REPRESENTATION
    } else {
        SqlState::DATA_EXCEPTION
    }
}

/// A message in lower case without what it quotes, which comes from the
/// statement or from data and may be any words.
fn own_words(message: &str) -> String {
    let mut words = String::with_capacity(message.len());
    let mut quote = None;
    let mut before = ' ';
    let mut characters = message.chars().peekable();
    while let Some(character) = characters.next() {
        let next_is_letter = characters.peek().is_some_and(|next| next.is_alphanumeric());
        match quote {
            // Not the apostrophe of "can't".
            None if matches!(character, '\'' | '"' | '`') && !before.is_alphanumeric() => {
                quote = Some(character);
            }
            None => words.extend(character.to_lowercase()),
            Some(open) if open == character && !next_is_letter => quote = None,
            Some(_) => {}
        }
        before = character;
    }
    words
}

/// A message without the advice to file a bug, backtraces and plans behind it.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or(message);
    line.strip_prefix("Internal error: ").unwrap_or(line).trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defects_below_are_told_in_one_line_without_advice_to_report_them() {
        let internal = || PlannerError::Internal("the plan has no root".to_owned());
        for error in [
            internal(),
            PlannerError::Context("while planning".to_owned(), Box::new(internal())),
            PlannerError::External(Box::new(internal())),
            PlannerError::External(internal().to_string().into()),
        ] {
            let told = SqlError::from(&error);
            assert_eq!(
                (told.code, told.message.as_str()),
                (SqlState::INTERNAL_ERROR, "the plan has no root")
            );
        }
    }

    #[test]
    fn names_and_values_do_not_decide_the_state_of_an_error() {
        let state = |message: &str| SqlError::from(&PlannerError::Plan(message.to_owned())).code;
        assert_eq!(state("Invalid function 'cast'.\nDid you mean 'abs'?"), SqlState::UNDEFINED_FUNCTION);
        assert_eq!(state("'function not found' is odd"), SqlState::SYNTAX_ERROR);
        assert_eq!(state("column \"it's a type\" is odd"), SqlState::SYNTAX_ERROR);
        assert_eq!(
            state(
                "Function 'sum' expects Numeric but received String. No function matches the given name and argument types 'sum(Utf8)'."
            ),
            SqlState::UNDEFINED_FUNCTION
        );
        assert_eq!(
            state("There isn't a common type to coerce Int64 and Boolean in UNION expression"),
            SqlState::DATATYPE_MISMATCH
        );
        let state = |message: &str| SqlError::from(&PlannerError::Execution(message.to_owned())).code;
        assert_eq!(state("'divide by zero' is no date to be parsed"), SqlState::INVALID_DATETIME_FORMAT);
        assert_eq!(state("the value 'overflow' is odd"), SqlState::DATA_EXCEPTION);
    }
}
