//! Why a request is refused, and how the client learns of it.

use axum::http::StatusCode;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Malformed(Malformed),
    /// A client may not choose the crash's name.
    UnauthorizedUuid,
    /// Which limit it is over.
    TooLarge(&'static str),
    /// The store will never take it.
    Unstorable,
    /// The client was silent for too long, or sends too slowly.
    TooSlow,
    /// The client is gone.
    Gone,
    /// There is no memory for it now.
    NoMemory,
    /// The store is away, and there is no room to keep it elsewhere.
    NoRoom,
    /// The day that this machine's clock says is one that no crash can have in its name.
    WrongClock,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    NoContentType,
    WrongContentType,
    NoBoundary,
    BadGzip,
    InvalidJson,
    InvalidJsonValue,
    InvalidPayloadStructure,
    NoAnnotations,
    InvalidUuid,
}

impl Refusal {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Malformed(_) | Self::Unstorable | Self::Gone => StatusCode::BAD_REQUEST,
            Self::UnauthorizedUuid => StatusCode::UNAUTHORIZED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NoMemory | Self::NoRoom | Self::WrongClock => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The text that the client gets, which crash reporters keep or show.
    pub(crate) fn body(self) -> String {
        match self {
            Self::Malformed(reason) => format!("Discarded=malformed_{}", reason.word()),
            Self::UnauthorizedUuid => "Discarded=unauthorized_uuid".to_owned(),
            Self::TooLarge(what) => format!("Discarded=too_large_{what}"),
            Self::Unstorable => "Discarded=unstorable".to_owned(),
            Self::TooSlow => "too slow, send it again".to_owned(),
            Self::Gone => String::new(),
            Self::NoMemory | Self::NoRoom => "no room at present, send it again later".to_owned(),
            Self::WrongClock => "this server's clock is wrong, send it again later".to_owned(),
        }
    }

    /// A word for it in metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Malformed(reason) => reason.word(),
            Self::UnauthorizedUuid => "unauthorized_uuid",
            Self::TooLarge(what) => what,
            Self::Unstorable => "unstorable",
            Self::TooSlow => "too_slow",
            Self::Gone => "gone",
            Self::NoMemory => "no_memory",
            Self::NoRoom => "no_room",
            Self::WrongClock => "wrong_clock",
        }
    }
}

impl Malformed {
    fn word(self) -> &'static str {
        match self {
            Self::NoContentType => "no_content_type",
            Self::WrongContentType => "wrong_content_type",
            Self::NoBoundary => "no_boundary",
            Self::BadGzip => "bad_gzip",
            Self::InvalidJson => "invalid_json",
            Self::InvalidJsonValue => "invalid_json_value",
            Self::InvalidPayloadStructure => "invalid_payload_structure",
            Self::NoAnnotations => "no_annotations",
            Self::InvalidUuid => "invalid_uuid",
        }
    }
}

impl From<Malformed> for Refusal {
    fn from(reason: Malformed) -> Self {
        Self::Malformed(reason)
    }
}
