//! Requests to the provider, through our own HTTP client: the library's would bring a second one along.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::Client;
use url::Url;

use super::chain;
use crate::outlets::client::{is_this_machine, tls};

const CONNECTING: Duration = Duration::from_secs(5);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer: keys and documents have a few thousand.
const ANSWER_BYTES: usize = 512 * 1024;

/// Asks the hosts that the provider names.
pub struct Http {
    client: Client,
    /// Whether the provider is at this machine, which needs no encryption.
    is_near: bool,
}

impl Http {
    /// For the provider at `issuer`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new(issuer: &Url) -> Result<Self, String> {
        let is_near = is_this_machine(issuer);
        let tls = tls().map_err(|error| format!("encryption can't be set up: {error}"))?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECTING)
            .timeout(PATIENCE)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")));
        if is_near {
            client = client.no_proxy();
        }
        Ok(Self { client: client.build().map_err(|error| chain(&error))?, is_near })
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, CallFailed> {
        let request = reqwest::Request::try_from(request).map_err(|error| CallFailed(chain(&error)))?;
        let url = request.url();
        let is_safe = url.scheme() == "https" || (self.is_near && is_this_machine(url));
        if !is_safe {
            return Err(CallFailed(format!("it names an address that is not encrypted, at {}", url.host_str().unwrap_or_default())));
        }
        let mut answer = self.client.execute(request).await.map_err(failed)?;
        let mut response = HttpResponse::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if response.body().len() + chunk.len() > ANSWER_BYTES {
                return Err(CallFailed(format!("its answer is longer than {} KiB", ANSWER_BYTES / 1024)));
            }
            response.body_mut().extend_from_slice(&chunk);
        }
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = CallFailed;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, CallFailed>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.exchange(request))
    }
}

/// Why there was no answer.
#[derive(Debug)]
pub struct CallFailed(String);

/// Without the address, which may hold what only we may know.
fn failed(error: reqwest::Error) -> CallFailed {
    CallFailed(chain(&error.without_url()))
}

impl fmt::Display for CallFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CallFailed {}
