//! What can be found.

use sea_orm::{DeriveActiveEnum, EnumIter};

/// What can be found. Restricted incidents are a kind of their own, so that neither their words nor their number shows in how others are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum KnownKind {
    /// A page of the ops docs.
    #[sea_orm(num_value = 0)]
    Page,
    /// An incident that everybody may see.
    #[sea_orm(num_value = 1)]
    Open,
    /// One that few may see.
    #[sea_orm(num_value = 2)]
    Restricted,
}

impl KnownKind {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Page, Self::Open, Self::Restricted];
}
