//! What a response means that is not 200.

use super::HttpRefusal;
use super::request::RequestHead;
use super::response::ResponseHead;
use crate::error::ErrorKind;

/// The refusal in a response's status, with what to do about it.
///
/// `said` is what its page says, in short.
pub(super) fn refusal(
    response: &ResponseHead,
    request: &RequestHead,
    said: Option<String>,
) -> HttpRefusal {
    let status = response.status;
    let path = &request.path;
    let (kind, what) = match status {
        401 if response.negotiates => (
            ErrorKind::AccessDenied,
            "the gateway wants Kerberos (SPNEGO), which this client does not speak: \
             give it a token as header Authorization, or use a gateway without"
                .to_owned(),
        ),
        401 | 407 if request.authorized => {
            (ErrorKind::AccessDenied, "the gateway refuses the user or the token given".to_owned())
        }
        401 | 407 => (
            ErrorKind::AccessDenied,
            "the gateway asks who is calling: put user:password@ before the host in the URL, \
             or set the header Authorization"
                .to_owned(),
        ),
        403 => (ErrorKind::AccessDenied, "the gateway forbids the call".to_owned()),
        300..=399 => (
            ErrorKind::WrongProtocol,
            "the server sends on to another address: use that one in the URL".to_owned(),
        ),
        404 | 405 | 410 => (
            ErrorKind::WrongProtocol,
            format!("the server has no Thrift gateway at {path}: check the URL's path"),
        ),
        413 => (
            ErrorKind::TooLarge,
            "the request is larger than the server takes: split it, or raise the server's limit"
                .to_owned(),
        ),
        431 => (ErrorKind::Config, "the server takes no headers of this size".to_owned()),
        429 => (ErrorKind::CallQueueTooBig, "the server wants fewer requests".to_owned()),
        502..=504 => {
            (ErrorKind::Connect, "the server in between gets no reply from the gateway".to_owned())
        }
        500..=599 => (
            ErrorKind::Server,
            match said {
                Some(said) => format!("the gateway failed inside: {said}"),
                None => "the gateway failed inside; its log says why".to_owned(),
            },
        ),
        _ => (ErrorKind::WrongProtocol, "the server does not reply as a gateway would".to_owned()),
    };
    // Nothing below 500 is sent after the gateway has begun with the call.
    HttpRefusal { kind, message: format!("{what} (HTTP status {status})"), refused: status < 500 }
}

/// The title of a page, which holds the exception where the gateway made the page.
pub(super) fn title(page: &[u8]) -> Option<String> {
    let page = String::from_utf8_lossy(page);
    let (_, after) = page.split_once("<title>")?;
    let (title, _) = after.split_once("</title>")?;
    let plain = title.chars().filter(|letter| !letter.is_control());
    Some(plain.take(LONGEST_TITLE).collect())
}

const LONGEST_TITLE: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_of_a_page_is_its_message() {
        let page = b"<html><title>Error 500 java.lang.Error:\r\n no</title>";
        assert_eq!(title(page).as_deref(), Some("Error 500 java.lang.Error: no"));
        assert_eq!(title(b"<html><title>Error 500"), None);
        assert_eq!(title(b""), None);
    }
}
