//! Searches for tickets to link (R20).
//!
//! Zendesk's search can take minutes to find a new ticket. A ticket given by its number or address is read directly, and so is found
//! at once.

use async_trait::async_trait;
use domain::limits::SEARCH_WORDS;
use domain::ports::{Refusal, SeenTicket, TicketDesk};
use domain::tickets::{is_over, number_in};

use super::ZendeskOutlet;
use super::wire::{Found, Ticket};

/// How many tickets are shown at most.
const TICKETS: usize = 25;
/// How many organisations one search may name: the query must fit into a URL.
const ORGANIZATIONS: usize = 50;
/// The terms of every search here.
const OPEN: &str = "type:ticket status<solved";

#[async_trait]
impl TicketDesk for ZendeskOutlet {
    async fn search(&self, text: &str) -> Result<Vec<SeenTicket>, Refusal> {
        if let Ok(Ok(number)) = number_in(text, Some(self.api.base())).map(|number| number.parse()) {
            return match self.ticket(number).await {
                Ok(ticket) => Ok(self.open(vec![ticket])),
                Err(failed) if matches!(failed.status(), Some(403 | 404)) => Ok(Vec::new()),
                Err(failed) => Err(failed.into()),
            };
        }
        let words = words(text);
        if words.is_empty() { Ok(Vec::new()) } else { self.find(&format!("{OPEN} {words}"), &[]).await }
    }

    async fn open_tickets(&self, organizations: &[String]) -> Result<Vec<SeenTicket>, Refusal> {
        let is_number = |id: &&String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        // Terms of the same kind are combined with OR.
        let of: Vec<String> = organizations.iter().filter(is_number).take(ORGANIZATIONS).map(|id| format!("organization:{id}")).collect();
        if of.is_empty() {
            return Ok(Vec::new());
        }
        self.find(&format!("{OPEN} {}", of.join(" ")), &[("sort_by", "created_at"), ("sort_order", "desc")]).await
    }
}

impl ZendeskOutlet {
    async fn find(&self, query: &str, order: &[(&str, &str)]) -> Result<Vec<SeenTicket>, Refusal> {
        let found: Found = self.api.get("/api/v2/search").query(&[("query", query)]).query(order).list().send().await?;
        // Something that is not a ticket, or an odd one, does not hide the others.
        Ok(self.open(found.results.into_iter().filter_map(|result| serde_json::from_value(result).ok()).collect()))
    }

    /// Those that can be linked: problems can't, and finished ones need not be.
    fn open(&self, tickets: Vec<Ticket>) -> Vec<SeenTicket> {
        let open = tickets.into_iter().filter(|ticket| !is_over(&ticket.status) && !ticket.is("problem"));
        open.take(TICKETS).map(|ticket| ticket.seen(self.api.base())).collect()
    }
}

/// The words of a text, each quoted so that none is taken for a search operator.
fn words(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_alphanumeric() || "-_.@&'".contains(c) { c } else { ' ' }).collect();
    plain.split_whitespace().take(SEARCH_WORDS).map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_words_and_never_operators() {
        assert_eq!(words("log in: \"fails\" status>new"), "\"log\" \"in\" \"fails\" \"status\" \"new\"");
        assert_eq!(words("-tags:x *"), "\"-tags\" \"x\"");
        assert_eq!(words(" \"\" "), "");
        assert_eq!(words(&"a ".repeat(50)).split(' ').count(), SEARCH_WORDS);
    }
}
