//! What each type looks like. Expected texts are what PostgreSQL 15 prints.

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::{
    Field, Int32Type, IntervalDayTime, IntervalDayTimeType, IntervalMonthDayNano, IntervalMonthDayNanoType,
    IntervalYearMonthType, i256,
};

use super::*;

fn text(array: impl Array + 'static) -> String {
    text_in(array, None)
}

fn text_in(array: impl Array + 'static, zone: Option<&str>) -> String {
    let mut out = Vec::new();
    write_text_in(&array, 0, zone.map(|zone| zone.parse().unwrap()), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn code(array: impl Array + 'static) -> &'static str {
    write_text(&array, 0, &mut Vec::new()).unwrap_err().code.as_str()
}

#[test]
fn booleans_texts_bytes_and_whole_numbers() {
    assert_eq!(text(BooleanArray::from(vec![true])), "t");
    assert_eq!(text(BooleanArray::from(vec![false])), "f");
    assert_eq!(text(Int8Array::from(vec![-128])), "-128");
    assert_eq!(text(UInt64Array::from(vec![u64::MAX])), "18446744073709551615");
    assert_eq!(text(StringViewArray::from(vec!["ä\tb"])), "ä\tb");
    assert_eq!(text(BinaryArray::from(vec![&b"\x00\xffA"[..]])), "\\x00ff41");
    let dictionary: DictionaryArray<Int32Type> = [Some("often")].into_iter().collect();
    assert_eq!(text(dictionary), "often");
}

#[test]
fn a_null_is_nothing() {
    assert_eq!(text(StringArray::from(vec![None::<&str>])), "");
    assert_eq!(text(NullArray::new(1)), "");
}

#[test]
fn floats_have_the_fewest_digits_that_read_back() {
    for (value, expected) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-1234.5, "-1234.5"),
        (100_000_000_000_000.0, "100000000000000"),
        (123_456_789_012_345.0, "123456789012345"),
        (1e15, "1e+15"),
        (1.5e300, "1.5e+300"),
        (0.0001, "0.0001"),
        (0.000_01, "1e-05"),
        (-2.5e-7, "-2.5e-07"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
    ] {
        assert_eq!(text(Float64Array::from(vec![value])), expected);
    }
    for (value, expected) in
        [(0.1, "0.1"), (100_000.0, "100000"), (1e6, "1e+06"), (1_234_567.0, "1.234567e+06")]
    {
        assert_eq!(text(Float32Array::from(vec![value])), expected);
    }
}

#[test]
fn numerics_keep_their_scale() {
    let decimal = |value: i128, scale| {
        text(Decimal128Array::from(vec![value]).with_precision_and_scale(38, scale).unwrap())
    };
    assert_eq!(decimal(12_345, 2), "123.45");
    assert_eq!(decimal(-5, 2), "-0.05");
    assert_eq!(decimal(0, 2), "0.00");
    assert_eq!(decimal(100, 2), "1.00");
    assert_eq!(decimal(-7, 0), "-7");
    assert_eq!(decimal(7, -3), "7000");
    assert_eq!(decimal(0, -3), "0");
    let wide = Decimal256Array::from(vec![i256::from_i128(-15)]).with_precision_and_scale(50, 1).unwrap();
    assert_eq!(text(wide), "-1.5");
}

#[test]
fn dates_and_times_have_no_more_than_microseconds() {
    assert_eq!(text(Date32Array::from(vec![20_484])), "2026-01-31");
    assert_eq!(text(Date32Array::from(vec![-719_163])), "0001-12-31 BC");
    assert_eq!(text(Date64Array::from(vec![-1])), "1969-12-31");
    assert_eq!(text(Time32SecondArray::from(vec![3_661])), "01:01:01");
    assert_eq!(text(Time64MicrosecondArray::from(vec![14_706_789_000])), "04:05:06.789");
    assert_eq!(text(Time64NanosecondArray::from(vec![1_000_000_999])), "00:00:01");
    assert_eq!(text(TimestampSecondArray::from(vec![-1])), "1969-12-31 23:59:59");
    assert_eq!(text(TimestampMicrosecondArray::from(vec![1_357_016_400_250_000])), "2013-01-01 05:00:00.25");
    // As now() gives it.
    let nanoseconds = TimestampNanosecondArray::from(vec![1_357_016_400_123_456_789]).with_timezone("+00:00");
    assert_eq!(text(nanoseconds), "2013-01-01 05:00:00.123456+00");
    assert_eq!(code(Date32Array::from(vec![i32::MAX])), "22008");
    assert_eq!(code(TimestampSecondArray::from(vec![i64::MAX])), "22008");
}

#[test]
fn a_moment_shows_in_the_zone_that_is_asked_for_whatever_its_column_says() {
    let moment =
        || TimestampMicrosecondArray::from(vec![1_357_016_400_000_000]).with_timezone("America/New_York");
    assert_eq!(text(moment()), "2013-01-01 05:00:00+00");
    assert_eq!(text_in(moment(), Some("+05:30")), "2013-01-01 10:30:00+05:30");
    assert_eq!(text_in(moment(), Some("-08")), "2012-12-31 21:00:00-08");
}

#[test]
fn intervals_in_the_style_of_postgres() {
    let calendar = |months, days, nanoseconds| {
        let interval = IntervalMonthDayNano::new(months, days, nanoseconds);
        text(PrimitiveArray::<IntervalMonthDayNanoType>::from(vec![interval]))
    };
    assert_eq!(calendar(14, 3, 14_706_789_000_000), "1 year 2 mons 3 days 04:05:06.789");
    assert_eq!(calendar(0, 0, 0), "00:00:00");
    assert_eq!(calendar(-14, 3, 0), "-1 years -2 mons +3 days");
    assert_eq!(calendar(0, -1, 3_600_000_000_000), "-1 days +01:00:00");
    assert_eq!(calendar(0, 1, -3_600_000_000_000), "1 day -01:00:00");
    assert_eq!(text(PrimitiveArray::<IntervalYearMonthType>::from(vec![25])), "2 years 1 mon");
    let days = IntervalDayTime::new(2, 1_500);
    assert_eq!(text(PrimitiveArray::<IntervalDayTimeType>::from(vec![days])), "2 days 00:00:01.5");
}

#[test]
fn a_difference_of_timestamps_is_an_interval() {
    assert_eq!(text(DurationSecondArray::from(vec![90_000])), "25:00:00");
    assert_eq!(text(DurationMillisecondArray::from(vec![1_500])), "00:00:01.5");
    assert_eq!(text(DurationMicrosecondArray::from(vec![-1])), "-00:00:00.000001");
    assert_eq!(text(DurationNanosecondArray::from(vec![2_000_000_000])), "00:00:02");
}

#[test]
fn elements_of_arrays_are_quoted_where_they_must_be() {
    let mut words = ListBuilder::new(StringBuilder::new());
    words.append_value([Some("a"), Some("b c"), Some(""), Some("null"), Some("q\"\\"), Some("x,y"), None]);
    assert_eq!(text(words.finish()), r#"{a,"b c","","null","q\"\\","x,y",NULL}"#);
    let numbers = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None])]);
    assert_eq!(text(numbers), "{1,NULL}");
    let mut outer = ListBuilder::new(ListBuilder::new(Int32Builder::new()));
    outer.values().append_value([Some(1), None]);
    outer.values().append_value([Some(3)]);
    outer.append(true);
    assert_eq!(text(outer.finish()), "{{1,NULL},{3}}");
}

#[test]
fn records_show_as_rows() {
    let record = |a: Option<i32>, b: &str| {
        let a: ArrayRef = Arc::new(Int32Array::from(vec![a]));
        let b: ArrayRef = Arc::new(StringArray::from(vec![b]));
        text(StructArray::from(vec![
            (Arc::new(Field::new("a", DataType::Int32, true)), a),
            (Arc::new(Field::new("b", DataType::Utf8, true)), b),
        ]))
    };
    assert_eq!(record(Some(1), "x \"y\\"), r#"(1,"x ""y\\")"#);
    assert_eq!(record(None, ""), r#"(,"")"#);
    assert_eq!(record(Some(7), "seven"), "(7,seven)");
}
