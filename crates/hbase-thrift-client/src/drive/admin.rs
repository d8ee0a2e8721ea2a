//! What is done with tables as a whole.

use std::collections::BTreeMap;
use std::time::Instant;

use super::executor::Executor;
use crate::dialect::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::request::{ColumnFamily, Namespace, Region};

/// Calls on the cluster's tables.
#[derive(Clone)]
pub(crate) struct AdminDriver {
    executor: Executor,
}

/// A table by its whole name, and how calls on it are run.
struct OnTable {
    executor: Executor,
    name: Vec<u8>,
}

impl AdminDriver {
    pub(crate) fn new(executor: Executor) -> Self {
        Self { executor }
    }

    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    pub(crate) async fn create_table(
        &self,
        name: &[u8],
        families: &[ColumnFamily],
        splits: &[Vec<u8>],
    ) -> Result<()> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run(&Call::create_table(&name, families, splits)).await
    }

    pub(crate) async fn delete_table(&self, name: &[u8]) -> Result<()> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run(&Call::delete_table(&name)).await
    }

    pub(crate) async fn disable_and_delete_table(&self, name: &[u8]) -> Result<()> {
        match self.disable_table(name).await {
            Err(error) if error.kind() != ErrorKind::TableDisabled => Err(error),
            _ => self.delete_table(name).await,
        }
    }

    pub(crate) async fn truncate_table(&self, name: &[u8], keeps_splits: bool) -> Result<()> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run(&Call::truncate_table(&name, keeps_splits)).await
    }

    pub(crate) async fn disable_table(&self, name: &[u8]) -> Result<()> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run(&Call::disable_table(&name)).await
    }

    pub(crate) async fn enable_table(&self, name: &[u8]) -> Result<()> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run(&Call::enable_table(&name)).await
    }

    pub(crate) async fn is_table_enabled(&self, name: &[u8]) -> Result<bool> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run(&Call::is_table_enabled(&name)).await
    }

    pub(crate) async fn table_exists(&self, name: &[u8]) -> Result<bool> {
        let name = self.full_name(name)?;
        self.executor.run_table_exists(&name, self.executor.deadline()).await
    }

    pub(crate) async fn table_names(&self) -> Result<Vec<Vec<u8>>> {
        let names = self.executor.run(&Call::table_names()).await?;
        let mut names: Vec<_> = names.into_iter().filter_map(|name| self.own_name(&name)).collect();
        names.sort_unstable();
        Ok(names)
    }

    pub(crate) async fn table_states(&self) -> Result<Vec<(Vec<u8>, bool)>> {
        let states = self.all_states().await?;
        let own = |(name, enabled): (Vec<u8>, bool)| Some((self.own_name(&name)?, enabled));
        Ok(states.into_iter().filter_map(own).collect())
    }

    /// The gateway asks for each table's state after it has listed them, and fails as a whole when one
    /// is dropped meanwhile.
    async fn all_states(&self) -> Result<BTreeMap<Vec<u8>, bool>> {
        let mut attempts = self.executor.config().get_max_attempts();
        let deadline = self.executor.deadline();
        loop {
            let states = self.executor.run_table_states(deadline).await;
            attempts -= 1;
            match states {
                Err(error) if error.kind() == ErrorKind::TableNotFound && attempts > 0 => {}
                states => return states,
            }
        }
    }

    pub(crate) async fn column_families(&self, name: &[u8]) -> Result<Vec<ColumnFamily>> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run(&Call::column_families(&name)).await
    }

    pub(crate) async fn add_column_family(
        &self,
        table: &[u8],
        family: &ColumnFamily,
    ) -> Result<()> {
        let OnTable { executor, name } = self.on_table(table)?;
        executor.run(&Call::add_family(&name, family)).await
    }

    pub(crate) async fn modify_column_family(
        &self,
        table: &[u8],
        family: &ColumnFamily,
    ) -> Result<()> {
        let OnTable { executor, name } = self.on_table(table)?;
        let deadline = executor.deadline();
        let described = executor.run_until(&Call::describe_table(&name), deadline).await?;
        let family = described.with_family(family)?;
        executor.run_until(&Call::modify_family(&name, &family), deadline).await
    }

    pub(crate) async fn delete_column_family(&self, table: &[u8], family: &[u8]) -> Result<()> {
        let OnTable { executor, name } = self.on_table(table)?;
        executor.run(&Call::delete_family(&name, family)).await
    }

    pub(crate) async fn modify_table(&self, name: &[u8], families: &[ColumnFamily]) -> Result<()> {
        let OnTable { executor, name } = self.on_table(name)?;
        let deadline = executor.deadline();
        let described = executor.run_until(&Call::describe_table(&name), deadline).await?;
        let described = described.with_families(families)?;
        executor.run_until(&Call::modify_table(&name, &described), deadline).await
    }

    pub(crate) async fn regions(&self, name: &[u8]) -> Result<Vec<Region>> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run_regions(&name).await
    }

    pub(crate) async fn region_of(&self, name: &[u8], row: &[u8]) -> Result<Region> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run_region_of(&name, row).await
    }

    pub(crate) async fn compact(&self, name: &[u8]) -> Result<()> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run(&Call::compact(&name)).await
    }

    pub(crate) async fn compact_region(&self, region: &Region) -> Result<()> {
        let unnamed = || {
            Error::new(
                ErrorKind::Unsupported,
                "the region has no name, which a Thrift 2 gateway doesn't say: take it from a \
                 Thrift 1 gateway",
            )
        };
        let name = region.name.as_ref().ok_or_else(unnamed)?;
        self.executor.run(&Call::compact(name)).await
    }

    pub(crate) async fn major_compact(&self, name: &[u8]) -> Result<()> {
        let OnTable { executor, name } = self.on_table(name)?;
        executor.run(&Call::major_compact(&name)).await
    }

    pub(crate) async fn cluster_id(&self) -> Result<String> {
        self.executor.run(&Call::cluster_id()).await
    }

    pub(crate) async fn create_namespace(&self, namespace: &Namespace) -> Result<()> {
        self.executor.run(&Call::create_namespace(namespace)).await
    }

    pub(crate) async fn modify_namespace(&self, namespace: &Namespace) -> Result<()> {
        self.executor.run(&Call::modify_namespace(namespace)).await
    }

    pub(crate) async fn delete_namespace(&self, name: &str) -> Result<()> {
        self.executor.run(&Call::delete_namespace(name)).await
    }

    pub(crate) async fn namespace(&self, name: &str) -> Result<Namespace> {
        self.executor.run(&Call::describe_namespace(name)).await
    }

    pub(crate) async fn namespaces(&self) -> Result<Vec<Namespace>> {
        let mut namespaces = self.executor.run(&Call::namespaces()).await?;
        namespaces.sort_by(|a, b| a.get_name().cmp(b.get_name()));
        Ok(namespaces)
    }

    fn on_table(&self, name: &[u8]) -> Result<OnTable> {
        let name = self.full_name(name)?;
        Ok(OnTable { executor: self.executor.on_table(&name), name })
    }

    fn full_name(&self, name: &[u8]) -> Result<Vec<u8>> {
        if name.is_empty() {
            return Err(Error::new(ErrorKind::InvalidRequest, "the table's name is empty"));
        }
        Ok([self.executor.config().get_table_prefix().as_bytes(), name].concat())
    }

    /// The name without the prefix, of a table that has it.
    fn own_name(&self, name: &[u8]) -> Option<Vec<u8>> {
        let prefix = self.executor.config().get_table_prefix().as_bytes();
        name.strip_prefix(prefix).map(<[u8]>::to_vec)
    }
}

impl Executor {
    async fn run_table_exists(&self, name: &[u8], deadline: Instant) -> Result<bool> {
        // Names of the default namespace are listed without it.
        let listed = name.strip_prefix(b"default:").unwrap_or(name);
        let names = self.run_until(&Call::table_names(), deadline).await?;
        Ok(names.iter().any(|other| other == listed))
    }

    /// The regions of a table. That there is none of this name the gateway itself does not say.
    pub(super) async fn run_regions(&self, name: &[u8]) -> Result<Vec<Region>> {
        let deadline = self.deadline();
        let regions = self.run_until(&Call::regions(name), deadline).await?;
        if regions.is_empty() && !self.run_table_exists(name, deadline).await? {
            let shown = name.escape_ascii();
            let message = format!("the table `{shown}` does not exist");
            return Err(Error::new(ErrorKind::TableNotFound, message));
        }
        Ok(regions)
    }
}
