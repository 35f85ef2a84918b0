//! The prompt: branch, uncommitted changes, version, transaction.

use microprolly_sql::{Session, TransactionStatus};

use crate::output::terminal::escape_line;
use crate::runner::{Pending, Want};

/// What the prompt tells of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PromptState {
    branch: String,
    as_of: Option<String>,
    changes: Changes,
    transaction: TransactionStatus,
}

/// Whether the branch has changes that no commit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changes {
    None,
    Uncommitted,
    /// The session could not tell; the next statement will say why.
    Unknown,
}

impl PromptState {
    /// The session as it stands.
    pub(super) fn of(session: &Session) -> Self {
        let changes = match session.is_dirty() {
            Ok(false) => Changes::None,
            Ok(true) => Changes::Uncommitted,
            Err(_) => Changes::Unknown,
        };
        Self {
            branch: session.branch(),
            as_of: session.as_of(),
            changes,
            transaction: session.transaction_status(),
        }
    }

    /// `main*=> `: the branch; `*` with uncommitted changes, or `@` and the version that is read; what is
    /// awaited (`=` a statement, `-` the rest of one, or the quote that is open); `*` in a transaction, `!` in
    /// a failed one.
    pub(super) fn render(&self, want: Want) -> String {
        let place = match (&self.as_of, self.changes) {
            (Some(revision), _) => format!("{}@{revision}", self.branch),
            (None, Changes::None) => self.branch.clone(),
            (None, Changes::Uncommitted) => format!("{}*", self.branch),
            (None, Changes::Unknown) => format!("{}?", self.branch),
        };
        let awaited = match want {
            Want::CopyData => return ">> ".to_owned(),
            Want::Statement | Want::Continuation(Pending::Nothing) => '=',
            Want::Continuation(Pending::Statement) => '-',
            Want::Continuation(Pending::String) => '\'',
            Want::Continuation(Pending::QuotedName) => '"',
            Want::Continuation(Pending::Comment) => '/',
            Want::Continuation(Pending::DollarQuote) => '$',
        };
        let transaction = match self.transaction {
            TransactionStatus::Idle => "",
            TransactionStatus::Active => "*",
            TransactionStatus::Failed => "!",
        };
        format!("{}{awaited}{transaction}> ", escape_line(&place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(as_of: Option<&str>, changes: Changes, transaction: TransactionStatus) -> PromptState {
        PromptState { branch: "main".into(), as_of: as_of.map(str::to_owned), changes, transaction }
    }

    #[test]
    fn the_prompt_shows_branch_changes_version_and_transaction() {
        use TransactionStatus::{Active, Failed, Idle};
        let continuation = Want::Continuation(Pending::Statement);
        for (state, want, expected) in [
            (state(None, Changes::None, Idle), Want::Statement, "main=> "),
            (state(None, Changes::Uncommitted, Idle), Want::Statement, "main*=> "),
            (state(Some("v1.0"), Changes::None, Idle), Want::Statement, "main@v1.0=> "),
            (state(None, Changes::None, Idle), continuation, "main-> "),
            (state(None, Changes::None, Active), Want::Statement, "main=*> "),
            (state(None, Changes::Uncommitted, Failed), Want::Statement, "main*=!> "),
            (state(None, Changes::None, Idle), Want::Continuation(Pending::String), "main'> "),
            (state(None, Changes::None, Idle), Want::CopyData, ">> "),
        ] {
            assert_eq!(state.render(want), expected);
        }
    }
}
