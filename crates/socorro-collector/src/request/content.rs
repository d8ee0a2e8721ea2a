//! The head of a request: what its body is.

use axum::http::{HeaderMap, header};

use crate::refusal::Malformed;

/// How the body is divided.
pub(super) fn boundary(headers: &HeaderMap) -> Result<String, Malformed> {
    let value = headers.get(header::CONTENT_TYPE).ok_or(Malformed::NoContentType)?;
    let text = value.to_str().map_err(|_| Malformed::WrongContentType)?;
    if text.trim().is_empty() {
        return Err(Malformed::NoContentType);
    }
    let kind = text.split(';').next().unwrap_or_default().trim();
    if !["multipart/form-data", "multipart/mixed"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
    {
        return Err(Malformed::WrongContentType);
    }
    let parsed: mime::Mime =
        text.parse().or_else(|_| quoted(text).parse()).map_err(|_| Malformed::NoBoundary)?;
    let boundary = parsed.get_param(mime::BOUNDARY).ok_or(Malformed::NoBoundary)?;
    // RFC 2046 allows 70 characters.
    match boundary.as_str() {
        "" => Err(Malformed::NoBoundary),
        text if text.len() > 256 => Err(Malformed::NoBoundary),
        text => Ok(text.to_owned()),
    }
}

/// The text with quotes around parameters that need them: some clients write boundaries such as `----=_Part_1`
/// without.
fn quoted(text: &str) -> String {
    let is_of_boundary = |c: char| c.is_ascii_alphanumeric() || "'()+_,-./:=?".contains(c);
    let parts = text.split(';').map(|part| match part.trim().split_once('=') {
        Some((name, value)) if value.chars().all(is_of_boundary) => format!("{name}=\"{value}\""),
        _ => part.trim().to_owned(),
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Whether the body is compressed; other encodings than gzip are not understood.
pub(super) fn is_gzip(headers: &HeaderMap) -> Result<bool, Malformed> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(false) };
    match value.to_str().map(str::trim) {
        Ok(text) if text.eq_ignore_ascii_case("gzip") || text.eq_ignore_ascii_case("x-gzip") => {
            Ok(true)
        }
        Ok(text) if text.is_empty() || text.eq_ignore_ascii_case("identity") => Ok(false),
        _ => Err(Malformed::BadGzip),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, Malformed> {
        boundary(&HeaderMap::from_iter([(header::CONTENT_TYPE, text.parse().unwrap())]))
    }

    #[test]
    fn the_boundary_is_found_however_it_is_written() {
        for text in [
            "multipart/form-data; boundary=abc",
            "multipart/mixed;boundary=\"abc\"",
            "Multipart/Form-Data; charset=utf-8; Boundary=abc",
        ] {
            assert_eq!(of(text).as_deref(), Ok("abc"), "{text}");
        }
        for boundary in ["----=_Part_1_23.4", "a=b", "a/b:c?(d)", "'a,b'"] {
            for text in [
                format!("multipart/form-data; boundary={boundary}"),
                format!("multipart/form-data;charset=utf-8 ; Boundary={boundary} "),
                format!("multipart/form-data; boundary=\"{boundary}\"; charset=utf-8"),
            ] {
                assert_eq!(of(&text).as_deref(), Ok(boundary), "{text}");
            }
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(boundary(&HeaderMap::new()), Err(Malformed::NoContentType));
        assert_eq!(of("text/plain"), Err(Malformed::WrongContentType));
        assert_eq!(of("multipart/form-data"), Err(Malformed::NoBoundary));
        assert_eq!(of("multipart/form-data; boundary="), Err(Malformed::NoBoundary));
        assert_eq!(of("multipart/form-data; boundary=a b"), Err(Malformed::NoBoundary));
    }
}
