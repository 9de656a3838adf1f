//! Processes that end with the bench.

use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// A running process; when dropped, it is asked to end and waited for.
pub struct Running {
    child: Child,
    signal: &'static str,
}

impl Running {
    /// Starts `command`, which ends in good order on `signal`.
    pub fn start(command: &mut Command, signal: &'static str) -> Result<Self> {
        let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("starting {command:?}"))?;
        Ok(Self { child, signal })
    }

    /// Whether it ended on its own.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Resident memory in MiB.
    pub fn resident(&self) -> Result<f64> {
        self.memory("VmRSS:")
    }

    /// The same without what is mapped of files, such as SQLite's database, which the system takes back when it needs the room.
    pub fn resident_of_its_own(&self) -> Result<f64> {
        self.memory("RssAnon:")
    }

    fn memory(&self, name: &str) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name} in /proc"))?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let told = Command::new("kill").args(["-s", self.signal, &self.child.id().to_string()]).status();
        if !told.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Runs `command` to its end and returns what it printed.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("running {command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{command:?} failed: {errors}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
