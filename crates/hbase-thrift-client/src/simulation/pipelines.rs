//! Pipelines: each call has its own result, whatever becomes of those beside it.

use super::caller::{CHANGE, Caller, Kind, outcome};
use crate::api::Pipeline;
use crate::error::ErrorKind;
use crate::request::Get;

impl Caller {
    pub(super) fn pipeline(&mut self) {
        let only_reads = self.luck.bool();
        let has_huge = self.luck.u8(0..4) == 0;
        let mut pipeline = Pipeline::new(self.executor.clone());
        let (mut gets, mut changes, mut counts, mut huge) = (vec![], vec![], vec![], None);
        let mut keys = self.own_rows('c');
        if only_reads && self.luck.u8(0..4) == 0 {
            // More than what a client may repeat if each call paid for itself.
            keys = (0..40).map(|_| self.own_row('c')).collect();
        }
        for key in keys {
            if only_reads || self.luck.bool() {
                let queued = pipeline.get(&self.table, Get::new(key.clone())).expect("a get");
                gets.push((key, queued));
                continue;
            }
            if self.luck.bool() {
                let number = self.begin("an increment in a pipeline", 1, false);
                let increment = Self::one_increment(self.own_row('n'), number, 0);
                counts.push((number, pipeline.increment(&self.table, increment).expect("fits")));
            }
            let number = self.begin("a put in a pipeline", 1, true);
            let put = self.random_put(key).attribute(CHANGE, number.to_be_bytes());
            let queued = pipeline.put(&self.table, put.clone()).expect("a put");
            changes.push((number, put, queued));
            if has_huge && huge.is_none() {
                huge = Some(pipeline.get(&self.table, Get::new("huge")).expect("a get"));
            }
        }
        let (began, limit) = (self.now(), self.limit());
        let mut results = self.within("a pipeline", limit, |_| pipeline.send());
        // One call that has to stay keeps the others with it.
        let kind = match (counts.is_empty(), changes.is_empty()) {
            (false, _) => Kind::Change,
            (true, false) => Kind::Movable,
            (true, true) => Kind::Read,
        };
        for (key, queued) in gets {
            match results.take(queued) {
                Ok(row) => self.check_row(&key, began, row.as_ref()),
                Err(error) => self.check_failure(kind, &error),
            }
        }
        for (number, put, queued) in changes {
            let result = results.take(queued);
            self.own.put(&put, outcome(&result));
            self.told(kind, number, &result);
        }
        for (number, queued) in counts {
            self.told(kind, number, &results.take(queued));
        }
        if let Some(Err(error)) = huge.map(|queued| results.take(queued))
            && error.kind() != ErrorKind::TooLarge
        {
            self.check_failure(kind, &error);
        }
    }
}
