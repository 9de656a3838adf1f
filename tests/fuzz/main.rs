//! `make fuzz`: what others send, changed at random, for as long as is wanted.
//!
//! Each target begins with the files in `corpus`, and keeps whatever brings an answer that it has not seen, so that it gets further than the
//! first check. A panic, an answer that blames Muster (5xx), an error in the log, and whatever takes longer than some seconds are findings:
//! the input is kept in `target/fuzz`, and `--input FILE` tries it again. It needs no nightly compiler, and so no coverage.

mod mutate;
mod targets;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};

use mutate::Mutator;
use targets::Target;

/// An input that takes longer is a finding.
const LONGEST: Duration = Duration::from_secs(20);
/// Inputs that are kept of those that brought something new.
const KEPT: usize = 2_000;

/// Tries what others send, changed at random.
#[derive(Parser)]
struct Arguments {
    /// What to try; everything if nothing is named.
    targets: Vec<Target>,
    /// How long each is tried.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Where chance begins: the same seed brings the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Tries this input alone, on the one target that is named.
    #[arg(long, conflicts_with_all = ["seconds", "seed"])]
    input: Option<PathBuf>,
}

/// What came of one target.
struct Report {
    target: Target,
    executions: u64,
    answers: usize,
    time: Duration,
    finding: Option<Finding>,
}

struct Finding {
    input: Vec<u8>,
    why: String,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let targets = if arguments.targets.is_empty() { Target::value_variants().to_vec() } else { arguments.targets };
    // What panics is reported as a finding.
    std::panic::set_hook(Box::new(|_| ()));
    if let Some(path) = arguments.input {
        ensure!(targets.len() == 1, "name the one target that --input is for");
        let input = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let outcome = targets[0].run(|subject| subject.try_out(&input));
        println!("{outcome:?}");
        return Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let cores = std::thread::available_parallelism()?.get();
    let mut found = false;
    for some in targets.chunks(cores) {
        let time = Duration::from_secs(arguments.seconds);
        let tried = |target: Target| std::thread::spawn(move || begin(target, time, arguments.seed).wait());
        let reports: Vec<_> = some.iter().copied().map(tried).collect();
        for report in reports {
            let Report { target, executions, answers, time, finding } = report.join().expect("only targets panic, and those are caught");
            #[expect(clippy::cast_precision_loss, reason = "a rate to look at")]
            let rate = executions as f64 / time.as_secs_f64();
            println!("{target:?}: {executions} inputs, {rate:.0} a second, {answers} different answers");
            if let Some(finding) = finding {
                println!("  {}\n  the input is in {}", finding.why, keep(target, &finding.input)?.display());
                found = true;
            }
        }
    }
    Ok(if found { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A target that is being tried.
struct Receiver {
    target: Target,
    began: Instant,
    messages: mpsc::Receiver<Message>,
}

enum Message {
    Begins(Vec<u8>),
    Over(Report),
}

impl Receiver {
    /// Waits until it is over, or an input takes too long.
    fn wait(self) -> Report {
        let (mut last, mut executions) = (Vec::new(), 0);
        loop {
            let why = match self.messages.recv_timeout(LONGEST) {
                Ok(Message::Begins(input)) => {
                    (last, executions) = (input, executions + 1);
                    continue;
                }
                Ok(Message::Over(report)) => return report,
                Err(RecvTimeoutError::Timeout) => format!("it took longer than {LONGEST:?}"),
                Err(RecvTimeoutError::Disconnected) => "the target died".to_owned(),
            };
            let finding = Some(Finding { input: last, why });
            return Report { target: self.target, executions, answers: 0, time: self.began.elapsed(), finding };
        }
    }
}

fn begin(target: Target, time: Duration, seed: u64) -> Receiver {
    // A few at most wait to be looked at, so that the input that hangs is known.
    let (sender, messages) = mpsc::sync_channel(64);
    std::thread::spawn(move || {
        let report = fuzz(target, time, seed, |input| drop(sender.send(Message::Begins(input.to_vec()))));
        drop(sender.send(Message::Over(report)));
    });
    Receiver { target, began: Instant::now(), messages }
}

fn fuzz(target: Target, time: Duration, seed: u64, begins: impl Fn(&[u8])) -> Report {
    target.run(|subject| {
        let mut inputs = corpus(target);
        let mut mutator = Mutator::new(seed);
        let (mut executions, mut seen, mut finding) = (0, HashSet::new(), None);
        let began = Instant::now();
        let mut firsts = inputs.clone().into_iter();
        while began.elapsed() < time && finding.is_none() {
            let input = firsts.next().unwrap_or_else(|| mutator.change(&inputs));
            begins(&input);
            executions += 1;
            match subject.try_out(&input) {
                Ok(answer) => {
                    if seen.insert(shape(&answer)) && inputs.len() < KEPT {
                        inputs.push(input);
                    }
                }
                Err(why) => finding = Some(Finding { input, why }),
            }
        }
        Report { target, executions, answers: seen.len(), time: began.elapsed(), finding }
    })
}

/// What tells answers apart: their words, without numbers and what they quote.
fn shape(answer: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let ours = answer.split(['"', '`', '“', '”']).step_by(2);
    let letters: String = ours.flat_map(str::chars).filter(|letter| letter.is_ascii_alphabetic()).take(40).collect();
    letters.hash(&mut hasher);
    hasher.finish()
}

fn corpus(target: Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name());
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.sort();
    files.into_iter().map(|file| std::fs::read(file).expect("the corpus can be read")).collect()
}

fn keep(target: Target, input: &[u8]) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}-{:016x}", target.name(), hasher.finish()));
    std::fs::write(&path, input)?;
    Ok(path)
}
