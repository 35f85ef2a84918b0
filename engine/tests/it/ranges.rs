//! Ranges and prefixes of the working state, with writes pending over the tree.

use std::ops::Bound;

use microprolly_engine::KeyRange;
use proptest::prelude::*;

use crate::fixture::*;

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(0_u8), Just(b'a'), Just(b'b'), Just(0xff_u8)], 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn ranges_agree_with_the_model_from_both_ends(
        stored in prop::collection::vec(key(), 0..150),
        pending in prop::collection::vec((key(), any::<bool>()), 0..60),
        start in key(),
        end in key(),
        limit in 0..40_usize,
        turns in prop::collection::vec(any::<bool>(), 0..200),
    ) {
        let session = session();
        let mut model = Contents::new();
        let mut transaction = session.begin_transaction().unwrap();
        for key in stored {
            transaction.put(key.clone(), key.clone()).unwrap();
            model.insert(key.clone(), key);
        }
        transaction.commit().unwrap();
        commit(&session, "into the tree");
        for (key, is_put) in pending {
            if is_put {
                session.put(key.clone(), "pending").unwrap();
                model.insert(key, b"pending".to_vec());
            } else {
                session.delete(key.clone()).unwrap();
                model.remove(&key);
            }
        }

        let bounds = (Bound::Included(start.clone()), Bound::Excluded(end.clone()));
        let expected: Vec<(Vec<u8>, Vec<u8>)> = if start >= end {
            Vec::new()
        } else {
            model.range(bounds).map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let range = || session.get_range(&start, &end).unwrap();
        prop_assert_eq!(owned(range().take(limit)), expected.iter().take(limit).cloned().collect::<Vec<_>>());
        prop_assert_eq!(
            owned(range().rev().take(limit)),
            expected.iter().rev().take(limit).cloned().collect::<Vec<_>>()
        );
        let counted = session.working().unwrap().count(&KeyRange::between(start.clone(), end.clone())).unwrap();
        prop_assert_eq!(counted, expected.len() as u64);

        let of_prefix: Vec<(Vec<u8>, Vec<u8>)> = model
            .iter()
            .filter(|(key, _)| key.starts_with(&start))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        prop_assert_eq!(owned(session.get_prefix(&start).unwrap()), of_prefix.clone());
        let backwards: Vec<_> = of_prefix.into_iter().rev().collect();
        prop_assert_eq!(owned(session.get_prefix(&start).unwrap().rev()), backwards);

        // Both ends take turns and together give each entry once.
        let mut cursor = session.working().unwrap().range(&KeyRange::all());
        let mut rest: std::collections::VecDeque<_> = model.into_iter().collect();
        for from_front in turns {
            let (found, wanted) = match from_front {
                true => (cursor.next(), rest.pop_front()),
                false => (cursor.next_back(), rest.pop_back()),
            };
            let found = found.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap());
            prop_assert_eq!(found, wanted);
        }
        prop_assert_eq!(owned(cursor), Vec::from(rest));
    }

    #[test]
    fn the_parts_of_a_split_put_together_are_the_range(count in 0..400_u32, pending in 0..50_u32, parts in 1..9_usize) {
        let session = session();
        for (from, to) in [(0, count), (count, count + pending)] {
            let mut transaction = session.begin_transaction().unwrap();
            for number in from..to {
                transaction.put(format!("{:05}", number * 7919 % 10_007), "x").unwrap();
            }
            transaction.commit().unwrap();
            if from == 0 {
                commit(&session, "into the tree");
            }
        }
        let snapshot = session.working().unwrap();
        let split = snapshot.split(&KeyRange::all(), parts).unwrap();
        prop_assert!(split.len() <= parts);
        let together: Vec<_> = split.iter().flat_map(|range| owned(snapshot.range(range))).collect();
        prop_assert_eq!(together, owned(snapshot.range(&KeyRange::all())));
    }
}
