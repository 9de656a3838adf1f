//! What is in the base, and what people do to it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{TABLE, VIEW};

/// A base with its tables.
pub struct Base {
    pub(super) tables: Vec<Table>,
    /// How often it forgets the lists that were begun.
    pub(super) forgets_lists: usize,
    next: usize,
}

pub(super) struct Table {
    pub id: String,
    pub name: String,
    /// The first is the primary one.
    pub fields: Vec<Field>,
    pub views: Vec<View>,
    pub records: Vec<Record>,
}

pub(super) struct Field {
    pub id: String,
    pub name: String,
    pub kind: &'static str,
    pub options: Value,
}

pub(super) struct View {
    pub id: String,
    pub name: String,
    pub hidden: BTreeSet<String>,
}

pub(super) struct Record {
    pub id: String,
    /// By the id of the field.
    pub values: BTreeMap<String, Value>,
}

impl Table {
    pub fn is(&self, wanted: &str) -> bool {
        self.id == wanted || self.name == wanted
    }

    pub fn field(&self, wanted: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == wanted || field.name == wanted)
    }
}

impl Base {
    pub(super) fn new() -> Self {
        let mut base = Self { tables: Vec::new(), forgets_lists: 0, next: 1 };
        let clients = base.table("Clients", &[("Client", "singleLineText"), ("Since", "date")]);
        let sites = base.table(
            TABLE,
            &[
                ("Site", "singleLineText"),
                ("URL", "url"),
                ("Other hosts", "multilineText"),
                ("Client", "multipleRecordLinks"),
                ("Tier", "singleSelect"),
                ("Important", "checkbox"),
                ("Runs at", "multipleSelects"),
                ("Runbook", "url"),
                ("Grafana", "url"),
                ("Notes", "multilineText"),
                ("Manual", "multipleAttachments"),
                ("Score", "formula"),
            ],
        );
        let linked = base.tables[clients].id.clone();
        let client = base.tables[sites].fields.iter_mut().find(|field| field.name == "Client").expect("it was just made");
        client.options = json!({ "linkedTableId": linked, "isReversed": false, "prefersSingleRecordLink": true });
        let view = View { id: base.id("viw"), name: VIEW.to_owned(), hidden: BTreeSet::new() };
        base.tables[sites].views.push(view);
        base
    }

    /// An id of this kind, as long as theirs.
    fn id(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}{:014}", self.next)
    }

    fn table(&mut self, name: &str, fields: &[(&str, &'static str)]) -> usize {
        let id = self.id("tbl");
        let field = |(name, kind): &(&str, &'static str)| ((*name).to_owned(), *kind);
        let fields: Vec<(String, &'static str)> = fields.iter().map(field).collect();
        let fields = fields.into_iter().map(|(name, kind)| Field { id: self.id("fld"), name, kind, options: json!({}) }).collect();
        let views = vec![View { id: self.id("viw"), name: "Grid view".to_owned(), hidden: BTreeSet::new() }];
        self.tables.push(Table { id, name: name.to_owned(), fields, views, records: Vec::new() });
        self.tables.len() - 1
    }

    fn of(&mut self, table: &str) -> &mut Table {
        self.tables.iter_mut().find(|known| known.is(table)).unwrap_or_else(|| panic!("there is a table {table}"))
    }

    /// Adds a record with these fields, and returns its id.
    ///
    /// # Panics
    /// If there is no such table or field.
    pub fn add(&mut self, table: &str, fields: &Value) -> String {
        let id = self.id("rec");
        self.of(table).records.push(Record { id: id.clone(), values: BTreeMap::new() });
        for (name, value) in fields.as_object().into_iter().flatten() {
            self.set(&id, name, value.clone());
        }
        id
    }

    /// Sets a field of a record.
    ///
    /// # Panics
    /// If there is no such record or field.
    pub fn set(&mut self, id: &str, field: &str, value: Value) {
        let table = self.tables.iter_mut().find(|table| table.records.iter().any(|record| record.id == id));
        let table = table.unwrap_or_else(|| panic!("there is a record {id}"));
        let field = table.field(field).unwrap_or_else(|| panic!("there is a field {field}")).id.clone();
        let record = table.records.iter_mut().find(|record| record.id == id).expect("it was just found");
        record.values.insert(field, value);
    }

    /// Clears a field of all records.
    ///
    /// # Panics
    /// If there is no such table or field.
    pub fn clear(&mut self, table: &str, field: &str) {
        let table = self.of(table);
        let field = table.field(field).unwrap_or_else(|| panic!("there is a field {field}")).id.clone();
        table.records.iter_mut().for_each(|record| drop(record.values.remove(&field)));
    }

    /// Deletes a record.
    pub fn remove(&mut self, id: &str) {
        self.tables.iter_mut().for_each(|table| table.records.retain(|record| record.id != id));
    }

    /// Renames a table.
    ///
    /// # Panics
    /// If there is no such table.
    pub fn rename_table(&mut self, from: &str, to: &str) {
        to.clone_into(&mut self.of(from).name);
    }

    /// Renames a field.
    ///
    /// # Panics
    /// If there is no such table or field.
    pub fn rename_field(&mut self, table: &str, from: &str, to: &str) {
        let field = self.of(table).fields.iter_mut().find(|field| field.name == from);
        to.clone_into(&mut field.unwrap_or_else(|| panic!("there is a field {from}")).name);
    }

    /// The id of a field.
    ///
    /// # Panics
    /// If there is no such table or field.
    pub fn field_id(&mut self, table: &str, name: &str) -> String {
        self.of(table).field(name).unwrap_or_else(|| panic!("there is a field {name}")).id.clone()
    }

    /// Hides all sites from a view but the first so many.
    pub fn hide_all(&mut self, view: &str, but: usize) {
        let table = self.of(TABLE);
        let hidden = table.records.iter().skip(but).map(|record| record.id.clone()).collect::<BTreeSet<_>>();
        table.views.iter_mut().filter(|known| known.name == view).for_each(|known| known.hidden.clone_from(&hidden));
    }

    /// Shows all sites in a view again.
    pub fn show_all(&mut self, view: &str) {
        self.of(TABLE).views.iter_mut().filter(|known| known.name == view).for_each(|known| known.hidden.clear());
    }

    /// Deletes a view of the sites.
    pub fn delete_view(&mut self, view: &str) {
        self.of(TABLE).views.retain(|known| known.name != view);
    }
}
