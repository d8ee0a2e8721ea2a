//! Namespaces: which there are, and what is said of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLockWriteGuard};

use super::{Error, Result, Store};

/// What their entries in the catalogue begin with, and what comes behind all of them.
const ENTRY: &str = "namespace/";
const BEHIND: &[u8] = b"namespace0";
/// Those that every HBase has, of which the second is its own.
pub(crate) const DEFAULT_NAMESPACE: &str = "default";
pub(crate) const SYSTEM_NAMESPACE: &str = "hbase";
/// Each is held in memory.
const MAX_NAMESPACES: usize = 100_000;

/// What is said of a namespace, and changes nothing.
pub(crate) type Configuration = BTreeMap<String, String>;

pub(super) type Namespaces = BTreeMap<String, Configuration>;

impl Store {
    /// All namespaces in the order of their names.
    pub(crate) fn namespaces(&self) -> BTreeMap<String, Configuration> {
        self.namespaces.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// # Errors
    /// If there is no such namespace.
    pub(crate) fn namespace(&self, name: &str) -> Result<Configuration> {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        namespaces.get(name).cloned().ok_or_else(|| Error::NamespaceNotFound(name.to_owned()))
    }

    /// Lets there be namespaces for as long as the server runs, beside those in the catalogue.
    pub(crate) fn lend_namespaces(&self, names: &BTreeSet<String>) {
        let mut namespaces = self.namespaces_for_change();
        for name in names {
            namespaces.entry(name.clone()).or_default();
        }
    }

    pub(crate) fn create_namespace(&self, name: &str, said: Configuration) -> Result<()> {
        let mut namespaces = self.namespaces_for_change();
        if namespaces.contains_key(name) {
            return Err(Error::Remote {
                class: "org.apache.hadoop.hbase.NamespaceExistException",
                text: format!("Namespace {name} already exists"),
            });
        }
        if namespaces.len() >= MAX_NAMESPACES {
            let text = format!("there are at most {MAX_NAMESPACES} namespaces in mini-hbase");
            return Err(Error::DoNotRetry(text));
        }
        self.save_namespace(name, Some(&said))?;
        namespaces.insert(name.to_owned(), said);
        Ok(())
    }

    pub(crate) fn modify_namespace(&self, name: &str, said: Configuration) -> Result<()> {
        let mut namespaces = self.namespaces_for_change();
        let found = namespaces.get_mut(name);
        let found = found.ok_or_else(|| Error::NamespaceNotFound(name.to_owned()))?;
        self.save_namespace(name, Some(&said))?;
        *found = said;
        Ok(())
    }

    /// Removes a namespace that has no tables.
    pub(crate) fn delete_namespace(&self, name: &str) -> Result<()> {
        let constraint = |text| Error::Remote {
            class: "org.apache.hadoop.hbase.constraint.ConstraintException",
            text,
        };
        if [DEFAULT_NAMESPACE, SYSTEM_NAMESPACE].contains(&name) {
            return Err(constraint(format!("Reserved namespace {name} cannot be removed.")));
        }
        // In this order, as when a table is created.
        let tables = self.tables_for_change();
        let mut namespaces = self.namespaces_for_change();
        if !namespaces.contains_key(name) {
            return Err(Error::NamespaceNotFound(name.to_owned()));
        }
        let of_it =
            |table: &&String| table.split_once(':').is_some_and(|(namespace, _)| namespace == name);
        let count = tables.keys().filter(of_it).count();
        if count > 0 {
            return Err(constraint(format!(
                "Only empty namespaces can be removed. Namespace {name} has {count} tables"
            )));
        }
        self.save_namespace(name, None)?;
        namespaces.remove(name);
        Ok(())
    }

    /// Removes all but those that every HBase has.
    pub(crate) fn drop_namespaces(&self) -> Result<()> {
        let mut namespaces = self.namespaces_for_change();
        for name in namespaces.keys() {
            self.save_namespace(name, None)?;
        }
        *namespaces = always();
        Ok(())
    }

    /// Reads what the catalogue has of them.
    pub(super) fn load_namespaces(&self) -> Result<()> {
        let mut namespaces = self.namespaces_for_change();
        *namespaces = always();
        let snapshot = self.catalogue.snapshot();
        let mut entries = snapshot.walk(ENTRY.as_bytes(), BEHIND);
        while let Some((key, said)) = entries.next(&|_| true)? {
            let damaged = || Error::Damaged("a namespace");
            let name = std::str::from_utf8(&key[ENTRY.len()..]).map_err(|_| damaged())?;
            let said = serde_json::from_slice(&said.unwrap_or_default()).map_err(|_| damaged())?;
            namespaces.insert(name.to_owned(), said);
        }
        Ok(())
    }

    fn save_namespace(&self, name: &str, said: Option<&Configuration>) -> Result<()> {
        let said = said.map(serde_json::to_vec).transpose();
        let said = said.map_err(|_| Error::Damaged("a new namespace"))?;
        self.catalogue.write(vec![(format!("{ENTRY}{name}").into_bytes(), said)])?;
        self.catalogue.flush()
    }

    fn namespaces_for_change(&self) -> RwLockWriteGuard<'_, Namespaces> {
        self.namespaces.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn always() -> Namespaces {
    [DEFAULT_NAMESPACE, SYSTEM_NAMESPACE].map(|name| (name.to_owned(), Configuration::new())).into()
}
