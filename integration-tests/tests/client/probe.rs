//! What the client finds out about real gateways, and what they do with what is for HTTP only.

use hbase_thrift_client::{Config, ErrorKind, Interface, Outcome};
use integration_tests::{Flavour, Server, Test};

use super::FLAVOURS;
use super::front::Client;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(a_probe_finds_out_what_each_gateway_speaks),
        Test::on_own_server(a_wrong_setting_is_answered_with_the_right_one),
        Test::on_own_server(a_gateway_without_proxy_users_refuses_to_act_as_another),
        Test::on_own_server(an_http_gateway_answers_at_any_path_and_ignores_a_user),
    ]
}

/// The configurations that speak to a gateway, right or wrong.
fn configurations(server: &Server, flavour: Flavour) -> Vec<Config> {
    let own: Config = server.gateway(flavour).parse().unwrap();
    let gateway = &own.get_endpoints()[0];
    ["hbase://A", "hbase://A?transport=framed", "hbase://A?protocol=compact", "http://A"]
        .map(|url| url.replace('A', &gateway.to_string()).parse().unwrap())
        .to_vec()
}

fn words(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::Threadpool => "buffered binary",
        Flavour::Compact => "buffered compact",
        Flavour::Http => "HTTP",
        _ => "framed binary",
    }
}

fn a_probe_finds_out_what_each_gateway_speaks(server: &Server) {
    for flavour in FLAVOURS {
        for config in configurations(server, flavour) {
            let found = Client::probe(&config).unwrap();
            assert_eq!(found.interface(), Some(Interface::One));
            assert_eq!(found.to_string(), format!("{}, Thrift 1", words(flavour)), "{config}");
        }
    }
}

fn a_wrong_setting_is_answered_with_the_right_one(server: &Server) {
    for flavour in FLAVOURS {
        let right: Config = server.gateway(flavour).parse().unwrap();
        for config in configurations(server, flavour) {
            let Err(error) = Client::connect(config.clone()) else {
                let speech = (config.get_transport(), config.get_protocol());
                assert_eq!(speech, (right.get_transport(), right.get_protocol()), "{config}");
                continue;
            };
            assert_eq!(error.kind(), ErrorKind::WrongProtocol, "{config}: {error}");
            assert!(error.to_string().contains(words(flavour)), "{config}: {error}");
        }
    }
}

fn a_gateway_without_proxy_users_refuses_to_act_as_another(server: &Server) {
    let config: Config = server.gateway(Flavour::Http).parse().unwrap();
    let error = Client::connect(config.do_as("somebody")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server, "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotApplied);
    assert!(error.to_string().contains("proxyuser is not configured"), "{error}");
}

fn an_http_gateway_answers_at_any_path_and_ignores_a_user(server: &Server) {
    let config: Config = server.gateway(Flavour::Http).parse().unwrap();
    let config = config.path("/any/path").basic_auth("me", "secret");
    Client::connect(config).unwrap().ping().unwrap();
}
