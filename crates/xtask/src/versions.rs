//! Reads `versions.env`, the one file that names HBase releases.
//!
//! Building and running them is left to the `hbase` and `test` chores.

use anyhow::{Context, Result, bail};

/// The repository of the images; their tags are HBase's releases.
pub const IMAGE: &str = "hbase-thrift-test";

/// The variable that chooses another release than the default.
pub const VARIABLE: &str = "HBASE_VERSION";

const FILE: &str = "integration-tests/docker/versions.env";

/// The HBase releases that this workspace works with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The release that is started unless another is asked for.
    pub default: String,
    /// Every release of the compatibility matrix, the default among them.
    pub all: Vec<String>,
}

impl Versions {
    /// The versions of this checkout.
    ///
    /// # Errors
    /// When `versions.env` lacks one of its two lines, or names a default that is in no matrix.
    pub fn load() -> Result<Self> {
        Self::parse(include_str!("../../../integration-tests/docker/versions.env"))
    }

    /// The one that the environment's [`VARIABLE`] asks for, or the default.
    ///
    /// # Errors
    /// When the release is none of those in `versions.env`.
    pub fn from_environment(&self) -> Result<String> {
        self.pick(std::env::var(VARIABLE).ok().as_deref())
    }

    /// The one that was asked for, or the default.
    ///
    /// # Errors
    /// When the release is none of those in `versions.env`.
    pub fn pick(&self, wanted: Option<&str>) -> Result<String> {
        let version = wanted.unwrap_or(&self.default);
        if !self.all.iter().any(|known| known == version) {
            bail!(
                "HBase {version} is not among the releases of {FILE}: {}; pick one of them, or \
                 add it there",
                self.all.join(", ")
            );
        }
        Ok(version.to_owned())
    }

    fn parse(text: &str) -> Result<Self> {
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .map(|value| value.trim().trim_matches('"').to_owned())
                .with_context(|| format!("{FILE} has no line {key}=...; add it"))
        };
        let default = value(VARIABLE)?;
        let all = value("HBASE_VERSIONS")?.split_whitespace().map(str::to_owned).collect();
        let versions = Self { default, all };
        versions.pick(None)?;
        Ok(versions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_file_names_a_default_and_a_matrix() {
        let versions = Versions::load().unwrap();
        assert!(versions.all.contains(&versions.default));
    }

    #[test]
    fn an_unknown_release_is_refused_with_the_known_ones() {
        let versions = Versions::parse("# x\nHBASE_VERSION=2\nHBASE_VERSIONS=\"2 1\"\n").unwrap();
        assert_eq!(versions.pick(Some("1")).unwrap(), "1");
        let error = versions.pick(Some("3")).unwrap_err().to_string();
        assert!(error.contains("HBase 3 is not among") && error.contains("2, 1"), "{error}");
    }

    #[test]
    fn a_missing_line_is_named() {
        let error = Versions::parse("HBASE_VERSION=2\n").unwrap_err().to_string();
        assert!(error.contains("HBASE_VERSIONS="), "{error}");
    }
}
