//! The whole way in a real browser, at the real program, while the company's sign-in is down.

use harness::browser::Browser;
use harness::free_port;
use harness::oidc::{CLIENT_ID, CLIENT_SECRET, OidcProvider, issuer};
use harness::process::Home;
use tempfile::TempDir;

use super::device::plug_in;

/// The button that signs in with a passkey, once the page can.
const PASSKEY: &str = ":not([hidden]) > #passkey-sign-in";

#[tokio::test(flavor = "multi_thread")]
async fn the_company_is_down_and_a_passkey_works() {
    let (port, provider_port, data) = (free_port(), free_port(), TempDir::with_prefix("muster-passkey-").unwrap());
    let mut provider = OidcProvider::start(provider_port).await;
    let home = Home::new(data.path(), &format!("sqlite:{}", data.path().join("muster.db").display()));
    home.run(&["migrate"]);
    let link = home.run(&["person", "add", "Sam", "--email", "sam@example.org", "--access", "responder"]);
    let link = link.split_once("/sign-in?").unwrap().1.to_owned();
    let mut command = home.command(&["serve"]);
    command.env("MUSTER_PUBLIC_URL", format!("http://localhost:{port}"));
    let settings = [("ISSUER", &*issuer(provider_port)), ("CLIENT_ID", CLIENT_ID), ("CLIENT_SECRET", CLIENT_SECRET)];
    command.envs(settings.map(|(name, value)| (format!("MUSTER_OIDC__{name}"), value.to_owned())));
    let server = home.start_on(command, port).await;
    let url = |path: &str| format!("http://localhost:{port}{path}");
    let board = "document.querySelector('[data-state=live]')";

    let mut browser = Browser::start().await;
    plug_in(&mut browser).await;
    browser.open(&url(&format!("/sign-in?{link}"))).await;
    browser.click("form button").await;
    browser.until(board).await;
    browser.open(&url("/account")).await;
    browser.click("a[href='/passkeys']").await;
    browser.until("document.querySelector('#passkeys-empty')?.hidden === false").await;
    browser.fill("#passkey-name", "My <b>phone</b>").await;
    browser.submit("#passkey-add").await;
    browser.until("document.querySelector('#passkeys').innerText.includes('My <b>phone</b>')").await;

    provider.stop();
    browser.open(&url("/account")).await;
    browser.submit("form[action='/sign-out']").await;
    browser.click("a[href='/sign-in/company']").await;
    browser.until("document.body.innerText.includes('does not answer')").await;
    browser.click("a[href='/']").await;
    browser.click(PASSKEY).await;
    browser.until(board).await;
    browser.until("document.body.innerText.includes('Sam')").await;

    browser.open(&url("/passkeys")).await;
    browser.until("document.querySelector('#passkeys')?.innerText.includes('last used')").await;
    browser.eval("window.confirm = () => true").await;
    browser.click("#passkeys button").await;
    browser.until("document.querySelector('#passkeys-empty')?.hidden === false").await;
    browser.open(&url("/account")).await;
    browser.submit("form[action='/sign-out']").await;
    browser.click(PASSKEY).await;
    browser.until("document.querySelector('#passkey-problem').innerText.includes('no longer')").await;
    server.stop().await;
}
