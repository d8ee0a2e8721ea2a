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
    assert_same(&read, &without_password(config.clone()));
}

/// Checks that both say the same.
///
/// # Panics
///
/// When they don't.
pub(crate) fn assert_same(config: &Config, other: &Config) {
    // `Debug` has all that a URL has, but for passwords.
    assert_eq!(format!("{config:?}"), format!("{other:?}"));
    let password = |config: &Config| config.http.credentials.as_ref().map(|c| c.password.clone());
    assert_eq!(password(config), password(other), "{config}");
}

fn without_password(mut config: Config) -> Config {
    if let Some(Credentials { password, .. }) = &mut config.http.credentials
        && !password.is_empty()
    {
        "***".clone_into(password);
    }
    config
}
