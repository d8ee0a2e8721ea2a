//! Pages for what one method's documentation can't say, and a cookbook.

#[doc = include_str!("../docs/cookbook.md")]
pub mod cookbook {}

#[doc = include_str!("../docs/retries.md")]
pub mod retries {}

#[doc = include_str!("../docs/milliseconds.md")]
pub mod milliseconds {}

#[doc = include_str!("../docs/connections.md")]
pub mod connections {}

#[doc = include_str!("../docs/logging.md")]
pub mod logging {}

#[doc = include_str!("../docs/async.md")]
pub mod async_code {}
