//! Runs a command of the shell and says how it went.

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::tail::{Tail, plain};

/// How long what the command left behind may hold its output open without printing.
const LEFT_OPEN: Duration = Duration::from_secs(1);
/// Bytes that the command itself can have left in its two pipes when it ends; more comes from what it left behind.
const LEFT_IN_PIPES: usize = 2 * 64 * 1024;
/// Characters of a command that are written down.
const COMMAND_CHARS: usize = 2_000;

/// How a command went.
pub struct Ended {
    /// The code to end with: its own, or 128 and the signal that ended it.
    pub code: u8,
    status: ExitStatus,
    took: Duration,
    host: String,
    output: Option<String>,
}

/// Runs `command` to its end. Its output goes to the terminal as well if it is to be kept.
///
/// # Errors
/// When it can't be started.
pub async fn execute(command: &[OsString], keeps_output: bool) -> anyhow::Result<Ended> {
    let [program, arguments @ ..] = command else { bail!("there is nothing to run") };
    let mut prepared = Command::new(program);
    prepared.args(arguments);
    if keeps_output {
        prepared.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let began = Instant::now();
    let mut child = prepared.spawn().with_context(|| format!("{} can't be started", program.to_string_lossy()))?;
    let tail = Arc::new(Mutex::new(Tail::default()));
    let copied = (child.stdout.take(), child.stderr.take());
    let mut copying = tokio::spawn({
        let tail = tail.clone();
        async move {
            let (output, errors) = copied;
            tokio::join!(copy(output, std::io::stdout(), &tail), copy(errors, std::io::stderr(), &tail))
        }
    });
    let status = wait(&mut child).await?;
    let took = began.elapsed();
    let at_end = locked(&tail).taken();
    let mut before = at_end;
    // A slow reader gets all of it.
    while tokio::time::timeout(LEFT_OPEN, &mut copying).await.is_err() {
        let taken = locked(&tail).taken();
        if taken == before || taken - at_end > LEFT_IN_PIPES {
            break;
        }
        before = taken;
    }
    let output = keeps_output.then(|| std::mem::take(&mut *locked(&tail)).text());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Ok(Ended { code: code(status), status, took, host, output: output.filter(|text| !text.is_empty()) })
}

/// Waits for the end. What the terminal sends reaches the command by itself, and what is sent to us alone is passed on.
async fn wait(child: &mut Child) -> anyhow::Result<ExitStatus> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut quits = signal(SignalKind::quit())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut hang_ups = signal(SignalKind::hangup())?;
    loop {
        let passed_on = tokio::select! {
            status = child.wait() => return status.context("the command can't be waited for"),
            _ = interrupts.recv() => None,
            _ = quits.recv() => None,
            _ = terminations.recv() => Some(Signal::TERM),
            _ = hang_ups.recv() => Some(Signal::HUP),
        };
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let (Some(signal), Some(pid)) = (passed_on, pid) {
            // It may just have ended.
            let _ = kill_process(pid, signal);
        }
    }
}

fn locked(tail: &Mutex<Tail>) -> MutexGuard<'_, Tail> {
    tail.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A reader that is slow holds the command up, and one that has gone, as in `| head`, ends it at its next line, as without us.
async fn copy(from: Option<impl AsyncRead + Unpin>, mut to: impl Write, tail: &Mutex<Tail>) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let printed = &buffer[..read];
        locked(tail).push(printed);
        // Where nothing more can be written for another reason, such as a full disk, the command goes on.
        if to.write_all(printed).and_then(|()| to.flush()).is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            return;
        }
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

impl Ended {
    /// What the timeline says.
    pub fn text(&self, command: &[OsString]) -> String {
        let line = written(command);
        let ended = match self.status.signal() {
            Some(signal) => format!("ended by signal {signal}"),
            None => format!("exit code {}", self.code),
        };
        let output = self.output.as_deref().map(|output| format!("\n\n{}", block(output))).unwrap_or_default();
        format!("{}\non {}: {ended} after {}{output}", block(&line), self.host, span(self.took))
    }

    /// What programs read.
    pub fn details(&self, command: &[OsString]) -> Value {
        json!({ "command": written(command), "host": self.host, "exitCode": self.code, "seconds": self.took.as_secs_f64() })
    }
}

/// The command as a shell takes it.
fn written(command: &[OsString]) -> String {
    let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    words.join(" ").chars().take(COMMAND_CHARS).collect()
}

fn quoted(word: &OsStr) -> String {
    let word = plain(&word.to_string_lossy());
    let is_bare = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_bare) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// `text` as it is.
fn block(text: &str) -> String {
    let fence = fence(text);
    format!("{fence}\n{text}\n{fence}")
}

/// A fence that nothing in `text` closes.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

fn span(took: Duration) -> String {
    match took.as_secs() {
        0..60 => format!("{:.1} s", took.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn a_command_is_written_as_a_shell_takes_it() {
        for (command, line) in [
            (&["df", "-h", "/var"][..], "df -h /var"),
            (&["sh", "-c", "echo 'a b' | wc"], r"sh -c 'echo '\''a b'\'' | wc'"),
            (&["echo", ""], "echo ''"),
        ] {
            assert_eq!(written(&words(command)), line);
        }
    }

    #[test]
    fn nothing_closes_a_fence() {
        assert_eq!((fence("no"), fence("`a` ``` b")), ("```".to_owned(), "````".to_owned()));
    }

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn nothing_more_is_read_for_a_reader_who_has_gone() {
        let tail = Mutex::new(Tail::default());
        copy(Some(tokio::io::repeat(b'y')), Gone, &tail).await;
        assert!(locked(&tail).taken() > 0);
    }

    #[tokio::test]
    async fn a_command_ends_as_it_ended() {
        for (script, code, output) in
            [("echo out; echo err >&2; exit 3", 3, Some("out\nerr")), ("kill -9 $$", 137, None), ("true", 0, None)]
        {
            let ended = execute(&words(&["sh", "-c", script]), true).await.unwrap();
            assert_eq!(ended.code, code, "{script}");
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
            assert_eq!(ended.output.as_deref().map(lines), output.map(lines), "{script}");
        }
        assert!(execute(&words(&["/nowhere/at-all"]), true).await.is_err());
        assert!(execute(&[], true).await.is_err());
    }
}
