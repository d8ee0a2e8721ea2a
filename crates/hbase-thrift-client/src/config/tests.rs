//! What holds for every configuration, whoever wrote it: random ones.

use std::error::Error as _;
use std::net::Ipv6Addr;

use itertools::Itertools as _;
use proptest::prelude::*;

use super::read_back::assert_reads_back;
use super::*;

/// Anything, and more often what has a meaning in a URL.
fn odd_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-z0-9]{1,4}",
        4 => "[/?#@:,%&=+.\\[\\]*]",
        1 => "%[0-9a-fA-F]{2}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn odd_url() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec!["hbase://", "hbases://", "http://", "https://", ""]);
    let name = prop::sample::select(vec![
        "transport",
        "protocol",
        "connect_timeout",
        "idle_timeout",
        "max_attempts",
        "max_connections",
        "client_timestamps",
        "max_request_size",
        "max_reply_size",
        "max_cell_size",
        "table_prefix",
        "ca_file",
        "server_name",
        "do_as",
        "",
    ]);
    let value = prop_oneof![
        Just("framed".to_owned()),
        Just("compact".to_owned()),
        Just("true".to_owned()),
        Just("99999y".to_owned()),
        Just("1m".to_owned()),
        Just("1MiB".to_owned()),
        "[0-9]{1,3}[a-z]{0,2}",
        odd_text(),
    ];
    let query = prop::collection::vec((name, value), 0..3).prop_map(|pairs| {
        pairs.into_iter().map(|(name, value)| format!("{name}={value}")).join("&")
    });
    let host = prop_oneof![
        Just("[::1]:1".to_owned()),
        Just("[fe80::1%25eth0]".to_owned()),
        "[a-z]{1,3}(:[0-9]{1,4})?",
        odd_text(),
    ];
    (scheme, host, "(/[a-z/%@]{0,4})?", query)
        .prop_map(|(scheme, host, path, query)| format!("{scheme}{host}{path}?{query}"))
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::MAX),
        (1..u64::MAX).prop_map(Duration::from_nanos),
        (1_u64..5_000).prop_map(Duration::from_millis),
    ]
}

/// Of what code can set.
fn configuration() -> impl Strategy<Value = Config> {
    let host = prop_oneof![
        "[a-z0-9][a-z0-9._-]{0,8}",
        any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).to_string()),
        Just("fe80::1%ab0".to_owned()),
    ];
    let endpoints = prop::collection::vec((host, any::<u16>()), 1..4);
    let waits = [duration(), duration(), duration(), duration()];
    let numbers =
        (1_u32.., 1_usize.., prop::option::of(1..=LARGEST_MESSAGE), 1..=LARGEST_MESSAGE, 1_usize..);
    let tls = cfg!(feature = "tls");
    let around = prop_oneof![
        Just((Transport::Buffered, false)),
        Just((Transport::Framed, tls)),
        Just((if cfg!(feature = "http") { Transport::Http } else { Transport::Framed }, tls)),
    ];
    let texts = (any::<String>(), any::<String>(), any::<String>(), any::<Option<String>>());
    let http = ("/?[!-~]{0,6}", any::<Option<(String, String)>>(), prop::option::of("[!-~]{1,5}"));
    (endpoints, waits, numbers, around, texts, http).prop_map(
        |(endpoints, waits, numbers, (transport, tls), (prefix, name, file, ca), http)| {
            let endpoints = endpoints.into_iter().map(|(host, port)| Endpoint::new(host, port));
            let [connect, operation, pool, idle] = waits;
            let mut config = Config::for_endpoints(endpoints.collect())
                .transport(transport)
                .connect_timeout(connect)
                .operation_timeout(operation)
                .pool_timeout(pool)
                .idle_timeout(idle)
                .max_attempts(numbers.0)
                .max_connections(numbers.1)
                .client_timestamps(numbers.1 % 2 == 0)
                .max_reply_size(numbers.3)
                .max_cell_size(numbers.4)
                .table_prefix(prefix);
            if let Some(size) = numbers.2 {
                config = config.max_request_size(size);
            }
            if tls {
                config = config.server_name(name).ca_file(file);
            }
            if transport != Transport::Http {
                return match ca {
                    Some(_) => config.protocol(Protocol::Compact),
                    None => config,
                };
            }
            let (path, credentials, do_as) = http;
            config = config.path(path);
            config = match credentials {
                Some((user, password)) => config.basic_auth(user, password),
                None => config,
            };
            match do_as {
                Some(user) => config.do_as(user),
                None => config,
            }
        },
    )
}

proptest! {
    #[test]
    fn what_is_read_from_a_url_reads_back_from_its_own(url in odd_url()) {
        if let Ok(config) = url.parse::<Config>() {
            assert_reads_back(&config);
        }
    }

    #[test]
    fn what_code_sets_reads_back_from_its_url(config in configuration()) {
        let waits = [
            config.get_connect_timeout(),
            config.get_operation_timeout(),
            config.get_pool_timeout(),
            config.get_idle_timeout(),
        ];
        prop_assert!(waits.iter().all(|wait| *wait <= Config::MAX_TIMEOUT), "{waits:?}");
        if config.check().is_ok() {
            assert_reads_back(&config);
        }
    }

    /// However it is written and wherever it is cut: it is the password, or the URL is refused.
    #[test]
    fn no_part_of_a_password_becomes_something_else(
        scheme in prop::sample::select(vec!["hbase", "hbases", "http", "https", "htp"]),
        before in odd_text(),
        after in odd_text(),
        rest in prop::sample::select(vec![
            "h", "h:1/a", "h:port", "h?transprot=framed", "h,,g", "h?connect_timeout=5", "[::1", "",
        ]),
    ) {
        let url = format!("{scheme}://me:{before}s3cret{after}@{rest}");
        match url.parse::<Config>() {
            Ok(config) => {
                let texts = [config.to_string(), format!("{config:?}"), config.get_path()];
                prop_assert!(texts.iter().all(|text| !text.contains("s3cret")), "{texts:?}");
                let password = config.http.credentials.map(|credentials| credentials.password);
                prop_assert!(password.is_some_and(|password| password.contains("s3cret")));
            }
            Err(error) => {
                let cause = error.source().map(ToString::to_string);
                let texts = [error.to_string(), format!("{error:?}"), cause.unwrap_or_default()];
                prop_assert!(texts.iter().all(|text| !text.contains("s3cret")), "{texts:?}");
                let controls = texts[0].chars().any(char::is_control);
                prop_assert!(!controls, "{}", texts[0].escape_debug());
            }
        }
    }
}
