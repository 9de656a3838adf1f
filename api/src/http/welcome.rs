//! The ways in that the page for people who are not signed in offers.

use domain::people::passkeys;
use entity::System;

use super::escape::escaped;
use super::server::Server;

const MAIL: &str = "<form method=\"post\" action=\"/sign-in/mail\"><p><label for=\"email\">Your e-mail address</label>\
     <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"email\" maxlength=\"254\" required></p>\
     <p><button>Mail me a sign-in link</button></p></form>";

/// Shown by its script, in browsers that know passkeys.
const PASSKEY: &str = "<p hidden><button type=\"button\" id=\"passkey-sign-in\">Sign in with a passkey</button></p>\
     <p class=\"problem\" id=\"passkey-problem\" role=\"alert\" hidden></p><script src=\"/assets/passkeys.js\" defer></script>";

/// Whether links can be asked for: only if Muster sends mail.
pub fn mails_links(server: &Server) -> bool {
    server.app.0.domain.config.systems.contains(&System::Email)
}

/// The page's body.
pub fn body(server: &Server) -> String {
    let company = server.app.0.settings.company.as_ref();
    let company = company.map(|company| format!("<p><a class=\"button\" href=\"/sign-in/company\">{}</a></p>", escaped(&company.label)));
    let company = company.unwrap_or_default();
    let passkey = if passkeys::are_offered(&server.app.0.domain.system()) { PASSKEY } else { "" };
    let mail = if mails_links(server) { MAIL } else { "" };
    format!(
        "<p>You are not signed in.</p>{company}{passkey}{mail}\
         <p>With a sign-in link from an administrator: open it, then come back to this page.</p>\
         <p class=\"soft\">To print a new one, run this on the server: <code>muster sign-in-link --email YOU@example.org</code></p>"
    )
}
