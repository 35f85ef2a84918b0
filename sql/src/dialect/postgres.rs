//! sqlparser's PostgreSQL dialect, with a bound on the parser's work.

use std::any::TypeId;
use std::cell::Cell;

use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

/// PostgreSQL as sqlparser reads it, with three differences: the parser gives up when it has begun more
/// expressions than it was given (where it is in doubt it reads a passage again, and nested doubts double each
/// other); it does not try to read every argument of a function as a name, for that reason; and `path`, `line`
/// and `point` are names of columns, not geometric types.
#[derive(Debug)]
pub(crate) struct PostgresDialect {
    inner: PostgreSqlDialect,
    expressions_left: Cell<usize>,
    tokenizing: bool,
}

impl PostgresDialect {
    /// For a parse that may begin so many expressions.
    pub(crate) fn with_expressions(expressions: usize) -> Self {
        PostgresDialect {
            inner: PostgreSqlDialect {},
            expressions_left: Cell::new(expressions),
            tokenizing: false,
        }
    }

    /// For the tokenizer.
    pub(crate) fn for_tokens() -> Self {
        PostgresDialect { tokenizing: true, ..Self::with_expressions(0) }
    }
}

/// Passes methods on to PostgreSQL's dialect as they are.
macro_rules! as_postgres {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> $result {
            self.inner.$name($($argument),*)
        })*
    };
}

impl Dialect for PostgresDialect {
    fn dialect(&self) -> TypeId {
        self.inner.dialect()
    }

    fn parse_prefix(&self, _parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        match self.expressions_left.get().checked_sub(1) {
            Some(left) => {
                self.expressions_left.set(left);
                None
            }
            None => Some(Err(ParserError::RecursionLimitExceeded)),
        }
    }

    /// The tokenizer tells by this that `?` is an operator, as it is for JSONB; the parser that `point '(1,2)'`
    /// is a literal.
    fn supports_geometric_types(&self) -> bool {
        self.tokenizing
    }

    as_postgres! {
        allow_extract_custom() -> bool;
        allow_extract_single_quotes() -> bool;
        get_next_precedence(parser: &Parser) -> Option<Result<u8, ParserError>>;
        identifier_quote_style(identifier: &str) -> Option<char>;
        is_custom_operator_part(ch: char) -> bool;
        is_delimited_identifier_start(ch: char) -> bool;
        is_identifier_part(ch: char) -> bool;
        is_identifier_start(ch: char) -> bool;
        is_reserved_for_identifier(keyword: Keyword) -> bool;
        prec_value(precedence: Precedence) -> u8;
        supports_array_typedef_with_brackets() -> bool;
        supports_bitwise_shift_operators() -> bool;
        supports_comma_separated_trim() -> bool;
        supports_empty_projections() -> bool;
        supports_factorial_operator() -> bool;
        supports_filter_during_aggregation() -> bool;
        supports_group_by_expr() -> bool;
        supports_insert_table_alias() -> bool;
        supports_interval_options() -> bool;
        supports_nested_comments() -> bool;
        supports_notnull_operator() -> bool;
        supports_numeric_literal_underscores() -> bool;
        supports_select_wildcard_with_alias() -> bool;
        supports_string_escape_constant() -> bool;
        supports_unicode_string_literal() -> bool;
    }
}
