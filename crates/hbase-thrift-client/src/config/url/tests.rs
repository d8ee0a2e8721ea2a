use super::*;
use crate::config::Protocol;
use crate::config::read_back::assert_same;

fn parse(url: &str) -> Config {
    url.parse().unwrap()
}

fn message(url: &str) -> String {
    url.parse::<Config>().unwrap_err().to_string()
}

#[test]
fn a_host_alone_gets_the_default_port_and_settings() {
    assert_same(&parse("hbase://gateway"), &Config::new("gateway", 9090));
}

#[test]
fn several_hosts_are_separated_by_commas() {
    let config = parse("hbase://a:1,b,[::1]:3/");
    let names: Vec<String> = config.get_endpoints().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a:1", "b:9090", "[::1]:3"]);
}

#[test]
fn every_setting_is_a_parameter() {
    let config = parse(
        "hbase://h/?transport=framed&protocol=compact&connect_timeout=1s&operation_timeout=2m\
         &pool_timeout=3ms&idle_timeout=4s&max_attempts=5&max_connections=6\
         &max_request_size=7KiB&max_reply_size=8MiB&max_cell_size=9&table_prefix=test%5F",
    );
    let expected = Config::new("h", 9090)
        .transport(Transport::Framed)
        .protocol(Protocol::Compact)
        .connect_timeout(Duration::from_secs(1))
        .operation_timeout(Duration::from_secs(120))
        .pool_timeout(Duration::from_millis(3))
        .idle_timeout(Duration::from_secs(4))
        .max_attempts(5)
        .max_connections(6)
        .max_request_size(7 * 1024)
        .max_reply_size(8 * 1024 * 1024)
        .max_cell_size(9)
        .table_prefix("test_");
    assert_same(&config, &expected);
}

#[test]
fn the_url_of_a_configuration_reads_back_as_the_same() {
    let config = parse("hbase://a:1,[::1]:2/?transport=framed&idle_timeout=4s&max_attempts=5")
        .table_prefix("a b&c");
    assert_same(&parse(&config.to_string()), &config);
}

#[test]
#[cfg(all(feature = "http", feature = "tls"))]
fn the_scheme_says_what_is_around_the_messages() {
    let config = parse("hbases://h/?transport=framed&ca_file=%2Fca.pem&server_name=g");
    let expected =
        Config::new("h", 9090).transport(Transport::Framed).ca_file("/ca.pem").server_name("g");
    assert_same(&config, &expected);

    let config = parse("http://me:p%40ss@h,g:1/a/b?do_as=you");
    let expected = Config::new("h", 80)
        .endpoint("g", 1)
        .transport(Transport::Http)
        .path("/a/b")
        .basic_auth("me", "p@ss")
        .do_as("you");
    assert_same(&config, &expected);
    assert_eq!(config.to_string(), "http://me:***@h:80,g:1/a/b?do_as=you");

    let config = parse("https://h");
    assert_same(&config, &Config::new("h", 443).transport(Transport::Http).tls());
    assert_same(&parse(&config.to_string()), &config);
}

#[test]
#[cfg(not(any(feature = "http", feature = "tls")))]
fn what_is_not_built_in_names_the_feature() {
    assert!(message("hbases://h").contains("feature `tls`"));
    assert!(message("http://h").contains("feature `http`"));
}

#[test]
fn a_parameter_of_another_scheme_is_refused() {
    assert!(message("hbase://h?ca_file=a").contains("hbases://"));
    assert!(message("hbase://h?do_as=a").contains("http://"));
    assert!(message("http://h?transport=framed").contains("hbase://"));
}

#[test]
fn what_follows_an_address_is_its_port_or_nothing() {
    assert!(message("hbase://[::1]9191").contains("else than a port"));
    assert!(message("hbase://[::1").contains("lacks a `]`"));
    assert!(message("hbase://::1").contains("[::1]"));
    assert!(message("hbase://[h]:1").contains("no IPv6 address"));
    assert!(message("hbase://h:+1").contains("no number"));
    assert!(message("hbase://h:").contains("port of `h`"));
    assert!(message("hbase://h:65536").contains("1 to 65535"));
}

#[test]
fn no_gateway_is_at_port_zero() {
    for url in ["hbase://h:0", "hbase://[::1]:00", "hbase://a,h:0"] {
        assert!(message(url).contains("port 0"), "{url}");
    }
    assert_same(&parse("hbase://h:0001"), &Config::new("h", 1));
}

#[test]
fn an_escape_that_is_not_utf8_is_refused_wherever_it_is() {
    for url in ["hbase://%ff", "hbase://h?table_prefix=%ff", "hbase://h?%c3=1"] {
        assert!(message(url).contains("UTF-8"), "{url}");
    }
    // A zone that was not escaped.
    assert!(message("hbase://[fe80::1%ab0]").contains("%25"));
    assert_same(&parse("hbase://h?table_prefix=%c3%a9"), &Config::new("h", 9090).table_prefix("é"));
}

