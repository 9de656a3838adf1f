//! A document to a PDF that people can hear as well as see: tagged, PDF/UA-1 and PDF/A-2a where its text allows.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::clean::clean_all;
use crate::fonts::{BOOK, FONTS};

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));
/// From the best on. What meets none of them is tagged all the same.
const STANDARDS: [(&str, &[PdfStandard]); 2] =
    [("PDF/UA-1, PDF/A-2a", &[PdfStandard::Ua_1, PdfStandard::A_2a]), ("PDF/UA-1", &[PdfStandard::Ua_1])];

pub struct Pdf {
    pub bytes: Vec<u8>,
    /// Those that are met, or `none` and why.
    pub standard: String,
}

/// What of the request is for the file rather than for the page.
#[derive(Deserialize)]
struct About {
    ident: String,
    /// `2026-11-27T15:04:05Z`
    at: String,
}

pub fn pdf(request: &str) -> Result<Pdf, String> {
    let mut request: Value = serde_json::from_str(request).map_err(|error| format!("this is no document: {error}"))?;
    let about = About::deserialize(&request).map_err(|error| format!("this is no document: {error}"))?;
    let timestamp = time(&about.at).ok_or_else(|| format!("{} is no time in UTC", about.at))?;
    clean_all(&mut request);
    let report = Report::new(request.to_string());
    let document: PagedDocument = typst::compile(&report).output.map_err(|errors| reasons(&errors))?;
    let options = |standards| PdfOptions {
        ident: Smart::Custom(about.ident.clone()),
        creator: Smart::Custom(Some("Muster".to_owned())),
        timestamp: Some(Timestamp::new_utc(timestamp)),
        standards,
        ..PdfOptions::default()
    };
    let mut why = String::new();
    for (name, standards) in STANDARDS {
        let standards = PdfStandards::new(standards).map_err(|error| error.message().to_string())?;
        match typst_pdf::pdf(&document, &options(standards)) {
            Ok(bytes) => return Ok(Pdf { bytes, standard: name.to_owned() }),
            Err(errors) => why = reasons(&errors),
        }
    }
    let bytes = typst_pdf::pdf(&document, &options(PdfStandards::default())).map_err(|errors| reasons(&errors))?;
    Ok(Pdf { bytes, standard: format!("none: {}", why.replace('\n', " ")) })
}

fn time(at: &str) -> Option<Datetime> {
    let (date, time) = at.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-');
    let mut time = time.splitn(3, ':').map(|part| part.parse().ok());
    let (year, month, day) = (date.next()?.parse().ok()?, date.next()?.parse().ok()?, date.next()?.parse().ok()?);
    Datetime::from_ymd_hms(year, month, day, time.next()??, time.next()??, time.next()??)
}

fn reasons(errors: &[SourceDiagnostic]) -> String {
    let mut reasons: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    reasons.dedup();
    reasons.truncate(3);
    reasons.join("; ")
}

/// All that the template may read.
struct Report {
    template: Source,
    json: Bytes,
}

impl Report {
    fn new(json: String) -> Self {
        let template = Source::new(id("report.typ"), include_str!("report.typ").to_owned());
        Self { template, json: Bytes::from_string(json) }
    }
}

fn id(name: &str) -> FileId {
    RootedPath::new(VirtualRoot::Project, VirtualPath::new(name).expect("a name of ours")).intern()
}

impl World for Report {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &BOOK
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id.vpath().get_without_slash() == "report.json" { Ok(self.json.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
