//! On whose behalf a session acts.

use std::fmt;
use std::sync::Arc;

/// Who acts, and with what rights. Every [`Session`](crate::Session) holds one,
/// and nothing reaches data except through a session.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    name: Arc<str>,
}

impl Principal {
    /// A principal that may do everything, known by `name` in commits and logs.
    pub fn all_powerful(name: &str) -> Self {
        Self { name: name.into() }
    }

    /// The name that commits and logs record.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Principal").field(&self.name).finish()
    }
}
