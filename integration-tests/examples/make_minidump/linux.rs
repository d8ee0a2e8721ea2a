//! Starts a child process and dumps it.
//!
//! For one live process with a few threads. The child runs from a neutral path in an empty
//! environment, because a minidump holds both. What the dump is for is left to `main`.

use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio, exit},
    sync::Barrier,
    thread,
    time::Duration,
};

use minidump_writer::minidump_writer::MinidumpWriterConfig;

const CHILD: &str = "/tmp/crashing-child";
const THREADS: [&str; 3] = ["Compositor", "ImageIO", "Socket Thread"];
/// Longer than any dump takes; the child ends by itself should its parent die first.
const LIFETIME: Duration = Duration::from_mins(1);

pub(super) fn run() -> Result<(), Box<dyn Error>> {
    let called_as = env::args().next().unwrap_or_default();
    if called_as == CHILD {
        live();
        return Ok(());
    }
    let Some(output) = env::args().nth(1) else {
        eprintln!("usage: make_minidump OUTPUT");
        exit(2);
    };
    fs::copy(env::current_exe()?, CHILD)?;
    let mut child =
        Command::new(CHILD).env_clear().current_dir("/").stdout(Stdio::piped()).spawn()?;
    let written = dump(&mut child, Path::new(&output));
    child.kill()?;
    child.wait()?;
    fs::remove_file(CHILD)?;
    written
}

/// What the child does: a few named threads that sleep, and a line when all of them run.
fn live() {
    let started = Barrier::new(THREADS.len() + 1);
    thread::scope(|scope| {
        for name in THREADS {
            let sleep = || {
                started.wait();
                thread::sleep(LIFETIME);
            };
            thread::Builder::new()
                .name(name.to_owned())
                .spawn_scoped(scope, sleep)
                .expect("a thread starts");
        }
        started.wait();
        println!("running");
    });
}

fn dump(child: &mut Child, output: &Path) -> Result<(), Box<dyn Error>> {
    let mut line = String::new();
    let stdout = child.stdout.take().ok_or("the child has no standard output")?;
    BufReader::new(stdout).read_line(&mut line)?;
    let process = i32::try_from(child.id())?;
    MinidumpWriterConfig::new(process, process).write(&mut File::create(output)?)?;
    Ok(())
}
