//! A device with passkeys: Chromium's virtual one, behind Muster's own script.

use axum::Router;
use axum::response::Html;
use harness::browser::Browser;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SCRIPT: &str = include_str!("../../../api/assets/passkeys.js");

/// A browser on an empty page of an origin, and a device that says yes to everything.
pub struct Device {
    browser: Browser,
    id: Value,
}

/// Serves an empty page.
pub async fn serve_page(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(|| async { Html("<p>Hello</p>") })).await });
}

/// Gives a browser such a device, and returns its id.
pub async fn plug_in(browser: &mut Browser) -> Value {
    browser.order("WebAuthn.enable", json!({})).await;
    let options = json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true,
        "automaticPresenceSimulation": true,
    });
    browser.order("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await["authenticatorId"].take()
}

impl Device {
    /// A device whose browser is at this origin.
    pub async fn at(origin: &str) -> Self {
        let mut browser = Browser::start().await;
        let id = plug_in(&mut browser).await;
        let mut device = Self { browser, id };
        device.go_to(origin).await;
        device
    }

    /// Has its browser open another page.
    pub async fn go_to(&mut self, origin: &str) {
        self.browser.open(origin).await;
        self.browser.until(&format!("location.origin === '{origin}' && document.readyState === 'complete'")).await;
        self.browser.eval(SCRIPT).await;
    }

    /// Makes a passkey.
    pub async fn make(&mut self, options: &Value) -> Value {
        self.browser.eval(&format!("make({options})")).await
    }

    /// Shows a passkey.
    pub async fn show(&mut self, options: &Value) -> Value {
        self.browser.eval(&format!("show({options})")).await
    }

    /// Loses its passkeys.
    pub async fn forget(&mut self) {
        self.browser.order("WebAuthn.clearCredentials", json!({ "authenticatorId": self.id })).await;
    }

    /// Sets how many signatures its only passkey has made, as a copy would have it.
    pub async fn count_from(&mut self, count: u32) {
        let device = json!({ "authenticatorId": self.id });
        let mut credential = self.browser.order("WebAuthn.getCredentials", device.clone()).await["credentials"][0].take();
        self.browser.order("WebAuthn.clearCredentials", device).await;
        credential["signCount"] = count.into();
        self.browser.order("WebAuthn.addCredential", json!({ "authenticatorId": self.id, "credential": credential })).await;
    }
}
