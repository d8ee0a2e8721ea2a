//! The generic client on real gateways: what each method does there, on every transport and protocol
//! that the client speaks.

mod admin;
mod faults;
mod filters;
mod gateways;
mod interfaces;
mod pages;
mod pipelines;
mod probe;
mod regions;
mod restarts;
mod row_changes;
mod row_model;
mod row_reads;
mod row_sets;
mod rows;
mod salted;
mod scans;
mod schema;
mod writer;

use integration_tests::Test;

use gateways::{
    FLAVOURS, connect, on_each_gateway, on_each_interface, on_each_thrift1_gateway,
    on_each_thrift2_gateway,
};

/// What the suite is run through; the same files are run through the async front too.
mod front {
    pub(crate) use hbase_thrift_client::{Admin, Client, Table};
}

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
