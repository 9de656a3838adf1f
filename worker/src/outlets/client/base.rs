//! A vendor's address in the settings, and which certificates to trust.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

pub use domain::web_address::{endpoint, is_this_machine};

/// Reads a vendor's address: scheme and host only. Unencrypted only to this machine, because each request carries credentials.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting.
pub fn base_url(text: &str) -> Result<Url, String> {
    let form = "must be a scheme and host only, such as https://example.org";
    let url = endpoint(text, form)?;
    if url.path() != "/" || url.query().is_some() { Err(form.to_owned()) } else { Ok(url) }
}

/// TLS that trusts this machine's certificate authorities, or Mozilla's list if it has none, as in a bare container. Reads files.
///
/// # Errors
/// When this build has no cryptography for it.
pub fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_and_host_and_encrypted() {
        for good in ["https://x.zendesk.com", "https://x.zendesk.com/", "http://127.0.0.1:18102", "http://localhost:1", "http://[::1]:5/"] {
            assert!(base_url(good).is_ok(), "{good}");
        }
        for bad in [
            "x.zendesk.com",
            "http://x.zendesk.com",
            "http://127.0.0.1.example.org",
            "https://x.zendesk.com/api",
            "https://x.zendesk.com/?a=b",
            "https://u:p@x.zendesk.com",
            "ftp://x.zendesk.com",
            "",
        ] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tls_can_be_set_up() {
        assert!(tls().is_ok());
    }
}
