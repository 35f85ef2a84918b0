//! Which of the operations that were not synced survive.

use std::collections::BTreeSet;

use super::chance::Chance;
use super::disk::Unsynced;
use super::fate::{Fate, Fill};
use super::operation::Operation;

/// What a disk writes as a whole, at least, in bytes. Blocks of 4096 are made of
/// these.
const SECTOR_BYTES: usize = 512;

/// Which images are built of one crash. There are always: nothing unsynced
/// survives; all of it; each first part of it; all but one operation; one operation
/// alone; and of each append the length without the bytes. Each of them with zeros
/// and with garbage where bytes are missing, and none that another is equal to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePlan {
    /// Decides all that is left to chance.
    pub seed: u64,
    /// How many subsets of the unsynced operations are chosen at random.
    pub random_subsets: usize,
    /// Up to this many bytes, the last append is cut off after each of its bytes;
    /// a longer one after each sector of 512 bytes…
    pub torn_bytes_max: usize,
    /// …and in so many places chosen at random.
    pub torn_places: usize,
    /// If there would be more images than this, they are as many, chosen at random;
    /// nothing and everything are among them.
    pub images_max: usize,
}

impl Default for ImagePlan {
    fn default() -> Self {
        Self { seed: 0, random_subsets: 16, torn_bytes_max: 256, torn_places: 64, images_max: 1000 }
    }
}

/// One way in which unsynced operations may survive. Numbers are positions among
/// the unsynced ones.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice {
    /// So many, from the first.
    First(usize),
    AllBut(usize),
    Only(usize),
    /// All, and this one in part.
    Torn {
        position: usize,
        len: usize,
        rest: Option<Fill>,
    },
    /// By chance.
    Random(u64),
}

impl Choice {
    /// Those that a plan asks for, in the order in which they are to be taken until
    /// there are enough images. `garbage` is what it takes for garbage.
    pub(super) fn all(
        unsynced: &[Unsynced],
        plan: &ImagePlan,
        garbage: Fill,
        chance: &mut Chance,
    ) -> Vec<Self> {
        let count = unsynced.len();
        let mut choices = vec![Self::First(0)];
        if count == 0 {
            return choices;
        }
        choices.push(Self::First(count));
        choices.extend((1..count).map(Self::First));
        choices.extend((0..count).map(Self::AllBut));
        choices.extend((0..count).map(Self::Only));
        let mut last_append = None;
        for (position, unsynced) in unsynced.iter().enumerate() {
            let Some(len) = unsynced.operation.appended_len() else { continue };
            let rests = [Fill::Zeros, garbage].map(Some);
            choices.extend(rests.map(|rest| Self::Torn { position, len: 0, rest }));
            last_append = Some((position, len));
        }
        if let Some((position, len)) = last_append {
            for sector_end in (SECTOR_BYTES..len).step_by(SECTOR_BYTES) {
                let rests = [Some(Fill::Zeros), Some(garbage)];
                choices.extend(rests.map(|rest| Self::Torn { position, len: sector_end, rest }));
            }
            let places = torn_places(len, plan, chance).into_iter();
            choices.extend(places.map(|len| Self::Torn { position, len, rest: None }));
        }
        choices.extend((0..plan.random_subsets).map(|_| Self::Random(chance.draw())));
        if choices.len() > plan.images_max {
            shuffle(&mut choices, chance);
        }
        choices
    }

    /// What it makes of each operation.
    pub(super) fn fates(self, unsynced: &[Unsynced], garbage: Fill) -> Vec<Fate> {
        let mut chance = Chance::new(if let Self::Random(seed) = self { seed } else { 0 });
        let survives = |survives: bool| if survives { Fate::Whole } else { Fate::Lost };
        let fate = |(position, unsynced): (usize, &Unsynced)| match self {
            Self::First(count) => survives(position < count),
            Self::AllBut(lost) => survives(position != lost),
            Self::Only(kept) => survives(position == kept),
            Self::Torn { position: torn, len, rest } if position == torn => Fate::Torn { len, rest },
            Self::Torn { .. } => Fate::Whole,
            Self::Random(_) => random_fate(&unsynced.operation, garbage, &mut chance),
        };
        unsynced.iter().enumerate().map(fate).collect()
    }

    /// Says it to a person.
    pub(super) fn describe(self, unsynced: &[Unsynced], fates: &[Fate]) -> String {
        match self {
            Self::First(0) => "no unsynced operation".to_owned(),
            Self::First(count) if count == unsynced.len() => "every unsynced operation".to_owned(),
            Self::First(count) => format!("the first {count} of {} unsynced operations", unsynced.len()),
            Self::AllBut(lost) => format!("every unsynced operation but {}", unsynced[lost]),
            Self::Only(kept) => format!("of the unsynced operations only {}", unsynced[kept]),
            Self::Torn { position, len, rest } => {
                let part = part(len, rest);
                format!("every unsynced operation, but of {} {part}", unsynced[position])
            }
            Self::Random(_) => {
                let survivors: Vec<String> = unsynced
                    .iter()
                    .zip(fates)
                    .filter_map(|(unsynced, fate)| match *fate {
                        Fate::Lost => None,
                        Fate::Whole => Some(unsynced.to_string()),
                        Fate::Torn { len, rest } => Some(format!("of {unsynced} {}", part(len, rest))),
                    })
                    .collect();
                format!("by chance of the unsynced operations: {}", survivors.join(", "))
            }
        }
    }
}

fn part(len: usize, rest: Option<Fill>) -> String {
    match rest {
        None => format!("the first {len} bytes"),
        Some(fill) => format!("the first {len} bytes and then {fill}"),
    }
}

/// Where an append of `len` bytes is cut off.
fn torn_places(len: usize, plan: &ImagePlan, chance: &mut Chance) -> BTreeSet<usize> {
    if len <= plan.torn_bytes_max {
        return (1..len).collect();
    }
    let sectors = (SECTOR_BYTES..len).step_by(SECTOR_BYTES);
    let others = (0..plan.torn_places).map(|_| 1 + chance.below(len - 1));
    // The ends of what is written are where most is decided.
    sectors.chain(others).chain([1, len - 1]).collect()
}

fn random_fate(operation: &Operation, garbage: Fill, chance: &mut Chance) -> Fate {
    match (chance.below(4), operation.appended_len()) {
        (0, Some(len)) => {
            let rest = [None, Some(Fill::Zeros), Some(garbage)][chance.below(3)];
            Fate::Torn { len: chance.below(len + 1), rest }
        }
        (0 | 1, _) => Fate::Lost,
        _ => Fate::Whole,
    }
}

/// Puts all choices but the first two in another order.
fn shuffle(choices: &mut [Choice], chance: &mut Chance) {
    for place in 2..choices.len() {
        let chosen = place + chance.below(choices.len() - place);
        choices.swap(place, chosen);
    }
}
