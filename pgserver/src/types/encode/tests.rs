//! What each type looks like on the wire. Expected texts are what PostgreSQL 15 prints.

use std::collections::HashMap;

use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{
    Int32Type, IntervalDayTime, IntervalDayTimeType, IntervalMonthDayNano, IntervalMonthDayNanoType,
    IntervalYearMonthType, i256,
};
use microprolly_sql::PG_TYPE_METADATA;

use super::*;

fn field(array: &dyn Array, pg_type: Option<&str>) -> Field {
    let metadata = pg_type
        .map(|name| HashMap::from([(PG_TYPE_METADATA.to_owned(), name.to_owned())]))
        .unwrap_or_default();
    Field::new("c", array.data_type().clone(), true).with_metadata(metadata)
}

fn encode(array: ArrayRef, pg_type: Option<&str>, timezone: &str, format: Format) -> Vec<Option<Vec<u8>>> {
    let field = field(array.as_ref(), pg_type);
    let encoder = ColumnEncoder::new(&array, &field, timezone.parse().unwrap()).unwrap();
    (0..array.len())
        .map(|row| {
            let mut out = BytesMut::new();
            encoder.value(row, format, &mut out).unwrap();
            let length = i32::from_be_bytes(out[..4].try_into().unwrap());
            if length < 0 {
                assert_eq!(out.len(), 4);
                return None;
            }
            assert_eq!(out.len(), 4 + length as usize);
            Some(out[4..].to_vec())
        })
        .collect()
}

fn texts(array: impl Array + 'static) -> Vec<String> {
    shown(Arc::new(array), None, "UTC")
}

fn shown(array: ArrayRef, pg_type: Option<&str>, timezone: &str) -> Vec<String> {
    encode(array, pg_type, timezone, Format::Text)
        .into_iter()
        .map(|value| value.map_or("NULL".to_owned(), |bytes| String::from_utf8(bytes).unwrap()))
        .collect()
}

fn binaries(array: impl Array + 'static) -> Vec<Vec<u8>> {
    encode(Arc::new(array), None, "UTC", Format::Binary).into_iter().map(Option::unwrap_or_default).collect()
}

#[test]
fn booleans_and_whole_numbers() {
    assert_eq!(texts(BooleanArray::from(vec![Some(true), Some(false), None])), ["t", "f", "NULL"]);
    assert_eq!(texts(Int8Array::from(vec![-128])), ["-128"]);
    assert_eq!(texts(UInt64Array::from(vec![u64::MAX])), ["18446744073709551615"]);
    assert_eq!(texts(UInt32Array::from(vec![u32::MAX])), ["4294967295"]);
    assert_eq!(binaries(Int16Array::from(vec![-2])), [[0xff, 0xfe]]);
    assert_eq!(binaries(UInt16Array::from(vec![65_535])), [[0, 0, 0xff, 0xff]]);
    assert_eq!(binaries(Int64Array::from(vec![1])), [[0, 0, 0, 0, 0, 0, 0, 1]]);
    assert_eq!(texts(NullArray::new(2)), ["NULL", "NULL"]);
}

