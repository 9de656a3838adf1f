//! DOCX: a ZIP of XML parts, as ISO 29500 has them. Of what Word can do, what a document needs.
//!
//! Headings are by style, so that Word's navigation has them; header rows repeat; pictures have their words as alternative text. The order
//! of elements within each other is the schema's: Word refuses some files in which it isn't.

mod body;

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use body::{Body, OFFICE, WORD};
use zip::write::SimpleFileOptions;

use crate::document::Document;
use crate::text::escaped;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/numbering.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"/><Override PartName="/word/settings.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml"/><Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>"#;
const SETTINGS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:settings xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:zoom w:percent="100"/><w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>"#;
const STYLES: &str = include_str!("docx/styles.xml");
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// The document as Word and others edit it.
pub fn docx(document: &Document) -> Vec<u8> {
    let body = Body::of(document);
    let lang = escaped(&document.about.lang);
    let parts = [
        ("[Content_Types].xml", TYPES.to_owned()),
        ("_rels/.rels", RELATIONS.to_owned()),
        ("docProps/core.xml", properties(document)),
        ("word/document.xml", format!("{HEAD}{}", body.document())),
        ("word/_rels/document.xml.rels", relations(&body)),
        ("word/styles.xml", STYLES.replace("{lang}", &lang)),
        ("word/numbering.xml", numbering(&body)),
        ("word/settings.xml", SETTINGS.to_owned()),
        ("word/footer1.xml", footer(document)),
    ];
    // 1980: the same document gives the same bytes.
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8]| {
        zip.start_file(name, options)
            .and_then(|()| zip.write_all(bytes).map_err(Into::into))
            .expect("names are known and memory takes what comes");
    };
    for (name, xml) in &parts {
        add(name, xml.as_bytes());
    }
    for (n, png) in (1..).zip(&body.pictures) {
        add(&format!("word/media/picture{n}.png"), png);
    }
    zip.finish().expect("memory takes what comes").into_inner()
}

fn properties(document: &Document) -> String {
    let (title, lang, ident) = (escaped(&document.title), escaped(&document.about.lang), escaped(&document.about.ident));
    let at = document.about.at.format("%Y-%m-%dT%H:%M:%SZ");
    format!(
        r#"{HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{title}</dc:title><dc:creator>Muster</dc:creator><dc:identifier>{ident}</dc:identifier><dc:language>{lang}</dc:language><dcterms:created xsi:type="dcterms:W3CDTF">{at}</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">{at}</dcterms:modified></cp:coreProperties>"#
    )
}

fn relations(body: &Body) -> String {
    let mut xml = format!(r#"{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#);
    let mut relation = |id: &str, kind: &str, target: &str| {
        let (kind, outside) = (format!("{OFFICE}/{kind}"), if kind == "hyperlink" { r#" TargetMode="External""# } else { "" });
        let target = escaped(target);
        let _ = write!(xml, r#"<Relationship Id="{id}" Type="{kind}" Target="{target}"{outside}/>"#);
    };
    for part in ["styles", "numbering", "settings"] {
        relation(part, part, &format!("{part}.xml"));
    }
    relation("footer1", "footer", "footer1.xml");
    for (n, to) in (1..).zip(&body.links) {
        relation(&format!("link{n}"), "hyperlink", to);
    }
    for n in 1..=body.pictures.len() {
        relation(&format!("picture{n}"), "image", &format!("media/picture{n}.png"));
    }
    xml + "</Relationships>"
}

/// Bullets for all lists alike, and numbers for each numbered list by itself, or it would count on from the one before.
fn numbering(body: &Body) -> String {
    let level = |n: usize, format: &str, text: &str| {
        let left = body::STEP * (n + 1);
        format!(
            r#"<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{format}"/><w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{left}" w:hanging="{}"/></w:pPr></w:lvl>"#,
            body::STEP
        )
    };
    let bullets: String = (0..body::LEVELS).map(|n| level(n, "bullet", if n % 2 == 0 { "•" } else { "–" })).collect();
    let numbers: String = (0..body::LEVELS).map(|n| level(n, "decimal", &format!("%{}.", n + 1))).collect();
    let mut xml = format!(
        r#"{HEAD}<w:numbering xmlns:w="{WORD}"><w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="hybridMultilevel"/>{bullets}</w:abstractNum><w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="multilevel"/>{numbers}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>"#
    );
    for (n, (level, start)) in (2..).zip(&body.numbered) {
        let _ = write!(
            xml,
            r#"<w:num w:numId="{n}"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="{level}"><w:startOverride w:val="{start}"/></w:lvlOverride></w:num>"#
        );
    }
    xml + "</w:numbering>"
}

fn footer(document: &Document) -> String {
    let ident = escaped(&document.about.ident);
    let field = |name: &str| format!(r#"<w:fldSimple w:instr=" {name} "><w:r><w:t>1</w:t></w:r></w:fldSimple>"#);
    format!(
        r#"{HEAD}<w:ftr xmlns:w="{WORD}"><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr><w:r><w:t xml:space="preserve">{ident}</w:t></w:r><w:r><w:tab/></w:r>{}<w:r><w:t xml:space="preserve"> of </w:t></w:r>{}</w:p></w:ftr>"#,
        field("PAGE"),
        field("NUMPAGES")
    )
}
