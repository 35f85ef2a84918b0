//! BEGIN, COMMIT, ROLLBACK and savepoints.

use crate::dialect::{Begin, IsolationLevel, Name, SetTransaction, TransactionModes};
use crate::error::{SqlError, SqlState};
use crate::outcome::Outcome;
use crate::session::Session;
use crate::settings::{OFF, ON};

pub(super) fn begin(session: &mut Session, begin: &Begin) -> Result<Outcome, SqlError> {
    let tag = if begin.start { "START TRANSACTION" } else { "BEGIN" };
    note_isolation(session, &begin.modes);
    match &mut session.transaction {
        // What an implicit block did so far becomes part of the transaction.
        Some(open) if open.implicit => {
            open.implicit = false;
            open.read_only = begin.modes.read_only.unwrap_or(open.read_only);
        }
        Some(_) => {
            session.notice(SqlState::ACTIVE_SQL_TRANSACTION, "there is already a transaction in progress")
        }
        None => {
            let read_only = begin.modes.read_only.unwrap_or_else(|| session.reads_only_by_default());
            session.start_transaction(false, read_only)?;
        }
    }
    done(tag)
}

pub(super) fn commit(session: &mut Session, chain: bool) -> Result<Outcome, SqlError> {
    let Some(open) = &session.transaction else { return none_open(session, chain, "COMMIT") };
    let read_only = open.read_only;
    let tag = if open.failed {
        session.transaction = None;
        "ROLLBACK"
    } else {
        session.commit_transaction()?;
        "COMMIT"
    };
    if chain {
        session.start_transaction(false, read_only)?;
    }
    done(tag)
}

pub(super) fn rollback(session: &mut Session, chain: bool) -> Result<Outcome, SqlError> {
    let Some(open) = session.transaction.take() else { return none_open(session, chain, "ROLLBACK") };
    if chain {
        session.start_transaction(false, open.read_only)?;
    }
    done("ROLLBACK")
}

fn none_open(session: &mut Session, chain: bool, tag: &str) -> Result<Outcome, SqlError> {
    if chain {
        return Err(SqlError::new(
            SqlState::NO_ACTIVE_SQL_TRANSACTION,
            format!("{tag} AND CHAIN can only be used in transaction blocks"),
        ));
    }
    session.notice(SqlState::NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress");
    done(tag)
}

pub(super) fn savepoint(session: &mut Session, name: &Name) -> Result<Outcome, SqlError> {
    let open = explicit(session, "SAVEPOINT")?;
    let savepoint = open.transaction.savepoint();
    open.savepoints.push((name.value.clone(), savepoint));
    done("SAVEPOINT")
}

pub(super) fn rollback_to(session: &mut Session, name: &Name) -> Result<Outcome, SqlError> {
    let open = explicit(session, "ROLLBACK TO SAVEPOINT")?;
    let index = find(&open.savepoints, name)?;
    open.savepoints.truncate(index + 1);
    if let Some((_, savepoint)) = open.savepoints.last() {
        open.transaction.rollback_to(savepoint);
    }
    open.failed = false;
    done("ROLLBACK")
}

pub(super) fn release(session: &mut Session, name: &Name) -> Result<Outcome, SqlError> {
    let open = explicit(session, "RELEASE SAVEPOINT")?;
    let index = find(&open.savepoints, name)?;
    open.savepoints.truncate(index);
    done("RELEASE")
}

pub(super) fn set_transaction(session: &mut Session, set: &SetTransaction) -> Result<Outcome, SqlError> {
    note_isolation(session, &set.modes);
    match set.modes.read_only {
        read_only if !set.session => session.set_transaction_read_only(read_only)?,
        Some(read_only) => {
            let value = if read_only { ON } else { OFF };
            session.settings.set("default_transaction_read_only", Some(value))?;
        }
        None => {}
    }
    done("SET")
}

/// Says where transactions are other than asked.
fn note_isolation(session: &mut Session, modes: &TransactionModes) {
    if modes.isolation == Some(IsolationLevel::Serializable) {
        session.notice(
            SqlState::WARNING,
            "transactions run under snapshot isolation, which does not prevent write skew",
        );
    }
}

fn explicit<'a>(
    session: &'a mut Session,
    what: &str,
) -> Result<&'a mut crate::session::ActiveTransaction, SqlError> {
    match &mut session.transaction {
        Some(open) if !open.implicit => Ok(open),
        _ => Err(SqlError::new(
            SqlState::NO_ACTIVE_SQL_TRANSACTION,
            format!("{what} can only be used in transaction blocks"),
        )),
    }
}

fn find<T>(savepoints: &[(String, T)], name: &Name) -> Result<usize, SqlError> {
    savepoints.iter().rposition(|(existing, _)| *existing == name.value).ok_or_else(|| {
        SqlError::new(
            SqlState::INVALID_SAVEPOINT_SPECIFICATION,
            format!("savepoint \"{}\" does not exist", name.value),
        )
        .with_position(name.position)
    })
}

fn done(tag: &str) -> Result<Outcome, SqlError> {
    Ok(Outcome::Done { tag: tag.to_owned() })
}
