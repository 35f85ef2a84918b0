//! What clients send, and the values that it stands for.

use std::sync::Arc;

use arrow::datatypes::{Field, IntervalMonthDayNano, IntervalUnit, TimeUnit};

use super::*;

fn from_text(text: &str, pg_type: Type, target: DataType) -> Result<ScalarValue, SqlError> {
    parameter(0, Some(text.as_bytes()), Format::Text, &pg_type, &target)
}

fn from_binary(raw: &[u8], pg_type: Type, target: DataType) -> Result<ScalarValue, SqlError> {
    parameter(0, Some(raw), Format::Binary, &pg_type, &target)
}

fn code<T: std::fmt::Debug>(result: Result<T, SqlError>) -> &'static str {
    result.unwrap_err().code.as_str()
}

#[test]
fn texts_of_simple_types() {
    for (text, expected) in
        [("t", true), (" TRUE ", true), ("on", true), ("off", false), ("n", false), ("0", false)]
    {
        assert_eq!(from_text(text, Type::BOOL, DataType::Boolean).unwrap(), ScalarValue::from(expected));
    }
    assert_eq!(code(from_text("o", Type::BOOL, DataType::Boolean)), "22P02");
    assert_eq!(from_text(" -7 ", Type::INT4, DataType::Int32).unwrap(), ScalarValue::from(-7));
    assert_eq!(code(from_text("7.5", Type::INT4, DataType::Int32)), "22P02");
    assert_eq!(code(from_text("", Type::INT4, DataType::Int32)), "22P02");
    assert_eq!(code(from_text("3000000000", Type::INT4, DataType::Int32)), "22003");
    assert_eq!(
        from_text("-inf", Type::FLOAT8, DataType::Float64).unwrap(),
        ScalarValue::from(f64::NEG_INFINITY)
    );
    assert_eq!(code(from_text("1e999", Type::FLOAT8, DataType::Float64)), "22003");
    assert_eq!(from_text("ä b", Type::TEXT, DataType::Utf8).unwrap(), ScalarValue::from("ä b"));
    assert_eq!(code(from_text("a\0b", Type::TEXT, DataType::Utf8)), "22021");
    assert_eq!(code(from_text("x", Type::UUID, DataType::Utf8)), "22P02");
    let bytes = |value: &[u8]| ScalarValue::Binary(Some(value.to_vec()));
    assert_eq!(from_text("\\x00fF", Type::BYTEA, DataType::Binary).unwrap(), bytes(&[0, 255]));
    assert_eq!(from_text("a\\\\\\001", Type::BYTEA, DataType::Binary).unwrap(), bytes(b"a\\\x01"));
    assert_eq!(code(from_text("\\x0", Type::BYTEA, DataType::Binary)), "22P02");
    assert_eq!(
        parameter(0, None, Format::Text, &Type::INT4, &DataType::Int32).unwrap(),
        ScalarValue::Int32(None)
    );
}

#[test]
fn numerics_keep_every_digit_or_fail() {
    let decimal = |value, precision, scale| ScalarValue::Decimal128(Some(value), precision, scale);
    let numeric = |text: &str, target| from_text(text, Type::NUMERIC, target);
    assert_eq!(numeric("-12.30", DataType::Decimal128(10, 3)).unwrap(), decimal(-12_300, 10, 3));
    assert_eq!(numeric("1.5e3", DataType::Decimal128(10, 0)).unwrap(), decimal(1500, 10, 0));
    assert_eq!(numeric("7", DataType::Int64).unwrap(), ScalarValue::from(7i64));
    assert_eq!(code(numeric("7.5", DataType::Int64)), "22003");
    assert_eq!(code(numeric("1234567", DataType::Decimal128(5, 2))), "22003");
    assert_eq!(code(numeric("1e100", DataType::Decimal128(38, 0))), "22003");
    assert_eq!(code(numeric("1.2.3", DataType::Decimal128(38, 0))), "22P02");
    assert_eq!(numeric("2.5", DataType::Float64).unwrap(), ScalarValue::from(2.5));

    // 12345.678, then -0.0005, then 10000, then zero with two fraction digits.
    let binary = |raw: &[u8], target| from_binary(raw, Type::NUMERIC, target).unwrap();
    let raw = [0, 3, 0, 1, 0, 0, 0, 3, 0, 1, 0x09, 0x29, 0x1a, 0x7c];
    assert_eq!(binary(&raw, DataType::Decimal128(8, 3)), decimal(12_345_678, 8, 3));
    let raw = [0, 1, 0xff, 0xff, 0x40, 0, 0, 4, 0, 5];
    assert_eq!(binary(&raw, DataType::Decimal128(10, 4)), decimal(-5, 10, 4));
    assert_eq!(binary(&[0, 1, 0, 1, 0, 0, 0, 0, 0, 1], DataType::Int32), ScalarValue::from(10_000));
    assert_eq!(binary(&[0, 0, 0, 0, 0, 0, 0, 2], DataType::Decimal128(5, 2)), decimal(0, 5, 2));
    assert_eq!(code(from_binary(&[0, 9, 0, 0], Type::NUMERIC, DataType::Decimal128(38, 0))), "22P03");
}

