//! The figures by name, each of which starts what it measures and leaves nothing behind.

mod idle;
mod leave;
mod reader;
mod relay;
mod start;

use std::time::Duration;

use anyhow::{Result, bail};

use crate::{Plan, table::Row};

/// In the order of the table.
pub const NAMES: [&str; 9] = [
    "paced-1",
    "paced-100",
    "burst",
    "idle",
    "reader",
    "start",
    "size",
    "leave",
    "cancel",
];

/// No figure takes so long unless something hangs.
pub const DEADLINE: Duration = Duration::from_secs(90);

/// Measures one.
pub async fn measure(name: &str, plan: &Plan) -> Result<Vec<Row>> {
    match name {
        "paced-1" => relay::paced(plan, 1).await,
        "paced-100" => relay::paced(plan, 100).await,
        "burst" => relay::burst(plan).await,
        "idle" => idle::measure(plan).await,
        "reader" => reader::measure(plan).await,
        "start" => start::time(plan).await,
        "size" => start::size(plan).await,
        "leave" => leave::leave(plan).await,
        "cancel" => leave::cancel(plan).await,
        other => bail!("{other} is not a figure"),
    }
}
