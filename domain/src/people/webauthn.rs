//! What a browser and the device behind it are asked about a passkey, and whether their answer counts (Web Authentication). Pure.
//!
//! A passkey is kept by the device, which checks who holds it (by a PIN, a finger, a face) before it signs. It is of use at one address
//! only: its browser names the page's origin in what is signed.

use entity::{PersonId, passkey, person};
use serde_json::Value;
use url::{Host, Url};
use uuid::Uuid;
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::request::register::{
    CredProtect, Nickname, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle, UserHandle16, Username,
};
use webauthn_rp::request::{AsciiDomain, PublicKeyCredentialDescriptor, RpId};
use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::response::auth::ser_relaxed::DiscoverableAuthenticationRelaxed16;
use webauthn_rp::response::register::ser_relaxed::RegistrationRelaxed;
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableAuthenticationServerState, DiscoverableCredentialRequestOptions,
    PublicKeyCredentialCreationOptions, RegistrationServerState,
};

use crate::error::{Error, Result};

type PublicKey = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// The server, as passkeys know it.
#[derive(Clone, Debug)]
pub struct Party {
    id: RpId,
    origin: String,
}

/// What a browser is asked, and what to remember until it answers.
#[derive(Debug)]
pub struct Question {
    /// The options for `navigator.credentials`, as JSON has them.
    pub options: Value,
    /// Goes with the answer. Good for five minutes.
    pub state: Vec<u8>,
}

/// A passkey that a device has just made.
#[derive(Debug)]
pub struct NewKey {
    /// The device's own id for it.
    pub credential_id: Vec<u8>,
    /// The public half.
    pub public_key: Vec<u8>,
    /// What changes as it is used.
    pub state: Vec<u8>,
}

/// Why an answer does not sign anybody in.
#[derive(Debug)]
pub enum Refusal {
    /// The device counts its signatures, and has counted further before: there may be two of it.
    CountedBack,
    /// It proves nothing.
    Unproven(String),
}

impl Party {
    /// The server at this address; `None` where browsers offer no passkeys: without TLS, except on the machine itself, and for an address
    /// that is a number.
    pub fn at(public_url: &str) -> Option<Self> {
        let url = Url::parse(public_url).ok()?;
        let Some(Host::Domain(domain)) = url.host() else { return None };
        let is_local = domain == "localhost" || domain.ends_with(".localhost");
        if url.scheme() != "https" && !is_local {
            return None;
        }
        let id = RpId::Domain(AsciiDomain::try_from(domain.to_owned()).ok()?);
        Some(Self { id, origin: url.origin().ascii_serialization() })
    }

