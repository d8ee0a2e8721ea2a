//! What a client can be connected with.

use super::Config;
use crate::error::Result;

/// A configuration, or the text of its URL: what [`Client::connect`](crate::Client::connect) takes.
///
/// ```
/// use hbase_thrift_client::{Config, IntoConfig};
///
/// let config = "hbase://gateway-1".into_config()?;
/// assert_eq!(config.to_string(), Config::new("gateway-1", 9090).to_string());
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub trait IntoConfig {
    /// Returns the configuration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for text that is no URL of one.
    fn into_config(self) -> Result<Config>;
}

impl IntoConfig for Config {
    fn into_config(self) -> Result<Config> {
        Ok(self)
    }
}

impl IntoConfig for &Config {
    fn into_config(self) -> Result<Config> {
        Ok(self.clone())
    }
}

impl IntoConfig for &str {
    fn into_config(self) -> Result<Config> {
        self.parse()
    }
}

impl IntoConfig for String {
    fn into_config(self) -> Result<Config> {
        self.parse()
    }
}

impl IntoConfig for &String {
    fn into_config(self) -> Result<Config> {
        self.parse()
    }
}
