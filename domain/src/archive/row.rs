//! A row as JSON, by the names of its columns: alike from both databases and into both.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use sea_orm::sea_query::ColumnType;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IdenStatic, Iterable, ModelTrait, Value};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, Result};

/// A row by the names of its columns.
pub type Members = Map<String, Json>;

/// Columns that never leave: what opens a door, where a cause stands in its trace, and when to look at an alert that flaps.
const KEPT_BACK: [&str; 4] = ["secret", "secret_hash", "trace", "look_at"];

/// `row` by the names of its columns.
///
/// # Errors
/// When a column has a type that no table of an incident had when this was written.
pub fn members<M: ModelTrait>(row: &M) -> Result<Members> {
    let columns = <M::Entity as EntityTrait>::Column::iter();
    columns
        .map(|column| {
            let kept_back = KEPT_BACK.contains(&column.as_str());
            let json = if kept_back { Json::Null } else { to_json(row.get(column))? };
            Ok((column.as_str().to_owned(), json))
        })
        .collect()
}

fn to_json(value: Value) -> Result<Json> {
    Ok(match value {
        Value::Bool(value) => value.into(),
        Value::SmallInt(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::BigInt(value) => value.into(),
        Value::String(value) => value.into(),
        Value::Bytes(value) => value.map(hex::encode).into(),
        Value::Json(value) => value.map_or(Json::Null, |value| *value),
        Value::ChronoDate(value) => value.map(|date| date.to_string()).into(),
        Value::ChronoDateTimeUtc(value) => value.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true)).into(),
        Value::Uuid(value) => value.map(|id| id.to_string()).into(),
        other => return Err(Error::internal(format!("no archive has a value such as {other:?}"))),
    })
}

/// Reads a row. Columns that were added since it was written are empty.
///
/// # Errors
/// In words, what is wrong with it.
pub fn read<E: EntityTrait>(mut members: Members) -> Result<E::ActiveModel, String>
where
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let mut row = E::ActiveModel::default();
    for column in E::Column::iter() {
        let name = column.as_str();
        let json = members.remove(name).unwrap_or_default();
        let value = from_json(column.def().get_column_type(), json).ok_or_else(|| format!("{name} has a value of the wrong kind"))?;
        row.try_set(column, value).map_err(|_| format!("{name} has a value that Muster does not know"))?;
    }
    members.keys().next().map_or(Ok(row), |stranger| Err(format!("Muster does not know {stranger}")))
}

/// `None` for a value that no column of this type has.
fn from_json(column: &ColumnType, json: Json) -> Option<Value> {
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let number = |json: &Json| json.as_i64();
    Some(match column {
        ColumnType::Boolean => Value::Bool(known(&json, Json::as_bool)?),
        ColumnType::SmallInteger => Value::SmallInt(known(&json, |json| number(json)?.try_into().ok())?),
        ColumnType::Integer => Value::Int(known(&json, |json| number(json)?.try_into().ok())?),
        ColumnType::BigInteger => Value::BigInt(known(&json, number)?),
        ColumnType::Text | ColumnType::String(_) => Value::String(known(&json, text)?),
        ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) => {
            Value::Bytes(known(&json, |json| hex::decode(json.as_str()?).ok())?)
        }
        ColumnType::Json | ColumnType::JsonBinary => Value::Json(Some(json).filter(|json| !json.is_null()).map(Box::new)),
        ColumnType::Date => Value::ChronoDate(known(&json, |json| json.as_str()?.parse::<NaiveDate>().ok())?),
        ColumnType::TimestampWithTimeZone => Value::ChronoDateTimeUtc(known(&json, |json| json.as_str()?.parse::<DateTime<Utc>>().ok())?),
        ColumnType::Uuid => Value::Uuid(known(&json, |json| Uuid::try_parse(json.as_str()?).ok())?),
        _ => return None,
    })
}

/// What `read` makes of `json`; nothing of null, and `None` where it makes nothing of anything else.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
fn known<T>(json: &Json, read: impl FnOnce(&Json) -> Option<T>) -> Option<Option<T>> {
    if json.is_null() { Some(None) } else { read(json).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use entity::{PersonId, page, timeline_event};
    use sea_orm::TryIntoModel;
    use serde_json::json;

    fn event() -> timeline_event::Model {
        let at = DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap();
        timeline_event::Model {
            id: entity::EventId(Uuid::from_u128(1)),
            incident_id: entity::IncidentId(Uuid::from_u128(2)),
            sequence: 1,
            kind: entity::TimelineKind::Note,
            occurred_at: at,
            recorded_at: at,
            actor_id: Some(PersonId(Uuid::from_u128(3))),
            source: entity::Source::Api,
            text: "disk full\n".into(),
            details: None,
            amends_id: None,
            starred: true,
            hash: vec![0, 255],
            redacted_at: None,
        }
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let members = members(&event()).unwrap();
        assert_eq!(members["occurred_at"], json!("2027-01-15T08:00:00.123456Z"));
        assert_eq!(members["hash"], json!("00ff"));
        let read = read::<timeline_event::Entity>(members).unwrap().try_into_model().unwrap();
        assert_eq!(read, event());
    }

    #[test]
    fn a_row_that_is_not_ours_is_refused_in_words() {
        let wrong = |name: &str, json: Json| {
            let mut members = members(&event()).unwrap();
            members.insert(name.to_owned(), json);
            read::<timeline_event::Entity>(members).unwrap_err()
        };
        assert_eq!(wrong("sequence", json!("1")), "sequence has a value of the wrong kind");
        assert_eq!(wrong("kind", json!("GOSSIP")), "kind has a value that Muster does not know");
        assert_eq!(wrong("text", Json::Null), "text has a value that Muster does not know");
        assert_eq!(wrong("mood", json!("fine")), "Muster does not know mood");
    }

    #[test]
    fn a_column_that_was_added_since_is_empty() {
        let mut members = members(&event()).unwrap();
        members.remove("details");
        assert!(read::<timeline_event::Entity>(members).is_ok());
    }

    #[test]
    fn secrets_stay() {
        let page =
            page::Model { secret_hash: Some("sealed".into()), secret: Some("open".into()), ..fixtures::page(3, event().occurred_at) };
        let members = members(&page).unwrap();
        assert_eq!((&members["secret"], &members["secret_hash"]), (&Json::Null, &Json::Null));
        let read = read::<page::Entity>(members).unwrap();
        assert_eq!(read.try_into_model().unwrap(), page::Model { secret: None, secret_hash: None, ..page });
    }
}
