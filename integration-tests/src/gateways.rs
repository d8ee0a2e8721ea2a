//! The flavours of gateway that every server of the tests' own has.

use xtask::gateway::Flavour;

/// One gateway for each combination that a client can tell apart, and one that may be killed.
pub(crate) const GATEWAYS: [Flavour; 5] =
    [Flavour::Threadpool, Flavour::Nonblocking, Flavour::Compact, Flavour::Http, EXPENDABLE];
pub(crate) const EXPENDABLE: Flavour = Flavour::Framed;
