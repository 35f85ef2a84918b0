//! Names and texts as statements take them.

/// A name in the user's text: an identifier, lower-cased unless it was quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name, without quotes.
    pub value: String,
    /// Where it stands, in characters from 1.
    pub position: usize,
}

/// The name of a table, projection or system table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    /// The schema in front of the point, if any.
    pub schema: Option<String>,
    /// The table.
    pub name: String,
    /// Where it begins, in characters from 1.
    pub position: usize,
}

/// A name or text that one of our statements takes: a string literal, `$n`, or, where the statement takes a
/// bare name, an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The text, or the parameter that will hold it.
    pub value: ArgumentValue,
    /// Where it stands, in characters from 1.
    pub position: usize,
}

/// The text of an [`Argument`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentValue {
    /// Written out.
    Text(String),
    /// `$n`, counted from 1; its type is text.
    Parameter(usize),
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)
    }
}
