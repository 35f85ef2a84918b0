//! The shape of a number as text, to tell which types keep it exactly.

/// Decimal digits that every DOUBLE PRECISION keeps apart when it is written at full length.
const DOUBLE_DIGITS_MAX: usize = 17;
/// Integers up to here are all doubles; beyond, some are rounded.
const EXACT_DOUBLE_INTEGER_MAX: u64 = 1 << 53;

/// A number in plain or scientific notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NumberShape {
    /// Digits before the decimal point, a single leading zero not counted.
    pub(super) integer_digits: usize,
    /// Digits behind it.
    pub(super) fraction_digits: usize,
    /// Whether there is a decimal point.
    pub(super) has_point: bool,
    /// Whether there is an exponent.
    pub(super) has_exponent: bool,
    /// Digits from the first that is not zero to the last.
    significant_digits: usize,
}

impl NumberShape {
    /// Reads the shape; none if the text is no number, or has leading zeros or a plus sign, which a number
    /// would lose.
    pub(super) fn of(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        if let Some(exponent) = exponent {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !all_digits(digits) {
                return None;
            }
        }
        let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_number = all_digits(integer) && all_digits(fraction) && integer.len() + fraction.len() > 0;
        let has_leading_zero = integer.len() > 1 && integer.starts_with('0');
        if !is_number || has_leading_zero {
            return None;
        }
        let digits = || integer.bytes().chain(fraction.bytes());
        let leading_zeros = digits().take_while(|digit| *digit == b'0').count();
        Some(Self {
            integer_digits: if integer == "0" { 0 } else { integer.len() },
            fraction_digits: fraction.len(),
            has_point: mantissa.contains('.'),
            has_exponent: exponent.is_some(),
            significant_digits: digits().count() - leading_zeros,
        })
    }

    /// Whether the text is a whole number in plain notation.
    pub(super) fn is_integer(&self) -> bool {
        !self.has_point && !self.has_exponent
    }

    /// Whether a DOUBLE PRECISION keeps the number. A fraction counts as kept if it has no more digits than
    /// a double that is written at full length; a whole number only if no rounding is possible.
    pub(super) fn fits_double(&self, text: &str) -> bool {
        let Ok(number) = text.parse::<f64>() else { return false };
        let underflows = number == 0.0 && self.significant_digits > 0;
        let rounds = if self.is_integer() {
            let magnitude = text.trim_start_matches('-').parse::<u64>();
            magnitude.map_or(true, |magnitude| magnitude > EXACT_DOUBLE_INTEGER_MAX)
        } else {
            self.significant_digits > DOUBLE_DIGITS_MAX
        };
        number.is_finite() && !underflows && !rounds
    }
}

/// Whether the text is one of the doubles that are not numbers, as PostgreSQL spells them.
pub(super) fn is_special_double(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    text.eq_ignore_ascii_case("nan")
        || unsigned.eq_ignore_ascii_case("infinity")
        || unsigned.eq_ignore_ascii_case("inf")
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_number_would_lose_makes_it_text() {
        for text in ["", "-", ".", "007", "+5", "1_000", "1,000", "1e", "e5", "0x10", " 1", "--1", "1.2.3"] {
            assert_eq!(NumberShape::of(text), None, "{text}");
        }
        for text in ["0", "-0", "7", "-12.50", ".5", "5.", "1e5", "1.5E-07", "0.007"] {
            assert!(NumberShape::of(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_double_is_taken_only_where_it_keeps_the_number() {
        let fits = |text: &str| NumberShape::of(text).unwrap().fits_double(text);
        for text in ["0.1", "10.357019999999999", "9007199254740992", "1e308", "0.30000000000000004", "0.0"] {
            assert!(fits(text), "{text}");
        }
        for text in ["9007199254740993", "1e309", "1e-400", "1.234567890123456789"] {
            assert!(!fits(text), "{text}");
        }
    }
}
