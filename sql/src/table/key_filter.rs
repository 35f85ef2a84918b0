//! Which keys a filter leaves.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use microprolly_engine::{Column, ColumnType, GENERATED_KEY_COLUMN, KeyRange, RowKey, TypeDefinition, Value};

/// The keys that rows fulfilling all of `filters` can have, and how much of
/// each filter that says: `Exact` where the range alone decides it.
pub(crate) fn key_range(
    definition: &TypeDefinition,
    filters: &[&Expr],
) -> (KeyRange, Vec<TableProviderFilterPushDown>) {
    let mut decided = vec![TableProviderFilterPushDown::Unsupported; filters.len()];
    let generated = [Column::new(GENERATED_KEY_COLUMN, ColumnType::TEXT)];
    let key_columns: Vec<&Column> = if definition.has_generated_key() {
        generated.iter().collect()
    } else {
        definition.key_columns().collect()
    };
    let mut key = RowKey::new(&definition.name, key_columns.len());
    for column in &key_columns {
        let equal = filters.iter().enumerate().find_map(|(index, filter)| {
            let (operator, value) = comparison(filter, column)?;
            (operator == Operator::Eq).then_some((index, value))
        });
        let Some((index, value)) = equal else {
            let mut range = KeyRange::prefix(key.as_bytes());
            // Only of the last value is the byte order in the key the order of
            // the values: nothing follows it.
            if key.remaining() == 1 && column.column_type.is_ordered_as_key() {
                for (filter, decided) in filters.iter().zip(&mut decided) {
                    if let Some(narrower) = value_range(filter, column, &key) {
                        range = range.intersect(&narrower);
                        *decided = TableProviderFilterPushDown::Exact;
                    }
                }
            }
            return (range, decided);
        };
        key.push(&value);
        decided[index] = TableProviderFilterPushDown::Exact;
    }
    (KeyRange::key(key.as_bytes()), decided)
}

/// The keys that begin with `key` and go on with a value that a comparison allows.
fn value_range(filter: &Expr, column: &Column, key: &RowKey) -> Option<KeyRange> {
    let (operator, value) = comparison(filter, column)?;
    let with = |suffix: &[u8]| [key.as_bytes(), value.as_bytes(), suffix].concat();
    let all = KeyRange::prefix(key.as_bytes());
    Some(match operator {
        Operator::Lt => KeyRange { end: Some(with(b"").into()), ..all },
        Operator::LtEq => KeyRange { end: Some(with(b"\0").into()), ..all },
        Operator::Gt => KeyRange { start: with(b"\0").into(), ..all },
        Operator::GtEq => KeyRange { start: with(b"").into(), ..all },
        _ => return None,
    })
}

/// A filter of the form `column <operator> literal`, or the reverse turned
/// round: the operator, and the literal as it stands in a key.
fn comparison(filter: &Expr, column: &Column) -> Option<(Operator, String)> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else { return None };
    let (operator, literal) = match (&**left, &**right) {
        (Expr::Column(named), Expr::Literal(literal, _)) if named.name == column.name => (*op, literal),
        (Expr::Literal(literal, _), Expr::Column(named)) if named.name == column.name => {
            (op.swap()?, literal)
        }
        _ => return None,
    };
    Some((operator, key_text(literal, &column.column_type)?))
}

/// A literal of exactly the column's type as it stands in a key. Floats are
/// left out: two zeros are equal, but their texts are not.
fn key_text(literal: &ScalarValue, column_type: &ColumnType) -> Option<String> {
    let value = match (literal, column_type) {
        (
            ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text),
            ColumnType::Text { .. },
        ) => Value::Text(text.as_deref()?.into()),
        (ScalarValue::Utf8(text) | ScalarValue::Utf8View(text), ColumnType::Uuid) => {
            // Only the canonical form is what a key holds; another would
            // compare as text and find nothing, so it is left to the filter.
            let text = text.as_deref()?;
            let canonical = !text.contains(|c: char| c.is_ascii_uppercase()) && text.len() == 36;
            canonical.then(|| Value::Text(text.into()))?
        }
        (ScalarValue::Boolean(value), ColumnType::Boolean) => Value::Boolean((*value)?),
        (ScalarValue::Int16(value), ColumnType::SmallInt) => Value::Integer((*value)?.into()),
        (ScalarValue::Int32(value), ColumnType::Integer) => Value::Integer((*value)?.into()),
        (ScalarValue::Int64(value), ColumnType::BigInt) => Value::Integer((*value)?),
        (ScalarValue::Decimal128(value, _, from), ColumnType::Numeric { scale, .. }) if from == scale => {
            Value::Decimal { unscaled: (*value)?, scale: *scale }
        }
        (ScalarValue::Date32(days), ColumnType::Date) => Value::Date((*days)?),
        (ScalarValue::TimestampMicrosecond(micros, None), ColumnType::Timestamp) => {
            Value::Timestamp((*micros)?)
        }
        (ScalarValue::TimestampMicrosecond(micros, Some(_)), ColumnType::TimestampTz) => {
            Value::TimestampTz((*micros)?)
        }
        _ => return None,
    };
    Some(value.to_text().into_owned())
}