#[test]
fn floats_have_the_fewest_digits_that_read_back() {
    let doubles = [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (100_000_000_000_000.0, "100000000000000"),
        (1e15, "1e+15"),
        (1.5e300, "1.5e+300"),
        (123_456.789, "123456.789"),
        (0.0001, "0.0001"),
        (0.000_01, "1e-05"),
        (-2.5e-7, "-2.5e-07"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
    ];
    for (value, expected) in doubles {
        assert_eq!(texts(Float64Array::from(vec![value])), [expected]);
    }
    let floats = [(0.1, "0.1"), (100_000.0, "100000"), (1e6, "1e+06"), (1_234_567.0, "1.234567e+06")];
    for (value, expected) in floats {
        assert_eq!(texts(Float32Array::from(vec![value])), [expected]);
    }
}

#[test]
fn numerics_keep_their_scale() {
    let decimals = |values: Vec<i128>, precision, scale| {
        Decimal128Array::from(values).with_precision_and_scale(precision, scale).unwrap()
    };
    assert_eq!(texts(decimals(vec![12_345, -5, 0, 100], 10, 2)), ["123.45", "-0.05", "0.00", "1.00"]);
    assert_eq!(texts(decimals(vec![7, 0], 10, -3)), ["7000", "0"]);
    assert_eq!(texts(decimals(vec![i128::from(u64::MAX) * 10], 38, 0)), ["184467440737095516150"]);
    let wide = Decimal256Array::from(vec![i256::from_i128(-15)]).with_precision_and_scale(50, 1).unwrap();
    assert_eq!(texts(wide), ["-1.5"]);

    // 12345.678 is the groups 1, 2345, 6780 with weight 1 and scale 3.
    assert_eq!(
        binaries(decimals(vec![12_345_678], 10, 3)),
        [[0, 3, 0, 1, 0, 0, 0, 3, 0, 1, 0x09, 0x29, 0x1a, 0x7c]]
    );
    // -0.0005 is the group 5 with weight -1.
    assert_eq!(binaries(decimals(vec![-5], 10, 4)), [[0, 1, 0xff, 0xff, 0x40, 0, 0, 4, 0, 5]]);
    assert_eq!(binaries(decimals(vec![0], 10, 2)), [[0, 0, 0, 0, 0, 0, 0, 2]]);
    assert_eq!(binaries(decimals(vec![10_000], 10, 0)), [[0, 1, 0, 1, 0, 0, 0, 0, 0, 1]]);
}

#[test]
fn text_bytes_and_what_metadata_names() {
    assert_eq!(texts(StringViewArray::from(vec![Some("ä"), None])), ["ä", "NULL"]);
    assert_eq!(texts(BinaryArray::from_vec(vec![b"\x00\xffA", b""])), ["\\x00ff41", "\\x"]);
    let uuid = "6f1d8a0e-0c6b-4f5e-9d57-0a4c2a3b1c0d";
    let array: ArrayRef = Arc::new(StringArray::from(vec![uuid]));
    assert_eq!(shown(Arc::clone(&array), Some("uuid"), "UTC"), [uuid]);
    let binary = encode(array, Some("uuid"), "UTC", Format::Binary);
    assert_eq!(binary[0].as_deref(), Some(&uuid::Uuid::parse_str(uuid).unwrap().as_bytes()[..]));
    let json: ArrayRef = Arc::new(StringArray::from(vec!["{}"]));
    assert_eq!(encode(json, Some("jsonb"), "UTC", Format::Binary), [Some(b"\x01{}".to_vec())]);
    let dictionary: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("a")].into_iter().collect();
    assert_eq!(texts(dictionary), ["a", "NULL", "a"]);
}

#[test]
fn identifiers_have_no_sign() {
    let oids: ArrayRef = Arc::new(Int32Array::from(vec![25, -1]));
    assert_eq!(shown(oids, Some("oid"), "UTC"), ["25", "4294967295"]);
}

#[test]
fn dates_and_times() {
    assert_eq!(
        texts(Date32Array::from(vec![0, 20_484, -719_163])),
        ["1970-01-01", "2026-01-31", "0001-12-31 BC"]
    );
    assert_eq!(binaries(Date32Array::from(vec![10_958])), [[0, 0, 0, 1]]);
    assert_eq!(
        texts(Time64MicrosecondArray::from(vec![0, 14_706_789_000, 86_399_999_999])),
        ["00:00:00", "04:05:06.789", "23:59:59.999999"]
    );
    assert_eq!(texts(Time32SecondArray::from(vec![3661])), ["01:01:01"]);
    assert_eq!(
        texts(TimestampMicrosecondArray::from(vec![0, 1_769_860_800_500_000, 253_402_300_800_000_000])),
        ["1970-01-01 00:00:00", "2026-01-31 12:00:00.5", "10000-01-01 00:00:00"]
    );
    assert_eq!(texts(TimestampSecondArray::from(vec![-1])), ["1969-12-31 23:59:59"]);
    assert_eq!(binaries(TimestampMicrosecondArray::from(vec![EPOCH_2000 + 1])), [[0, 0, 0, 0, 0, 0, 0, 1]]);
}

const EPOCH_2000: i64 = super::time::EPOCH_MICROSECONDS;

#[test]
fn a_timestamp_with_time_zone_shows_in_the_sessions_zone() {
    let instant = || -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(vec![1_769_860_800_000_000]).with_timezone("UTC"))
    };
    assert_eq!(shown(instant(), None, "UTC"), ["2026-01-31 12:00:00+00"]);
    assert_eq!(shown(instant(), None, "Europe/Berlin"), ["2026-01-31 13:00:00+01"]);
    assert_eq!(shown(instant(), None, "Asia/Kolkata"), ["2026-01-31 17:30:00+05:30"]);
    assert_eq!(shown(instant(), None, "-03:30"), ["2026-01-31 08:30:00-03:30"]);
    let long_ago: ArrayRef =
        Arc::new(TimestampMicrosecondArray::from(vec![-62_167_219_200_000_000]).with_timezone("UTC"));
    assert_eq!(shown(long_ago, None, "UTC"), ["0001-01-01 00:00:00+00 BC"]);
}

