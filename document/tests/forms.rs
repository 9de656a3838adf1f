//! The forms of a document, as their readers find them.

#![expect(clippy::unwrap_used, reason = "for tests; clippy knows those with #[test] alone")]

mod hostile;
mod sample;

use std::io::{Cursor, Read};

use document::{About, Document, docx, html, html_fragment, pdf_request};
use proptest::prelude::*;
use roxmltree::Node;

fn parse(markdown: &str) -> Document {
    Document::parse(markdown, About { meta: Vec::new(), ..sample::about() }, Vec::new())
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let forms = || {
        let report = sample::report(20, sample::pictures(20));
        [html(&report).into_bytes(), html_fragment(&report).into_bytes(), docx(&report), pdf_request(&report)]
    };
    assert_eq!(forms(), forms());
}

#[test]
fn a_file_of_html_has_all_that_it_needs() {
    let page = html(&sample::report(3, sample::pictures(3)));
    assert!(
        page.starts_with("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\"")
    );
    for part in [
        "<title>INC-2026-0147: Checkout unavailable in two regions</title>",
        "<h1>INC-2026-0147: Checkout unavailable in two regions</h1><p>Full report, final</p>",
        "<nav aria-label=\"Contents\"><ol><li><a href=\"#section-1\">Overview</a></li>",
        "<h2 id=\"section-1\">Overview</h2>",
        "<th scope=\"col\" style=\"text-align: right\">Value</th>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"",
        "role=\"img\" aria-labelledby=\"strip-title strip-words\"",
        "<time datetime=\"2026-11-27T22:14:05Z\">",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!html(&parse("# T\n\n## a\n\n## b\n\n## c")).contains("<nav"));
}

#[test]
fn a_part_of_a_page_has_no_title_and_no_drawing() {
    let part = html_fragment(&sample::report(3, sample::pictures(3)));
    assert!(part.starts_with("<h2>Overview</h2>"), "{part}");
    assert!(part.contains("<p><strong>What happened in 3 h 10 min</strong></p><ul><li>From 22:14 UTC on 25 November 2026"));
    assert!(!part.contains("<h1") && !part.contains("<svg") && !part.contains("<style"));
}

/// Each element of `html` with its attributes, by a reader that knows no more than that `<` begins one.
fn elements(html: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let tags = html.split('<').skip(1).map(|rest| rest.split_once('>').expect("it ends").0);
    tags.map(|tag| {
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while let Some((attribute, more)) = rest.split_once("=\"") {
            let (value, more) = more.split_once('"').expect("a value ends");
            attributes.push((attribute.trim(), value));
            rest = more;
        }
        (name.trim_start_matches('/'), attributes)
    })
    .collect()
}

/// What is ours. Anything else came out of somebody's text.
fn only_ours(html: &str) -> Result<(), String> {
    const ELEMENTS: &str = "!DOCTYPE html head meta title style body main header footer time nav h1 h2 h3 h4 h5 h6 p a ol ul li em strong \
                            del code pre br wbr hr blockquote table thead tbody tr th td";
    const ATTRIBUTES: &str = "lang charset http-equiv content name aria-label href id rel start scope style datetime";
    for (name, attributes) in elements(html) {
        if !ELEMENTS.split_whitespace().any(|ours| ours == name) {
            return Err(format!("an element {name}"));
        }
        for (attribute, value) in attributes {
            let leads = attribute != "href" || ["http://", "https://", "mailto:", "#section-"].iter().any(|to| value.starts_with(to));
            if !leads || !ATTRIBUTES.split_whitespace().any(|ours| ours == attribute) {
                return Err(format!("{attribute} of {name}: {value}"));
            }
        }
    }
    Ok(())
}

