//! What only HTTP has: path, user, headers.
//!
//! How they are written into a request is the transport's.

use std::error::Error as StdError;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use super::tls::empty_setting;
use super::{Config, Protocol, Transport};
use crate::error::{Error, ErrorKind, Result};

/// The settings of HTTP. Passwords and the values of headers never leave it in text.
#[derive(Clone, Default)]
pub(crate) struct HttpSettings {
    /// Without its leading slash.
    pub(crate) path: String,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) made_headers: Vec<MadeHeader>,
    pub(crate) do_as: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// A header whose value is made for each request.
#[derive(Clone)]
pub(crate) struct MadeHeader {
    pub(crate) name: String,
    make: Arc<MakeHeader>,
}

type MakeHeader = dyn Fn() -> Result<String, Box<dyn StdError + Send + Sync>> + Send + Sync;

impl MadeHeader {
    /// The value for the next request.
    #[cfg_attr(not(feature = "http"), expect(dead_code))]
    pub(crate) fn value(&self) -> Result<String> {
        let failed =
            |what: &str| Error::new(ErrorKind::Config, format!("the header {} {what}", self.name));
        // A panic that went on from here would take a connection along, or a writer's thread.
        let made = panic::catch_unwind(AssertUnwindSafe(|| (self.make)()));
        let made = made.map_err(|_| failed("can't be made: what makes it panicked"))?;
        let value = made.map_err(|error| failed("can't be made").with_source(error))?;
        if is_text(&value, true) { Ok(value) } else { Err(failed("has to be ASCII text")) }
    }
}

/// Headers that a request can't do without, or that say where it ends.
const OWN_HEADERS: [&str; 5] =
    ["connection", "content-length", "content-type", "expect", "transfer-encoding"];

/// Headers that say who calls and whom: of two, each server takes another one.
const SINGLE_HEADERS: [&str; 3] = ["Authorization", "doAs", "Host"];

impl Config {
    /// The path of the requests to an HTTP gateway, escaped as in a URL, with `%40` for an `@`;
    /// `/`. HBase's own gateway answers at any path, a proxy before it may not.
    ///
    /// ```
    /// use hbase_thrift_client::{Config, Transport};
    ///
    /// let config = Config::new("proxy", 443).transport(Transport::Http).tls().path("/hbase/thrift");
    /// assert_eq!(config.get_path(), "/hbase/thrift");
    /// assert_eq!(config.to_string(), "https://proxy:443/hbase/thrift");
    /// ```
    pub fn path(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        path.strip_prefix('/').unwrap_or(&path).clone_into(&mut self.http.path);
        self
    }

