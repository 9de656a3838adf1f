//! What a request has seen of incidents until it is known whether all of it is of one version.
//!
//! A context may have one, so it points at no use case; [`super::reading`] fills and asks it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entity::IncidentId;

use super::kept::{Kept, Names, Part, Version, Weighed};

/// How a request reads ([`super::reading`]).
pub(crate) enum Reading {
    /// Each statement at its own moment.
    AsItComes(Mutex<Seen>),
    /// All at the same moment.
    AtOnce,
}

impl Reading {
    /// What it has seen so far, if that is noted.
    pub fn seen(&self) -> Option<MutexGuard<'_, Seen>> {
        match self {
            Self::AsItComes(seen) => Some(seen.lock().unwrap_or_else(PoisonError::into_inner)),
            Self::AtOnce => None,
        }
    }
}

/// What a request has seen of incidents.
#[derive(Default)]
pub(crate) struct Seen {
    /// The version of each.
    pub versions: HashMap<IncidentId, Version>,
    /// Whether it has seen two versions of one.
    pub is_torn: bool,
    /// The versions of which it shows more than the row, with what is to be kept of them.
    pub beside: HashMap<Version, Vec<Unproved>>,
    /// Whether it waited for something slow on its way.
    pub has_waited: bool,
}

/// What is to be kept of a version, once it is proved to be of that.
pub(crate) struct Unproved {
    /// The names in it, if there are any, which then are to stand as well.
    pub names: Option<Names>,
    /// Keeps it.
    pub keep: Box<dyn FnOnce(&Kept) + Send>,
}

impl Unproved {
    /// A part of `version`, as it was read.
    pub fn new<T: Weighed>(version: Version, names: Option<Names>, part: Part, content: Arc<T>) -> Self {
        Self { names, keep: Box::new(move |kept: &Kept| kept.keep(version, part, content)) }
    }
}
