//! The company's identity provider, by `OpenID` Connect: authorization code flow with PKCE.
//!
//! The provider is asked for its addresses and keys when they are first needed, so its being down delays nothing else. They are kept for an
//! hour, and read again at once for a token that none of the keys fits. Only the issuer's own host and those that its document names are
//! asked, encrypted unless the issuer is this machine; redirects are not followed, and answers are bounded in time and length.

mod claims;
mod http;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::ports::{Arrival, Departure, IdentityProvider, NoAccount, SeenAccount};
use entity::Timestamp;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, TokenResponse,
};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use self::claims::Claims;
use self::http::Http;
use crate::outlets::client::endpoint;
use crate::outlets::readable;

/// How long the provider's addresses and keys are believed.
const BELIEVED: Duration = Duration::from_hours(1);
/// How long a provider that did not answer is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(3);
/// How far the provider's clock and ours may be apart.
const SKEW: TimeDelta = TimeDelta::minutes(2);
/// How tokens may be signed: by a key of the provider, of which we know the public half.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 10] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EcdsaP521Sha512,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What the settings say of the provider.
#[derive(Clone)]
pub struct Registration {
    /// Its address, exactly as it calls itself.
    pub issuer: String,
    /// How it knows Muster.
    pub client_id: String,
    /// What Muster proves it with.
    pub client_secret: String,
    /// What Muster asks to know, `openid` included.
    pub scopes: Vec<String>,
    /// Where a token has the address.
    pub email_claim: String,
    /// Where a token has the groups, if they matter.
    pub groups_claim: Option<String>,
}

/// Reads the address of an issuer: scheme, host and perhaps a path. Unencrypted only to this machine.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting.
pub fn issuer(text: &str) -> Result<(), String> {
    let form = "must be the issuer's address, such as https://login.example.org/realms/staff";
    let url = endpoint(text, form)?;
    if url.query().is_some() || text.ends_with("/.well-known/openid-configuration") { Err(form.to_owned()) } else { Ok(()) }
}

/// The provider.
pub struct Provider {
    http: Http,
    issuer: IssuerUrl,
    registration: Registration,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Instant, Arc<CoreProviderMetadata>)>,
    failed: Option<(Instant, NoAccount)>,
}

/// Ready for both steps of the flow, as far as the provider's document goes.
type Ready = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

impl Provider {
    /// The provider as registered. It is asked for nothing yet.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new(registration: Registration) -> Result<Self, String> {
        let url = Url::parse(&registration.issuer).map_err(|error| error.to_string())?;
        let issuer = IssuerUrl::new(registration.issuer.clone()).map_err(|error| error.to_string())?;
        Ok(Self { http: Http::new(&url)?, issuer, registration, known: Mutex::default() })
    }

    /// What the provider says of itself, not older than [`BELIEVED`] and read after `after`, if that is given.
    async fn metadata(&self, after: Option<Instant>) -> Result<Arc<CoreProviderMetadata>, NoAccount> {
        let mut known = self.known.lock().await;
        if let Some((read, metadata)) = &known.metadata
            && read.elapsed() < BELIEVED
            && after.is_none_or(|after| *read > after)
        {
            return Ok(metadata.clone());
        }
        if let Some((at, failure)) = &known.failed
            && at.elapsed() < LEFT_ALONE
        {
            return Err(failure.clone());
        }
        let read = Instant::now();
        match CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known { metadata: Some((read, metadata.clone())), failed: None };
                Ok(metadata)
            }
            Err(error) => {
                let failure = NoAccount::Unavailable(format!("its document or keys could not be read: {}", chain(&error)));
                known.failed = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    fn client(&self, metadata: &CoreProviderMetadata, back: &str) -> Result<Ready, NoAccount> {
        let back = RedirectUrl::new(back.to_owned()).map_err(|error| unavailable(&error))?;
        let (id, secret) = (ClientId::new(self.registration.client_id.clone()), ClientSecret::new(self.registration.client_secret.clone()));
        let client = CoreClient::from_provider_metadata(metadata.clone(), id, Some(secret)).set_redirect_uri(back);
        let takes_basic = metadata
            .token_endpoint_auth_methods_supported()
            .is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        Ok(client.set_auth_type(if takes_basic { AuthType::BasicAuth } else { AuthType::RequestBody }))
    }

    /// What the token says, and the provider where the token does not say it: many leave addresses and groups out of tokens.
    async fn described(&self, client: &Ready, token: &CoreTokenResponse, mut claims: Claims) -> Result<SeenAccount, NoAccount> {
        let Registration { email_claim, groups_claim, .. } = &self.registration;
        if !claims.has_all(email_claim, groups_claim.as_deref())
            && let Ok(request) = client.user_info(token.access_token().clone(), None)
        {
            let rest = request.request_async::<claims::Any, _, CoreGenderClaim>(&self.http).await;
            let rest = rest.map_err(|error| NoAccount::Unavailable(format!("it does not describe the account: {}", chain(&error))))?;
            if let Ok(Value::Object(rest)) = serde_json::to_value(rest) {
                claims.add(rest)?;
            }
        }
        claims.account(self.issuer.as_str(), email_claim, groups_claim.as_deref())
    }
}

