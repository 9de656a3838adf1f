//! The program, from a document to its PDF, run as the server runs it.

#![expect(clippy::unwrap_used, reason = "for tests; clippy knows those with #[test] alone")]

#[path = "../../../document/tests/hostile/mod.rs"]
mod hostile;
mod readers;
#[path = "../../../document/tests/sample/mod.rs"]
mod sample;

use std::time::Duration;

use document::typesetter::{Pdf, Standard, Typesetter};
use document::{Document, typesetter};

pub fn typesetter() -> Typesetter {
    Typesetter { program: env!("CARGO_BIN_EXE_typeset").into(), limit: Duration::from_mins(1) }
}

pub fn accessible() -> Standard {
    Standard::Met("PDF/UA-1, PDF/A-2a".to_owned())
}

pub fn parse(markdown: &str) -> Document {
    Document::parse(markdown, sample::about(), Vec::new())
}

pub async fn pdf(document: &Document) -> Pdf {
    typesetter().pdf(document).await.unwrap()
}

#[tokio::test]
async fn the_same_document_gives_the_same_bytes() {
    let report = sample::report(5, sample::pictures(5));
    let (once, again) = (pdf(&report).await, pdf(&report).await);
    assert_eq!(once.standard, accessible());
    assert!(once.bytes == again.bytes);
}

/// PDF/UA refuses a whole document for one of these.
#[tokio::test]
async fn whatever_is_written_is_accessible() {
    let deep = format!("{}end\n\n{}end", "> - ".repeat(50), "**a *b ~~c ".repeat(50));
    for markdown in [
        "",
        "Words without a title.",
        "# 🔥\n\n#### 漢字 and e\u{301}\u{327}\n\nZero\u{0}width\u{200b}\u{200d} \u{1b}[31m \u{e000} \u{10ffff} \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}",
        "# T\n\n##\n\n###### six\n\n![](none.png)\n\n![](\n\n[](https://example.org)",
        "# T\n\n||\n|-|\n||\n\n|a|\n|-|\n\n-\n-\n\n1.\n\n>\n\n```\n```\n\n***\n\n` `",
        "0. a\n1. b\n\n999999999. c\n\n# title again\n\n\\",
        "# #set page(\"a0\")\n\n#panic() $x$ @ref <label> `#` *a* _b_ // /* \\u{0}",
        &deep,
        &"word".repeat(5_000),
        &format!("[{}](https://example.org/{})", "9f86d081".repeat(40), "a/".repeat(900)),
    ] {
        assert_eq!(pdf(&parse(markdown)).await.standard, accessible(), "{markdown}");
    }
}

#[tokio::test]
async fn whatever_meets_in_a_text_is_accessible() {
    let (all, mut text) = (hostile::PIECES, String::new());
    for (n, first) in all.iter().enumerate() {
        let others = [0, 1, 5, 11, 17].map(|apart| all[(n + apart) % all.len()]);
        text.extend(others.map(|second| format!("\n\n{first}{second}|\n\n{second}{first}a")));
    }
    assert_eq!(pdf(&parse(&text)).await.standard, accessible());
}

#[tokio::test]
async fn a_picture_becomes_a_png() {
    let picture = sample::pictures(5).remove(0);
    let drawn = typesetter().with_png(picture).await.unwrap().png.unwrap();
    // Width and height, from its header.
    assert_eq!((&drawn[16..20], &drawn[12..16]), (&1_700_u32.to_be_bytes()[..], &b"IHDR"[..]));
}

#[tokio::test]
async fn what_is_no_document_is_refused_in_words() {
    let run = async |args: &[&str], input: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("input");
        std::fs::write(&file, input).unwrap();
        let program =
            tokio::process::Command::new(env!("CARGO_BIN_EXE_typeset")).args(args).stdin(std::fs::File::open(file).unwrap()).output();
        let output = program.await.unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run(&[], "{").await.starts_with("typeset: this is no document: "));
    assert!(run(&[], "{}").await.starts_with("typeset: this is no document: missing field"));
    assert_eq!(run(&[], r#"{"ident": "a", "at": "today"}"#).await, "typeset: today is no time in UTC\n");
    assert!(run(&[], r#"{"ident": "a", "at": "2026-11-27T15:04:05Z"}"#).await.starts_with("typeset: dictionary does not contain key"));
    assert!(run(&["png"], "<p>").await.starts_with("typeset: this is no SVG: "));
    assert_eq!(run(&[], &" ".repeat(33 << 20)).await, "typeset: more than 33554432 bytes\n");
    assert!(run(&["svg"], "").await.starts_with("typeset: typeset reads a document"));
}

/// By the square of its lines it would take longer than it may.
#[tokio::test]
async fn a_long_log_is_typeset_in_time() {
    let log = format!("```\n{}```", "GET /health 200\n".repeat(20_000));
    assert_eq!(pdf(&parse(&log)).await.standard, accessible());
}

#[tokio::test]
async fn a_document_that_takes_too_long_is_stopped() {
    let slow = Typesetter { limit: Duration::from_millis(20), ..typesetter() };
    assert!(matches!(slow.pdf(&sample::report(500, sample::pictures(500))).await, Err(typesetter::Error::TooSlow(_))));
}
