//! Numerics with the precision and scale that they were sent with.

use datafusion::scalar::ScalarValue;
use microprolly_sql::{SqlError, SqlState};

/// Decimal digits of the largest numeric.
const PRECISION_MAX: usize = 38;

/// A numeric from its text: digits with a point and perhaps an exponent, or `NaN`, which only floats have
/// here. `Err(None)` if it is no number.
pub(super) fn from_text(text: &str) -> Result<ScalarValue, Option<SqlError>> {
    let unsigned = text.trim_start_matches(['-', '+']);
    if ["nan", "inf", "infinity"].iter().any(|name| unsigned.eq_ignore_ascii_case(name)) {
        return text.parse().map(|value| ScalarValue::Float64(Some(value))).map_err(|_| None);
    }
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| None)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(None);
    }
    let scale = i64::try_from(fraction.len()).map_err(|_| Some(too_long()))? - i64::from(exponent);
    from_digits(negative, &digits, scale).map_err(Some)
}

/// A numeric whose digits end `scale` places after the point.
pub(super) fn from_digits(negative: bool, digits: &str, scale: i64) -> Result<ScalarValue, SqlError> {
    let mut digits = digits.trim_start_matches('0').to_owned();
    let mut scale = scale;
    if scale < 0 {
        if !digits.is_empty() {
            let zeros = usize::try_from(-scale).ok().filter(|zeros| *zeros <= PRECISION_MAX);
            digits.push_str(&"0".repeat(zeros.ok_or_else(too_long)?));
        }
        scale = 0;
    }
    let unscaled: i128 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| too_long())? };
    let scale = usize::try_from(scale).map_err(|_| too_long())?;
    let precision = digits.len().max(scale).max(1);
    if precision > PRECISION_MAX {
        return Err(too_long());
    }
    let unscaled = if negative { -unscaled } else { unscaled };
    Ok(ScalarValue::Decimal128(Some(unscaled), precision as u8, scale as i8))
}

fn too_long() -> SqlError {
    SqlError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, format!("a numeric may have {PRECISION_MAX} digits"))
}
