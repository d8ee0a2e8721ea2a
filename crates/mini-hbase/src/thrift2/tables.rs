//! Tables: created, described, listed, switched, altered, deleted.

use hbase_thrift_api::thrift2::{TColumnFamilyDescriptor, TTableDescriptor, TTableName};

use super::Handler;
use super::descriptors::{self, insane, name_of};
use crate::budget::Share;
use crate::model::filter::matches_whole;
use crate::model::{Error, Family, Result, Table, TableOptions, show};
use crate::names;

/// A family's place is a number of two bytes in each key, and each read looks at all families.
const MAX_FAMILIES: usize = 10_000;
/// Each has a region, of which several calls tell.
const MAX_REGIONS: usize = 10_000;
/// What a table takes as it is described, and what each of its families does: most of it is texts.
const TABLE: usize = 1 << 10;
const FAMILY: usize = 6 << 10;
/// What a plain installation of HBase 2.6 can do; others need native libraries.
const COMPRESSIONS: [&str; 2] = ["NONE", "GZ"];
/// What HBase adds to a new table.
const FILE_TRACKER: (&[u8], &[u8]) = (b"hbase.store.file-tracker.impl", b"DEFAULT");

impl Handler {
    pub(super) fn create(&self, descriptor: &TTableDescriptor, splits: Vec<Vec<u8>>) -> Result<()> {
        let name = name_of(&descriptor.table_name)?;
        let (families, mut options) = descriptors::read(descriptor)?;
        let splits = check_splits(splits)?;
        names::check_namespace(&name, |name| self.service.store.namespace(name).is_ok())?;
        check_families(&families)?;
        if !options.attributes.iter().any(|(key, _)| key == FILE_TRACKER.0) {
            options.attributes.push((FILE_TRACKER.0.to_vec(), FILE_TRACKER.1.to_vec()));
        }
        self.service.store.create_split_table(&name, families, splits, options)
    }

    pub(super) fn delete_table(&self, name: &TTableName) -> Result<()> {
        self.service.store.delete_table(&name_of(name)?).map_err(|error| match error {
            Error::TableNotDisabled(name) => Error::Remote {
                class: "org.apache.hadoop.hbase.TableNotDisabledException",
                text: format!("Not DISABLED; tableName={name}, state=ENABLED"),
            },
            error => of_master(error),
        })
    }

    pub(super) fn truncate(&self, name: &TTableName, preserves_splits: bool) -> Result<()> {
        self.service.store.truncate_table(&name_of(name)?, preserves_splits).map_err(of_master)
    }

    pub(super) fn enable(&self, name: &TTableName) -> Result<()> {
        self.service.store.enable_table(&name_of(name)?).map_err(|error| match error {
            Error::TableNotDisabled(name) => {
                Error::Refused(format!("tableName={name}, state=ENABLED"))
            }
            error => error,
        })
    }

    pub(super) fn disable(&self, name: &TTableName) -> Result<()> {
        self.service.store.disable_table(&name_of(name)?).map_err(of_master)
    }

    pub(super) fn is_enabled(&self, name: &TTableName) -> Result<bool> {
        Ok(self.service.store.table(&name_of(name)?)?.is_enabled())
    }

    /// Whether all regions are served: those of a table that is there, unless it is disabled.
    pub(super) fn is_available(&self, name: &TTableName) -> Result<bool> {
        match self.is_enabled(name) {
            Err(Error::TableNotFound(_)) => Ok(false),
            enabled => enabled,
        }
    }

    /// The same, and whether a region begins at each of these keys.
    pub(super) fn is_split(&self, name: &TTableName, splits: &[Vec<u8>]) -> Result<bool> {
        if !self.is_available(name)? {
            return Ok(false);
        }
        let table = self.service.store.table(&name_of(name)?)?;
        Ok(splits.iter().all(|split| table.regions().any(|region| region.start == &**split)))
    }

    pub(super) fn has_table(&self, name: &TTableName) -> Result<bool> {
        Ok(self.service.store.table(&name_of(name)?).is_ok())
    }

    pub(super) fn descriptor(&self, name: &TTableName) -> Result<TTableDescriptor> {
        self.describe(&*self.service.store.table(&name_of(name)?)?)
    }

    /// Those that there are, or all if none is named.
    pub(super) fn descriptors(&self, names: &[TTableName]) -> Result<Vec<TTableDescriptor>> {
        let names = names.iter().map(name_of).collect::<Result<Vec<_>>>()?;
        let is_meant = |name: &str| names.is_empty() || names.iter().any(|one| one == name);
        self.describe_all(&is_meant)
    }

    pub(super) fn descriptors_like(&self, pattern: &str) -> Result<Vec<TTableDescriptor>> {
        let is_like = names_like(pattern, &self.share)?;
        self.describe_all(&is_like)
    }

    pub(super) fn descriptors_in(&self, namespace: &str) -> Result<Vec<TTableDescriptor>> {
        self.check_namespace(namespace)?;
        self.describe_all(&|name| names::divide(name).0 == namespace)
    }

    pub(super) fn names_like(&self, pattern: &str) -> Result<Vec<TTableName>> {
        let is_like = names_like(pattern, &self.share)?;
        Ok(self.names_of(&is_like))
    }

    pub(super) fn names_in(&self, namespace: &str) -> Result<Vec<TTableName>> {
        self.check_namespace(namespace)?;
        Ok(self.names_of(&|name| names::divide(name).0 == namespace))
    }

    pub(super) fn add_family(
        &self,
        name: &TTableName,
        family: &TColumnFamilyDescriptor,
    ) -> Result<()> {
        self.alter_family(name, family, |table, families, family| {
            if families.iter().any(|other| other.name == family.name) {
                return Err(invalid(format!(
                    "Column family '{}' in table '{table}' already exists so cannot be added",
                    show(&family.name)
                )));
            }
            families.push(family);
            check_families(families)
        })
    }