#[test]
fn intervals_in_the_style_of_postgres() {
    let calendar = |months, days, nanoseconds| {
        texts(PrimitiveArray::<IntervalMonthDayNanoType>::from(vec![IntervalMonthDayNano::new(
            months,
            days,
            nanoseconds,
        )]))
    };
    assert_eq!(calendar(14, 3, 14_706_789_000_000), ["1 year 2 mons 3 days 04:05:06.789"]);
    assert_eq!(calendar(0, 0, 0), ["00:00:00"]);
    assert_eq!(calendar(-14, 3, 0), ["-1 years -2 mons +3 days"]);
    assert_eq!(calendar(0, -1, 3_600_000_000_000), ["-1 days +01:00:00"]);
    assert_eq!(calendar(0, 1, -3_600_000_000_000), ["1 day -01:00:00"]);
    assert_eq!(
        texts(PrimitiveArray::<IntervalYearMonthType>::from(vec![Some(25), None])),
        ["2 years 1 mon", "NULL"]
    );
    assert_eq!(
        texts(PrimitiveArray::<IntervalDayTimeType>::from(vec![IntervalDayTime::new(2, 1500)])),
        ["2 days 00:00:01.5"]
    );
    assert_eq!(texts(DurationSecondArray::from(vec![90_000])), ["25:00:00"]);
    assert_eq!(
        binaries(PrimitiveArray::<IntervalMonthDayNanoType>::from(vec![IntervalMonthDayNano::new(
            1, 2, 3000
        )])),
        [[0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1]]
    );
}

#[test]
fn arrays_are_quoted_where_they_must_be() {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for value in [Some("a"), Some(""), Some("b c"), Some("NULL"), Some("q\"\\"), Some("x,y"), None] {
        builder.values().append_option(value);
    }
    builder.append(true);
    builder.append(true);
    builder.append(false);
    assert_eq!(texts(builder.finish()), [r#"{a,"","b c","NULL","q\"\\","x,y",NULL}"#, "{}", "NULL"]);
    let bytes = ListArray::new(
        Arc::new(Field::new_list_field(DataType::Binary, true)),
        OffsetBuffer::from_lengths([1]),
        Arc::new(BinaryArray::from_vec(vec![b"\x01"])),
        None,
    );
    assert_eq!(texts(bytes), [r#"{"\\x01"}"#]);
}

#[test]
fn arrays_of_arrays_are_arrays_of_more_dimensions() {
    let inner = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1), Some(2)]),
        Some(vec![Some(3), None]),
        Some(vec![Some(5)]),
    ]);
    let outer = |lengths: &[usize]| {
        ListArray::new(
            Arc::new(Field::new_list_field(inner.data_type().clone(), true)),
            OffsetBuffer::from_lengths(lengths.iter().copied()),
            Arc::new(inner.slice(0, lengths.iter().sum())),
            None,
        )
    };
    assert_eq!(texts(outer(&[2, 1])), ["{{1,2},{3,NULL}}", "{{5}}"]);
    let mut expected: Vec<u8> = Vec::new();
    for number in [2, 1, 23, 2, 1, 2, 1, 4, 1, 4, 2, 4, 3, -1] {
        expected.extend(i32::to_be_bytes(number));
    }
    assert_eq!(binaries(outer(&[2])), [expected]);

    let uneven: ArrayRef = Arc::new(outer(&[3]));
    let encoder = ColumnEncoder::new(&uneven, &field(uneven.as_ref(), None), "UTC".parse().unwrap()).unwrap();
    assert!(encoder.value(0, Format::Binary, &mut BytesMut::new()).is_err());
}

#[test]
fn records_show_as_rows() {
    let record = StructArray::from(vec![
        (
            Arc::new(Field::new("a", DataType::Int32, true)),
            Arc::new(Int32Array::from(vec![Some(1), None])) as ArrayRef,
        ),
        (Arc::new(Field::new("b", DataType::Utf8, true)), Arc::new(StringArray::from(vec!["x \"y\"", ""]))),
    ]);
    assert_eq!(texts(record), [r#"(1,"x ""y""")"#, r#"(,"")"#]);
}
