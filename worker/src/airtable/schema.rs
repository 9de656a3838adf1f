//! What a base says of its tables, to a token that may see it.

use serde::Deserialize;
use serde_json::Value;

use super::path;
use crate::outlets::client::{Api, Failed};

#[derive(Deserialize)]
struct Tables {
    tables: Vec<Table>,
}

/// A table of the base.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    pub id: String,
    pub name: String,
    primary_field_id: String,
    pub fields: Vec<Field>,
    #[serde(default)]
    pub views: Vec<View>,
}

/// A field of a table.
#[derive(Debug, Deserialize)]
pub struct Field {
    pub id: String,
    pub name: String,
    #[serde(default)]
    options: Value,
}

/// A view of a table.
#[derive(Debug, Deserialize)]
pub struct View {
    pub id: String,
    pub name: String,
}

/// The tables of a base.
pub async fn tables(api: &Api, base: &str) -> Result<Vec<Table>, Failed> {
    Ok(api.get(&path(&["v0", "meta", "bases", base, "tables"])).list().send::<Tables>().await?.tables)
}

impl Table {
    /// The table of this id or name.
    pub fn find<'a>(all: &'a [Self], wanted: &str) -> Option<&'a Self> {
        all.iter().find(|table| table.id == wanted || table.name == wanted)
    }

    /// The field of this id or name.
    pub fn field(&self, wanted: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == wanted || field.name == wanted)
    }

    /// The field by which people know its records.
    pub fn primary(&self) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == self.primary_field_id)
    }
}

impl Field {
    /// The id of the table whose records it links to, by itself or by what it looks up.
    pub fn linked_table(&self) -> Option<&str> {
        let own = &self.options["linkedTableId"];
        own.as_str().or_else(|| self.options["result"]["options"]["linkedTableId"].as_str())
    }
}
