//! The figures by name, each of which starts what it measures and leaves nothing behind.

mod cancel;
mod faults;
mod hostile;
mod idle;
mod leave;
mod reader;
mod relay;
mod restart;
mod resume;
mod search;
mod sigterm;
mod start;
mod store;
mod window;

use std::time::Duration;

use anyhow::{Result, bail};

pub use self::hostile::{ATTACK_ROLE, attack};
use crate::{Plan, table::Row};

/// In the order of the table.
pub const NAMES: [&str; 18] = [
    "paced-1",
    "paced-100",
    "burst",
    "idle",
    "idle-all",
    "reader",
    "start",
    "size",
    "leave",
    "cancel",
    "resume",
    "sigterm",
    "restart",
    "faults",
    "store",
    "search",
    "hostile-slow",
    "hostile-flood",
];

/// No figure takes so long unless something hangs.
pub const DEADLINE: Duration = Duration::from_secs(240);

/// Measures one.
pub async fn measure(name: &str, plan: &Plan) -> Result<Vec<Row>> {
    match name {
        "paced-1" => relay::paced(plan, 1).await,
        "paced-100" => relay::paced(plan, 100).await,
        "burst" => relay::burst(plan).await,
        "idle" => idle::measure(plan).await,
        "idle-all" => idle::everything(plan).await,
        "reader" => reader::measure(plan).await,
        "start" => start::time(plan).await,
        "size" => start::size(plan).await,
        "leave" => leave::measure(plan).await,
        "cancel" => cancel::measure(plan).await,
        "resume" => resume::measure(plan).await,
        "sigterm" => sigterm::measure(plan).await,
        "restart" => restart::measure(plan).await,
        "faults" => faults::measure(plan).await,
        "store" => store::measure(plan).await,
        "search" => search::measure(plan).await,
        "hostile-slow" => hostile::slow(plan).await,
        "hostile-flood" => hostile::flood(plan).await,
        other => bail!("{other} is not a figure"),
    }
}
