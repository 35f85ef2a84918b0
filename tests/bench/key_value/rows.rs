//! The rows by number, in no order of their keys: which are read, and what they are changed to.

use super::entries::{self, Entry};
use crate::Result;
use crate::child::Order;
use crate::dataset::Dataset;
use crate::generate::{self, User};

/// The rows of a data set.
pub(super) enum Rows {
    /// Made when they are asked for, so that they take no memory.
    Users { rows: u64, seed: u64 },
    /// Few enough to be held.
    Flights(Vec<(String, String)>),
}

impl Rows {
    /// Far from any number that a row has by itself, so that a changed row always differs.
    const CHANGED: u64 = 10_000;

    /// Those of the order's data set.
    pub(super) fn of(order: &Order) -> Result<Rows> {
        Ok(match &order.dataset {
            Dataset::Users { rows, seed, .. } => Rows::Users { rows: *rows, seed: *seed },
            Dataset::Flights { .. } => Rows::Flights(entries::flights(&order.dataset, &order.scratch)?),
        })
    }

    pub(super) fn count(&self) -> u64 {
        match self {
            Rows::Users { rows, .. } => *rows,
            Rows::Flights(flights) => flights.len() as u64,
        }
    }

    /// The key of a row. Numbers from the number of rows on begin again.
    pub(super) fn key(&self, number: u64) -> Vec<u8> {
        match self {
            Rows::Users { seed, .. } => {
                generate::user_id(generate::user_key(*seed, number % self.count())).into_bytes()
            }
            Rows::Flights(_) => self.row(number).0.into_bytes(),
        }
    }

    /// A row as it is at first.
    pub(super) fn original(&self, number: u64) -> Entry {
        let (key, document) = self.row(number);
        (key.into_bytes(), document.into_bytes())
    }

    /// A row of which one number was changed; into another for each version.
    pub(super) fn changed(&self, number: u64, version: u64) -> Result<Entry> {
        let (key, document) = self.row(number);
        let member = match self {
            Rows::Users { .. } => "\"score\":",
            Rows::Flights(_) => "\"dep_delay\":",
        };
        let document = with_number(&document, member, Self::CHANGED + version)?;
        Ok((key.into_bytes(), document.into_bytes()))
    }

    /// `count` keys, evenly spread.
    pub(super) fn sample(&self, count: u64) -> Vec<Vec<u8>> {
        let step = (self.count() / count.max(1)).max(1);
        (0..count).map(|number| self.key(number * step)).collect()
    }

    /// Key and document.
    fn row(&self, number: u64) -> (String, String) {
        /// A prime above any number of flights, so that each comes once before any comes again.
        const STRIDE: u64 = 2_654_435_761;
        let number = number % self.count();
        match self {
            Rows::Users { seed, .. } => {
                let key = generate::user_key(*seed, number);
                (generate::user_id(key), User::new(*seed, key).json())
            }
            Rows::Flights(flights) => flights[(number * STRIDE % self.count()) as usize].clone(),
        }
    }
}

/// A JSON document with a number in the place of a member's value, which is a number or null.
fn with_number(document: &str, member: &str, number: u64) -> Result<String> {
    let missing = || format!("no {member} in {document}");
    let start = document.find(member).ok_or_else(missing)? + member.len();
    let len = document[start..].find([',', '}']).ok_or_else(missing)?;
    Ok(format!("{}{number}{}", &document[..start], &document[start + len..]))
}
