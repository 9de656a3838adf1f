//! The file of a document that goes out with a message.

use std::time::Duration;

use bytes::Bytes;
use document::{Document, Form, Press, docx};
use domain::ports::Paper;
use tokio::time::timeout;

/// How long a PDF is waited for, and for those before it. What an order may take in total leaves room for the message itself.
const PATIENCE: Duration = Duration::from_secs(12);

/// A file, ready to be attached.
pub(super) struct File {
    /// With its ending.
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Bytes,
}

/// `paper` as a PDF. Where none can be had, as Word reads it, which needs no other program: a client's report does not wait for one.
pub(super) async fn file(press: &Press, paper: &Paper) -> File {
    written(press, &paper.name, &paper.markdown, paper.document()).await
}

/// The same of a `document` that was read from `markdown`.
pub(super) async fn written(press: &Press, name: &str, markdown: &str, document: Document) -> File {
    let problem = match timeout(PATIENCE, press.write(Form::Pdf, markdown, document.clone())).await {
        Ok(Ok(bytes)) => return of(name, Form::Pdf, bytes),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("it took longer than {} seconds", PATIENCE.as_secs()),
    };
    tracing::warn!(document = name, problem, "a document could not be typeset and goes out as DOCX");
    of(name, Form::Docx, docx(&document).into())
}

fn of(name: &str, form: Form, bytes: Bytes) -> File {
    File { name: format!("{name}.{}", form.extension()), media_type: form.media_type(), bytes }
}

#[cfg(test)]
mod tests {
    use document::About;
    use document::typesetter::Typesetter;

    use super::*;

    #[tokio::test]
    async fn what_can_not_be_typeset_goes_out_for_word() {
        let about = About { lang: "en".to_owned(), ident: "INC-7".to_owned(), meta: Vec::new(), at: entity::Timestamp::UNIX_EPOCH };
        let paper = Paper::new("INC-7-report-acme".to_owned(), String::new(), "# It was\n", about);
        // One that is not there, and one that writes no PDF.
        for program in ["/nowhere/typeset", "/bin/cat"] {
            let file = file(&Press::new(Typesetter::at(program.into())), &paper).await;
            assert_eq!((file.name.as_str(), file.media_type), ("INC-7-report-acme.docx", Form::Docx.media_type()), "{program}");
            assert!(file.bytes == docx(&paper.document()), "{program}: as it is downloaded");
        }
    }
}
