//! Namespaces.

use hbase_thrift_api::thrift2::TNamespaceDescriptor;

use super::Handler;
use crate::model::{Configuration, Error, Result};
use crate::names;

impl Handler {
    pub(super) fn create_namespace(&self, namespace: TNamespaceDescriptor) -> Result<()> {
        let TNamespaceDescriptor { name, configuration } = namespace;
        if !names::is_namespace(&name) {
            // HBase's master refuses it too, and the gateway tries again for minutes.
            let text = format!("{name} is no name of a namespace: letters, digits and '_' are");
            return Err(Error::DoNotRetry(text));
        }
        self.service.store.create_namespace(&name, configuration.unwrap_or_default())
    }

    pub(super) fn modify_namespace(&self, namespace: TNamespaceDescriptor) -> Result<()> {
        let TNamespaceDescriptor { name, configuration } = namespace;
        self.service.store.modify_namespace(&name, configuration.unwrap_or_default())
    }

    pub(super) fn delete_namespace(&self, name: &str) -> Result<()> {
        self.service.store.delete_namespace(name)
    }

    pub(super) fn namespace(&self, name: String) -> Result<TNamespaceDescriptor> {
        let said = self.service.store.namespace(&name)?;
        Ok(describe(name, said))
    }

    pub(super) fn namespaces(&self) -> Vec<TNamespaceDescriptor> {
        let all = self.service.store.namespaces();
        all.into_iter().map(|(name, said)| describe(name, said)).collect()
    }

    pub(super) fn check_namespace(&self, name: &str) -> Result<()> {
        self.service.store.namespace(name).map(drop)
    }
}

fn describe(name: String, said: Configuration) -> TNamespaceDescriptor {
    TNamespaceDescriptor { name, configuration: Some(said).filter(|said| !said.is_empty()) }
}
