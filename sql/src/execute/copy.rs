//! COPY.
use super::Call;
use crate::dialect::{CopyFrom, CopyTo};
use crate::error::SqlError;
use crate::outcome::Outcome;
use crate::session::Session;

pub(super) async fn from_stdin(_: &mut Session, _: Call<'_>, _: &CopyFrom) -> Result<Outcome, SqlError> {
    todo!()
}

pub(super) async fn to_stdout(_: &mut Session, _: Call<'_>, _: &CopyTo) -> Result<Outcome, SqlError> {
    todo!()
}
