//! Closed lists, stored by the names that the public schema uses.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
        #[sea_orm(rs_type = "String", db_type = "Text")]
        pub enum $name {
            $(
                $(#[$vdoc])*
                #[sea_orm(string_value = $text)]
                #[serde(rename = $text)]
                $variant,
            )+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in the public schema, which is also the stored one.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// How bad it is. Stored as a rank, so that the database can sort by it: 1 is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// The whole service, or a serious breach.
    #[sea_orm(num_value = 1)]
    Critical,
    /// A main function, or a small breach.
    #[sea_orm(num_value = 2)]
    Major,
    /// A lesser function or an internal tool.
    #[sea_orm(num_value = 3)]
    Minor,
    /// Over before anybody needed to act.
    #[sea_orm(num_value = 4)]
    Trivial,
}

impl Severity {
    /// The name in the public schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::Major => "MAJOR",
            Self::Minor => "MINOR",
            Self::Trivial => "TRIVIAL",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

text_enum! {
    /// Where an incident stands; the moves between them are `domain::incident::state`.
    IncidentStatus {
        /// Reported, not yet judged.
        Triage = "TRIAGE",
        /// Live: finding out what happens.
        Investigating = "INVESTIGATING",
        /// Live: putting it right.
        Fixing = "FIXING",
        /// Live: watching whether it stays right.
        Monitoring = "MONITORING",
        /// Service is back.
        Resolved = "RESOLVED",
        /// All follow-up work is done.
        Closed = "CLOSED",
        /// Was no incident.
        Declined = "DECLINED",
        /// Same as another incident.
        Merged = "MERGED",
    }
}

text_enum! {
    /// Who may know that an incident exists.
    Visibility {
        /// Everybody with access to Muster.
        Open = "OPEN",
        /// Participants, administrators and people granted it.
        Restricted = "RESTRICTED",
    }
}

text_enum! {
    /// What a person does in an incident.
    Role {
        /// Has the overview and decides (R11).
        IncidentLead = "INCIDENT_LEAD",
        /// Keeps affected clients told (R12).
        ClientCommsManager = "CLIENT_COMMS_MANAGER",
        /// Helps.
        Responder = "RESPONDER",
        /// Writes the report.
        ReportAuthor = "REPORT_AUTHOR",
        /// Leads the review.
        ReviewFacilitator = "REVIEW_FACILITATOR",
        /// Writes down what the review says.
        NoteTaker = "NOTE_TAKER",
    }
}

text_enum! {
    /// What a timeline event tells.
    TimelineKind {
        /// Somebody or something reported it.
        Reported = "REPORTED",
        /// It was judged an incident.
        Declared = "DECLARED",
        /// It was judged no incident.
        Declined = "DECLINED",
        /// It turned out to be another incident.
        Merged = "MERGED",
        /// An alert fired, repeated or ended.
        Alert = "ALERT",
        /// Free text.
        Note = "NOTE",
        /// A command that was run.
        Command = "COMMAND",
        /// A change that was made.
        Change = "CHANGE",
        /// Something learnt.
        Finding = "FINDING",
        /// A decision.
        Decision = "DECISION",
        /// The summary for people outside the response.
        Update = "UPDATE",
        /// A message from chat.
        Message = "MESSAGE",
        /// A file.
        File = "FILE",
        /// Another severity.
        SeverityChanged = "SEVERITY_CHANGED",
        /// Another status.
        StatusChanged = "STATUS_CHANGED",
        /// A role given, passed on or ended.
        RoleChanged = "ROLE_CHANGED",
        /// A goal met or taken back.
        GoalChanged = "GOAL_CHANGED",
        /// A person was paged.
        Paged = "PAGED",
        /// A person answered a page.
        Acknowledged = "ACKNOWLEDGED",
        /// Second line was called.
        Escalated = "ESCALATED",
        /// A client was marked affected, or no longer.
        ClientAffected = "CLIENT_AFFECTED",
        /// Clients were told.
        ClientUpdate = "CLIENT_UPDATE",
        /// A ticket was made, linked or changed.
        Ticket = "TICKET",
        /// An action was added or settled.
        Action = "ACTION",
        /// Muster reminded somebody.
        Prompt = "PROMPT",
        /// A step of the playbook was settled.
        StepSettled = "STEP_SETTLED",
        /// An effect on an outside system.
        Delivery = "DELIVERY",
        /// Service is back.
        Resolved = "RESOLVED",
        /// It was not over.
        Reopened = "REOPENED",
        /// About the report.
        Report = "REPORT",
        /// About the review.
        Review = "REVIEW",
        /// About a follow-up.
        FollowUp = "FOLLOW_UP",
        /// All done.
        Closed = "CLOSED",
        /// A correction of an earlier event.
        Amendment = "AMENDMENT",
    }
}

text_enum! {
    /// The way by which something reached Muster.
    Source {
        /// The console.
        Web = "WEB",
        /// Slack.
        Slack = "SLACK",
        /// A program with a token.
        Api = "API",
        /// The command line.
        Cli = "CLI",
        /// An alerting system.
        Alert = "ALERT",
        /// Zendesk.
        Zendesk = "ZENDESK",
        /// Trello.
        Trello = "TRELLO",
        /// Muster itself.
        System = "SYSTEM",
        /// An archive.
        Import = "IMPORT",
    }
}

text_enum! {
    /// What a person or token may do in general, from least to most.
    AccessLevel {
        /// Reads, and may report an incident.
        Viewer = "VIEWER",
        /// Works on incidents.
        Responder = "RESPONDER",
        /// Also looks after people, and sees restricted incidents.
        Admin = "ADMIN",
    }
}

text_enum! {
    /// How much care a site or client is owed.
    Importance {
        /// The usual.
        Normal = "NORMAL",
        /// More than the usual.
        High = "HIGH",
    }
}

text_enum! {
    /// Where a contact stands at the client.
    ContactKind {
        /// Everyday contact.
        Regular = "REGULAR",
        /// Senior stakeholder (R21).
        Senior = "SENIOR",
    }
}

text_enum! {
    /// Where an action stands.
    ActionState {
        /// To do.
        Open = "OPEN",
        /// Done.
        Done = "DONE",
        /// Not to be done after all.
        Dropped = "DROPPED",
    }
}

text_enum! {
    /// An outside system that Muster works on.
    System {
        /// Mail by SMTP.
        Email = "email",
        /// Slack.
        Slack = "slack",
        /// Zendesk Support.
        Zendesk = "zendesk",
        /// Trello.
        Trello = "trello",
    }
}

text_enum! {
    /// What a ticket of a client has to do with an incident (R20).
    TicketLink {
        /// It may be about it: a person decides.
        Suggested = "SUGGESTED",
        /// It is about it.
        Linked = "LINKED",
        /// It is not, or no longer.
        Dismissed = "DISMISSED",
    }
}

text_enum! {
    /// What an effect on an outside system is to people.
    Operation {
        /// Somebody is reminded of a step.
        Remind = "remind",
        /// Somebody is called.
        Page = "page",
        /// Everybody is told.
        Notice = "notice",
        /// Somebody is offered a role.
        Offer = "offer",
        /// Somebody outside the team's reach is told by a person.
        Tell = "tell",
        /// The incident's problem ticket is made, or follows it (R20).
        ParentTicket = "parent-ticket",
        /// A ticket of a client is hung from the problem ticket (R20).
        LinkTicket = "link-ticket",
        /// A client is told how it stands (R22).
        ClientUpdate = "client-update",
        /// Something is written on a ticket.
        Comment = "comment",
        /// The card of a follow-up is made, or follows it (R33).
        Card = "card",
    }
}

text_enum! {
    /// Where an effect on an outside system stands.
    DeliveryState {
        /// To be carried out.
        Queued = "QUEUED",
        /// Being carried out.
        Sending = "SENDING",
        /// It arrived.
        Delivered = "DELIVERED",
        /// It did not arrive and will be tried again.
        Retrying = "RETRYING",
        /// It did not arrive and will not be tried again by itself.
        Failed = "FAILED",
        /// The system is not connected: a person does it.
        ByHand = "BY_HAND",
        /// A person did it.
        DoneByHand = "DONE_BY_HAND",
        /// No longer wanted.
        Cancelled = "CANCELLED",
    }
}

text_enum! {
    /// Why a person is called.
    PageReason {
        /// Something was reported (R1).
        Reported = "REPORTED",
        /// Help is wanted (R18).
        Escalated = "ESCALATED",
        /// The leadership must know (R14).
        Leadership = "LEADERSHIP",
    }
}

text_enum! {
    /// Where the offer of a role stands.
    OfferState {
        /// Waits for an answer.
        Open = "OPEN",
        /// Taken.
        Accepted = "ACCEPTED",
        /// Not taken.
        Refused = "REFUSED",
        /// Taken back, or overtaken by another hand-over.
        Withdrawn = "WITHDRAWN",
    }
}

text_enum! {
    /// Who is called when (R1, R18).
    OnCallLine {
        /// Is called first.
        First = "FIRST",
        /// Is called when first line needs help.
        Second = "SECOND",
    }
}

text_enum! {
    /// Whether a criterion of triage holds (R2).
    TriageVerdict {
        /// It does.
        Yes = "YES",
        /// It does not.
        No = "NO",
        /// Nobody knows yet.
        Unsure = "UNSURE",
    }
}