    /// User and password for an HTTP gateway or the proxy before it (basic authentication). Over
    /// `http://` everybody on the way can read them.
    ///
    /// ```
    /// use hbase_thrift_client::{Config, Transport};
    ///
    /// let config = Config::new("proxy", 443).transport(Transport::Http).tls().basic_auth("me", "s3cret");
    /// assert_eq!(config.get_user(), Some("me"));
    /// assert_eq!(config.to_string(), "https://me:***@proxy:443/");
    /// ```
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.http.credentials = Some(Credentials { user: user.into(), password: password.into() });
        self
    }

    /// A header of every request to an HTTP gateway, such as `Authorization` with a token. Values
    /// are not shown by `Debug` or `Display`: they may be secret.
    ///
    /// ```
    /// use hbase_thrift_client::{Config, Transport};
    ///
    /// let config = Config::new("gateway", 9090)
    ///     .transport(Transport::Http)
    ///     .header("Authorization", "Bearer 1234");
    /// assert!(!format!("{config:?} {config}").contains("1234"));
    /// ```
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.http.headers.push((name.into(), value.into()));
        self
    }

    /// A header whose value is made for each request to an HTTP gateway, such as `Authorization` with
    /// a token that is renewed. A call for which it can't be made fails as
    /// [`ErrorKind::Config`], with the cause, before anything is sent; so does one for which the function
    /// panics.
    ///
    /// The function is called in the middle of a call and holds it up, so it should return a token
    /// that is at hand.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use hbase_thrift_client::{Config, Transport};
    ///
    /// let token = Arc::new(Mutex::new(String::from("1234")));
    /// let newest = Arc::clone(&token);
    /// let config = Config::new("gateway", 9090).transport(Transport::Http).header_from(
    ///     "Authorization",
    ///     move || Ok(format!("Bearer {}", newest.lock().map_err(|_| "the token is lost")?)),
    /// );
    /// # let _ = config;
    /// ```
    pub fn header_from(
        mut self,
        name: impl Into<String>,
        value: impl Fn() -> Result<String, Box<dyn StdError + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        let header = MadeHeader { name: name.into(), make: Arc::new(value) };
        self.http.made_headers.push(header);
        self
    }

    /// The user to act as on an HTTP gateway (header `doAs`). The gateway has to allow it
    /// (`hbase.thrift.support.proxyuser`); one that does not fails every call with HTTP status 500.
    ///
    /// ```
    /// use hbase_thrift_client::{Config, Transport};
    ///
    /// let config = Config::new("gateway", 9090).transport(Transport::Http).do_as("alice");
    /// assert_eq!(config.get_do_as(), Some("alice"));
    /// ```
    pub fn do_as(mut self, user: impl Into<String>) -> Self {
        self.http.do_as = Some(user.into());
        self
    }

    /// The path of the requests to an HTTP gateway.
    pub fn get_path(&self) -> String {
        format!("/{}", self.http.path)
    }

    /// The user of basic authentication.
    pub fn get_user(&self) -> Option<&str> {
        self.http.credentials.as_ref().map(|credentials| credentials.user.as_str())
    }

    /// The user to act as.
    pub fn get_do_as(&self) -> Option<&str> {
        self.http.do_as.as_deref()
    }

    #[cfg(feature = "http")]
    pub(crate) fn http_settings(&self) -> &HttpSettings {
        &self.http
    }

    pub(super) fn check_http(&self) -> Result<()> {
        let wrong = |message: &str| Err(Error::new(ErrorKind::Config, message));
        if self.transport != Transport::Http {
            if !self.http.is_default() {
                return wrong(
                    "a path, a user, headers and do_as are for http:// and https:// only",
                );
            }
            return Ok(());
        }
        if cfg!(not(feature = "http")) {
            return wrong(
                "HTTP is not built in: build hbase-thrift-client with its feature `http`",
            );
        }
        if self.protocol != Protocol::Binary {
            return wrong("an HTTP gateway speaks protocol=binary only");
        }
        if self.endpoints.iter().any(|endpoint| !is_text(endpoint.host(), false)) {
            return wrong("the name of an HTTP gateway's host has to be ASCII text");
        }
        self.http.check()
    }
}

impl HttpSettings {
    fn is_default(&self) -> bool {
        let Self { path, credentials, headers, made_headers, do_as } = self;
        path.is_empty()
            && credentials.is_none()
            && headers.is_empty()
            && made_headers.is_empty()
            && do_as.is_none()
    }

