//! What goes wrong on demand: the next requests that match, or a share of all of them.

use std::collections::VecDeque;
use std::time::Duration;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers 429 with `Retry-After`, and does nothing.
    TooMany {
        /// Seconds.
        retry_after: u64,
    },
    /// Answers 500, and does nothing.
    ServerError,
    /// Answers 503, and does nothing.
    Unavailable,
    /// Closes the connection without an answer, and does nothing.
    Cut,
    /// Answers 200 with something that is not JSON, and does nothing.
    Garbage,
    /// Does it, and never answers.
    DoneThenSilent,
    /// Does it, and closes the connection without an answer.
    DoneThenCut,
    /// Does it, and answers 200 with something that is not JSON.
    DoneThenGarbage,
    /// Does it, and answers late.
    Slow(Duration),
    /// Does it, and answers 200 with this many bytes.
    Huge(usize),
}

impl Fault {
    /// One of each kind.
    pub const ALL: [Self; 10] = [
        Self::TooMany { retry_after: 1 },
        Self::ServerError,
        Self::Unavailable,
        Self::Cut,
        Self::Garbage,
        Self::DoneThenSilent,
        Self::DoneThenCut,
        Self::DoneThenGarbage,
        Self::Slow(Duration::from_secs(1)),
        Self::Huge(32 << 20),
    ];

    /// Its name in the control routes.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooMany { .. } => "too-many",
            Self::ServerError => "server-error",
            Self::Unavailable => "unavailable",
            Self::Cut => "cut",
            Self::Garbage => "garbage",
            Self::DoneThenSilent => "done-then-silent",
            Self::DoneThenCut => "done-then-cut",
            Self::DoneThenGarbage => "done-then-garbage",
            Self::Slow(_) => "slow",
            Self::Huge(_) => "huge",
        }
    }

    /// The fault of this name, with the numbers that it has in [`Fault::ALL`].
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Whether the request is carried out all the same.
    pub fn does_the_work(self) -> bool {
        match self {
            Self::TooMany { .. } | Self::ServerError | Self::Unavailable | Self::Cut | Self::Garbage => false,
            Self::DoneThenSilent | Self::DoneThenCut | Self::DoneThenGarbage | Self::Slow(_) | Self::Huge(_) => true,
        }
    }
}

/// Which requests go wrong, and how.
#[derive(Default)]
pub(super) struct Plan {
    scripted: VecDeque<Scripted>,
    random: Option<Random>,
}

struct Scripted {
    left: usize,
    method: String,
    prefix: String,
    fault: Fault,
}

struct Random {
    state: u64,
    percent: u64,
    kinds: Vec<Fault>,
}

impl Plan {
    pub fn script(&mut self, left: usize, method: &str, prefix: &str, fault: Fault) {
        self.scripted.push_back(Scripted { left, method: method.to_owned(), prefix: prefix.to_owned(), fault });
    }

    pub fn randomize(&mut self, seed: u64, percent: u64, kinds: &[Fault]) {
        assert!(!kinds.is_empty(), "which faults?");
        self.random = Some(Random { state: seed, percent, kinds: kinds.to_vec() });
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What goes wrong with this request. Scripted faults come first, in the order in which they were asked for.
    pub fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let fits = |scripted: &Scripted| (scripted.method.is_empty() || scripted.method == method) && path.starts_with(&scripted.prefix);
        if let Some(at) = self.scripted.iter().position(fits) {
            let scripted = &mut self.scripted[at];
            let fault = scripted.fault;
            scripted.left = scripted.left.saturating_sub(1);
            if scripted.left == 0 {
                self.scripted.remove(at);
            }
            return Some(fault);
        }
        let random = self.random.as_mut()?;
        let kind = usize::try_from(random.below(random.kinds.len() as u64)).expect("there are few kinds");
        (random.below(100) < random.percent).then(|| random.kinds[kind])
    }
}

impl Random {
    /// A number below `bound`, by `SplitMix64`: the same on every machine for one seed.
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
