//! What the figures were measured on: without it they mean nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;

/// The processor, memory, kernel and the file system of `scratch`, as one line of prose.
pub(crate) fn describe(scratch: &Path) -> Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let model = value(&processors, "model name").unwrap_or("unknown processor");
    let memory = fs::read_to_string("/proc/meminfo")?;
    let memory_kib: u64 = value(&memory, "MemTotal")
        .and_then(|text| text.strip_suffix(" kB")?.parse().ok())
        .ok_or("/proc/meminfo has no MemTotal")?;
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(format!(
        "{model}, {cores} cores, {} GiB of memory, Linux {}, stores on {}",
        memory_kib.div_ceil(1 << 20),
        kernel.trim(),
        file_system(scratch)?,
    ))
}

/// The commit that is measured, marked if files differ from it.
pub(crate) fn commit() -> Result<String> {
    let id = output("git", &["rev-parse", "--short=12", "HEAD"])?;
    let dirty = !output("git", &["status", "--porcelain"])?.is_empty();
    Ok(if dirty { format!("{id} with uncommitted changes") } else { id })
}

/// The compiler.
pub(crate) fn compiler() -> Result<String> {
    output("rustc", &["--version"])
}

/// What a program prints, without the space around it.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let run = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let run = run.map_err(|error| format!("{program}: {error}"))?;
    if !run.status.success() {
        return Err(
            format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&run.stderr).trim()).into()
        );
    }
    Ok(String::from_utf8(run.stdout)?.trim().to_owned())
}

/// The value after `name` and a colon, the first time that it stands in a file of such lines.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start().strip_prefix(':')?.trim()))
}

/// The type of the file system that holds `path`: that with the longest mount point above it.
fn file_system(path: &Path) -> Result<String> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    let holder = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (mount_point, kind) = (fields.next()?, fields.next()?);
        path.starts_with(mount_point).then_some((mount_point.len(), kind))
    });
    let (_, kind) = holder.max_by_key(|(length, _)| *length).ok_or("/proc/mounts has no root")?;
    Ok(kind.to_owned())
}