    /// What ends up in a request's head must not be able to end a line of it.
    fn check(&self) -> Result<()> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Config, message));
        // A path with an @ would read back from a URL as a password and a host.
        if !is_text(&self.path, false) || self.path.contains(['?', '#', '@']) {
            return wrong(
                "the path has to be escaped as in a URL: %20 for a space, %3F for a ?, %23 for a #, \
                 %40 for an @"
                    .to_owned(),
            );
        }
        if self.do_as.as_ref().is_some_and(|user| !is_text(user, false)) {
            return wrong("do_as has to be the name of a user, in ASCII".to_owned());
        }
        if self.do_as.as_deref() == Some("") {
            return wrong(empty_setting("do_as"));
        }
        if self.credentials.as_ref().is_some_and(|c| c.user.contains(':')) {
            return wrong("basic authentication can't have a `:` in the user's name".to_owned());
        }
        let made = self.made_headers.iter().map(|header| &header.name);
        for name in self.headers.iter().map(|(name, _)| name).chain(made) {
            if !is_header_name(name) || OWN_HEADERS.contains(&name.to_lowercase().as_str()) {
                return wrong(format!("`{}` can't be set as a header", name.escape_debug()));
            }
        }
        for single in SINGLE_HEADERS {
            let own = match single {
                "Authorization" => self.credentials.is_some(),
                "doAs" => self.do_as.is_some(),
                _ => false,
            };
            let named = self.headers.iter().map(|(name, _)| name);
            let named = named.chain(self.made_headers.iter().map(|header| &header.name));
            let times = named.filter(|name| name.eq_ignore_ascii_case(single)).count();
            if times + usize::from(own) > 1 {
                return wrong(format!("the header {single} is set twice: set it once"));
            }
        }
        for (name, value) in &self.headers {
            if !is_text(value, true) {
                return wrong(format!("the value of the header {name} has to be ASCII text"));
            }
        }
        Ok(())
    }
}

fn is_text(text: &str, with_spaces: bool) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_graphic() || (with_spaces && matches!(byte, b' ' | b'\t')))
}

fn is_header_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = self.made_headers.iter().map(|header| header.name.as_str());
        let names = self.headers.iter().map(|(name, _)| name.as_str());
        let headers: Vec<&str> = names.chain(made).collect();
        f.debug_struct("HttpSettings")
            .field("path", &self.path)
            .field("user", &self.credentials.as_ref().map(|credentials| &credentials.user))
            .field("headers", &headers)
            .field("do_as", &self.do_as)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "http"))]
mod tests {
    use super::*;

    fn http() -> Config {
        Config::new("h", 1).transport(Transport::Http)
    }

    fn refused(config: &Config) -> String {
        config.check().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn nothing_secret_is_shown() {
        let config = http()
            .basic_auth("me", "pass-word")
            .header("X-Key", "key-value")
            .header("Authorization", "Bearer token-value");
        for text in [format!("{config:?}"), config.to_string()] {
            for secret in ["pass-word", "key-value", "token-value"] {
                assert!(!text.contains(secret), "{text}");
            }
            assert!(text.contains("me"), "{text}");
        }
    }

    #[test]
    fn a_line_break_gets_into_no_head() {
        assert!(refused(&http().header("X", "a\r\nHost: b")).contains("header X"));
        assert!(refused(&http().header("X\r\n", "a")).contains("as a header"));
        assert!(refused(&http().do_as("a\nb")).contains("do_as"));
        assert!(refused(&http().path("/a b")).contains("path"));
        for host in ["a\r\nb", "gateway\u{e9}"] {
            let config = Config::new(host, 1).transport(Transport::Http);
            assert!(refused(&config).contains("host"), "{host:?}");
        }
    }

    #[test]
    fn headers_that_say_where_a_request_ends_are_not_for_others() {
        assert!(refused(&http().header("Content-length", "1")).contains("as a header"));
        http().header("Host", "gateway.example.org").check().unwrap();
    }

    #[test]
    fn who_calls_is_said_once() {
        let twice = [
            http().basic_auth("me", "x").header("authorization", "Bearer 1"),
            http().header("Authorization", "a").header_from("AUTHORIZATION", || Ok("b".to_owned())),
            http().do_as("me").header("doas", "you"),
            http().header("Host", "a").header("host", "b"),
        ];
        for config in twice {
            assert!(refused(&config).contains("twice"), "{config}");
        }
        http()
            .basic_auth("me", "x")
            .do_as("you")
            .header("X", "1")
            .header("X", "2")
            .check()
            .unwrap();
    }

    #[test]
    fn what_is_http_only_is_refused_elsewhere() {
        assert!(refused(&Config::new("h", 1).do_as("me")).contains("http://"));
        assert!(refused(&http().protocol(Protocol::Compact)).contains("binary"));
    }
}
