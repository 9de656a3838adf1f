//! Addresses that requests are sent to, whether a setting or a person names them.

use url::{Host, Url};

/// Reads the address that requests are sent to, path and query included. Unencrypted only to this machine.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting or field; `form` for what is no such address.
pub fn endpoint(text: &str, form: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|_| form.to_owned())?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    if url.fragment().is_some() || has_user || !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        return Err(form.to_owned());
    }
    if url.scheme() == "http" && !is_this_machine(&url) {
        return Err("must begin with https://: each request carries credentials or what only the team may read".to_owned());
    }
    Ok(url)
}

/// Whether the host is this machine, judging by its name.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
