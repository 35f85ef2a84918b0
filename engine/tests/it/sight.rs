//! What can be seen of a database that is sound.

use std::collections::BTreeMap;

use microprolly_engine::{EngineError, KeyRange, Session};

use crate::fixture::Contents;

/// Everything that can be seen: each branch with its contents and its log,
/// tags, types.
pub(crate) type Sight = (BTreeMap<String, (Contents, Vec<String>)>, Vec<String>, Vec<String>);

pub(crate) fn sight(session: &Session) -> Result<Sight, EngineError> {
    let mut branches = BTreeMap::new();
    for name in session.branch_names() {
        let version = session.resolve(name.as_str())?;
        let mut contents = Contents::new();
        for entry in session.snapshot(&version)?.range(&KeyRange::all()) {
            let (key, value) = entry?;
            contents.insert(key.to_vec(), value.to_vec());
        }
        let log = session
            .log(None, &version)?
            .map(|entry| entry.map(|(_, commit)| commit.message.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        branches.insert(name.to_string(), (contents, log));
    }
    let tags = session.tags().iter().map(|(name, _)| name.to_string()).collect();
    let types = session.types().iter().map(|definition| definition.name.clone()).collect();
    Ok((branches, tags, types))
}