    pub(super) fn modify_family(
        &self,
        name: &TTableName,
        family: &TColumnFamilyDescriptor,
    ) -> Result<()> {
        self.alter_family(name, family, |_, families, family| {
            let found = families.iter_mut().find(|other| other.name == family.name);
            let found = found.ok_or_else(|| missing(&family.name, "modified"))?;
            *found = family;
            Ok(())
        })
    }

    pub(super) fn delete_family(&self, name: &TTableName, family: &[u8]) -> Result<()> {
        self.alter(&name_of(name)?, |table| {
            let mut families = table.families.clone();
            let place = families.iter().position(|other| other.name == family);
            let place = place.ok_or_else(|| missing(family, "deleted"))?;
            if families.len() == 1 {
                return Err(invalid(format!(
                    "Family '{}' is the only column family in the table, so it cannot be deleted",
                    show(family)
                )));
            }
            families.remove(place);
            Ok((families, table.options.clone()))
        })
    }

    pub(super) fn modify(&self, descriptor: &TTableDescriptor) -> Result<()> {
        let name = name_of(&descriptor.table_name)?;
        let (families, options): (Vec<Family>, TableOptions) = descriptors::read(descriptor)?;
        self.service.store.table(&name).map_err(of_master)?;
        check_families(&families)?;
        self.alter(&name, |_| Ok((families, options)))
    }

    /// Puts a family among those of a table; `place` has the table's name.
    fn alter_family(
        &self,
        name: &TTableName,
        family: &TColumnFamilyDescriptor,
        place: impl FnOnce(&str, &mut Vec<Family>, Family) -> Result<()>,
    ) -> Result<()> {
        let (name, family) = (name_of(name)?, descriptors::family(family)?);
        check_families(std::slice::from_ref(&family))?;
        self.alter(&name, |table| {
            let mut families = table.families.clone();
            place(&name, &mut families, family)?;
            Ok((families, table.options.clone()))
        })
    }

    fn alter(
        &self,
        name: &str,
        change: impl FnOnce(&Table) -> Result<(Vec<Family>, TableOptions)>,
    ) -> Result<()> {
        self.service.store.alter_table(name, change).map_err(of_master)
    }

    fn describe_all(&self, is_meant: &dyn Fn(&str) -> bool) -> Result<Vec<TTableDescriptor>> {
        let tables = self.service.store.all_tables();
        let tables = tables.iter().filter(|table| is_meant(&table.name));
        tables.map(|table| self.describe(table)).collect()
    }

    fn describe(&self, table: &Table) -> Result<TTableDescriptor> {
        let attributes = table.options.attributes.iter();
        let attributes: usize = attributes.map(|(key, value)| key.len() + value.len()).sum();
        let bytes = TABLE + attributes + FAMILY * table.families.len();
        self.share.take(bytes).map_err(Error::NoMemory)?;
        Ok(descriptors::table(table))
    }

    fn names_of(&self, is_meant: &dyn Fn(&str) -> bool) -> Vec<TTableName> {
        let tables = self.service.store.all_tables();
        let tables = tables.iter().filter(|table| is_meant(&table.name));
        tables.map(|table| descriptors::name(&table.name)).collect()
    }
}

fn invalid(text: String) -> Error {
    Error::Remote { class: "org.apache.hadoop.hbase.InvalidFamilyOperationException", text }
}

/// What the master throws of a table, which has its class in its text, and words of its own.
fn of_master(error: Error) -> Error {
    match error {
        Error::TableNotFound(text) => {
            Error::Remote { class: "org.apache.hadoop.hbase.TableNotFoundException", text }
        }
        Error::TableNotEnabled(text) => {
            Error::Remote { class: "org.apache.hadoop.hbase.TableNotEnabledException", text }
        }
        other => other,
    }
}

/// Whether a table has a name like this pattern, with its namespace or, in the default one, without.
fn names_like(pattern: &str, share: &Share) -> Result<impl Fn(&str) -> bool + use<>> {
    let matches = matches_whole(pattern, share)?;
    Ok(move |plain: &str| {
        matches(plain) || {
            let (namespace, name) = names::divide(plain);
            matches(&format!("{namespace}:{name}"))
        }
    })
}

fn missing(family: &[u8], what: &str) -> Error {
    let family = show(family);
    invalid(format!("Family '{family}' does not exist, so it cannot be {what}"))
}

/// Split keys in their order; the same one twice, and an empty one, are refused.
fn check_splits(mut splits: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    splits.sort();
    if splits.first().is_some_and(Vec::is_empty) {
        return Err(Error::Illegal(
            "Empty split key must not be passed in the split keys.".to_owned(),
        ));
    }
    if splits.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::Illegal("All split keys must be unique".to_owned()));
    }
    if splits.len() >= MAX_REGIONS {
        let text = format!("a table has at most {MAX_REGIONS} regions in mini-hbase");
        return Err(Error::DoNotRetry(text));
    }
    Ok(splits)
}

fn check_families(families: &[Family]) -> Result<()> {
    if families.is_empty() {
        return Err(insane("Table should have at least one column family."));
    }
    if families.len() > MAX_FAMILIES {
        let text = format!("a table has at most {MAX_FAMILIES} families in mini-hbase");
        return Err(Error::DoNotRetry(text));
    }
    for family in families {
        if !COMPRESSIONS.contains(&family.compression.as_str()) {
            let text = format!(
                "Compression algorithm '{}' previously failed test: no native library for it",
                family.compression.to_lowercase()
            );
            return Err(Error::DoNotRetry(text));
        }
    }
    Ok(())
}
