//! Where documents are written: one at a time, and what was made is kept for a while.

use bytes::Bytes;
use moka::future::Cache;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::document::Document;
use crate::form::Form;
use crate::request::pdf_request;
use crate::typesetter::{Error, Typesetter};

/// Of PDFs that are kept.
const KEPT_BYTES: u64 = 32 << 20;

/// Writes documents. One a process: what it bounds is the machine's.
pub struct Press {
    typesetter: Typesetter,
    /// The program takes a hundred megabytes and two threads.
    one_at_a_time: Semaphore,
    /// By what was asked for.
    kept: Cache<[u8; 32], Bytes>,
}

impl Press {
    /// One that has PDFs made by `typesetter`.
    pub fn new(typesetter: Typesetter) -> Self {
        let size = |_: &[u8; 32], pdf: &Bytes| u32::try_from(pdf.len()).unwrap_or(u32::MAX);
        let kept = Cache::builder().weigher(size).max_capacity(KEPT_BYTES).build();
        Self { typesetter, one_at_a_time: Semaphore::new(1), kept }
    }

    /// `document`, which was read from `markdown`, as a file.
    ///
    /// # Errors
    /// When a PDF can't be typeset.
    pub async fn write(&self, form: Form, markdown: &str, document: Document) -> Result<Bytes, Error> {
        let key: [u8; 32] = match form {
            Form::Markdown | Form::Html => return Ok(form.write(markdown, document, &self.typesetter).await?.into()),
            Form::Docx | Form::Pdf => Sha256::new().chain_update(form.extension()).chain_update(pdf_request(&document)).finalize().into(),
        };
        if let Some(made) = self.kept.get(&key).await {
            return Ok(made);
        }
        let turn = self.one_at_a_time.acquire().await;
        // Perhaps it was made while this one waited.
        if let Some(made) = self.kept.get(&key).await {
            return Ok(made);
        }
        let made = Bytes::from(form.write(markdown, document, &self.typesetter).await?);
        drop(turn);
        self.kept.insert(key, made.clone()).await;
        Ok(made)
    }
}
