//! The examples are short enough to be read at one sitting; that they work is tried on servers.

use std::{fs, path::Path};

#[test]
fn each_example_has_less_than_sixty_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for name in ["collector.rs", "monitor.rs", "processor.rs"] {
        let lines = fs::read_to_string(folder.join(name)).unwrap().lines().count();
        assert!(lines < 60, "{name} has {lines} lines");
    }
}
