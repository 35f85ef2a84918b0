//! `\format`, `\x`, `\timing`, `\pset`: how results are shown.

use clap::ValueEnum;

use crate::console::say;
use crate::failure::Failure;
use crate::output::Format;
use crate::runner::Runner;

/// `\format`: sets the format, or says which it is.
pub(super) fn set_format(runner: &mut Runner, words: &[&str]) -> Result<(), Failure> {
    match words {
        [] => {}
        [name] => {
            runner.settings.format = Format::from_str(name, true)
                .map_err(|_| Failure::refused_with_hint(format!("there is no format {name}"), FORMATS))?;
        }
        _ => return Err(super::wrong("\\format")),
    }
    let name = runner.settings.format.to_possible_value();
    say(format_args!("Results are written as {}.", name.as_ref().map_or("", |name| name.get_name())));
    Ok(())
}

const FORMATS: &str = "The formats are table, csv and json.";

/// `\x`: turns expanded display on, off, or around.
pub(super) fn set_expanded(runner: &mut Runner, words: &[&str]) -> Result<(), Failure> {
    runner.settings.expanded = switch("\\x", words, runner.settings.expanded)?;
    say(format_args!("Expanded display is {}.", on_off(runner.settings.expanded)));
    Ok(())
}

/// `\timing`: turns timing on, off, or around.
pub(super) fn set_timing(runner: &mut Runner, words: &[&str]) -> Result<(), Failure> {
    runner.timing = switch("\\timing", words, runner.timing)?;
    say(format_args!("Timing is {}.", on_off(runner.timing)));
    Ok(())
}

/// `\pset null`: sets what stands for NULL in tables, or says what it is.
pub(super) fn set_null(runner: &mut Runner, null: &[&str]) {
    if let [null] = null {
        runner.settings.null = (*null).to_owned();
    }
    say(format_args!("NULL is shown as \"{}\".", runner.settings.null));
}

fn switch(command: &str, words: &[&str], now: bool) -> Result<bool, Failure> {
    match words {
        [] => Ok(!now),
        ["on"] => Ok(true),
        ["off"] => Ok(false),
        _ => Err(super::wrong(command)),
    }
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