#[test]
fn a_scheme_is_the_same_in_whatever_case() {
    assert_same(&parse("HBase://h"), &Config::new("h", 9090));
}

#[test]
fn a_host_is_a_name_that_a_resolver_knows() {
    for host in ["h\u{202e}x", "h\u{200b}", "m\u{fc}nchen", "%E6%97%A5", "xn--a\u{e9}"] {
        assert!(message(&format!("hbase://{host}")).contains("ASCII"), "{host:?}");
    }
    for host in ["h;g", "h&g", "h=1", "h'", "%", "a%20b", "a%2fb", "a%00b", "h\t"] {
        assert!(message(&format!("hbase://{host}")).contains("no name of a host"), "{host:?}");
    }
    assert!(message(&format!("hbase://{}", "a".repeat(256))).contains("longer than 255"));
    parse("hbase://xn--mnchen-3ya,1.2.3.4,h_1.example.org.,[fe80::1%25eth0]:1");
}

#[test]
fn a_gateway_is_named_once() {
    for url in ["hbase://h,h", "hbase://h,g,H:9090", "hbase://[::1]:1,[::1]:1"] {
        assert!(message(url).contains("twice"), "{url}");
    }
    parse("hbase://h:1,h:2");
}

#[test]
fn numbers_have_no_sign() {
    for parameter in ["max_attempts=%2B1", "max_connections=-1", "max_reply_size=%2B1MiB"] {
        assert!(message(&format!("hbase://h?{parameter}")).contains("can't be used"));
    }
}

#[test]
#[cfg(all(feature = "http", feature = "tls"))]
fn a_setting_without_a_value_is_refused() {
    let says = |url: &str| {
        let says = message(url);
        assert!(says.contains("is empty: leave it out"), "{says}");
        says
    };
    assert!(says("https://h?do_as=").contains("do_as"));
    assert!(says("hbases://h?ca_file=").contains("ca_file"));
    assert!(says("hbases://h?server_name=").contains("server_name"));
    assert!(says("hbases://h?client_cert_file=&client_key_file=a").contains("client_cert"));
    assert!(says("hbases://h?client_cert_file=a&client_key_file=").contains("client_key"));
    for config in [Config::new("h", 1).ca_file(""), Config::new("h", 1).server_name("")] {
        assert!(config.check().unwrap_err().to_string().contains("is empty"));
    }
}

#[test]
fn what_is_wrong_is_shown_in_a_line_that_can_be_read() {
    let long = "\u{202e}é\n".repeat(50_000);
    for url in [
        format!("hbase://{long}"),
        format!("hbase://[{long}]"),
        format!("hbase://h:{long}"),
        format!("hbase://h/{long}"),
        format!("hbase://h?{long}=1"),
        format!("hbase://h?transport={long}"),
        format!("hbase://h?max_attempts={long}"),
        format!("hbase://h?idle_timeout={long}"),
    ] {
        let says = message(&url);
        assert!(says.len() < 600 && !says.contains(['\n', '\u{202e}']), "{says}");
    }
}

#[test]
#[cfg(feature = "http")]
fn a_slash_in_a_password_makes_no_path() {
    assert!(message("http://me:12/34@h/").contains("%2F"));
    assert!(message("http://h/34@h/").contains("%40"));
    assert!(message("http://me:12#34@h/").contains("%23"));
    assert_eq!(parse("http://me:12%2F34@h/").get_path(), "/");
}

#[test]
fn what_cannot_be_used_is_named() {
    assert!(message("localhost:9090").contains("begin with hbase://"));
    assert!(message("hbase://").contains("no host"));
    assert!(message("hbase://a,,b").contains("comma too many"));
    assert!(message("hbase://a:b").contains("`a`"));
    assert!(message("hbase://a/path").contains("/path"));
    assert!(message("hbase://user:pw@a").contains("user"));
    assert!(message("hbase://a?transprot=framed").contains("`transprot`"));
    assert!(message("hbase://a?max_attempts=1&max_attempts=2").contains("twice"));
    assert!(message("hbase://a?transport=frame").contains("buffered or framed"));
    assert!(message("hbase://a?connect_timeout=5").contains("500ms"));
    assert!(message("hbase://a?connect_timeout=0s").contains("zero"));
    assert!(message("hbase://a?max_attempts=0").contains("at least 1"));
    assert!(message("hbase://a?max_cell_size=0").contains("max_cell_size"));
    assert!(message("hbase://a?max_reply_size=9GiB").contains("max_reply_size"));
    assert!(message("hbase://a?max_request_size=9GiB").contains("max_request_size"));
    assert!(message("hbase://a?max_request_size=0").contains("max_request_size"));
    assert!(message("hbase://a?max_cell_size=99999999999999GiB").contains("bytes"));
}