#[async_trait]
impl IdentityProvider for Provider {
    async fn depart(&self, back: &str) -> Result<Departure, NoAccount> {
        let client = self.client(&*self.metadata(None).await?, back)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random);
        // The library asks for `openid` on its own.
        for scope in self.registration.scopes.iter().filter(|scope| *scope != "openid") {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        Ok(Departure { url: url.into(), state: state.into_secret(), nonce: nonce.secret().clone(), verifier: verifier.into_secret() })
    }

    async fn arrive(&self, back: &str, arrival: Arrival, now: Timestamp) -> Result<SeenAccount, NoAccount> {
        let began = Instant::now();
        let client = self.client(&*self.metadata(None).await?, back)?;
        let request = client.exchange_code(AuthorizationCode::new(arrival.code)).map_err(|error| unavailable(&error))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(arrival.verifier));
        let token = request.request_async(&self.http).await.map_err(|error| match &error {
            RequestTokenError::ServerResponse(refusal) if *refusal.error() == CoreErrorResponseType::InvalidGrant => {
                NoAccount::Stale(error.to_string())
            }
            error => NoAccount::Unavailable(format!("it gives no token: {}", chain(error))),
        })?;
        let nonce = Nonce::new(arrival.nonce);
        let claims = match verified(&client, &token, &nonce, now) {
            // It may have new keys.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let client = self.client(&*self.metadata(Some(began)).await?, back)?;
                verified(&client, &token, &nonce, now)
            }
            claims => claims,
        };
        self.described(&client, &token, claims.map_err(|error| untrusted(&error))?).await
    }
}

/// What the token says, once it is clear that it is from the provider, for us, and for this browser.
fn verified(client: &Ready, token: &CoreTokenResponse, nonce: &Nonce, now: Timestamp) -> Result<Claims, ClaimsVerificationError> {
    let token = token.id_token().ok_or_else(|| ClaimsVerificationError::Other("there is no ID token".to_owned()))?;
    let issued = move |at: Timestamp| if at > now + SKEW { Err(format!("issued at {at}, and here it is {now}")) } else { Ok(()) };
    let verifier =
        client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || now - SKEW).set_issue_time_verifier_fn(issued);
    token.claims(&verifier, nonce)?;
    Claims::of_token(&token.to_string()).ok_or_else(|| ClaimsVerificationError::Other("it has no claims".to_owned()))
}

fn untrusted(error: &ClaimsVerificationError) -> NoAccount {
    let reason = format!("its token does not count: {}", chain(error));
    if matches!(error, ClaimsVerificationError::Expired(_)) { NoAccount::Clock(reason) } else { NoAccount::Untrusted(reason) }
}

fn unavailable(error: &dyn std::error::Error) -> NoAccount {
    NoAccount::Unavailable(chain(error))
}

/// An error with its causes, on a line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    readable(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_address_without_query_and_encrypted() {
        for good in
            ["https://accounts.google.com", "https://login.example.org/realms/staff/", "http://localhost:3000", "http://127.0.0.1:1/x"]
        {
            assert_eq!(issuer(good), Ok(()), "{good}");
        }
        for bad in [
            "accounts.google.com",
            "http://login.example.org",
            "https://u:p@x.org",
            "https://x.org/?a",
            "https://x.org/.well-known/openid-configuration",
        ] {
            assert!(issuer(bad).is_err(), "{bad}");
        }
    }
}
