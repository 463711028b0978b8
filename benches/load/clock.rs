//! One clock for all processes: the machine's monotonic one, whose readings may be compared between them.

use std::time::{Instant, SystemTime};

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since the machine started.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    // Neither part is ever negative on this clock.
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// The same reading for a moment that was taken as an [`Instant`].
pub fn ns_of(moment: Instant) -> u64 {
    let ago = u64::try_from(moment.elapsed().as_nanos()).unwrap_or(u64::MAX);
    now_ns().saturating_sub(ago)
}

/// The same reading for a moment of the wall clock, as logs tell it.
pub fn ns_of_wall(moment: SystemTime) -> u64 {
    // A moment that has not been yet is one that the clock was set back over; it counts as now.
    let ago = moment.elapsed().unwrap_or_default();
    now_ns().saturating_sub(u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX))
}
