//! `typeset`: a document as JSON on standard input, as `document::pdf_request` writes it, to a PDF on standard output. `typeset png` makes a
//! PNG of an SVG in the same way, for Word.
//!
//! A program of its own, run by `document::typesetter`: nothing else is built with Typst, its memory ends with it, and a document that is
//! too much for it takes nothing else along. It opens no file and no connection: template and fonts are part of it.
//!
//! On success it exits with 0 and the first line of standard error says which standards the PDF meets: `standard: PDF/UA-1, PDF/A-2a`, the
//! first of them alone, or `standard: none: WHY`, when it is tagged but claims nothing. On failure it exits with 1, and a line of standard error says why.

mod clean;
mod fonts;
mod pdf;
mod png;

use std::io::{Read, Write};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setrlimit};

/// What a request may be at most.
const MOST_INPUT: u64 = 32 << 20;
/// What 500 events need is a tenth of it. Not of address space, of which each thread reserves more than it ever needs.
const MOST_MEMORY: u64 = 1 << 30;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("typeset: {}", reason.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let limit = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Data, limit(MOST_MEMORY)).map_err(|error| format!("memory can't be limited: {error}"))?;
    setrlimit(Resource::Core, limit(0)).map_err(|error| format!("dumps can't be switched off: {error}"))?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    let output = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            let pdf::Pdf { bytes, standard } = pdf::pdf(&input()?)?;
            eprintln!("standard: {standard}");
            bytes
        }
        ["png"] => png::png(&input()?)?,
        _ => return Err("typeset reads a document from standard input, and `typeset png` an SVG: there is nothing else to say".to_owned()),
    };
    std::io::stdout().write_all(&output).map_err(|error| format!("nobody took what was written: {error}"))
}

fn input() -> Result<String, String> {
    let mut input = String::new();
    let read = std::io::stdin().take(MOST_INPUT + 1).read_to_string(&mut input);
    match read {
        Ok(size) if size as u64 > MOST_INPUT => Err(format!("more than {MOST_INPUT} bytes")),
        Ok(_) => Ok(input),
        Err(error) => Err(format!("nothing that could be read: {error}")),
    }
}
