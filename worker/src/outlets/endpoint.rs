//! Endpoints of others, to which events are posted, signed as the Standard Webhooks specification says.
//!
//! [`domain::webhooks`] says what goes where and what follows from an answer. Here a message is posted once: within fifteen seconds, to a host
//! that the settings name, by a connection to an address that they don't forbid, whatever the name leads to at that moment. Redirects are not
//! followed, proxies of the environment are not used (they would look names up in our place), and of an answer's body only the beginning is
//! read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, SystemClock};
use domain::webhooks::rules::{NETWORKS, WebhookRules};
use domain::webhooks::{Claim, Outcome};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};

use super::client::{CallLimits, innermost, retry_after, tls};
use super::readable;
use super::standard::signature;

/// How long things may take, by default. The specification wants 15 to 30 seconds for a message.
const LIMITS: CallLimits = CallLimits { connect: Duration::from_secs(5), whole: Duration::from_secs(15) };
/// How much of an answer's body is read.
const ANSWER_BYTES: usize = 2 * 1024;

/// Posts messages to endpoints.
pub struct Endpoints {
    client: Client,
    rules: WebhookRules,
}

impl Endpoints {
    /// For endpoints that these rules allow. It connects with the first message.
    ///
    /// # Errors
    /// When this build has no cryptography for it.
    pub fn new(rules: WebhookRules) -> Result<Self, String> {
        Self::with_limits(rules, LIMITS)
    }

    /// Like [`Self::new`], with other limits.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_limits(rules: WebhookRules, limits: CallLimits) -> Result<Self, String> {
        let tls = tls().map_err(|error| format!("encryption can't be set up: {error}"))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .timeout(limits.whole)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .dns_resolver(Arc::new(Guard(rules.clone())));
        let client = client.build().map_err(|error| innermost(&error))?;
        Ok(Self { client, rules })
    }

    /// Posts a message once.
    pub async fn post(&self, claim: &Claim) -> Outcome {
        // The settings may have changed since it was added.
        let url = match self.rules.address(claim.url()) {
            Ok(url) => url,
            Err(problem) => return Outcome::Silent(format!("nothing was sent, because its address {problem}")),
        };
        let (id, timestamp) = (claim.id(), SystemClock.now().timestamp().to_string());
        let signatures: Vec<String> = claim.secrets().map(|key| signature(key, &id, &timestamp, claim.body())).collect();
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json").body(claim.body().to_owned());
        let request = request.header("webhook-id", id).header("webhook-timestamp", timestamp);
        match request.header("webhook-signature", signatures.join(" ")).send().await {
            Err(error) => Outcome::Silent(why(&error)),
            Ok(answer) => {
                let (status, retry_after) = (answer.status().as_u16(), retry_after(answer.headers()));
                Outcome::Answered { status, retry_after, words: beginning(answer).await }
            }
        }
    }
}

/// The beginning of an answer's body, on one line. What comes too late is left out: the status says everything.
async fn beginning(mut answer: Response) -> String {
    let mut body = Vec::new();
    while body.len() < ANSWER_BYTES
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        body.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES - body.len())]);
    }
    readable(&String::from_utf8_lossy(&body))
}

fn why(error: &reqwest::Error) -> String {
    match () {
        () if error.is_connect() && error.is_timeout() => "it took too long to connect".to_owned(),
        () if error.is_timeout() => "it took too long".to_owned(),
        () => innermost(error),
    }
}

/// Looks names up, and keeps back addresses to which no connection may be made. Of an address in place of a name, [`WebhookRules::address`] says
/// whether it may be reached.
struct Guard(WebhookRules);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let good: Vec<SocketAddr> = found.iter().copied().filter(|address| rules.may_reach(address.ip())).collect();
            match found.first() {
                Some(first) if good.is_empty() => {
                    Err(format!("its name leads to {}, which is not on the internet: {NETWORKS}", first.ip()).into())
                }
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(networks: &str) -> Guard {
        let key = domain::webhooks::secret::WebhookKey::read("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        Guard(WebhookRules { key, hosts: "localhost".parse().unwrap(), networks: networks.parse().unwrap() })
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_leads_nowhere_unless_the_settings_say_so() {
        let resolve = |networks: &str| guard(networks).resolve("localhost".parse().unwrap());
        let refused = resolve("10.0.0.0/8").await.err().unwrap().to_string();
        assert!(refused.contains("not on the internet") && refused.contains("webhooks.networks"), "{refused}");
        assert!(resolve("127.0.0.0/8, ::1").await.unwrap().count() > 0);
    }
}
