//! Writes a made-up report: `cargo run -p document --example report pdf 500 | target/debug/typeset >report.pdf`.
//!
//! The first argument is the form (html, fragment, docx, pdf: what typeset reads, strip: that picture alone), the second the number of
//! events. Pictures in `DOCX_PICTURES`, a folder, go into the DOCX: strip.png, severity.png.

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::io::Write;

fn main() {
    let mut args = std::env::args().skip(1);
    let form = args.next().unwrap_or_default();
    let events = args.next().and_then(|events| events.parse().ok()).unwrap_or(50);
    let mut pictures = sample::pictures(events);
    if let Ok(folder) = std::env::var("DOCX_PICTURES") {
        for picture in &mut pictures {
            picture.png = std::fs::read(format!("{folder}/{}.png", picture.name)).ok();
        }
    }
    if let Some(picture) = pictures.iter().find(|picture| picture.name == form) {
        return print!("{}", picture.svg);
    }
    let document = sample::report(events, pictures);
    let bytes = match form.as_str() {
        "html" => document::html(&document).into_bytes(),
        "fragment" => document::html_fragment(&document).into_bytes(),
        "docx" => document::docx(&document),
        "pdf" => document::pdf_request(&document),
        _ => panic!("a form: html, fragment, docx, pdf, strip or severity"),
    };
    std::io::stdout().write_all(&bytes).expect("written");
}
