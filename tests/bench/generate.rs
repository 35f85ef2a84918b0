//! Generated users: a row follows from the seed and its number alone, on any machine and in any order of work.

use std::fmt::Write as _;

const FIRST_NAMES: [&str; 16] = [
    "Ada", "Alan", "Barbara", "Dennis", "Donald", "Edgar", "Edsger", "Frances", "Grace", "Jim", "John",
    "Ken", "Leslie", "Margaret", "Niklaus", "Radia",
];
const LAST_NAMES: [&str; 16] = [
    "Berg",
    "Castro",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Haddad",
    "Ivanov",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Rossi",
];
/// As in life, most may only look: seven viewers and two editors to one admin.
const ROLES: [&str; 10] =
    ["admin", "editor", "editor", "viewer", "viewer", "viewer", "viewer", "viewer", "viewer", "viewer"];
const STATUSES: [&str; 4] = ["active", "active", "inactive", "pending"];

/// SplitMix64: a stream of 64-bit numbers in which no number comes twice before all have come once.
struct SplitMix64(u64);

impl SplitMix64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is small enough that the bias of the remainder is of no account.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let place = self.below(from.len() as u64) as usize;
        from[place]
    }
}

/// The keys of the first `rows` users, as numbers: distinct, and in no order.
pub(crate) fn user_keys(seed: u64, rows: u64) -> Vec<u64> {
    let mut stream = SplitMix64(seed);
    (0..rows).map(|_| stream.next()).collect()
}

/// The key of one of them, counted from 0.
pub(crate) fn user_key(seed: u64, number: u64) -> u64 {
    SplitMix64(seed.wrapping_add(number.wrapping_mul(SplitMix64::STEP))).next()
}

/// The key as it is stored: 16 hexadecimal digits, which sort as the numbers do.
pub(crate) fn user_id(key: u64) -> String {
    format!("{key:016x}")
}

/// A user: eight fields, about 170 bytes as JSON.
pub(crate) struct User {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    status: &'static str,
    age: u64,
    created_at: String,
    score: f64,
}

impl User {
    /// The columns of [`User::write_csv`].
    pub(crate) const CSV_HEADER: &'static str = "id,name,email,role,status,age,created_at,score\n";

    /// The user of this key. Everything but the key depends on `seed` too.
    pub(crate) fn new(seed: u64, key: u64) -> User {
        let mut random = SplitMix64(key ^ seed.rotate_left(32));
        let (first, last) = (random.pick(&FIRST_NAMES), random.pick(&LAST_NAMES));
        let (year, month, day) = (2015 + random.below(10), 1 + random.below(12), 1 + random.below(28));
        let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
        User {
            id: user_id(key),
            name: format!("{first} {last}"),
            email: format!("{}{}@mail.org", first.to_lowercase(), random.below(10_000)),
            role: random.pick(&ROLES),
            status: random.pick(&STATUSES),
            age: 18 + random.below(70),
            created_at: format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
            // Quarters are exact in binary: sums do not depend on their order.
            score: random.below(400) as f64 / 4.0,
        }
    }

    /// Appends the user as a line of CSV. No field needs quotes.
    pub(crate) fn write_csv(&self, to: &mut String) {
        let User { id, name, email, role, status, age, created_at, score } = self;
        writeln!(to, "{id},{name},{email},{role},{status},{age},{created_at},{score}")
            .expect("writing to a String cannot fail");
    }

    /// The user as the JSON document that a key-value store would hold.
    pub(crate) fn json(&self) -> String {
        let User { id, name, email, role, status, age, created_at, score } = self;
        format!(
            r#"{{"id":"{id}","name":"{name}","email":"{email}","role":"{role}","status":"{status}","age":{age},"created_at":"{created_at}","score":{score}}}"#
        )
    }
}
