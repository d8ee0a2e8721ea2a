use std::sync::Arc;

use mini_hbase::MiniHBase;

use super::super::Executor;
use crate::config::Config;
use crate::dialect::Call;
use crate::sync::{System, blocking};

/// A call that succeeds earns a part of a repeat, once, and not before its connection has come back.
#[test]
fn a_success_is_counted_once_when_its_connection_comes_back() {
    let server = MiniHBase::in_memory().unwrap();
    let config: Config = server.url().parse().unwrap();
    let system = System::new(&config).unwrap();
    let executor = Executor::new(config, Arc::new(system));
    let pool = executor.pool();
    // In tenths.
    let tokens = || (10.0 * pool.lock().budget.tokens()) as i64;
    pool.lock().budget.spend(20.0);
    let spent = tokens();
    for successes in 1..10 {
        blocking(executor.run(&Call::table_names())).unwrap();
        assert_eq!(tokens() - spent, 5 * successes);
    }
    let deadline = executor.deadline();
    let mut lease = blocking(executor.checkout(deadline)).unwrap();
    lease.succeeded();
    let before = tokens();
    drop(lease);
    assert_eq!(tokens() - before, 5);
    // What nothing was done with earns nothing.
    drop(blocking(executor.checkout(deadline)).unwrap());
    assert_eq!(tokens() - before, 5);
}
