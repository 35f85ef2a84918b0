//! Batches and helpers that the tests of the formats share.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::types::Int32Type;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array,
    Float64Array, Int64Array, IntervalMonthDayNanoArray, ListArray, NullArray, RecordBatch, StringArray,
    StructArray, Time64MicrosecondArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Fields, IntervalMonthDayNano, Schema};
use microprolly_sql::PG_TYPE_METADATA;

use super::{Format, ResultWriter, Settings};

/// The batch in this format, as the user sees it.
pub(crate) fn written(format: Format, batch: &RecordBatch) -> String {
    written_with(&Settings { format, ..Settings::default() }, batch)
}

/// The batch with these settings, as the user sees it.
pub(crate) fn written_with(settings: &Settings, batch: &RecordBatch) -> String {
    let mut out = Vec::new();
    let mut writer = ResultWriter::begin(settings, &batch.schema(), &mut out).unwrap();
    writer.write(batch, &mut out).unwrap();
    writer.finish(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Columns of text.
pub(crate) fn text_columns(columns: &[(&str, &[&str])]) -> RecordBatch {
    let fields: Vec<_> = columns.iter().map(|(name, _)| Field::new(*name, DataType::Utf8, true)).collect();
    let arrays =
        columns.iter().map(|(_, values)| Arc::new(StringArray::from(values.to_vec())) as ArrayRef).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// A number `n` from 1 and an optional text `t`.
pub(crate) fn optional_text(values: &[Option<&str>]) -> RecordBatch {
    let numbers = Int64Array::from_iter_values(1..=values.len() as i64);
    let texts = StringArray::from(values.to_vec());
    batch(vec![("n", Arc::new(numbers)), ("t", Arc::new(texts))])
}

/// Three rows that are hard to align.
pub(crate) fn people() -> RecordBatch {
    batch(vec![
        ("id", Arc::new(Int64Array::from(vec![1, -20, 3]))),
        ("name", Arc::new(StringArray::from(vec!["漢字", "Zoë\u{1b}[31m", "plain"]))),
        ("note", Arc::new(StringArray::from(vec![Some("two\nlines"), None, Some("tab\tx")]))),
    ])
}

/// A row of values of every type, and a row of NULLs.
pub(crate) fn every_type() -> RecordBatch {
    let list = ListArray::from_iter_primitive::<arrow::array::types::Int64Type, _, _>([
        Some(vec![Some(1), None, Some(3)]),
        None,
    ]);
    let mut words = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    words.append_value([Some("a b"), Some(""), Some("null"), Some("q\"\\"), Some("plain"), None]);
    words.append_null();
    let pair = StructArray::new(
        Fields::from(vec![Field::new("x", DataType::Int64, true), Field::new("y", DataType::Utf8, true)]),
        vec![Arc::new(Int64Array::from(vec![7, 0])), Arc::new(StringArray::from(vec!["seven", ""]))],
        Some(vec![true, false].into()),
    );
    let words_dictionary: DictionaryArray<Int32Type> = [Some("often"), None].into_iter().collect();
    let interval = IntervalMonthDayNano { months: 1, days: 2, nanoseconds: 3_000_000 };
    let moment = 1_357_034_400_123_400; // 2013-01-01 10:00:00.1234 UTC, in microseconds
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("boolean", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("bigint", Arc::new(Int64Array::from(vec![Some(i64::MIN), None]))),
        ("unsigned", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None]))),
        ("real", Arc::new(Float32Array::from(vec![Some(0.1), None]))),
        ("double", Arc::new(Float64Array::from(vec![Some(10.357_019_999_999_999), None]))),
        ("nan", Arc::new(Float64Array::from(vec![Some(f64::NAN), None]))),
        ("infinity", Arc::new(Float64Array::from(vec![Some(f64::NEG_INFINITY), None]))),
        (
            "numeric",
            Arc::new(
                Decimal128Array::from(vec![Some(-12_345_678_901_234_567_890_123_450_i128), None])
                    .with_precision_and_scale(38, 3)
                    .unwrap(),
            ),
        ),
        ("text", Arc::new(StringArray::from(vec![Some("a, \"b\""), None]))),
        ("bytea", Arc::new(BinaryArray::from_opt_vec(vec![Some(&[0x00, 0xff, 0x10]), None]))),
        ("date", Arc::new(Date32Array::from(vec![Some(15_706), None]))),
        ("time", Arc::new(Time64MicrosecondArray::from(vec![Some(3_723_000_001), None]))),
        ("timestamp", Arc::new(TimestampMicrosecondArray::from(vec![Some(moment), None]))),
        (
            "timestamptz",
            Arc::new(TimestampMicrosecondArray::from(vec![Some(moment), None]).with_timezone("UTC")),
        ),
        (
            "in_zone",
            Arc::new(TimestampMicrosecondArray::from(vec![Some(moment), None]).with_timezone("+05:30")),
        ),
        ("interval", Arc::new(IntervalMonthDayNanoArray::from(vec![Some(interval), None]))),
        ("bigints", Arc::new(list)),
        ("texts", Arc::new(words.finish())),
        ("struct", Arc::new(pair)),
        ("dictionary", Arc::new(words_dictionary)),
        ("nothing", Arc::new(NullArray::new(2))),
    ];
    columns.push(("jsonb", Arc::new(StringArray::from(vec![Some("{\"n\": 1.50}"), None]))));
    let mut result = batch(columns);
    let mut fields: Vec<Field> = result.schema().fields().iter().map(|f| f.as_ref().clone()).collect();
    if let Some(last) = fields.last_mut() {
        last.set_metadata(HashMap::from([(PG_TYPE_METADATA.to_owned(), "jsonb".to_owned())]));
    }
    result = RecordBatch::try_new(Arc::new(Schema::new(fields)), result.columns().to_vec()).unwrap();
    result
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<_> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}
