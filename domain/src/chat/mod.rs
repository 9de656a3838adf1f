//! What people say to Muster in words: one parser and one set of answers, for chat, for the API and for the command line (R1, R14, R17).
//!
//! [`run()`] reads a line, calls one use case and says what came of it; [`submit`] does the same with a [`Form`] that was filled in; [`home()`]
//! is what concerns one person. Nothing is decided here: who may do it, what it needs and what follows is the use cases' affair. Nothing here
//! knows a vendor: texts are plain, and whoever shows them brings the markup.
//!
//! Rights are those of [`Ctx::actor`](crate::Ctx), and the timeline says [`Ctx::source`](crate::Ctx).

mod answer;
mod asked;
mod clients;
mod command;
mod ending;
mod follow_ups;
mod form;
mod forms;
mod home;
mod overview;
mod parse;
mod people;
mod phrases;
mod reading;
mod record;
mod response;
mod roles;
mod run;
mod steps;
mod vocabulary;

pub use answer::{Answer, To};
pub use command::{Command, Telling};
pub use form::{Choice, Field, FieldKind, Form, FormKind, Values};
pub use forms::{NOT_NEEDED, NOT_NOW, OUTCOME, command_for, fields_of, submit};
pub use home::{Home, Mine, MyStep, home};
pub use parse::{Misread, parse};
pub use people::Mentions;
pub use run::run;
pub use vocabulary::{WORDS, Word};
