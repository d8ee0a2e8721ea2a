//! What random tests and fuzzing check of a configuration.

use super::{Config, Credentials};

/// Checks that the URL of a configuration that can be used reads back as the same, with `***` for
/// its password.
///
/// # Panics
///
/// When it doesn't.
pub(crate) fn assert_reads_back(config: &Config) {
    let text = config.to_string();
    let read: Config = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(read, without_password(config.clone()), "{text}");
}

fn without_password(mut config: Config) -> Config {
    if let Some(Credentials { password, .. }) = &mut config.http.credentials
        && !password.is_empty()
    {
        "***".clone_into(password);
    }
    config
}
