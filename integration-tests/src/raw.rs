//! The generated client on a connection of its own: no pool, no retries, nothing in between.

use std::time::Duration;

use anyhow::Result;
use hbase_thrift_api::HbaseSyncClient;
use hbase_thrift_api::thrift2::THBaseServiceSyncClient;
use xtask::gateway::{Endpoint, InputProtocol, OutputProtocol, connect};

/// The generated client, whatever the gateway speaks.
pub type RawClient = HbaseSyncClient<InputProtocol, OutputProtocol>;

/// That of Thrift 2.
pub type RawThrift2 = THBaseServiceSyncClient<InputProtocol, OutputProtocol>;

/// Creating or dropping a table on a busy machine takes seconds.
const TIMEOUT: Duration = Duration::from_mins(1);

pub(crate) fn client(endpoint: &Endpoint) -> Result<RawClient> {
    let (input, output) = connect(endpoint, TIMEOUT)?;
    Ok(HbaseSyncClient::new(input, output))
}

pub(crate) fn thrift2(endpoint: &Endpoint) -> Result<RawThrift2> {
    let (input, output) = connect(endpoint, TIMEOUT)?;
    Ok(THBaseServiceSyncClient::new(input, output))
}

/// The generated client on a new connection to the gateway of a URL.
///
/// # Errors
/// If the URL is bad, or there is no connection to be had.
pub fn connect_to(url: &str) -> Result<RawClient> {
    client(&Endpoint::from_url(url)?)
}

/// The same of Thrift 2.
///
/// # Errors
/// If the URL is bad, or there is no connection to be had.
pub fn connect_to_thrift2(url: &str) -> Result<RawThrift2> {
    thrift2(&Endpoint::from_url(url)?)
}