#[test]
fn binary_forms_of_simple_types() {
    assert_eq!(from_binary(&[0, 7], Type::INT2, DataType::Int16).unwrap(), ScalarValue::from(7i16));
    assert_eq!(from_binary(&[0, 7], Type::INT2, DataType::Int64).unwrap(), ScalarValue::from(7i64));
    assert_eq!(from_binary(&[1], Type::BOOL, DataType::Boolean).unwrap(), ScalarValue::from(true));
    assert_eq!(
        from_binary(&2.5f64.to_be_bytes(), Type::FLOAT8, DataType::Float64).unwrap(),
        ScalarValue::from(2.5)
    );
    assert_eq!(
        from_binary(&[0xff; 4], Type::OID, DataType::Int64).unwrap(),
        ScalarValue::from(4_294_967_295i64)
    );
    assert_eq!(from_binary(b"\x01{}", Type::JSONB, DataType::Utf8).unwrap(), ScalarValue::from("{}"));
    assert_eq!(
        from_binary(&[0; 16], Type::UUID, DataType::Utf8).unwrap(),
        ScalarValue::from("00000000-0000-0000-0000-000000000000")
    );
    for (raw, pg_type) in [
        (&[0u8; 3][..], Type::INT4),
        (&[0; 15], Type::UUID),
        (&[], Type::BOOL),
        (b"\x02{}", Type::JSONB),
        (&[0; 17], Type::INTERVAL),
        (&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1], Type::INT4_ARRAY),
        (
            &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff],
            Type::INT4_ARRAY,
        ),
    ] {
        let error = from_binary(raw, pg_type, DataType::Utf8).unwrap_err();
        assert_eq!(error.message, "incorrect binary data format in bind parameter 1");
    }
}

#[test]
fn dates_and_times() {
    let timestamp = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    let noon = 1_769_860_800_000_000;
    for text in ["2026-01-31 12:00:00", "2026-01-31T12:00:00"] {
        assert_eq!(
            from_text(text, Type::TIMESTAMP, timestamp(None)).unwrap(),
            ScalarValue::TimestampMicrosecond(Some(noon), None)
        );
    }
    for text in
        ["2026-01-31 12:00:00+00", "2026-01-31 13:00:00+01:00", "2026-01-31 12:00:00Z", "2026-01-31 12:00:00"]
    {
        assert_eq!(
            from_text(text, Type::TIMESTAMPTZ, timestamp(Some("UTC"))).unwrap(),
            ScalarValue::TimestampMicrosecond(Some(noon), Some("UTC".into())),
            "{text}"
        );
    }
    assert_eq!(code(from_text("soon", Type::TIMESTAMP, timestamp(None))), "22007");
    assert_eq!(
        from_text("2026-01-31", Type::DATE, DataType::Date32).unwrap(),
        ScalarValue::Date32(Some(20_484))
    );
    assert_eq!(
        from_binary(&[0, 0, 0, 1], Type::DATE, DataType::Date32).unwrap(),
        ScalarValue::Date32(Some(10_958))
    );
    assert_eq!(code(from_binary(&i64::MAX.to_be_bytes(), Type::TIMESTAMP, timestamp(None))), "22008");
    assert_eq!(
        from_text("04:05:06.5", Type::TIME, DataType::Time64(TimeUnit::Microsecond)).unwrap(),
        ScalarValue::Time64Microsecond(Some(14_706_500_000))
    );
    let interval = DataType::Interval(IntervalUnit::MonthDayNano);
    let expected = ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano::new(14, 3, 0)));
    assert_eq!(from_text("1 year 2 mons 3 days", Type::INTERVAL, interval.clone()).unwrap(), expected);
    let raw = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 14];
    assert_eq!(from_binary(&raw, Type::INTERVAL, interval).unwrap(), expected);
}

#[test]
fn arrays_of_one_dimension() {
    let list = |data_type| DataType::List(Arc::new(Field::new_list_field(data_type, true)));
    let texts = |values: &[Option<&str>]| {
        let values: Vec<_> = values.iter().map(|value| ScalarValue::Utf8(value.map(Into::into))).collect();
        ScalarValue::List(ScalarValue::new_list_nullable(&values, &DataType::Utf8))
    };
    let parse = |text: &str| from_text(text, Type::TEXT_ARRAY, list(DataType::Utf8));
    assert_eq!(parse("{}").unwrap(), texts(&[]));
    assert_eq!(
        parse("{a, \"b, \\\"c\\\"\" ,NULL,\"NULL\"}").unwrap(),
        texts(&[Some("a"), Some("b, \"c\""), None, Some("NULL")])
    );
    for text in ["a", "{a", "{a,}", "{\"a}", "{a\"b}", "{\"a\"b}"] {
        assert_eq!(code(parse(text)), "22P02", "{text}");
    }
    assert_eq!(code(parse("{{a},{b}}")), "0A000");
    assert_eq!(code(from_text("{1,x}", Type::INT4_ARRAY, list(DataType::Int32))), "22P02");

    let mut raw = Vec::new();
    for number in [1, 1, 23, 2, 1, 4, 7, -1] {
        raw.extend(i32::to_be_bytes(number));
    }
    let expected = ScalarValue::List(ScalarValue::new_list_nullable(
        &[ScalarValue::Int32(Some(7)), ScalarValue::Int32(None)],
        &DataType::Int32,
    ));
    assert_eq!(from_binary(&raw, Type::INT4_ARRAY, list(DataType::Int32)).unwrap(), expected);
}
