//! What the gateway tells about itself, and what it doesn't know.

use hbase_thrift_api::{
    TAccessControlEntity, THbaseSyncClient, TPermissionScope, TThriftServerType,
};
use integration_tests::{Server, Test};
use thrift::ApplicationErrorKind;

use super::bytes;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(the_gateway_is_a_thrift_1_server),
        Test::new(the_cluster_has_an_id),
        Test::new(grant_and_revoke_are_unknown_to_releases_up_to_2_6),
    ]
}

fn the_gateway_is_a_thrift_1_server(server: &Server) {
    assert_eq!(server.raw().get_thrift_server_type().unwrap(), TThriftServerType::ONE);
}

fn the_cluster_has_an_id(server: &Server) {
    let mut raw = server.raw();
    let id = raw.get_cluster_id().unwrap();
    assert!(!id.is_empty());
    assert_eq!(raw.get_cluster_id().unwrap(), id);
}

fn grant_and_revoke_are_unknown_to_releases_up_to_2_6(server: &Server) {
    let permission = TAccessControlEntity::new(
        "somebody".to_owned(),
        TPermissionScope::TABLE,
        "R".to_owned(),
        bytes("some_table"),
        None,
    );
    let grant = server.raw().grant(permission.clone()).unwrap_err();
    let revoke = server.raw().revoke(permission).unwrap_err();
    for error in [grant, revoke] {
        let thrift::Error::Application(error) = error else { panic!("{error}") };
        assert_eq!(error.kind, ApplicationErrorKind::UnknownMethod);
    }
}
