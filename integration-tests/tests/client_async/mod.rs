//! The client's suite once more, through the async front: the same files, with other types of the same names.

mod front;

#[path = "../client/admin.rs"]
mod admin;
#[path = "../client/faults.rs"]
mod faults;
#[path = "../client/filters/mod.rs"]
mod filters;
#[path = "../client/gateways.rs"]
mod gateways;
#[path = "../client/interfaces.rs"]
mod interfaces;
#[path = "../client/pages.rs"]
mod pages;
#[path = "../client/pipelines.rs"]
mod pipelines;
#[path = "../client/probe.rs"]
mod probe;
#[path = "../client/regions.rs"]
mod regions;
#[path = "../client/restarts.rs"]
mod restarts;
#[path = "../client/row_changes.rs"]
mod row_changes;
#[path = "../client/row_model.rs"]
mod row_model;
#[path = "../client/row_reads.rs"]
mod row_reads;
#[path = "../client/row_sets.rs"]
mod row_sets;
#[path = "../client/rows.rs"]
mod rows;
#[path = "../client/salted.rs"]
mod salted;
#[path = "../client/scans.rs"]
mod scans;
#[path = "../client/schema.rs"]
mod schema;
#[path = "../client/writer.rs"]
mod writer;

use gateways::{
    FLAVOURS, connect, on_each_gateway, on_each_interface, on_each_thrift1_gateway,
    on_each_thrift2_gateway,
};
use integration_tests::Test;

pub(crate) fn tests() -> Vec<Test> {
    let modules = [
        admin::tests(),
        faults::tests(),
        filters::tests(),
        interfaces::tests(),
        pages::tests(),
        pipelines::tests(),
        probe::tests(),
        regions::tests(),
        restarts::tests(),
        row_changes::tests(),
        row_model::tests(),
        row_reads::tests(),
        row_sets::tests(),
        rows::tests(),
        salted::tests(),
        scans::tests(),
        schema::tests(),
        writer::tests(),
    ];
    modules.into_iter().flatten().collect()
}
