//! Small sets, stored as bits in one integer column so that both databases can filter by them.

use sea_orm::DeriveValueType;
use serde::Serialize;

macro_rules! bit_set {
    ($(#[$doc:meta])* $set:ident of $(#[$idoc:meta])* $item:ident { $($(#[$vdoc:meta])* $variant:ident = $bit:literal, $text:literal;)+ }) => {
        $(#[$idoc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub enum $item {
            $($(#[$vdoc])* $variant,)+
        }

        impl $item {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its bit in the column. Never reuse a bit for another meaning.
            pub fn bit(self) -> i32 {
                match self {
                    $(Self::$variant => 1 << $bit,)+
                }
            }

            /// The name in the public schema.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, DeriveValueType)]
        pub struct $set(pub i32);

        impl $set {
            /// Whether `item` is in the set.
            pub fn contains(self, item: $item) -> bool {
                self.0 & item.bit() != 0
            }

            /// The items, in the order of declaration.
            pub fn iter(self) -> impl Iterator<Item = $item> {
                $item::ALL.iter().copied().filter(move |item| self.contains(*item))
            }
        }

        impl FromIterator<$item> for $set {
            fn from_iter<I: IntoIterator<Item = $item>>(items: I) -> Self {
                Self(items.into_iter().fold(0, |bits, item| bits | item.bit()))
            }
        }
    };
}

bit_set! {
    /// The flags of an incident.
    Flags of
    /// What is special about an incident.
    Flag {
        /// Somebody got in (R14).
        SecurityBreach = 0, "SECURITY_BREACH";
        /// Data got out (R14).
        DataBreach = 1, "DATA_BREACH";
        /// Seen before: needs no report (R25).
        Recurring = 2, "RECURRING";
        /// Recorded after it was over.
        Retrospective = 3, "RETROSPECTIVE";
    }
}

bit_set! {
    /// The grants of a person.
    Grants of
    /// What a person may do or is told beyond their access level.
    Grant {
        /// May approve the client version of a report (R29).
        ApproveClientReports = 0, "APPROVE_CLIENT_REPORTS";
        /// Sees restricted incidents.
        SeeRestricted = 1, "SEE_RESTRICTED";
        /// Is told as chief technology officer (R14).
        NotifyCto = 2, "NOTIFY_CTO";
        /// Is told as head of technical operations (R14).
        NotifyHeadOfTechOps = 3, "NOTIFY_HEAD_OF_TECH_OPS";
        /// Is told as data protection officer (R14).
        NotifyDpo = 4, "NOTIFY_DPO";
        /// Sees in reports who did what (R27).
        SeeNames = 5, "SEE_NAMES";
    }
}

bit_set! {
    /// Ways to reach a person.
    Channels of
    /// A way to reach a person. They can turn off reminders on it, but not pages.
    Channel {
        /// E-mail.
        Email = 0, "EMAIL";
        /// A push message by ntfy.
        Ntfy = 1, "NTFY";
        /// The team's own gateway.
        Webhook = 2, "WEBHOOK";
        /// Slack: a direct message, and a mention in the channel of an incident.
        Slack = 3, "SLACK";
    }
}

bit_set! {
    /// Versions of a report.
    ReportVersions of
    /// A version of a report, for its readers (R29).
    ReportVersion {
        /// All of it, for the team.
        Full = 0, "FULL";
        /// The short one, for everybody in the company.
        Abridged = 1, "ABRIDGED";
        /// For an affected client.
        Client = 2, "CLIENT";
    }
}
