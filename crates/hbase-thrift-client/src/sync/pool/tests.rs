use mini_hbase::MiniHBase;

use super::super::Executor;
use crate::dialect::Call;

/// A call that succeeds earns a part of a repeat, once, and not before its connection has come back.
#[test]
fn a_success_is_counted_once_when_its_connection_comes_back() {
    let server = MiniHBase::in_memory().unwrap();
    let executor = Executor::new(server.url().parse().unwrap()).unwrap();
    let pool = executor.pool();
    // In tenths.
    let tokens = || (10.0 * pool.lock().budget.tokens()) as i64;
    pool.lock().budget.spend(20.0);
    let spent = tokens();
    for successes in 1..10 {
        executor.run(&Call::table_names()).unwrap();
        assert_eq!(tokens() - spent, 5 * successes);
    }
    let deadline = executor.deadline();
    let mut lease = executor.checkout(deadline).unwrap();
    lease.succeeded();
    let before = tokens();
    drop(lease);
    assert_eq!(tokens() - before, 5);
    // What nothing was done with earns nothing.
    drop(executor.checkout(deadline).unwrap());
    assert_eq!(tokens() - before, 5);
}
