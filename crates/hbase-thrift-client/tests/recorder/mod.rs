//! A subscriber that keeps all spans, and all events above trace level, of the thread that made it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

type Fields = BTreeMap<String, String>;

/// What was seen: the spans' fields in the order of their beginning, and the events' as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) spans: Vec<Fields>,
    pub(crate) events: Vec<String>,
}

impl Recorded {
    #[track_caller]
    pub(crate) fn assert_lacks(&self, secrets: &[&str]) {
        assert!(!self.spans.is_empty() || !self.events.is_empty(), "nothing was recorded");
        let all = format!("{self:?}");
        for secret in secrets {
            assert!(!all.contains(secret), "{secret} is in {all}");
        }
    }
}

/// Runs `body` and answers what this thread's calls told.
pub(crate) fn record(body: impl FnOnce()) -> Recorded {
    let seen = Arc::new(Mutex::new(Recorded::default()));
    tracing::subscriber::with_default(Recorder(Arc::clone(&seen)), body);
    seen.lock().unwrap().clone()
}

struct Recorder(Arc<Mutex<Recorded>>);

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() < Level::TRACE && metadata.target().starts_with("hbase_thrift_client")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Collected::default();
        attributes.record(&mut fields);
        let spans = &mut self.0.lock().unwrap().spans;
        spans.push(fields.0);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Collected::default();
        values.record(&mut fields);
        let index = usize::try_from(span.into_u64()).unwrap() - 1;
        self.0.lock().unwrap().spans[index].extend(fields.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Collected::default();
        event.record(&mut fields);
        self.0.lock().unwrap().events.push(format!("{:?}", fields.0));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Collected(Fields);

impl Visit for Collected {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}
