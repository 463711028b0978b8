//! What the system says of this process, where it has a `/proc`.

use std::fs;

/// What can be known of the process; what cannot is left out.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Bytes of memory that it holds.
    pub resident: Option<u64>,
    /// Descriptors that are open.
    pub descriptors: Option<u64>,
    /// Descriptors that may be open.
    pub most_descriptors: Option<u64>,
}

impl Process {
    /// As it is now. To be called where waiting for the kernel is nobody's loss: listing many descriptors takes milliseconds.
    pub fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").ok();
        Self {
            resident: status.as_deref().and_then(resident),
            descriptors: descriptors(),
            most_descriptors: rlimit::Resource::NOFILE.get_soft().ok(),
        }
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Newer kernels say the number as the folder's size; older ones have them counted.
fn descriptors() -> Option<u64> {
    let folder = "/proc/self/fd";
    match fs::metadata(folder).ok()?.len() {
        // The folder itself is open while it is read.
        0 => Some((fs::read_dir(folder).ok()?.count() as u64).saturating_sub(1)),
        number => Some(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_out_of_what_the_kernel_says() {
        let status = "Name:\taskd\nVmPeak:\t  999 kB\nVmRSS:\t   20480 kB\nThreads:\t4\n";
        assert_eq!(resident(status), Some(20 << 20));
        assert_eq!(resident("Name:\taskd\n"), None);
    }

    #[test]
    fn this_process_holds_memory_and_descriptors_below_its_limit() {
        let now = Process::now();
        assert!(now.resident.unwrap() > 1 << 20, "{now:?}");
        assert!(now.descriptors.unwrap() >= 3, "{now:?}");
        assert!(now.descriptors < now.most_descriptors, "{now:?}");
    }
}
