//! Which interface the gateways of a client have: configured, or what the first of them says.

use std::sync::OnceLock;

use crate::config::Config;
use crate::dialect::Dialect;

/// One for all connections of a client: a table's scan, or a call that is made again, may go to any.
#[derive(Debug, Default)]
pub(super) struct Spoken(OnceLock<Dialect>);

impl Spoken {
    /// What is configured, if anything is.
    pub(super) fn of(config: &Config) -> Self {
        let spoken = Self::default();
        if let Some(interface) = config.get_interface() {
            let _ = spoken.0.set(Dialect::of(interface));
        }
        spoken
    }

    /// What is known so far.
    pub(super) fn get(&self) -> Option<Dialect> {
        self.0.get().copied()
    }

    /// Takes note of what a gateway says; returns what all of them have to speak.
    pub(super) fn agree(&self, dialect: Dialect) -> Dialect {
        *self.0.get_or_init(|| dialect)
    }
}
