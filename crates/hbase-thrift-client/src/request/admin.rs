//! Regions of a table.

/// One region of a table: a range of its keys, and who serves it.
///
/// ```no_run
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// for region in client.table("crashes").regions()? {
///     let (start, end) = (region.start_key.escape_ascii(), region.end_key.escape_ascii());
///     println!("{start} to {end}: {:?}, port {:?}", region.server, region.port);
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Region {
    /// The whole name: table, start key, id and hash. Thrift 2 doesn't say it.
    pub name: Option<Vec<u8>>,
    /// First key; empty for the table's first region.
    pub start_key: Vec<u8>,
    /// First key of the next region; empty for the table's last region.
    pub end_key: Vec<u8>,
    /// When the region was made, in milliseconds since 1970, made unique. Thrift 2 doesn't say it.
    pub id: Option<i64>,
    /// The region server's host, if one serves the region.
    pub server: Option<String>,
    /// The region server's port.
    pub port: Option<u16>,
}
