//! The words that commands begin with: the one table of what is understood, what `help` says and what the documentation lists. Pure.

use entity::{Role, TimelineKind};

use super::command::{Command, Telling};
use super::reading::{given, live_status_named, reason, role_named, severity_named, split_because, split_word};

/// A word that commands begin with.
pub struct Word {
    /// The word.
    pub name: &'static str,
    /// What else people write for it.
    pub also: &'static [&'static str],
    /// What follows it: `[…]` may be left out, `a|b` is one of two.
    pub arguments: &'static str,
    /// What it does, in a line.
    pub help: &'static str,
    /// How it is written.
    pub example: &'static str,
    /// Reads what follows it; `None` if something is missing.
    pub(super) read: fn(&str) -> Option<Command>,
}

impl Word {
    /// How it is written, with what follows it.
    pub fn usage(&self) -> String {
        format!("{} {}", self.name, self.arguments).trim_end().to_owned()
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.name == word || self.also.contains(&word)
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// All commands.
pub const WORDS: &[Word] = &[
    Word {
        name: "new",
        also: &["declare"],
        arguments: "[name]",
        help: "Begins an incident: asks what happens, how bad it is and who may see it.",
        example: "new Shop is down",
        read: |rest| Some(Command::New(rest.to_owned())),
    },
    Word {
        name: "lead",
        also: &[],
        arguments: "me|@person",
        help: "Says who leads.",
        example: "lead me",
        read: |rest| Some(Command::Give(Role::IncidentLead, given(rest)?)),
    },
    Word {
        name: "comms",
        also: &[],
        arguments: "me|@person",
        help: "Says who keeps the clients informed.",
        example: "comms @kim",
        read: |rest| Some(Command::Give(Role::ClientCommsManager, given(rest)?)),
    },
    Word {
        name: "role",
        also: &[],
        arguments: "lead|comms|responder|author|facilitator|notes me|@person",
        help: "Gives somebody a role.",
        example: "role responder @sam",
        read: |rest| {
            let (role, who) = split_word(rest);
            Some(Command::Give(role_named(role)?, given(who)?))
        },
    },
    Word { name: "roles", also: &[], arguments: "", help: "Shows who does what.", example: "roles", read: |_| Some(Command::Roles) },
    Word {
        name: "accept",
        also: &[],
        arguments: "",
        help: "Takes what you were asked: a role, a page, or a report that needs triage.",
        example: "accept",
        read: |_| Some(Command::Accept),
    },
    Word {
        name: "decline",
        also: &[],
        arguments: "because …",
        help: "Says that a report is no incident.",
        example: "decline because it was a test",
        read: |rest| Some(Command::Decline(reason(rest)?)),
    },
    Word {
        name: "pass",
        also: &[],
        arguments: "because …",
        help: "Refuses a role or a page: somebody else is asked.",
        example: "pass because I am on a train",
        read: |rest| Some(Command::Pass(reason(rest)?)),
    },
    Word {
        name: "update",
        also: &[],
        arguments: "[text]",
        help: "Says how it stands, for everybody; without a text, asks for text, status and severity.",
        example: "update The shop is slow but works again.",
        read: |rest| Some(Command::Update(given(rest))),
    },
    Word {
        name: "summary",
        also: &[],
        arguments: "[text]",
        help: "Shows what is known of the incident, or replaces its description.",
        example: "summary Nobody can pay by card.",
        read: |rest| Some(Command::Summary(given(rest))),
    },
    Word {
        name: "severity",
        also: &["sev"],
        arguments: "critical|major|minor|trivial because …",
        help: "Changes how bad it is.",
        example: "severity critical because no order comes through",
        read: |rest| {
            let (level, why) = split_word(rest);
            Some(Command::Severity(severity_named(level)?, reason(why)?))
        },
    },
    Word {
        name: "status",
        also: &[],
        arguments: "investigating|fixing|monitoring [because …]",
        help: "Says what you are doing about it.",
        example: "status fixing",
        read: |rest| {
            let (name, why) = split_word(rest);
            Some(Command::Status(live_status_named(name)?, reason(why)))
        },
    },
    Word {
        name: "goal",
        also: &[],
        arguments: "goal evidence …",
        help: "Confirms that a goal is met, with how you know.",
        example: "goal restore orders come in again",
        read: |rest| {
            let (goal, evidence) = split_word(rest);
            Some(Command::Goal(given(goal)?.to_lowercase(), given(evidence)?))
        },
    },
    Word {
        name: "goals",
        also: &[],
        arguments: "",
        help: "Shows what must be reached before it can be resolved.",
        example: "goals",
        read: |_| Some(Command::Goals),
    },
    Word {
        name: "note",
        also: &[],
        arguments: "text",
        help: "Writes onto the timeline.",
        example: "note The load balancer answers.",
        read: |rest| Some(Command::Write(TimelineKind::Note, given(rest)?)),
    },
    Word {
        name: "cmd",
        also: &["command"],
        arguments: "text",
        help: "Writes down a command that was run.",
        example: "cmd systemctl restart shop",
        read: |rest| Some(Command::Write(TimelineKind::Command, given(rest)?)),
    },
    Word {
        name: "finding",
        also: &[],
        arguments: "text",
        help: "Writes down something that was found out.",
        example: "finding The certificate has expired.",
        read: |rest| Some(Command::Write(TimelineKind::Finding, given(rest)?)),
    },
    Word {
        name: "decision",
        also: &[],
        arguments: "text",
        help: "Writes down what was decided.",
        example: "decision We roll back.",
        read: |rest| Some(Command::Write(TimelineKind::Decision, given(rest)?)),
    },
    Word {
        name: "action",
        also: &[],
        arguments: "text [@person]",
        help: "Adds something to do while the incident lasts.",
        example: "action Call the host @sam",
        read: |rest| Some(Command::Action(given(rest)?)),
    },
    Word {
        name: "actions",
        also: &[],
        arguments: "",
        help: "Shows what is to be done, with numbers.",
        example: "actions",
        read: |_| Some(Command::Actions),
    },
    Word {
        name: "done",
        also: &[],
        arguments: "number",
        help: "Says that an action is done.",
        example: "done 2",
        read: |rest| Some(Command::Done(rest.trim().trim_start_matches('#').parse().ok().filter(|number| *number > 0)?)),
    },
    Word {
        name: "follow-up",
        also: &["followup"],
        arguments: "text @person [on board] [by 2026-12-01] [because …]",
        help: "Adds something to do afterwards; the reason is for one more than the few that get done.",
        example: "follow-up Renew certificates by machine @sam on incident-actions by 2026-12-01",
        read: |rest| Some(Command::FollowUp(given(rest)?)),
    },
    Word {
        name: "follow-ups",
        also: &["followups"],
        arguments: "",
        help: "Shows what is to be done afterwards.",
        example: "follow-ups",
        read: |_| Some(Command::FollowUps),
    },
    Word {
        name: "client",
        also: &["clients"],
        arguments: "[name]",
        help: "Marks a client as affected, or shows those that are.",
        example: "client Example Ltd",
        read: |rest| Some(Command::Client(given(rest))),
    },
    Word {
        name: "tell-clients",
        also: &[],
        arguments: "[text|approve|send]",
        help: "Shows who waits for an update and proposes one; with a text, drafts it. Nothing goes out before “tell-clients send”.",
        example: "tell-clients The shop works again.",
        read: |rest| {
            Some(Command::TellClients(match rest.trim().to_lowercase().as_str() {
                "" => Telling::Show,
                "approve" => Telling::Approve,
                "send" => Telling::Send,
                _ => Telling::Draft(rest.trim().to_owned()),
            }))
        },
    },
    Word {
        name: "ticket",
        also: &[],
        arguments: "number",
        help: "Links a client's ticket.",
        example: "ticket 4711",
        read: |rest| Some(Command::Ticket(given(rest)?)),
    },
    Word {
        name: "escalate",
        also: &[],
        arguments: "[because …]",
        help: "Pages second line or, if they were paged already, the next person.",
        example: "escalate because the database does not start",
        read: |rest| Some(Command::Escalate(reason(rest))),
    },
    Word {
        name: "stop",
        also: &[],
        arguments: "because …",
        help: "Decides to stop for the night.",
        example: "stop because it is stable until the morning",
        read: |rest| Some(Command::GoOn(false, reason(rest)?)),
    },
    Word {
        name: "continue",
        also: &[],
        arguments: "because …",
        help: "Decides to go on out of hours.",
        example: "continue because clients sell at night",
        read: |rest| Some(Command::GoOn(true, reason(rest)?)),
    },
    Word {
        name: "handover",
        also: &["hand-over"],
        arguments: "[lead|comms] @person [because …]",
        help: "Asks somebody to take over from you, with a brief of how it stands. You stay responsible until they accept.",
        example: "handover @kim because I have been up since five",
        read: |rest| {
            let (to, note) = split_because(rest);
            let (first, others) = split_word(to);
            let role = match role_named(first) {
                Some(role @ (Role::IncidentLead | Role::ClientCommsManager)) => Some(role),
                _ => None,
            };
            let to = if role.is_some() { others } else { to };
            Some(Command::HandOver { role, to: given(to)?, note })
        },
    },
    Word {
        name: "next",
        also: &["steps"],
        arguments: "",
        help: "Shows what to do next, the most urgent first.",
        example: "next",
        read: |_| Some(Command::Next),
    },
    Word {
        name: "step",
        also: &[],
        arguments: "number|key",
        help: "Says what became of a step that “next” shows: done, not now, or not needed, and why.",
        example: "step 1",
        read: |rest| Some(Command::Step(given(rest)?)),
    },
    Word {
        name: "timeline",
        also: &[],
        arguments: "",
        help: "Shows what happened last.",
        example: "timeline",
        read: |_| Some(Command::Timeline),
    },
    Word { name: "who", also: &[], arguments: "", help: "Shows who is on call.", example: "who", read: |_| Some(Command::Who) },
    Word {
        name: "oncall",
        also: &["on-call"],
        arguments: "",
        help: "Shows who will be on call.",
        example: "oncall",
        read: |_| Some(Command::OnCall),
    },
    Word {
        name: "merge",
        also: &[],
        arguments: "INC-n",
        help: "Says that it is the same as another incident, which goes on for both.",
        example: "merge INC-7",
        read: |rest| Some(Command::Merge(given(rest)?)),
    },
    Word {
        name: "resolve",
        also: &["resolved"],
        arguments: "[how it ended]",
        help: "Says that the service is back; without a text, asks for it and for the goals that are missing.",
        example: "resolve The new certificate is in place.",
        read: |rest| Some(Command::Resolve(given(rest))),
    },
    Word {
        name: "reopen",
        also: &[],
        arguments: "because …",
        help: "Says that it is not over.",
        example: "reopen because the errors are back",
        read: |rest| Some(Command::Reopen(reason(rest)?)),
    },
    Word {
        name: "close",
        also: &[],
        arguments: "[because …]",
        help: "Says that all is done; the reason is for closing it without its report or review.",
        example: "close",
        read: |rest| Some(Command::Close(reason(rest))),
    },
    Word {
        name: "report",
        also: &[],
        arguments: "",
        help: "Shows where the incident's report is and how far it has got.",
        example: "report",
        read: |_| Some(Command::Report),
    },
    Word {
        name: "review",
        also: &[],
        arguments: "",
        help: "Shows when the incident is reviewed.",
        example: "review",
        read: |_| Some(Command::Review),
    },
    Word {
        name: "here",
        also: &[],
        arguments: "INC-n",
        help: "In a chat, takes this channel for an incident.",
        example: "here INC-7",
        read: |rest| Some(Command::Here(given(rest)?)),
    },
    Word {
        name: "rename",
        also: &[],
        arguments: "name",
        help: "Gives the incident a better name.",
        example: "rename Card payments fail",
        read: |rest| Some(Command::Rename(given(rest)?)),
    },
    Word {
        name: "help",
        also: &["?"],
        arguments: "[word]",
        help: "Explains all commands, or one.",
        example: "help severity",
        read: |rest| Some(Command::Help(given(rest))),
    },
];
