//! Enumerations, stored under the names used in the public schema.

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

            /// The name in the public schema, also the stored one.
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

text_enum! {
    /// What people set of an incident, by the names of the inputs.
    IncidentField {
        /// What clients call the problem.
        ClientName = "clientName",
        /// What is special about it.
        Flags = "flags",
        /// How much was affected.
        Impact = "impact",
        /// When the impact ended.
        ImpactEndedAt = "impactEndedAt",
        /// When the impact began.
        ImpactStartedAt = "impactStartedAt",
        /// Short and understandable.
        Name = "name",
        /// What came of its review.
        ReviewOutcome = "reviewOutcome",
        /// The plan of its review.
        ReviewPlan = "reviewPlan",
        /// How bad it is.
        Severity = "severity",
        /// The sites it is about.
        SiteIds = "siteIds",
        /// Where it stands.
        Status = "status",
        /// What is known.
        Summary = "summary",
        /// Who may know about it.
        Visibility = "visibility",
    }
}

text_enum! {
    /// The status of an incident; `domain::incident::state` has the transitions.
    IncidentStatus {
        /// Reported; needs triage.
        Triage = "TRIAGE",
        /// Live: finding out what is happening.
        Investigating = "INVESTIGATING",
        /// Live: fixing it.
        Fixing = "FIXING",
        /// Live: watching whether it stays fixed.
        Monitoring = "MONITORING",
        /// Service is back.
        Resolved = "RESOLVED",
        /// All follow-up work is done.
        Closed = "CLOSED",
        /// Was not an incident.
        Declined = "DECLINED",
        /// A duplicate of another incident.
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
        /// Keeps affected clients informed (R12).
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
    /// What a timeline event is about.
    TimelineKind {
        /// It was reported.
        Reported = "REPORTED",
        /// It was declared an incident.
        Declared = "DECLARED",
        /// It was declined.
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
        /// Something that was found out.
        Finding = "FINDING",
        /// A decision.
        Decision = "DECISION",
        /// The summary for people outside the response.
        Update = "UPDATE",
        /// A message from chat.
        Message = "MESSAGE",
        /// A file.
        File = "FILE",
        /// The severity changed.
        SeverityChanged = "SEVERITY_CHANGED",
        /// The status changed.
        StatusChanged = "STATUS_CHANGED",
        /// A role was given, handed over or ended.
        RoleChanged = "ROLE_CHANGED",
        /// A goal was met, or no longer is.
        GoalChanged = "GOAL_CHANGED",
        /// A person was paged.
        Paged = "PAGED",
        /// A person answered a page.
        Acknowledged = "ACKNOWLEDGED",
        /// Second line was paged.
        Escalated = "ESCALATED",
        /// A client was marked as affected, or no longer affected.
        ClientAffected = "CLIENT_AFFECTED",
        /// Clients were sent an update.
        ClientUpdate = "CLIENT_UPDATE",
        /// A ticket was created, linked or changed.
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
        /// It was not over after all.
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
        /// What earlier events said was taken out.
        Redaction = "REDACTION",
    }
}

text_enum! {
    /// How far a report has got.
    ReportState {
        /// Being written.
        Draft = "DRAFT",
        /// Given to the people involved, who comment on it.
        Circulated = "CIRCULATED",
        /// Finished.
        Final = "FINAL",
    }
}

text_enum! {
    /// What a comment on a report asks for.
    CommentKind {
        /// A change before the report is finished.
        FixNow = "FIX_NOW",
        /// That the review talks about it.
        ForReview = "FOR_REVIEW",
    }
}

text_enum! {
    /// How something reached Muster.
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
    /// What a person or token may do, from least to most.
    AccessLevel {
        /// Reads, and may report an incident.
        Viewer = "VIEWER",
        /// Works on incidents.
        Responder = "RESPONDER",
        /// Also manages people and sees restricted incidents.
        Admin = "ADMIN",
    }
}

text_enum! {
    /// What is behind an account. Only people are paged, lead, are on call, and are asked for anything.
    PersonKind {
        /// A person.
        Human = "HUMAN",
        /// A program with a token.
        Service = "SERVICE",
    }
}

text_enum! {
    /// How a browser was signed in.
    SignInWay {
        /// By a sign-in link.
        Link = "LINK",
        /// By the link of a page or an offer, for its incident only.
        Page = "PAGE",
        /// With the company's account.
        Company = "COMPANY",
        /// By a passkey.
        Passkey = "PASSKEY",
    }
}

text_enum! {
    /// How much care a site or client needs.
    Importance {
        /// The usual.
        Normal = "NORMAL",
        /// More than the usual.
        High = "HIGH",
    }
}

text_enum! {
    /// A contact's standing at the client.
    ContactKind {
        /// Everyday contact.
        Regular = "REGULAR",
        /// Senior stakeholder (R21).
        Senior = "SENIOR",
    }
}

text_enum! {
    /// The state of an action.
    ActionState {
        /// To do.
        Open = "OPEN",
        /// Done.
        Done = "DONE",
        /// Will not be done after all.
        Dropped = "DROPPED",
    }
}

text_enum! {
    /// An outside system that Muster writes to.
    System {
        /// Mail over SMTP.
        Email = "email",
        /// Slack.
        Slack = "slack",
        /// Zendesk Support.
        Zendesk = "zendesk",
        /// Trello.
        Trello = "trello",
        /// Push messages to phones, by an ntfy server.
        Ntfy = "ntfy",
        /// The team's own gateway, by a signed webhook.
        Webhook = "webhook",
        /// The team's blog, on WordPress.
        Wordpress = "wordpress",
        /// The incidents' folder, on Google Drive.
        Drive = "drive",
    }
}

text_enum! {
    /// How a client's ticket relates to an incident (R20).
    TicketLink {
        /// It may be about it; a person decides.
        Suggested = "SUGGESTED",
        /// It is about it.
        Linked = "LINKED",
        /// It is not, or no longer.
        Dismissed = "DISMISSED",
    }
}

text_enum! {
    /// What an effect on an outside system means to people.
    Operation {
        /// Somebody is reminded of a step.
        Remind = "remind",
        /// Somebody is paged.
        Page = "page",
        /// Everybody is told.
        Notice = "notice",
        /// Somebody is asked to take over a role.
        Offer = "offer",
        /// Somebody is asked to read a report (R27).
        Report = "report",
        /// A finished report goes to its readers (R29).
        Publish = "publish",
        /// What the team reads of an incident goes into the incidents' folder (S6).
        Filing = "filing",
        /// Somebody is invited to a review, or hears that it is off (R30).
        Invite = "invite",
        /// A person tells somebody whom Muster can't reach.
        Tell = "tell",
        /// The incident's problem ticket is created or updated (R20).
        ParentTicket = "parent-ticket",
        /// A client's ticket is linked to the problem ticket (R20).
        LinkTicket = "link-ticket",
        /// A client gets an update (R22).
        ClientUpdate = "client-update",
        /// Something is written on a ticket.
        Comment = "comment",
        /// The card of a follow-up is created or updated (R33).
        Card = "card",
        /// An incident gets its channel in the team's chat (R6).
        ChatChannel = "chat-channel",
        /// Somebody gets the sign-in link that they asked for.
        SignIn = "sign-in",
        /// Administrators hear of what they must look at.
        Warn = "warn",
    }
}

text_enum! {
    /// The state of an effect on an outside system.
    DeliveryState {
        /// Waiting to be carried out.
        Queued = "QUEUED",
        /// Being carried out.
        Sending = "SENDING",
        /// It arrived.
        Delivered = "DELIVERED",
        /// It did not arrive and will be tried again.
        Retrying = "RETRYING",
        /// It did not arrive and will not be tried again automatically.
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
    /// Why a person is paged.
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
    /// Why it is known that a page brings nobody.
    PageLoss {
        /// It could not leave: there is no way to send it, or it was refused.
        Unsent = "UNSENT",
        /// Somebody tried to reach the person in another way, without success.
        Unreached = "UNREACHED",
        /// The person can't help.
        Declined = "DECLINED",
        /// The person has left the team, or may no longer respond.
        Left = "LEFT",
    }
}

text_enum! {
    /// How a page was answered.
    AnsweredHow {
        /// By the link in the message.
        Link = "LINK",
        /// By the person themselves, signed in.
        SignedIn = "SIGNED_IN",
        /// Somebody reached them another way.
        ByHand = "BY_HAND",
        /// By the person's answer to another page about the same incident.
        OtherPage = "OTHER_PAGE",
    }
}

text_enum! {
    /// The state of a role offer.
    OfferState {
        /// Waiting for an answer.
        Open = "OPEN",
        /// Accepted.
        Accepted = "ACCEPTED",
        /// Refused.
        Refused = "REFUSED",
        /// Withdrawn, or superseded by another hand-over.
        Withdrawn = "WITHDRAWN",
    }
}

text_enum! {
    /// The two lines of people on call (R1, R18).
    OnCallLine {
        /// Is paged first.
        First = "FIRST",
        /// Is paged when first line needs help.
        Second = "SECOND",
    }
}

text_enum! {
    /// Whether a triage criterion applies (R2).
    TriageVerdict {
        /// It does.
        Yes = "YES",
        /// It does not.
        No = "NO",
        /// Nobody knows yet.
        Unsure = "UNSURE",
    }
}

text_enum! {
    /// What somebody says of a known event (R5).
    KnownVerdict {
        /// It helped.
        Helped = "HELPED",
        /// It is out of date.
        Outdated = "OUTDATED",
    }
}
