//! What was saved of a damaged database, and what was not.

use microprolly_engine::SalvageReport;

use super::repair::Steps;
use super::{Diagnosis, counted};
use crate::error::SqlError;

impl Diagnosis {
    /// What was saved of each branch and tag, and what is lost of it.
    pub(crate) fn of_salvage(report: &SalvageReport) -> Result<Self, SqlError> {
        let mut steps = Steps::default();
        for branch in &report.branches {
            steps.add("saved", Some(&branch.name), counted(branch.keys, "key"));
            branch.lost.iter().for_each(|finding| steps.add_finding(finding));
        }
        let keys: u64 = report.branches.iter().map(|branch| branch.keys).sum();
        let lost: usize = report.branches.iter().map(|branch| branch.lost.len()).sum();
        let mut summary = format!("saved {}", counted(keys, "key"));
        if lost > 0 {
            summary += &format!("; {} could not be read past", counted(lost as u64, "fault"));
        }
        Ok(Self { rows: steps.rows()?, summary, is_sound: lost == 0 })
    }
}
