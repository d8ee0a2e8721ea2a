//! The gateways that every server of the tests' own has.

use xtask::gateway::{Flavour, Gateway};

/// One gateway for each combination that a client can tell apart, and one that may be killed.
pub(crate) const GATEWAYS: [Flavour; 5] =
    [Flavour::Threadpool, Flavour::Nonblocking, Flavour::Compact, Flavour::Http, EXPENDABLE];
pub(crate) const EXPENDABLE: Flavour = Flavour::Framed;
/// The same of Thrift 2.
pub(crate) const THRIFT2: [Flavour; 4] =
    [Flavour::Threadpool, Flavour::Nonblocking, Flavour::Compact, Flavour::Http];

/// All that a server of the tests' own has, in this order.
pub(crate) fn all() -> Vec<Gateway> {
    let thrift1 = GATEWAYS.iter().map(|flavour| flavour.thrift1());
    thrift1.chain(THRIFT2.iter().map(|flavour| flavour.thrift2())).collect()
}
