//! What a client gets by e-mail: subject, sender and text are for them, and nothing in it is internal.

use entity::{Operation, client, client_update, contact, incident};

use crate::ctx::Ctx;
use crate::delivery::order::New;
use crate::incident::reference;
use crate::ports::Email;

/// What a problem is called as long as nobody has said what clients call it. Our own name for it may name machines or other clients.
pub(crate) const UNNAMED: &str = "a service disruption";

/// An e-mail with `update` to each of the `contacts` of `client`. If there are none, a person finds out how to reach the client.
pub(crate) fn letters(
    ctx: &Ctx,
    incident: &incident::Model,
    update: &client_update::Model,
    client: &client::Model,
    contacts: &[contact::Model],
) -> Vec<New> {
    let letter = |to_name: &str, to: &str| {
        let email = Email {
            to_name: to_name.to_owned(),
            to: to.to_owned(),
            subject: subject(incident),
            text: update.body.clone(),
            thread: Some(incident.id.to_string()),
            answers_to: ctx.config.client_reply_to.clone(),
            paper: None,
            invitation: None,
        };
        New { client: Some(client.id), client_update: Some(update.id), ..New::of(Operation::ClientUpdate, email) }
    };
    let of_client = contacts.iter().filter(|contact| contact.client_id == client.id);
    let letters: Vec<New> = of_client.map(|contact| letter(&contact.name, &contact.email)).collect();
    if letters.is_empty() { vec![letter(&client.name, "")] } else { letters }
}

fn subject(incident: &incident::Model) -> String {
    format!("[{}] {}", reference(incident), incident.client_name.as_deref().unwrap_or("Status update"))
}
