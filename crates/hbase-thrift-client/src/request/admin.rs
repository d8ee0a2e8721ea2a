//! Permissions and regions of a table.

/// What a user may do with a table or a namespace.
///
/// ```
/// use hbase_thrift_client::Permission;
///
/// let permission = Permission::on_table("monitor", "crash_reports", "RW");
/// # let _ = permission;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    pub(crate) user: String,
    pub(crate) actions: String,
    pub(crate) scope: PermissionScope,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PermissionScope {
    Table(Vec<u8>),
    Namespace(String),
}

impl Permission {
    /// Actions on a table, as letters: `R`ead, `W`rite, e`X`ecute, `C`reate, `A`dmin.
    pub fn on_table(
        user: impl Into<String>,
        table: impl Into<Vec<u8>>,
        actions: impl Into<String>,
    ) -> Self {
        let scope = PermissionScope::Table(table.into());
        Self { user: user.into(), actions: actions.into(), scope }
    }

    /// Actions on all tables of a namespace.
    pub fn on_namespace(
        user: impl Into<String>,
        namespace: impl Into<String>,
        actions: impl Into<String>,
    ) -> Self {
        let scope = PermissionScope::Namespace(namespace.into());
        Self { user: user.into(), actions: actions.into(), scope }
    }

    pub(crate) fn is_for_namespace(&self) -> bool {
        matches!(self.scope, PermissionScope::Namespace(_))
    }
}

/// One region of a table: a range of its keys, and who serves it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// The whole name: table, start key, id and hash.
    pub name: Vec<u8>,
    /// First key; empty for the table's first region.
    pub start_key: Vec<u8>,
    /// First key of the next region; empty for the table's last region.
    pub end_key: Vec<u8>,
    /// When the region was made, in milliseconds since 1970, made unique.
    pub id: i64,
    /// The region server's host, if one serves the region.
    pub server: Option<String>,
    /// The region server's port.
    pub port: Option<u16>,
}
