//! Opening after damage: what was torn is cut off, what was synced is refused.

use microprolly_storage::{ChunkStore, MemoryVfs, RootHash, StorageError};

use crate::store_fixture::*;

/// The length of the active segment, with what is not written yet.
fn active_len(store: &microprolly_storage::Store) -> usize {
    store.statistics().unwrap().segments.last().unwrap().bytes as usize
}

#[test]
fn every_shorter_log_opens_with_exactly_the_records_that_are_whole() {
    let vfs = MemoryVfs::new();
    let store = create(&vfs);
    // Where records end, and how many mutations and which root there are then.
    let mut ends: Vec<(usize, u64, Option<RootHash>)> = vec![(active_len(&store), 0, None)];
    for n in 0..4 {
        store.append_mutations(&mutations(n)).unwrap();
        ends.push((active_len(&store), n + 1, ends.last().unwrap().2));
        store.write(&encoding(n)).unwrap();
        ends.push((active_len(&store), n + 1, ends.last().unwrap().2));
        let last = store.append_root(root(n)).unwrap();
        ends.push((active_len(&store), n + 1, Some(root(n))));
        if n % 2 == 0 {
            store.sync(last).unwrap(); // leaves a sync mark
            ends.push((active_len(&store), n + 1, Some(root(n))));
        }
    }
    drop(store);
    let image = capture(&vfs);
    let whole = image[&segment(1)].clone();
    assert_eq!(whole.len(), ends.last().unwrap().0);
    for len in 0..=whole.len() {
        let mut shorter = image.clone();
        shorter.insert(segment(1), whole[..len].to_vec());
        let vfs = restore(&shorter);
        let Some((end, mutation_count, root)) = ends.iter().rfind(|(end, ..)| *end <= len) else {
            assert!(matches!(open(&vfs), Err(StorageError::Corrupt { .. })), "the header had been synced");
            continue;
        };
        let recovered = open(&vfs).unwrap();
        assert_eq!(
            payloads(&recovered),
            (0..*mutation_count).map(mutations).collect::<Vec<_>>(),
            "{len} bytes"
        );
        assert_eq!(recovered.root, *root, "{len} bytes");
        assert_eq!(recovered.truncated_bytes, (len - end) as u64, "{len} bytes");
        if let Some(root) = recovered.root {
            recovered.store.read(&root.chunk()).unwrap();
        }
        // And writing goes on from there.
        let mut more = payloads(&recovered);
        more.push(mutations(9));
        let last = recovered.store.append_mutations(&mutations(9)).unwrap();
        recovered.store.sync(last).unwrap();
        drop(recovered);
        let again = open(&vfs).unwrap();
        assert_eq!((payloads(&again), again.truncated_bytes), (more, 0), "{len} bytes");
    }
}

/// Bytes in a segment before anything is appended to it: header and settings.
const FRESH_LEN: usize = 24 + 16 + 12;

/// A store with two synced mutations, then (after a mark) three that were not.
fn half_synced() -> (Image, Vec<usize>) {
    let vfs = MemoryVfs::new();
    let store = create(&vfs);
    let mut ends = Vec::new();
    for n in 0..5 {
        let position = store.append_mutations(&mutations(n)).unwrap();
        ends.push(active_len(&store));
        if n == 1 {
            store.sync(position).unwrap();
        }
    }
    drop(store);
    (capture(&vfs), ends)
}

#[test]
fn damage_to_what_was_synced_is_refused_with_path_offset_and_advice() {
    let (image, ends) = half_synced();
    for byte in FRESH_LEN..ends[1] {
        let mut damaged = image.clone();
        damaged.get_mut(&segment(1)).unwrap()[byte] ^= 0xff;
        let vfs = restore(&damaged);
        let refused = open(&vfs).unwrap_err();
        assert!(matches!(refused, StorageError::Corrupt { .. }), "{refused}");
        let (text, offset) = (refused.to_string(), if byte < ends[0] { FRESH_LEN } else { ends[0] });
        for part in ["00000001.seg", &format!("offset {offset}:"), "run check, then repair"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(capture(&vfs), damaged, "a refusal changes nothing");
    }
}

/// After a power loss a page that never arrived may be followed by one that did.
#[test]
fn damage_to_what_was_not_synced_is_cut_off_with_what_follows() {
    let (image, ends) = half_synced();
    for byte in ends[1]..image[&segment(1)].len() {
        let mut damaged = image.clone();
        damaged.get_mut(&segment(1)).unwrap()[byte] ^= 0xff;
        let whole = ends.iter().filter(|end| **end <= byte).count() as u64;
        let recovered = open(&restore(&damaged)).unwrap();
        assert_eq!(payloads(&recovered), (0..whole).map(mutations).collect::<Vec<_>>(), "byte {byte}");
        assert!(recovered.truncated_bytes > 0);
    }
}

#[test]
fn zeros_and_garbage_after_the_log_are_cut_off() {
    let (image, _) = half_synced();
    for junk in [vec![0; 5000], vec![0xd7; 77], encoding(1)] {
        let mut longer = image.clone();
        longer.get_mut(&segment(1)).unwrap().extend_from_slice(&junk);
        let recovered = open(&restore(&longer)).unwrap();
        assert_eq!(recovered.truncated_bytes, junk.len() as u64);
        assert_eq!(recovered.mutations.len(), 5);
    }
}

/// A record is bound to its segment and offset: a copy elsewhere is none.
#[test]
fn a_record_of_another_place_is_not_taken_for_one_of_this() {
    let (image, ends) = half_synced();
    let mut longer = image.clone();
    let bytes = longer.get_mut(&segment(1)).unwrap();
    let copy = bytes[24..ends[1]].to_vec();
    bytes.extend_from_slice(&copy);
    let recovered = open(&restore(&longer)).unwrap();
    assert_eq!((recovered.mutations.len(), recovered.truncated_bytes), (5, copy.len() as u64));
}

#[test]
fn every_flipped_byte_of_a_store_is_detected_or_harmless() {
    let vfs = MemoryVfs::new();
    let store = create(&vfs);
    let mut history = History::new();
    for n in 0..12 {
        history.mutate(&store, n).unwrap();
        match n {
            3 | 7 => history.seal(&store, n).unwrap(),
            _ => history.commit(&store, n).unwrap(),
        }
    }
    drop(store);
    let image = capture(&vfs);
    assert_eq!(image.len(), 5, "LOCK, MANIFEST and three segments");
    let expected = open(&restore(&image)).unwrap();
    let mut harmless = 0;
    for (path, bytes) in &image {
        for byte in 0..bytes.len() {
            let mut flipped = image.clone();
            flipped.get_mut(path).unwrap()[byte] ^= 1 << (byte % 8);
            let place = format!("byte {byte} of {}", path.display());
            let recovered = match open(&restore(&flipped)) {
                Ok(recovered) => recovered,
                Err(StorageError::Corrupt { .. } | StorageError::NewerFormat { .. }) => continue,
                Err(other) => panic!("{place}: {other}"),
            };
            assert_eq!(recovered.root, expected.root, "{place}");
            assert_eq!(payloads(&recovered), payloads(&expected), "{place}");
            let mut detected = false;
            for n in 0..12 {
                match recovered.store.read(&root(n).chunk()) {
                    Ok(read) => assert_eq!(read, encoding(n), "{place}"),
                    Err(StorageError::Corrupt { .. }) => detected = true,
                    Err(other) => panic!("{place}: {other}"),
                }
            }
            harmless += u32::from(!detected);
        }
    }
    assert!(harmless > 0, "mutations of sealed segments are of no use any more");
}
