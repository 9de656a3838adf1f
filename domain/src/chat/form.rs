//! Forms without a vendor: what is asked, and what was filled in. They are part of what is asked of chats ([`crate::ports`]).

pub use crate::ports::{Choice, Field, FieldKind, Form, FormKind, Values};
