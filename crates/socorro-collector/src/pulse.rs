//! Whether the store is there: asked for anybody, but one question at a time, and not again for a while.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Mutex, task::spawn_blocking};

/// What the store said last.
#[derive(Debug)]
pub(crate) struct Pulse {
    last: Arc<Mutex<Option<Answer>>>,
    kept: Duration,
}

#[derive(Debug)]
struct Answer {
    when: Instant,
    said: Result<(), String>,
}

impl Pulse {
    /// Keeps each answer for this time.
    pub(crate) fn new(kept: Duration) -> Self {
        Self { last: Arc::default(), kept }
    }

    /// Returns what was answered lately, or asks, which blocks. Those who come meanwhile wait for that answer.
    pub(crate) async fn feel(
        &self,
        ask: impl FnOnce() -> Result<(), String> + Send + 'static,
    ) -> Result<(), String> {
        let mut last = Arc::clone(&self.last).lock_owned().await;
        if let Some(answer) = last.as_ref().filter(|answer| answer.when.elapsed() < self.kept) {
            return answer.said.clone();
        }
        // The question has the lock until its end, whether or not a client waits for that: those who ask
        // and go away would have as many questions under way as they like.
        let asked = spawn_blocking(move || {
            let said = ask();
            *last = Some(Answer { when: Instant::now(), said: said.clone() });
            said
        });
        asked.await.unwrap_or_else(|error| Err(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    use tokio::{runtime::Runtime, task::JoinSet, time::timeout};

    use super::*;

    #[derive(Default)]
    struct Store {
        asked: AtomicUsize,
        at_once: AtomicUsize,
        most: AtomicUsize,
    }

    impl Store {
        /// Takes a while to say that it is away.
        fn say(&self) -> Result<(), String> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let at_once = self.at_once.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(at_once, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(100));
            self.at_once.fetch_sub(1, Ordering::Relaxed);
            Err("away".to_owned())
        }
    }

    #[test]
    fn many_at_once_are_one_question_and_the_answer_is_kept_for_its_time() {
        let (pulse, store) = (Arc::new(Pulse::new(Duration::from_mins(1))), Arc::default());
        let ask_many = || async {
            let mut asking = JoinSet::new();
            for _ in 0..50 {
                let (pulse, store): (_, Arc<Store>) = (Arc::clone(&pulse), Arc::clone(&store));
                asking.spawn(async move { pulse.feel(move || store.say()).await });
            }
            asking.join_all().await
        };
        let runtime = Runtime::new().unwrap();
        for _ in 0..2 {
            let said = runtime.block_on(ask_many());
            assert!(said.iter().all(|said| *said == Err("away".to_owned())), "{said:?}");
            assert_eq!(store.asked.load(Ordering::Relaxed), 1);
        }
        let forgetful = Arc::new(Pulse::new(Duration::ZERO));
        runtime.block_on(async {
            for _ in 0..2 {
                let store = Arc::clone(&store);
                let _ = forgetful.feel(move || store.say()).await;
            }
        });
        assert_eq!(store.asked.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn those_who_ask_and_go_away_have_no_second_question_under_way() {
        let (pulse, store) = (Pulse::new(Duration::ZERO), Arc::<Store>::default());
        Runtime::new().unwrap().block_on(async {
            for _ in 0..20 {
                let store = Arc::clone(&store);
                let asking = pulse.feel(move || store.say());
                let _ = timeout(Duration::from_millis(10), asking).await;
            }
            let last = Arc::clone(&store);
            let _ = pulse.feel(move || last.say()).await;
        });
        assert!(store.asked.load(Ordering::Relaxed) > 1);
        assert_eq!(store.most.load(Ordering::Relaxed), 1);
    }
}
