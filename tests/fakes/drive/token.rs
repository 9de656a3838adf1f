//! The server that gives tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::{EMAIL, State};
use crate::fakes::front::Front;
use crate::fakes::http::{Reply, Request};

/// The private key of the account.
pub const KEY: &str = include_str!("key.pem");
const SCOPE: &str = "https://www.googleapis.com/auth/drive";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const UNDELEGATED: &str =
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.";
/// How far the account's clock may be from ours, in seconds.
const SKEW: i64 = 300;

impl State {
    /// Gives a token for a signed claim (RFC 7523).
    pub(super) fn give_token(&mut self, front: &Front, request: &Request) -> Reply {
        let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let field = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        if field("grant_type") != Some(GRANT) {
            return refused("unsupported_grant_type", "Invalid grant_type");
        }
        let problem = if self.is_account_known {
            problem(field("assertion").unwrap_or_default(), front, self.acts_for.as_deref())
        } else {
            Some("Invalid grant: account not found")
        };
        if let Some(problem) = problem {
            let error = if problem == UNDELEGATED { "unauthorized_client" } else { "invalid_grant" };
            return refused(error, problem).header("date", front.now().format("%a, %d %b %Y %H:%M:%S GMT"));
        }
        self.tokens += 1;
        let token = format!("ya29.fake-{}", self.tokens);
        self.token = Some(token.clone());
        // As text, as some of Google's servers write it.
        Reply::json(200, &json!({ "access_token": token, "expires_in": "3599", "token_type": "Bearer" }))
    }
}

fn problem(assertion: &str, front: &Front, acts_for: Option<&str>) -> Option<&'static str> {
    let Some((signed, signature)) = assertion.rsplit_once('.') else { return Some("Bad Request") };
    // This kind of signature is always the same of the same text.
    if signature != URL_SAFE_NO_PAD.encode(signature_of(signed)) {
        return Some("Invalid JWT Signature.");
    }
    let decoded = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let Some((header, claims)) = signed.split_once('.').and_then(|(header, claims)| Some((decoded(header)?, decoded(claims)?))) else {
        return Some("Bad Request");
    };
    let (iat, exp) = (claims["iat"].as_i64().unwrap_or_default(), claims["exp"].as_i64().unwrap_or_default());
    if (iat - front.now().timestamp()).abs() > SKEW || exp - iat > 3_600 {
        return Some("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.");
    }
    if claims["sub"].as_str().is_some_and(|subject| Some(subject) != acts_for) {
        return Some(UNDELEGATED);
    }
    let is_right =
        header["alg"] == "RS256" && claims["iss"] == EMAIL && claims["scope"] == SCOPE && claims["aud"] == format!("{}/token", front.url());
    (!is_right).then_some("Invalid JWT")
}

fn signature_of(signed: &str) -> Vec<u8> {
    let der = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("it is a key");
    let key = any_supported_type(&der).expect("it is an RSA key");
    let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).expect("RSA keys sign so");
    signer.sign(signed.as_bytes()).expect("it signs")
}

fn refused(error: &str, description: &str) -> Reply {
    Reply::json(400, &json!({ "error": error, "error_description": description }))
}
