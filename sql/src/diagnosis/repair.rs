//! What a repair did, and what it could not do.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::{ColumnType, Finding, RepairReport};

use super::{Diagnosis, batch, counted};
use crate::error::SqlError;

pub(crate) fn schema() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("what"),
            ColumnType::TEXT.field("object"),
            ColumnType::TEXT.field("detail"),
        ]))
    });
    COLUMNS.clone()
}

/// Something that was done or found, to what, and in words.
#[derive(Default)]
pub(super) struct Steps(Vec<(&'static str, Option<String>, String)>);

impl Steps {
    pub(super) fn add(&mut self, what: &'static str, object: Option<&str>, detail: impl Into<String>) {
        self.0.push((what, object.map(str::to_owned), detail.into()));
    }

    /// Something that is still damaged or missing.
    pub(super) fn add_finding(&mut self, finding: &Finding) {
        let detail = match &finding.reached_by {
            Some(by) => format!("{} (reached by {by})", finding.detail),
            None => finding.detail.clone(),
        };
        self.add(finding.kind.as_str(), Some(&finding.object), detail);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn rows(&self) -> Result<RecordBatch, SqlError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(self.0.iter().map(|(what, ..)| what))),
            Arc::new(self.0.iter().map(|(_, object, _)| object.as_deref()).collect::<StringArray>()),
            Arc::new(StringArray::from_iter_values(self.0.iter().map(|(.., detail)| detail))),
        ];
        batch(schema(), columns)
    }
}

impl Diagnosis {
    /// What a repair did, then what is still damaged or missing.
    pub(crate) fn of_repair(report: &RepairReport) -> Result<Self, SqlError> {
        let mut steps = Steps::default();
        if report.manifest_rebuilt {
            steps.add("manifest_rebuilt", Some("MANIFEST"), "it was missing or damaged, and is made anew");
        }
        for file in &report.segments_replaced {
            let detail = "what is sound of it was copied; the file is kept aside";
            steps.add("segment_replaced", Some(file), detail);
        }
        for file in &report.segments_missing {
            steps.add("segment_missing", Some(file), "MANIFEST lists it, and it is not there");
        }
        if report.objects_saved > 0 {
            let detail =
                format!("{} copied out of damaged segments", counted(report.objects_saved, "object"));
            steps.add("objects_saved", None, detail);
        }
        if report.bytes_lost > 0 {
            let detail = format!("{} of damaged segments cannot be read", counted(report.bytes_lost, "byte"));
            steps.add("bytes_lost", None, detail);
        }
        if report.log_damaged {
            let detail = "the last transactions may be lost, though they were acknowledged";
            steps.add("log_damaged", None, detail);
        }
        if report.orphaned_objects_removed > 0 {
            let removed = counted(report.orphaned_objects_removed, "object");
            steps.add("orphaned_objects_removed", None, format!("{removed} to which nothing led"));
        }
        let summary = match (report.errors.len(), steps.is_empty()) {
            (0, true) => "there is nothing to repair".to_owned(),
            (0, false) => "repaired: nothing is damaged or missing any more".to_owned(),
            (errors, _) => format!("{} could not be mended", counted(errors as u64, "fault")),
        };
        report.errors.iter().for_each(|finding| steps.add_finding(finding));
        Ok(Self { rows: steps.rows()?, summary, is_sound: report.errors.is_empty() })
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use microprolly_engine::FindingKind;

    use super::*;

    fn steps(diagnosis: &Diagnosis) -> Vec<&str> {
        diagnosis.rows.column(0).as_string::<i32>().iter().map(|what| what.unwrap_or_default()).collect()
    }

    #[test]
    fn a_repair_says_what_it_did_and_what_it_could_not_do() {
        let nothing = Diagnosis::of_repair(&RepairReport::default()).unwrap();
        assert!(nothing.is_sound && steps(&nothing).is_empty());
        assert_eq!(nothing.summary, "there is nothing to repair");

        let mut report = RepairReport {
            manifest_rebuilt: true,
            segments_replaced: vec!["segments/00000001.seg".to_owned()],
            segments_missing: vec!["segments/00000002.seg".to_owned()],
            objects_saved: 7,
            bytes_lost: 1,
            log_damaged: true,
            orphaned_objects_removed: 3,
            errors: Vec::new(),
        };
        let mended = Diagnosis::of_repair(&report).unwrap();
        let done = [
            "manifest_rebuilt",
            "segment_replaced",
            "segment_missing",
            "objects_saved",
            "bytes_lost",
            "log_damaged",
            "orphaned_objects_removed",
        ];
        assert!(mended.is_sound);
        assert_eq!(steps(&mended), done);
        assert_eq!(mended.summary, "repaired: nothing is damaged or missing any more");

        report.errors.push(Finding {
            kind: FindingKind::MissingObject,
            object: "ab".to_owned(),
            file: None,
            offset: None,
            reached_by: Some("branch main".to_owned()),
            detail: "it is missing".to_owned(),
        });
        let failed = Diagnosis::of_repair(&report).unwrap();
        assert!(!failed.is_sound);
        assert_eq!(steps(&failed).last(), Some(&"missing_object"));
        assert_eq!(failed.summary, "1 fault could not be mended");
    }
}
