//! Namespaces, which tables are in.

use std::collections::BTreeMap;

/// A namespace with its settings. The tables in it have names that begin with its own and a colon.
///
/// ```
/// use hbase_thrift_client::Namespace;
///
/// let namespace = Namespace::new("crashes").configuration("hbase.namespace.quota.maxtables", "20");
/// assert_eq!(namespace.get_name(), "crashes");
/// assert_eq!(namespace.get_configuration().count(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    pub(crate) name: String,
    pub(crate) configuration: BTreeMap<String, String>,
}

impl Namespace {
    /// A namespace without settings. Names have letters, digits and underscores.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), configuration: BTreeMap::new() }
    }

    /// Adds a setting.
    pub fn configuration(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.configuration.insert(name.into(), value.into());
        self
    }

    /// Returns its name.
    pub fn get_name(&self) -> &str {
        &self.name
    }

    /// Returns its settings in the order of their names.
    pub fn get_configuration(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.configuration.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
