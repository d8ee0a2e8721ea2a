//! The program's side of a walk: starts the process that walks a dump, feeds it, and bounds it.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::limits::Limits;
use crate::protocol::{Order, Outcome, VARIABLE};
use crate::symbols::SymbolSources;

/// Walks a dump in a process of its own; whatever happens to it, there is an outcome.
pub(crate) fn walk(dump: &[u8], symbols: &SymbolSources, limits: &Limits) -> Outcome {
    let outcome = attempt(dump, symbols, limits);
    let problem = match outcome {
        Ok(outcome) => return outcome,
        Err(problem) => problem,
    };
    // Large symbol files may be what a walk has no room or time for.
    if problem.may_be_the_symbols && !symbols.is_empty() {
        let again = attempt(dump, &SymbolSources::default(), limits);
        if let Ok(Outcome::Walked(mut walked)) = again {
            let note = format!("walked without symbols, since with them {}", problem.what);
            walked.notes.push(note);
            return Outcome::Walked(walked);
        }
    }
    let note = format!("the minidump can't be processed: {}", problem.what);
    Outcome::Failed { note, status: problem.status.to_owned() }
}

/// Why there is no outcome of a process.
struct Problem {
    what: String,
    status: &'static str,
    may_be_the_symbols: bool,
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        let what = format!("the process that walks it can't be run: {error}");
        Self { what, status: "WalkerNotStarted", may_be_the_symbols: false }
    }
}

fn attempt(dump: &[u8], symbols: &SymbolSources, limits: &Limits) -> Result<Outcome, Problem> {
    // A program that doesn't begin with `walk_if_asked` would start itself again and again.
    if std::env::var_os(VARIABLE).is_some() {
        let what = "this program doesn't call walk_if_asked at its beginning".to_owned();
        return Err(Problem { what, status: "WalkerNotStarted", may_be_the_symbols: false });
    }
    let order = Order { limits: limits.clone(), symbols: symbols.clone() };
    let mut line = serde_json::to_vec(&order).map_err(io::Error::from)?;
    line.push(b'\n');
    let mut walker = Walker::start()?;
    let pipes = walker.pipes()?;
    thread::scope(|scope| {
        let (mut input, output, errors) = pipes;
        // A walker that ends early doesn't read to the end; its outcome says why.
        scope.spawn(move || input.write_all(&line).and_then(|()| input.write_all(dump)));
        let (sender, text) = mpsc::channel();
        scope.spawn(move || sender.send(read(output, limits.output)));
        let errors = scope.spawn(move || read(errors, LONGEST_ERRORS));
        let ended = finish(&mut walker, &text, limits);
        // So that no pipe stays open that a thread waits for.
        walker.kill();
        let (text, status) = ended?;
        let errors = errors.join().ok().and_then(Result::ok).unwrap_or_default();
        if !status.success() {
            return Err(failure(status, &errors, limits));
        }
        serde_json::from_slice(&text).map_err(|error| Problem {
            what: format!("what the walk printed can't be read: {error}"),
            status: "UnreadableOutput",
            may_be_the_symbols: false,
        })
    })
}

/// Waits until the walker has printed everything and ended.
fn finish(
    walker: &mut Walker,
    text: &Receiver<io::Result<Vec<u8>>>,
    limits: &Limits,
) -> Result<(Vec<u8>, ExitStatus), Problem> {
    let start = Instant::now();
    let text = text.recv_timeout(limits.time).map_err(|_| too_slow(limits))??;
    if text.len() > limits.output {
        let what = format!("it results in more than {} bytes", limits.output);
        return Err(Problem { what, status: "TooMuchOutput", may_be_the_symbols: false });
    }
    let left = limits.time.saturating_sub(start.elapsed()).max(GRACE);
    let status = walker.wait(left)?.ok_or_else(|| too_slow(limits))?;
    Ok((text, status))
}

/// Bytes of what a walker says when it fails.
const LONGEST_ERRORS: usize = 64 << 10;
/// How long a process may take to end once it has closed its output.
const GRACE: Duration = Duration::from_secs(2);

fn too_slow(limits: &Limits) -> Problem {
    let what = format!("it takes longer than {} s", limits.time.as_secs_f32());
    Problem { what, status: "Timeout", may_be_the_symbols: true }
}

fn failure(status: ExitStatus, errors: &[u8], limits: &Limits) -> Problem {
    // As Rust's run-time library says it when it ends a program, and as an error prints it.
    const NO_MEMORY: [&str; 2] = ["memory allocation of", "out of memory"];
    let errors = String::from_utf8_lossy(errors);
    if NO_MEMORY.iter().any(|text| errors.contains(text)) {
        let what = format!("it takes more than {} MiB of memory", limits.memory >> 20);
        return Problem { what, status: "OutOfMemory", may_be_the_symbols: true };
    }
    let said: String = errors.trim().lines().next().unwrap_or_default().chars().take(200).collect();
    let what = match said.as_str() {
        "" => format!("the process that walks it ended ({status})"),
        said => format!("the process that walks it ended ({status}): {said}"),
    };
    Problem { what, status: "WalkerEnded", may_be_the_symbols: true }
}

/// Reads at most a byte more than a limit.
fn read(from: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A process that walks a dump; it doesn't outlive this.
struct Walker(Child);

type Pipes = (std::process::ChildStdin, std::process::ChildStdout, std::process::ChildStderr);

impl Walker {
    fn start() -> io::Result<Self> {
        let child = Command::new(program()?)
            .env(VARIABLE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self(child))
    }

    fn pipes(&mut self) -> io::Result<Pipes> {
        let pipes = (self.0.stdin.take(), self.0.stdout.take(), self.0.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok((input, output, errors))
    }

    /// Waits for the end; `None` if it doesn't come in time.
    fn wait(&mut self, time: Duration) -> io::Result<Option<ExitStatus>> {
        const PAUSE: Duration = Duration::from_millis(2);
        let until = Instant::now() + time;
        loop {
            match self.0.try_wait()? {
                None if Instant::now() >= until => return Ok(None),
                None => thread::sleep(PAUSE),
                ended => return Ok(ended),
            }
        }
    }

    fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Walker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// This program, even if its file was replaced since it started.
fn program() -> io::Result<PathBuf> {
    let this = PathBuf::from("/proc/self/exe");
    if this.exists() { Ok(this) } else { std::env::current_exe() }
}
