//! The findings of a check.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::{CheckReport, ColumnType, Finding};

use super::{Diagnosis, batch, counted};
use crate::error::SqlError;

pub(crate) fn schema() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("type"),
            ColumnType::TEXT.field("object"),
            ColumnType::TEXT.field("file"),
            ColumnType::BigInt.field("offset"),
            ColumnType::TEXT.field("reached_by"),
            ColumnType::TEXT.field("detail"),
        ]))
    });
    COLUMNS.clone()
}

impl Diagnosis {
    /// The findings of a check, damage first. Garbage is among them, and no damage.
    pub(crate) fn of_check(report: &CheckReport) -> Result<Self, SqlError> {
        let findings = &report.findings;
        let texts = |text: fn(&Finding) -> Option<&str>| -> ArrayRef {
            Arc::new(findings.iter().map(text).collect::<StringArray>())
        };
        let offsets = findings.iter().map(|finding| i64::try_from(finding.offset?).ok());
        let columns: Vec<ArrayRef> = vec![
            texts(|finding| Some(finding.kind.as_str())),
            texts(|finding| Some(finding.object.as_str())),
            texts(|finding| finding.file.as_deref()),
            Arc::new(offsets.collect::<Int64Array>()),
            texts(|finding| finding.reached_by.as_deref()),
            texts(|finding| Some(finding.detail.as_str())),
        ];
        let rows = batch(schema(), columns)?;
        Ok(Self { rows, summary: summary(report), is_sound: !report.has_damage() })
    }
}

fn summary(report: &CheckReport) -> String {
    let damage = report.findings.iter().filter(|finding| finding.kind.is_damage()).count();
    let found = match damage {
        0 => "none is damaged or missing".to_owned(),
        _ => format!("found {}", counted(damage as u64, "fault")),
    };
    let mut text = format!("checked {}: {found}", counted(report.objects_reached, "object"));
    if report.objects_orphaned > 0 {
        text += &format!("; {} in no use", counted(report.objects_orphaned, "object"));
    }
    if report.findings_unlisted > 0 {
        text += &format!("; {} not listed", counted(report.findings_unlisted, "more finding"));
    }
    text
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;
    use microprolly_engine::FindingKind;

    use super::*;

    #[test]
    fn damage_is_told_from_garbage_and_what_is_not_listed_is_counted() {
        let garbage = Finding {
            kind: FindingKind::OrphanedObject,
            object: "ab".to_owned(),
            file: Some("segments/00000001.seg".to_owned()),
            offset: Some(72),
            reached_by: None,
            detail: "nothing leads to it".to_owned(),
        };
        let mut report = CheckReport {
            findings: vec![garbage.clone()],
            objects_reached: 1,
            objects_orphaned: 1,
            ..CheckReport::default()
        };
        let told = Diagnosis::of_check(&report).unwrap();
        assert!(told.is_sound);
        assert_eq!(told.summary, "checked 1 object: none is damaged or missing; 1 object in no use");
        report.findings.insert(0, Finding { kind: FindingKind::MissingObject, offset: None, ..garbage });
        report.findings_unlisted = 7;
        let told = Diagnosis::of_check(&report).unwrap();
        assert!(!told.is_sound);
        assert_eq!(
            told.summary,
            "checked 1 object: found 1 fault; 1 object in no use; 7 more findings not listed"
        );
        assert_eq!((told.rows.num_rows(), told.rows.schema()), (2, schema()));
        assert!(told.rows.column(3).is_null(0) && !told.rows.column(3).is_null(1));
    }
}