    /// Has `person` make a passkey, on a device that has none of these.
    pub fn ask_for_new(&self, person: &person::Model, known: Vec<Vec<u8>>) -> Result<Question> {
        let handle = handle(person.id);
        // Only for the eyes of its owner, who chooses by it.
        let name = person.email.as_deref().and_then(|email| Username::try_from(email).ok());
        let name = name.map_or_else(|| Username::try_from(person.id.to_string()).map_err(Error::internal), Ok)?;
        let display_name = Nickname::try_from(&*person.name).ok();
        let user = PublicKeyCredentialUserEntity { name, id: &handle, display_name };
        let descriptor = |id| {
            let id = CredentialId::<Vec<u8>>::decode(id).map_err(Error::internal)?;
            Ok(PublicKeyCredentialDescriptor { id, transports: AuthTransports::decode(0).map_err(Error::internal)? })
        };
        let known = known.into_iter().map(descriptor).collect::<Result<Vec<_>>>()?;
        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.id, user, known);
        // To insist on it would shut out the devices that do not know it.
        options.extensions.cred_protect = CredProtect::None;
        let (server, client) = options.start_ceremony().map_err(Error::internal)?;
        Ok(Question { options: serde_json::to_value(&client).map_err(Error::internal)?, state: server.encode().map_err(Error::internal)? })
    }

    /// The passkey in the answer to [`Self::ask_for_new`]; an error says what is wrong with it, for the log.
    pub fn new_key(&self, state: &[u8], answer: Value) -> Result<NewKey, String> {
        let state = RegistrationServerState::<16>::decode(state).map_err(|error| error.to_string())?;
        let RegistrationRelaxed(answer) = serde_json::from_value(answer).map_err(|error| error.to_string())?;
        let origins = [self.origin.as_str()];
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            // Browsers ask security keys for protection of their own accord.
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let key = state.verify(&self.id, &answer, &options).map_err(|error| error.to_string())?;
        let Ok(public_key) = key.static_state().encode();
        let Ok(state) = key.dynamic_state().encode();
        Ok(NewKey { credential_id: key.id().as_ref().to_vec(), public_key, state: state.to_vec() })
    }

    /// Has somebody show any passkey of this server.
    pub fn ask_for_known(&self) -> Result<Question> {
        let (server, client) = DiscoverableCredentialRequestOptions::passkey(&self.id).start_ceremony().map_err(Error::internal)?;
        Ok(Question { options: serde_json::to_value(&client).map_err(Error::internal)?, state: server.encode().map_err(Error::internal)? })
    }

    /// The state of `passkey` after it was shown, if `shown` is the answer to [`Self::ask_for_known`] and proves it.
    pub fn check(&self, state: &[u8], shown: &Shown, passkey: &passkey::Model) -> Result<Vec<u8>, Refusal> {
        let unproven = |error: &dyn std::error::Error| Refusal::Unproven(error.to_string());
        let state = DiscoverableAuthenticationServerState::decode(state).map_err(|error| unproven(&error))?;
        let public_key = StaticState::<PublicKey>::decode(&passkey.public_key).map_err(|error| unproven(&error))?;
        let count = passkey.state.as_slice().try_into().map_err(|error| unproven(&error))?;
        let count = DynamicState::decode(count).map_err(|error| unproven(&error))?;
        let handle = handle(passkey.person_id);
        let id = CredentialId::<&[u8]>::decode(&passkey.credential_id).map_err(|error| unproven(&error))?;
        let mut known = AuthenticatedCredential::new(id, &handle, public_key, count).map_err(|error| unproven(&error))?;
        let origins = [self.origin.as_str()];
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::default()
        };
        match state.verify(&self.id, &shown.0, &mut known, &options) {
            Ok(_) => {
                let Ok(state) = known.dynamic_state().encode();
                Ok(state.to_vec())
            }
            Err(AuthCeremonyErr::SignatureCounter) => Err(Refusal::CountedBack),
            Err(error) => Err(unproven(&error)),
        }
    }
}

/// What a browser answered to [`Party::ask_for_known`], unproven.
#[derive(Debug)]
pub struct Shown(DiscoverableAuthentication16);

impl Shown {
    /// Reads it; `None` if it has another form.
    pub fn read(answer: Value) -> Option<Self> {
        serde_json::from_value(answer).ok().map(|DiscoverableAuthenticationRelaxed16 { 0: answer }| Self(answer))
    }

    /// Which passkey it claims to be of.
    pub fn credential_id(&self) -> &[u8] {
        self.0.raw_id().into_inner()
    }
}

/// What a device keeps with the passkey to tell people apart.
fn handle(PersonId(id): PersonId) -> UserHandle16 {
    let Ok(handle) = UserHandle::decode(Uuid::into_bytes(id));
    handle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_offered_where_browsers_know_them() {
        let origin = |url: &str| Party::at(url).map(|party| (party.id.as_ref().to_owned(), party.origin));
        let of = |id: &str, origin: &str| Some((id.to_owned(), origin.to_owned()));
        assert_eq!(origin("https://muster.example.org"), of("muster.example.org", "https://muster.example.org"));
        assert_eq!(origin("https://Muster.Example.org:8443"), of("muster.example.org", "https://muster.example.org:8443"));
        assert_eq!(origin("http://localhost:8080"), of("localhost", "http://localhost:8080"));
        for url in ["http://muster.example.org", "http://127.0.0.1:8080", "https://192.0.2.7", "https://[2001:db8::1]"] {
            assert_eq!(origin(url), None, "{url}");
        }
    }

    /// Rows outlive versions of the library.
    #[test]
    fn the_encoding_of_keys_is_fixed() {
        const X: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
        let key = StaticState::<PublicKey>::decode(&hex::decode(format!("01{X}010000")).unwrap()).unwrap();
        let CompressedPubKey::P256(key) = key.credential_public_key else { panic!("{key:?}") };
        assert_eq!((hex::encode(key.x()).as_str(), key.y_is_odd()), (X, true));
        let state = DynamicState::decode([1, 2, 7, 0, 0, 0, 1]).unwrap();
        assert!(state.user_verified && state.sign_count == 7, "{state:?}");
    }
}
