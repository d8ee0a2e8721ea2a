//! What the calls of a pipeline return.

use std::fmt;
use std::marker::PhantomData;

use super::calls::CallValue;
use crate::error::{Error, Result};

/// A call that was put into a pipeline; [`PipelineResults::take`] exchanges it for the call's result.
///
/// ```no_run
/// # use hbase_thrift_client::{Get, Queued, Row};
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let state: Queued<Option<Row>> =
///     client.pipeline().get(&client.table("crashes"), Get::new("row1"))?;
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Debug)]
pub struct Queued<T> {
    pub(super) pipeline: u64,
    pub(super) position: usize,
    pub(super) result: PhantomData<fn() -> T>,
}

/// The results of a pipeline's calls.
///
/// ```no_run
/// # use hbase_thrift_client::Put;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let table = client.table("crashes");
/// let mut pipeline = client.pipeline();
/// for number in 0..10 {
///     pipeline.put(&table, Put::new(format!("row{number}")).column("f:a", "1"))?;
/// }
/// let results = pipeline.send();
/// for (number, result) in results.into_results().enumerate() {
///     if let Err(error) = result {
///         eprintln!("the put of row{number} failed: {error}");
///     }
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct PipelineResults {
    pub(super) pipeline: u64,
    pub(super) results: Vec<Option<Result<CallValue>>>,
}

impl PipelineResults {
    /// Returns the result of one call.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Get, Put};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// pipeline.put(&table, Put::new("row1").column("f:a", "1"))?;
    /// let row = pipeline.get(&table, Get::new("row2"))?;
    /// let mut results = pipeline.send();
    /// println!("{:?}", results.take(row)?);
    /// results.all()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Why that call failed, and what is known of its effect;
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for a call of another pipeline.
    pub fn take<T: PipelineValue>(&mut self, queued: Queued<T>) -> Result<T> {
        if queued.pipeline != self.pipeline {
            return Err(Error::invalid("the call was put into another pipeline"));
        }
        let result = self.results.get_mut(queued.position).and_then(Option::take);
        let value = result.ok_or_else(|| Error::invalid("the pipeline has no such call"))??;
        T::from_value(value)
            .ok_or_else(|| Error::invalid("the call returns a value of another type"))
    }

    /// Checks all results that were not taken.
    ///
    /// # Errors
    ///
    /// Why the first call failed that did.
    pub fn all(self) -> Result<()> {
        self.results.into_iter().flatten().try_for_each(|result| result.map(drop))
    }

    /// Returns the results that were not taken, in the order of the calls, without their values.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Put;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// let mut pipeline = client.pipeline();
    /// pipeline.put(&table, Put::new("row1").column("f:a", "1"))?;
    /// let failed = pipeline.send().into_results().filter(Result::is_err).count();
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn into_results(self) -> impl Iterator<Item = Result<()>> {
        self.results.into_iter().flatten().map(|result| result.map(drop))
    }
}

/// A type that a call of a pipeline returns.
pub trait PipelineValue: sealed::FromValue {}

impl<T: sealed::FromValue> PipelineValue for T {}

mod sealed {
    use crate::drive::CallValue;
    use crate::row::Row;

    pub trait FromValue: Sized {
        #[doc(hidden)]
        #[allow(private_interfaces)]
        fn from_value(value: CallValue) -> Option<Self>;
    }

    #[allow(private_interfaces)]
    impl FromValue for () {
        fn from_value(value: CallValue) -> Option<Self> {
            matches!(value, CallValue::Unit).then_some(())
        }
    }

    #[allow(private_interfaces)]
    impl FromValue for Option<Row> {
        fn from_value(value: CallValue) -> Option<Self> {
            if let CallValue::Row(row) = value { Some(row) } else { None }
        }
    }

    #[allow(private_interfaces)]
    impl FromValue for i64 {
        fn from_value(value: CallValue) -> Option<Self> {
            if let CallValue::Counter(value) = value { Some(value) } else { None }
        }
    }

    #[allow(private_interfaces)]
    impl FromValue for bool {
        fn from_value(value: CallValue) -> Option<Self> {
            if let CallValue::Done(done) = value { Some(done) } else { None }
        }
    }
}

impl fmt::Debug for PipelineResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineResults")
            .field("results", &self.results.len())
            .finish_non_exhaustive()
    }
}
