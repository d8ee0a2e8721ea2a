//! Reads of single rows.

use hbase_thrift_api::thrift2::{TGet, TResult};

use super::Handler;
use super::requests::Get;
use super::results::result;
use crate::model::{Error, Limits, Result, Row, Table};
use crate::names;

impl Handler {
    pub(super) fn exists(&self, table: &[u8], get: TGet) -> Result<bool> {
        names::table(table)?;
        let get = Get::new(get, &self.share)?;
        let table = self.service.table(table)?;
        self.has_cells(&table, get)
    }

    pub(super) fn exist(&self, table: &[u8], gets: Vec<TGet>) -> Result<Vec<bool>> {
        self.each(table, gets, Self::has_cells)
    }

    pub(super) fn get(&self, table: &[u8], get: TGet) -> Result<TResult> {
        names::table(table)?;
        let get = Get::new(get, &self.share)?;
        let table = self.service.table(table)?;
        self.read(&table, get)
    }

    pub(super) fn get_all(&self, table: &[u8], gets: Vec<TGet>) -> Result<Vec<TResult>> {
        self.each(table, gets, Self::read)
    }

    /// The answers to gets, in their order. Several are a batch, whose failures the gateway puts
    /// together.
    fn each<T>(
        &self,
        table: &[u8],
        gets: Vec<TGet>,
        read: impl Fn(&Self, &Table, Get) -> Result<T>,
    ) -> Result<Vec<T>> {
        names::table(table)?;
        let gets = gets.into_iter().map(|get| Get::new(get, &self.share));
        let gets = gets.collect::<Result<Vec<_>>>()?;
        let all = gets.len();
        if all == 0 {
            return Ok(Vec::new());
        }
        let of_batch = |count: usize, error: Error| {
            if all > 1 { error.of_batch(count) } else { error }
        };
        let table = self.service.table(table).map_err(|error| of_batch(all, error))?;
        let mut answers = Vec::with_capacity(all);
        let (mut failed, mut illegal): (Option<(usize, Error)>, Option<Error>) = (None, None);
        for get in gets {
            match read(self, &table, get) {
                Ok(answer) => answers.push(answer),
                // The others are asked for all the same.
                Err(error @ Error::NoSuchFamily { .. }) => {
                    failed.get_or_insert((0, error)).0 += 1;
                }
                // The gateway runs into it when it writes down what HBase has answered to all of them.
                Err(error @ Error::Illegal(_)) => {
                    illegal.get_or_insert(error);
                }
                Err(error) => return Err(of_batch(all, error)),
            }
        }
        match (failed, illegal) {
            (Some((count, error)), _) => Err(of_batch(count, error)),
            (None, Some(error)) => Err(of_batch(all, error)),
            (None, None) => Ok(answers),
        }
    }

    fn has_cells(&self, table: &Table, get: Get) -> Result<bool> {
        let mut row = Row::default();
        self.find(table, get, &mut self.service.limits(&self.share), &mut row)?;
        Ok(!row.is_empty())
    }

    fn read(&self, table: &Table, get: Get) -> Result<TResult> {
        if get.is_for_existence {
            // Its result has no cells, not even none, and the gateway runs into the null.
            self.has_cells(table, get)?;
            return Err(Error::Illegal("a get for existence alone returns no cells".to_owned()));
        }
        let mut row = Row::default();
        self.find(table, get, &mut self.service.limits(&self.share), &mut row)?;
        result(table, &row, 0..row.len(), &self.share)
    }

    fn find(&self, table: &Table, get: Get, limits: &mut Limits, row: &mut Row) -> Result<()> {
        let Get { row: key, query, mut filter, .. } = get;
        self.service.store.get_filtered(table, &key, &query, filter.as_deref_mut(), limits, row)
    }
}