/// Markdown that tries to be something else.
fn hostile() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(hostile::PIECES.as_slice());
    let noise = prop_oneof![9 => piece.prop_map(str::to_owned), 1 => any::<String>()];
    proptest::collection::vec(noise, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_is_written_stays_words(markdown in hostile()) {
        let document = parse(&markdown);
        prop_assert_eq!(only_ours(&html(&document)), Ok(()));
        prop_assert_eq!(only_ours(&html_fragment(&document)), Ok(()));
        let request: serde_json::Value = serde_json::from_slice(&pdf_request(&document)).unwrap();
        prop_assert!(!request.to_string().contains(r#""to":"javascript"#));
        for (name, xml) in parts(&docx(&document)) {
            well_ordered(&name, &xml);
        }
    }
}

#[test]
fn a_reader_of_elements_sees_what_is_not_ours() {
    for html in ["<script>", "<p onclick=\"x\">", "<a href=\"javascript:x\">", "</svg>"] {
        assert!(only_ours(html).is_err(), "{html}");
    }
}

fn parts(docx: &[u8]) -> Vec<(String, String)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).filter(|name| !name.contains("media/")).collect();
    let read = |name: String| {
        let mut text = String::new();
        zip.by_name(&name).unwrap().read_to_string(&mut text).unwrap();
        (name, text)
    };
    names.into_iter().map(read).collect()
}

/// Whether the XML is well formed, and what Word asks of the order of elements is so.
fn well_ordered(part: &str, xml: &str) {
    const ORDERS: [(&str, &str); 5] = [
        ("pPr", "pStyle keepNext keepLines numPr pBdr shd tabs spacing ind contextualSpacing jc outlineLvl rPr"),
        ("rPr", "rStyle rFonts b bCs i iCs strike noProof color sz szCs u lang"),
        ("tblPr", "tblStyle tblW jc tblInd tblBorders tblLayout tblCellMar tblLook tblDescription"),
        ("style", "name basedOn next qFormat pPr rPr tblPr tblStylePr"),
        ("tbl", "tblPr tblGrid tr"),
    ];
    let document = roxmltree::Document::parse(xml).unwrap_or_else(|error| panic!("{part}: {error}"));
    for node in document.descendants().filter(Node::is_element) {
        let children: Vec<&str> = node.children().filter(Node::is_element).map(|child| child.tag_name().name()).collect();
        if let Some((_, order)) = ORDERS.iter().find(|(name, _)| *name == node.tag_name().name()) {
            let place = |child: &str| order.split_whitespace().position(|name| name == child).unwrap_or_else(|| panic!("{part}: {child}"));
            assert!(children.is_sorted_by_key(|child| place(child)), "{part}: {children:?}");
        }
        if ["tc", "body"].contains(&node.tag_name().name()) {
            assert!(children.last().is_some_and(|last| ["p", "sectPr"].contains(last)), "{part}: {children:?}");
        }
    }
}

#[test]
fn word_finds_what_it_looks_for() {
    let mut pictures = sample::pictures(3);
    pictures[0].png = Some(b"\x89PNG".to_vec());
    let bytes = docx(&sample::report(3, pictures));
    let parts = parts(&bytes);
    for (name, xml) in &parts {
        well_ordered(name, xml);
    }
    let part = |wanted: &str| &parts.iter().find(|(name, _)| name == wanted).unwrap_or_else(|| panic!("{wanted}")).1;
    let text = part("word/document.xml");
    assert_eq!(text.matches("w:val=\"Heading1\"").count(), 6);
    assert_eq!(text.matches("<w:tblHeader/>").count(), 3);
    assert_eq!(text.matches("descr=\"What happened in 3 h 10 min. From 22:14 UTC on").count(), 2);
    assert!(text.contains("Picture without description: dashboard.png"));
    // Two numbered lists, each with a number of its own.
    assert_eq!(part("word/numbering.xml").matches("<w:startOverride w:val=\"1\"/>").count(), 2);
    let relations = part("word/_rels/document.xml.rels");
    assert!(relations.contains("Target=\"media/picture1.png\"") && !relations.contains("javascript"));
    let properties = part("docProps/core.xml");
    assert!(properties.contains("<dcterms:created xsi:type=\"dcterms:W3CDTF\">2026-11-27T22:14:05Z</dcterms:created>"));
    // Each relation that the text names is there.
    for id in text.split("r:id=\"").chain(text.split("r:embed=\"")).skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(relations.contains(&format!("Id=\"{id}\"")) || id.starts_with('<'), "{id}");
    }
}
