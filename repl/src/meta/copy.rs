//! `\copy`: COPY between a table and a file on this machine.

use std::fs::File;
use std::io::BufWriter;

use super::files::expand_home;
use crate::failure::Failure;
use crate::import::source::CsvFile;
use crate::runner::{CopySource, FileChunks, NoCopyData, Origin, Runner, Statement};

const USAGE: &str = "\\copy TABLE [(COLUMNS)] FROM 'FILE' [OPTIONS], or \\copy TABLE|(QUERY) TO 'FILE' [OPTIONS]; \
                     for example: \\copy flights FROM 'flights.csv' WITH (FORMAT csv, HEADER, NULL 'NA')";

/// `\copy` cut into its parts.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    /// The COPY statement that the database runs.
    statement: String,
    file: String,
    direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    FromFile,
    ToFile,
}

/// Runs `\copy`; `text` is what stands behind it. A file to load may be gzipped.
pub(super) async fn run(runner: &mut Runner, text: &str) -> Result<(), Failure> {
    let request = parse(text)
        .ok_or_else(|| Failure::refused_with_hint("\\copy does not read so", format!("Usage: {USAGE}")))?;
    let path = expand_home(&request.file);
    let statement = Statement { text: request.statement, line: 1, expanded: false };
    let origin = Origin::unnamed(1);
    match request.direction {
        Direction::FromFile => {
            let reader = CsvFile::new(path.clone()).open()?;
            let mut data: Box<dyn CopySource> = Box::new(FileChunks::new(path, reader));
            runner.run_statement(&statement, origin, data.as_mut(), None).await
        }
        Direction::ToFile => {
            let file = File::create(&path).map_err(|error| Failure::file(&path, error))?;
            let mut out = BufWriter::new(file);
            runner.run_statement(&statement, origin, &mut NoCopyData, Some(&mut out)).await
        }
    }
}

/// Finds FROM or TO outside of parentheses and quotes, and the file behind it.
fn parse(text: &str) -> Option<Request> {
    let text = text.trim().trim_end_matches(';');
    let mut depth = 0_usize;
    let mut quote = None;
    let mut word_start = None;
    for (offset, character) in text.char_indices().chain([(text.len(), ' ')]) {
        if let Some(open) = quote {
            if character == open {
                quote = None;
            }
            continue;
        }
        if character.is_alphanumeric() || character == '_' {
            word_start.get_or_insert(offset);
            continue;
        }
        if let Some(start) = word_start.take()
            && depth == 0
            && character.is_whitespace()
            && start > 0
        {
            let direction = match text[start..offset].to_ascii_lowercase().as_str() {
                "from" => Some(Direction::FromFile),
                "to" => Some(Direction::ToFile),
                _ => None,
            };
            if let Some(direction) = direction {
                return request(text[..start].trim_end(), direction, text[offset..].trim_start());
            }
        }
        match character {
            '\'' | '"' => quote = Some(character),
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

fn request(what: &str, direction: Direction, rest: &str) -> Option<Request> {
    let (file, options) = match rest.strip_prefix('\'') {
        Some(quoted) => quoted.split_once('\'')?,
        None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
    };
    if file.is_empty() {
        return None;
    }
    let end = match direction {
        Direction::FromFile => "FROM STDIN",
        Direction::ToFile => "TO STDOUT",
    };
    let statement = format!("COPY {what} {end} {}", options.trim());
    Some(Request { statement: statement.trim_end().to_owned(), file: file.to_owned(), direction })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_taken_out_and_the_rest_is_left_to_the_database() {
        let request = parse("flights (a, b) from 'my file.csv' csv header null 'NA';").unwrap();
        assert_eq!(request.statement, "COPY flights (a, b) FROM STDIN csv header null 'NA'");
        assert_eq!((request.file.as_str(), request.direction), ("my file.csv", Direction::FromFile));
    }

    #[test]
    fn words_within_a_query_or_a_name_are_not_taken_for_the_direction() {
        let request = parse("(select ' to x' from \"to\") TO out.csv WITH (FORMAT csv)").unwrap();
        assert_eq!(request.statement, "COPY (select ' to x' from \"to\") TO STDOUT WITH (FORMAT csv)");
        assert_eq!((request.file.as_str(), request.direction), ("out.csv", Direction::ToFile));
    }

    #[test]
    fn an_incomplete_command_is_refused() {
        for text in ["", "t", "t from", "t from '", "from x", "t ) from x"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
