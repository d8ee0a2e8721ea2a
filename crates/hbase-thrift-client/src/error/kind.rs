//! The kinds of errors, and which of them may go away by themselves.

use std::fmt;
use std::str::FromStr;

use super::{Error, Result};

/// What went wrong, in terms that a program can decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration or its URL can't be used.
    Config,
    /// The request was refused here, before anything was sent: HBase would reject it or, worse,
    /// do something else than it says.
    InvalidRequest,
    /// No connection to any gateway could be opened.
    Connect,
    /// Something answers, but it does not speak what was configured.
    WrongProtocol,
    /// TLS could not be agreed on: mostly, the gateway's certificate is not trusted or is for
    /// another name.
    Tls,
    /// All connections of the pool stayed in use.
    PoolTimeout,
    /// No complete answer came in time.
    Timeout,
    /// The connection ended in the middle of a call.
    ConnectionLost,
    /// The answer is not what the protocol allows.
    Protocol,
    /// A request or a reply is over its size limit.
    TooLarge,
    /// The gateway does not have the method that was called.
    Unsupported,
    /// The table does not exist.
    TableNotFound,
    /// The table is disabled.
    TableDisabled,
    /// The table would have to be disabled first.
    TableNotDisabled,
    /// The namespace of the table does not exist.
    NamespaceNotFound,
    /// The table has no such column family.
    NoSuchColumnFamily,
    /// What was to be created is there already.
    AlreadyExists,
    /// The server calls an argument illegal.
    IllegalArgument,
    /// The user may not do that.
    AccessDenied,
    /// The region's memory is full until it has flushed.
    RegionTooBusy,
    /// The region server's call queue is full.
    CallQueueTooBig,
    /// The region is not served at the moment (it moves, or its server died).
    NotServing,
    /// The gateway does not know the scanner, whose lease ended, or which was of the process before; or it
    /// means the scanner of somebody else. Another scan can go on.
    UnknownScanner,
    /// Any other exception of the server.
    Server,
    /// A cell is missing, or is not what it was read as.
    Value,
    /// The call was ended by a [`CancellationToken`](crate::CancellationToken).
    Cancelled,
    /// The client was closed.
    Closed,
}

impl ErrorKind {
    /// In their order. A new one goes before the last.
    const ALL: [Self; 27] = [
        Self::Config,
        Self::InvalidRequest,
        Self::Connect,
        Self::WrongProtocol,
        Self::Tls,
        Self::PoolTimeout,
        Self::Timeout,
        Self::ConnectionLost,
        Self::Protocol,
        Self::TooLarge,
        Self::Unsupported,
        Self::TableNotFound,
        Self::TableDisabled,
        Self::TableNotDisabled,
        Self::NamespaceNotFound,
        Self::NoSuchColumnFamily,
        Self::AlreadyExists,
        Self::IllegalArgument,
        Self::AccessDenied,
        Self::RegionTooBusy,
        Self::CallQueueTooBig,
        Self::NotServing,
        Self::UnknownScanner,
        Self::Server,
        Self::Value,
        Self::Cancelled,
        Self::Closed,
    ];

    /// Returns whether the cause may go away by itself.
    ///
    /// ```
    /// use hbase_thrift_client::ErrorKind;
    ///
    /// assert!(ErrorKind::RegionTooBusy.is_transient());
    /// assert!(!ErrorKind::TableNotFound.is_transient());
    /// ```
    pub fn is_transient(self) -> bool {
        // Exhaustive on purpose: every new kind has to decide.
        match self {
            Self::Connect
            | Self::PoolTimeout
            | Self::Timeout
            | Self::ConnectionLost
            | Self::RegionTooBusy
            | Self::CallQueueTooBig
            | Self::NotServing
            | Self::UnknownScanner => true,
            Self::Config
            | Self::InvalidRequest
            | Self::WrongProtocol
            | Self::Tls
            | Self::Protocol
            | Self::TooLarge
            | Self::Unsupported
            | Self::TableNotFound
            | Self::TableDisabled
            | Self::TableNotDisabled
            | Self::NamespaceNotFound
            | Self::NoSuchColumnFamily
            | Self::AlreadyExists
            | Self::IllegalArgument
            | Self::AccessDenied
            | Self::Server
            | Self::Value
            | Self::Cancelled
            | Self::Closed => false,
        }
    }
}

/// In words, such as `call queue too big`.
///
/// ```
/// use hbase_thrift_client::ErrorKind;
///
/// assert_eq!(ErrorKind::CallQueueTooBig.to_string(), "call queue too big");
/// assert_eq!("call queue too big".parse::<ErrorKind>()?, ErrorKind::CallQueueTooBig);
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "wrong configuration",
            Self::InvalidRequest => "invalid request",
            Self::Connect => "no connection",
            Self::WrongProtocol => "wrong protocol",
            Self::Tls => "TLS failed",
            Self::PoolTimeout => "all connections in use",
            Self::Timeout => "time-out",
            Self::ConnectionLost => "connection lost",
            Self::Protocol => "broken protocol",
            Self::TooLarge => "too large",
            Self::Unsupported => "unsupported",
            Self::TableNotFound => "table not found",
            Self::TableDisabled => "table disabled",
            Self::TableNotDisabled => "table not disabled",
            Self::NamespaceNotFound => "namespace not found",
            Self::NoSuchColumnFamily => "no such column family",
            Self::AlreadyExists => "already exists",
            Self::IllegalArgument => "illegal argument",
            Self::AccessDenied => "access denied",
            Self::RegionTooBusy => "region too busy",
            Self::CallQueueTooBig => "call queue too big",
            Self::NotServing => "region not served",
            Self::UnknownScanner => "unknown scanner",
            Self::Server => "error of the server",
            Self::Value => "wrong value",
            Self::Cancelled => "cancelled",
            Self::Closed => "client closed",
        })
    }
}

impl FromStr for ErrorKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|kind| kind.to_string() == text);
        named.ok_or_else(|| Error::value("not the words for a kind of error"))
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorKind;

    #[test]
    fn each_kind_is_read_as_it_is_written() {
        for kind in ErrorKind::ALL {
            assert_eq!(kind.to_string().parse::<ErrorKind>().unwrap(), kind);
        }
        for wrong in ["", "Config", "wrong configuration ", "time-out: 3"] {
            assert_eq!(wrong.parse::<ErrorKind>().unwrap_err().kind(), ErrorKind::Value);
        }
    }

    #[test]
    fn all_kinds_are_listed() {
        // A kind that is added behind the last one, or between two, moves the numbers.
        for (number, kind) in ErrorKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
        }
        assert_eq!(ErrorKind::ALL.last(), Some(&ErrorKind::Closed));
    }
}
