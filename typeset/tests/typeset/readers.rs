//! What poppler, a reader of PDF that is not ours, finds in one.

use std::process::Command;

use super::{accessible, parse, pdf, sample};

/// What `program` says about `pdf`. What it complains of is left out: poppler 22 calls the flag that PDF/UA asks for an error.
fn said(program: &str, args: &[&str], pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.pdf");
    std::fs::write(&file, pdf).unwrap();
    let before = args.iter().filter(|arg| **arg != "-");
    let after = args.iter().filter(|arg| **arg == "-");
    let output = Command::new(program).args(before).arg(&file).args(after).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}: tests/tools.sh installs it"));
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn words(pdf: &[u8]) -> String {
    said("pdftotext", &["-"], pdf).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn it_is_tagged_and_says_what_it_is() {
    let report = pdf(&sample::report(40, sample::pictures(40))).await;
    let info = said("pdfinfo", &[], &report.bytes);
    for line in
        ["INC-2026-0147: Checkout unavailable in two regions", "Muster", "Fri Nov 27 22:14:05 2026 UTC", "595.276 x 841.89 pts (A4)"]
    {
        assert!(info.contains(line), "{line}: {info}");
    }
    assert!(info.lines().any(|line| line.starts_with("Tagged:") && line.ends_with("yes")), "{info}");
    let structure = said("pdfinfo", &["-struct"], &report.bytes);
    let count = |name: &str| structure.lines().filter(|line| line.trim_start().starts_with(name)).count();
    // Contents and six sections; three tables; two pictures.
    assert_eq!((count("H1"), count("H2"), count("H3")), (7, 2, 1), "{structure}");
    assert_eq!((count("Table"), count("TH "), count("Figure")), (3, 9, 2), "{structure}");
}

#[tokio::test]
async fn it_is_read_in_the_order_in_which_it_was_written() {
    let report = pdf(&sample::report(40, sample::pictures(40))).await;
    let text = words(&report.bytes);
    let mut from = 0;
    for part in [
        "INC-2026-0147: Checkout unavailable in two regions",
        "Full report, final",
        "Contents",
        "Overview For two hours and eleven minutes",
        "Impact began",
        "Orders that could not be paid",
        "Two clients lost sales",
        "and nobody could say why.",
        "All times are in UTC.",
        "The new pool of connections was too small for the busiest hour",
        "Fire [U+1F525] and a script are words, and so is <b>this</b>.",
        "CrashLoopBackOff",
        "Picture without description: dashboard.png",
        "Γειά σου, Привет, ½ → ¾",
        "What would have made us call the second line sooner?",
    ] {
        let at = text[from..].find(part).unwrap_or_else(|| panic!("{part}: {}", &text[from..]));
        from += at + part.len();
    }
}

/// In a narrow column, and with nothing in it but itself when it is copied.
#[tokio::test]
async fn a_long_hash_breaks_and_stays_what_it_is() {
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let table = format!("# T\n\n|a|b|c|\n|-|-|-|\n|{hash}|`{hash}`|{}|", "word ".repeat(60));
    let report = pdf(&parse(&table)).await;
    assert_eq!(report.standard, accessible());
    let boxes = said("pdftotext", &["-bbox", "-"], &report.bytes);
    let ends = boxes.lines().filter_map(|line| line.split_once("xMax=\"")?.1.split_once('"')?.0.parse::<f64>().ok());
    assert!(ends.fold(0.0, f64::max) < 595.0 - 60.0, "{boxes}");
    let text: String = said("pdftotext", &["-raw", "-"], &report.bytes).split_whitespace().collect();
    assert_eq!(text.matches(hash).count(), 2, "{text}");
}
