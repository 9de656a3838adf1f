//! What can be said, once it was read.

use entity::{IncidentStatus, Role, Severity, TimelineKind};

/// A command. Names of people, clients and tickets are as they were typed: who or what is meant is looked up later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing: show the incident, or begin a new one.
    Overview,
    /// Report or declare an incident of this name.
    New(String),
    /// Give somebody a role.
    Give(Role, String),
    /// Show who does what.
    Roles,
    /// Take what one was asked.
    Accept,
    /// Say that a report is no incident, with the reason.
    Decline(String),
    /// Refuse a role or a page, with the reason.
    Pass(String),
    /// Say how it stands; without a text, by a form.
    Update(Option<String>),
    /// Write down what is known; without a text, show it.
    Summary(Option<String>),
    /// Change the severity, with the reason.
    Severity(Severity, String),
    /// Change the status, perhaps with a reason.
    Status(IncidentStatus, Option<String>),
    /// Confirm a goal, with the evidence.
    Goal(String, String),
    /// Show the goals.
    Goals,
    /// Write onto the timeline.
    Write(TimelineKind, String),
    /// Add an action, perhaps with whoever does it.
    Action(String),
    /// Show the actions.
    Actions,
    /// The action with this number is done.
    Done(usize),
    /// Add a follow-up.
    FollowUp(String),
    /// Show the follow-ups.
    FollowUps,
    /// A client is affected; without a name, show those that are.
    Client(Option<String>),
    /// About updates to clients.
    TellClients(Telling),
    /// Link a ticket.
    Ticket(String),
    /// Page second line, perhaps with the reason.
    Escalate(Option<String>),
    /// Decide whether to go on out of hours, with the reason.
    GoOn(bool, String),
    /// Ask somebody to take a tiring role over, perhaps with a note.
    HandOver {
        /// Which role; the one that the asker holds, if it is left out.
        role: Option<Role>,
        /// Who is asked.
        to: String,
        /// What they should know.
        note: Option<String>,
    },
    /// Show what the playbook asks for.
    Next,
    /// Say what became of a step, by its number in `next` or its key.
    Step(String),
    /// Show the newest of the timeline.
    Timeline,
    /// Show who is on call.
    Who,
    /// Show who will be on call.
    OnCall,
    /// It is the same as another incident.
    Merge(String),
    /// It is not over, with the reason.
    Reopen(String),
    /// It is over; without a summary, by a form.
    Resolve(Option<String>),
    /// All is done, perhaps with a note.
    Close(Option<String>),
    /// Show the report.
    Report,
    /// Show the review.
    Review,
    /// This channel is the incident's from now on. For a chat to carry out.
    Here(String),
    /// Give it a better name.
    Rename(String),
    /// Explain all commands, or one.
    Help(Option<String>),
}

/// What is said about updates to clients. They are drafted, read and sent in three steps, so that no slip of the pen reaches a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Show who waits, and propose a text.
    Show,
    /// Draft this.
    Draft(String),
    /// Somebody else has read the draft.
    Approve,
    /// Send the draft.
    Send,
}
