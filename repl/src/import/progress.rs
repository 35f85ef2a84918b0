//! The progress bar: bytes of the file that have been read.

use std::io::BufRead;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::source::CsvFile;
use crate::failure::Failure;

const TEMPLATE: &str = "{msg} [{bar:30}] {bytes}/{total_bytes}, {eta} left";

/// A progress bar on stderr; none if stderr is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Begins a reading of the whole file.
    pub(super) fn begin(what: &'static str, file: &CsvFile) -> Result<Self, Failure> {
        let style = ProgressStyle::with_template(TEMPLATE)
            .map_err(|error| Failure::refused(format!("the progress bar's template is wrong: {error}")))?
            .progress_chars("=> ");
        let bar = ProgressBar::with_draw_target(Some(file.size()?), ProgressDrawTarget::stderr());
        Ok(Self { bar: bar.with_style(style).with_message(what) })
    }

    /// Opens the file so that the bar follows its reading.
    pub(super) fn open(&self, file: &CsvFile) -> Result<Box<dyn BufRead>, Failure> {
        let bar = self.bar.clone();
        file.open_through(move |raw| Box::new(bar.wrap_read(raw)))
    }

    /// Takes the bar off the screen.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
