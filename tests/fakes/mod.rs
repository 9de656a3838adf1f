//! Slack, Zendesk, Trello, WordPress, Google Drive, Airtable, ntfy, a webhook's receiver, a collector of traces, Amazon SNS and Grafana as a client sees them: fakes that keep state and are stricter than the vendors where that shows mistakes.
//!
//! Tests start them in-process and look into them; `make fakes` starts them on fixed ports for trying the product by hand
//! (docs/integrations/fakes.md). They behave as the vendors' documentation says; where it says nothing, they choose what is harder
//! for a client. They answer nothing that Muster doesn't need. What they share, including faults, is [`Front`].

pub mod airtable;
pub mod collector;
pub mod contract;
mod control;
pub mod drive;
pub mod faults;
mod front;
pub mod grafana;
mod http;
pub mod limits;
pub mod ntfy;
pub mod receiver;
pub mod replay;
mod serve;
pub mod sign;
pub mod slack;
pub mod sns;
pub mod trello;
pub mod wordpress;
pub mod zendesk;

pub use airtable::AirtableFake;
pub use collector::CollectorFake;
pub use contract::Contract;
pub use drive::DriveFake;
pub use faults::Fault;
pub use front::Front;
pub use grafana::GrafanaFake;
pub use http::Received;
pub use limits::Usage;
pub use ntfy::NtfyFake;
pub use receiver::ReceiverFake;
pub use slack::SlackFake;
pub use sns::SnsFake;
pub use trello::TrelloFake;
pub use wordpress::WordpressFake;
pub use zendesk::ZendeskFake;
