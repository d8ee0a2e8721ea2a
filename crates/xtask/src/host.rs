//! The machine that a chore runs on, and what may be installed there: as root on Debian or Ubuntu
//! packages are installed, anywhere else the chore stops and says what is missing.

use anyhow::{Result, bail};

use crate::cmd;

/// Whether this is Debian or one of its children, and the user is root.
pub(crate) fn can_apt_install() -> bool {
    std::path::Path::new("/etc/debian_version").exists()
        && cmd::exists("apt-get")
        && cmd::output(&mut cmd::command("id", ["-u"])).is_ok_and(|id| id == "0")
}

/// Installs packages, or fails with `otherwise` where that isn't ours to do.
pub(crate) fn apt_install(packages: &[&str], otherwise: &str) -> Result<()> {
    if !can_apt_install() {
        bail!("{otherwise}");
    }
    cmd::say(&format!("Installing {}", packages.join(", ")));
    cmd::run(&mut apt(&["update"]))?;
    cmd::run(apt(&["install", "-y", "--no-install-recommends"]).args(packages))
}

fn apt(arguments: &[&str]) -> std::process::Command {
    let mut command = cmd::command("apt-get", ["-q"]);
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Makes sure that Python and its environments are there, for tests that install their own packages.
pub(crate) fn ensure_python() -> Result<()> {
    let can_make_environments = ["-c", "import ensurepip, venv"];
    if cmd::output(&mut cmd::command("python3", can_make_environments)).is_ok() {
        return Ok(());
    }
    apt_install(
        &["python3", "python3-venv"],
        "these tests need python3 with its modules venv and ensurepip; install them (Debian: apt-get \
         install python3-venv)",
    )
}

/// Makes sure that the large clients are there which send crash reports of their own.
pub(crate) fn ensure_browsers() -> Result<()> {
    // Each package with a file of its own.
    const BROWSERS: [(&str, &str); 2] = [
        ("firefox-esr", "/usr/lib/firefox-esr/crashreporter"),
        ("chromium-common", "/usr/lib/chromium/chrome_crashpad_handler"),
    ];
    let missing = BROWSERS.iter().filter(|(_, file)| !std::path::Path::new(file).exists());
    let missing: Vec<_> = missing.map(|(package, _)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let otherwise = "these tests need Firefox and Chromium's crash handler; install them (Debian: apt-get \
                     install firefox-esr chromium-common)";
    apt_install(&missing, otherwise)
}
