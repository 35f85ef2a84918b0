//! Changes of bytes, by chance: what a proptest gives to a decoder.

/// A change: what is done, where (the position in 65536ths of the length), and with
/// which byte.
pub(crate) type Edit = (u8, u16, u8);

/// Numbers that lengths and offsets are most often wrong with.
const NUMBERS: [u32; 6] = [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX - 1, u32::MAX];

/// The bytes after all the edits, one after the other.
pub(crate) fn edited(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (kind, place, with) in edits {
        let place = |len: usize| len * usize::from(*place) / 0x1_0000;
        let at = place(bytes.len());
        match kind % 6 {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= (*with).max(1)),
            1 => bytes.insert(at, *with),
            2 => drop(bytes.drain(at..(at + usize::from(with % 16) + 1).min(bytes.len()))),
            3 => {
                // A piece from elsewhere.
                let from = bytes.len() - at;
                let piece = bytes[from..(from + usize::from(*with)).min(bytes.len())].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            4 => {
                let number = NUMBERS[usize::from(*with) % NUMBERS.len()].to_le_bytes();
                bytes.iter_mut().skip(at).zip(number).for_each(|(byte, new)| *byte = new);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}
