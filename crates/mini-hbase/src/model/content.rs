//! A cell's content on its way from the storage into a row.

use std::borrow::Cow;

use super::cell::{Cell, Row};
use super::filter::{Filter, View};
use super::keys::{self, Parts};
use super::value::{self, Stored};
use super::{Limits, Result, Table};

/// A cell's content, as far as it was loaded.
pub(super) struct Content<'a> {
    family: &'a [u8],
    pub(super) qualifier: Cow<'a, [u8]>,
    timestamp: i64,
    pub(super) stored: Option<Stored<'a>>,
}

impl<'a> Content<'a> {
    pub(super) fn new(table: &'a Table, cell: &Parts<'a>, value: Option<&'a [u8]>) -> Result<Self> {
        let family = table.families.get(usize::from(cell.family));
        Ok(Self {
            family: family.map(|family| family.name.as_slice()).unwrap_or_default(),
            qualifier: keys::plain(cell.escaped_qualifier),
            timestamp: cell.timestamp,
            stored: value.map(value::decode).transpose()?,
        })
    }

    fn value(&self) -> &'a [u8] {
        self.stored.map(|stored| stored.value).unwrap_or_default()
    }

    pub(super) fn view(&self) -> View<'_> {
        let (family, qualifier) = (self.family, &*self.qualifier);
        View { family, qualifier, timestamp: self.timestamp, value: self.value() }
    }

    pub(super) fn push(
        &self,
        family: u16,
        filter: Option<&(dyn Filter + 'static)>,
        row: &mut Row,
        limits: &mut Limits,
    ) -> Result<()> {
        let mut value = Cow::Borrowed(self.value());
        if let Some(filter) = filter {
            filter.transform(&mut value);
        }
        limits.take(self.qualifier.len() + value.len())?;
        let (qualifier, timestamp) = (&*self.qualifier, self.timestamp);
        row.push(Cell { family, qualifier, timestamp, value: &value });
        Ok(())
    }
}
