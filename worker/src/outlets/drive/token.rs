//! Who we are at Google: a service account, whose key signs what gets a token for an hour (RFC 7523).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::{Clock, SystemClock};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::SigningKey;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use crate::outlets::client::{Api, CallLimits, Cause, Failed, Pace, Vendor, endpoint};

/// All of Drive that the account is a member of: a narrower scope has no folder that people made.
const SCOPE: &str = "https://www.googleapis.com/auth/drive";
const RS256: SignatureScheme = SignatureScheme::RSA_PKCS1_SHA256;
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long a token is asked for, in seconds: the most that Google gives.
const LIFETIME: i64 = 3_600;
/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_mins(2);
/// From how far on a clock that differs from Google's is worth a word.
const APART: chrono::Duration = chrono::Duration::minutes(1);
const REQUESTS: usize = 30;
const WINDOW: Duration = Duration::from_mins(1);

/// The key of a service account.
#[derive(Clone)]
pub struct Credentials {
    /// The account, as people share folders with it.
    pub email: String,
    key: Arc<dyn SigningKey>,
    token_url: Url,
}

impl Credentials {
    /// Reads the file that Google gives once, as JSON.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of the setting; shows nothing of the key.
    pub fn read(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Given {
            #[serde(rename = "type")]
            kind: String,
            client_email: String,
            private_key: String,
            token_uri: String,
        }
        let given: Given = serde_json::from_str(text)
            .map_err(|_| "must name the JSON file with the key of a service account, as Google gave it".to_owned())?;
        if given.kind != "service_account" {
            return Err(format!("names the key of something else ({}): make one of a service account", given.kind));
        }
        let unreadable = "names a file whose private key can't be read: make a new key of the service account";
        let der = PrivateKeyDer::from_pem_slice(given.private_key.as_bytes()).map_err(|_| unreadable.to_owned())?;
        let key = any_supported_type(&der).map_err(|_| unreadable.to_owned())?;
        if key.choose_scheme(&[RS256]).is_none() {
            return Err(unreadable.to_owned());
        }
        let token_url = endpoint(&given.token_uri, "names a file whose token_uri is no address")?;
        Ok(Self { email: given.client_email, key, token_url })
    }

    /// What proves who we are, for `subject` if we act for somebody, at `now` (seconds since 1970).
    fn assertion(&self, subject: Option<&str>, now: i64) -> Result<String, Cause> {
        let mut claims = json!({ "iss": self.email, "scope": SCOPE, "aud": self.token_url.as_str(), "iat": now, "exp": now + LIFETIME });
        if let Some(subject) = subject {
            claims["sub"] = subject.into();
        }
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encoded(&json!({ "alg": "RS256", "typ": "JWT" })), encoded(&claims));
        let signature = self.key.choose_scheme(&[RS256]).and_then(|scheme| scheme.sign(signed.as_bytes()).ok());
        let signature = signature.ok_or_else(|| Cause::Unreachable("the private key does not sign".to_owned()))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The token that is used now.
pub struct Tokens {
    api: Api,
    credentials: Credentials,
    subject: Option<String>,
    kept: Mutex<Option<Token>>,
}

struct Token {
    text: String,
    until: Instant,
}

impl Tokens {
    pub fn new(vendor: Vendor, credentials: Credentials, subject: Option<String>, limits: CallLimits) -> Result<Self, String> {
        let api = Api::new(vendor, credentials.token_url.clone(), None, Pace::new(REQUESTS, WINDOW), limits)?;
        Ok(Self { api, credentials, subject, kept: Mutex::default() })
    }

    /// For whom we act.
    pub fn who(&self) -> &str {
        self.subject.as_deref().unwrap_or(&self.credentials.email)
    }

    /// The token, a new one if there is none. A refusal is as a 401, whatever Google calls it: all of them need a person.
    pub async fn get(&self) -> Result<String, Failed> {
        #[derive(Deserialize)]
        struct Given {
            access_token: String,
            expires_in: Value,
        }
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.until > Instant::now()) {
            return Ok(token.text.clone());
        }
        let now = SystemClock.now();
        let assertion =
            self.credentials.assertion(self.subject.as_deref(), now.timestamp()).map_err(|cause| self.api.failed(false, cause))?;
        let form =
            form_urlencoded::Serializer::new(String::new()).extend_pairs([("grant_type", GRANT), ("assertion", &*assertion)]).finish();
        let call = self.api.post_here().body("application/x-www-form-urlencoded", form.into());
        let given: Given = call.send().await.map_err(|failed| self.refused(failed, now))?;
        // Some of Google's servers write it as text.
        let seconds = given.expires_in.as_u64().or_else(|| given.expires_in.as_str()?.parse().ok()).unwrap_or_default();
        let until = Instant::now() + Duration::from_secs(seconds).saturating_sub(MARGIN);
        *kept = Some(Token { text: given.access_token.clone(), until });
        Ok(given.access_token)
    }

    /// That Google no longer takes this one.
    pub async fn forget(&self, text: &str) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|token| token.text == text) {
            *kept = None;
        }
    }

    fn refused(&self, mut failed: Failed, now: entity::Timestamp) -> Failed {
        #[derive(Deserialize)]
        struct Refused {
            error: String,
            #[serde(default)]
            error_description: String,
        }
        let ahead = failed.ahead(now);
        let Cause::Answered(answered) = &mut failed.cause else { return failed };
        if !matches!(answered.status, 400 | 401 | 403) {
            return failed;
        }
        answered.status = 401;
        if let Ok(Refused { error, error_description }) = serde_json::from_slice(&answered.body) {
            answered.words = self.api.told(&format!("{error}: {error_description}"));
        }
        if let Some(apart) = ahead.filter(|ahead| ahead.abs() > APART) {
            let way = if apart > chrono::Duration::zero() { "ahead of" } else { "behind" };
            let clock = format!("; this machine's clock is {} seconds {way} Google's", apart.num_seconds().abs());
            answered.words.push_str(&clock);
        }
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_key_shows_nothing_of_it() {
        for (text, words) in [
            ("-----BEGIN", "JSON file"),
            (r#"{"type":"authorized_user","client_email":"a","private_key":"hunter2","token_uri":"https://x.example"}"#, "authorized_user"),
            (r#"{"type":"service_account","client_email":"a","private_key":"hunter2","token_uri":"https://x.example"}"#, "private key"),
        ] {
            let problem = Credentials::read(text).err().unwrap();
            assert!(problem.contains(words) && !problem.contains("hunter2"), "{problem}");
        }
    }
}
