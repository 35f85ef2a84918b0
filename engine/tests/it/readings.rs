//! What can be read of a database that may be damaged, past what cannot.

use std::collections::{BTreeMap, BTreeSet};

use microprolly_engine::{CommitId, EngineError, KeyRange, Session, Version};

/// A key in a version, or a line of a log: the version, and the key or the place.
type Place = (String, Vec<u8>);

/// What was read, and what could not be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readings {
    values: BTreeMap<Place, Vec<u8>>,
    /// What was asked for and is said not to be there.
    absent: BTreeSet<Place>,
    failures: Vec<String>,
}

/// What a database held while it was sound: what to ask it for, and the answers.
pub(crate) struct Truth {
    commits: BTreeSet<CommitId>,
    keys: BTreeSet<Vec<u8>>,
    readings: Readings,
}

impl Truth {
    /// Everything that there is in a sound database.
    pub(crate) fn of(session: &Session) -> Self {
        let branches = session.branch_names().into_iter().map(Version::Working);
        let tags = session.tags().into_iter().map(|(_, tag)| Version::Commit(tag.commit));
        let mut truth =
            Self { commits: BTreeSet::new(), keys: BTreeSet::new(), readings: Readings::default() };
        for version in branches.chain(tags) {
            let log = session.log(None, &version).unwrap();
            truth.commits.extend(log.map(|entry| entry.unwrap().0));
        }
        let readings = truth.read(session);
        assert!(readings.failures.is_empty(), "{:?}", readings.failures);
        truth.keys = readings.values.keys().map(|(_, key)| key.clone()).collect();
        truth.readings = readings;
        truth
    }

    /// Reads all that there should be, and all that there is.
    pub(crate) fn read(&self, session: &Session) -> Readings {
        let mut readings = Readings::default();
        for name in session.branch_names() {
            let (place, version) = (format!("branch {name}"), Version::Working(name));
            self.read_log(session, &format!("the log of {place}"), &version, &mut readings);
            self.read_version(session, &place, &version, &mut readings);
        }
        for commit in &self.commits {
            self.read_version(session, &format!("commit {commit}"), &Version::Commit(*commit), &mut readings);
        }
        for (name, tag) in session.tags() {
            readings.note("tags", name.as_str().as_bytes(), format!("{tag:?}").as_bytes());
        }
        for definition in session.types() {
            readings.note("types", definition.name.as_bytes(), format!("{definition:?}").as_bytes());
        }
        readings
    }

    fn read_version(&self, session: &Session, place: &str, version: &Version, readings: &mut Readings) {
        let snapshot = match session.snapshot(version) {
            Ok(snapshot) => snapshot,
            Err(error) => return readings.fail(place, &error),
        };
        let mut is_whole = true;
        for entry in snapshot.range(&KeyRange::all()) {
            match entry {
                Ok((key, value)) => readings.note(place, &key, &value),
                Err(error) => {
                    readings.fail(place, &error);
                    is_whole = false;
                }
            }
        }
        if is_whole {
            return self.note_absent(place, readings);
        }
        // The range ended where the damage is; single keys may be beyond it.
        for key in &self.keys {
            match snapshot.get(key) {
                Ok(Some(value)) => readings.note(place, key, &value),
                Ok(None) => {
                    readings.absent.insert((place.to_owned(), key.clone()));
                }
                Err(error) => readings.fail(place, &error),
            }
        }
    }

    fn read_log(&self, session: &Session, place: &str, version: &Version, readings: &mut Readings) {
        let log = match session.log(None, version) {
            Ok(log) => log,
            Err(error) => return readings.fail(place, &error),
        };
        for (number, entry) in log.enumerate() {
            match entry {
                Ok((id, commit)) => {
                    let line = format!("{id} {commit:?}");
                    readings.note(place, format!("{number:04}").as_bytes(), line.as_bytes());
                }
                Err(error) => return readings.fail(place, &error),
            }
        }
        self.note_absent(place, readings);
    }

    /// Notes what is not in a place that was read to its end.
    fn note_absent(&self, place: &str, readings: &mut Readings) {
        let from: Place = (place.to_owned(), Vec::new());
        let there = self.readings.values.range(from..).map(|(place, _)| place);
        for missing in there.take_while(|(found, _)| found == place) {
            if !readings.values.contains_key(missing) {
                readings.absent.insert(missing.clone());
            }
        }
    }

    /// The first answer that is wrong, if there is one. What could not be read is
    /// not wrong.
    pub(crate) fn objection(&self, readings: &Readings) -> Option<String> {
        let truth = &self.readings.values;
        let wrong = readings.values.iter().find(|(place, value)| truth.get(*place) != Some(*value));
        if let Some((place, value)) = wrong {
            return Some(format!("{} reads as {:?}", shown(place), value.escape_ascii().to_string()));
        }
        let is_missing = |place: &&Place| {
            readings.absent.contains(*place) || (readings.is_whole() && !readings.values.contains_key(*place))
        };
        truth.keys().find(is_missing).map(|place| format!("{} is said not to be there", shown(place)))
    }
}

impl Readings {
    /// Whether there was nothing that could not be read.
    pub(crate) fn is_whole(&self) -> bool {
        self.failures.is_empty()
    }

    /// The first thing that could be read before, and cannot be any more.
    pub(crate) fn loss(&self, before: &Self) -> Option<String> {
        let lost = before.values.iter().find(|(place, value)| self.values.get(*place) != Some(*value));
        lost.map(|(place, _)| format!("{} could be read, and cannot be any more", shown(place)))
    }

    /// Whether both read the same, whatever was said of what could not be read.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.values == other.values && self.is_whole() == other.is_whole()
    }

    fn note(&mut self, place: &str, key: &[u8], value: &[u8]) {
        self.values.insert((place.to_owned(), key.to_vec()), value.to_vec());
    }

    fn fail(&mut self, place: &str, error: &EngineError) {
        self.failures.push(format!("{place}: {error}"));
    }
}

fn shown((place, key): &Place) -> String {
    format!("\"{}\" of {place}", key.escape_ascii())
}
