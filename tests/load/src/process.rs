//! What a process costs, as Linux counts it.

use std::fs;
use std::io;
use std::time::Duration;

/// Clock ticks a second in `/proc`: `USER_HZ`, the same on every Linux.
const TICKS: u64 = 100;

/// What a process has used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Time on a processor, of all its threads: in the program, and in the kernel for it.
    pub cpu: Duration,
    /// The kernel's part of that.
    pub kernel: Duration,
    /// Memory that is in use (`VmRSS`), bytes.
    pub memory: u64,
    /// Context switches it asked for (it waited) and did not ask for (it was pushed aside).
    pub switches: (u64, u64),
}

impl Cost {
    /// Reads the cost of a process.
    ///
    /// # Errors
    /// When there is no such process, or this is no Linux.
    pub fn of(pid: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name in brackets may hold anything; after it come the fields from the third on (proc(5)).
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        let field = |n: usize| fields.split_whitespace().nth(n - 3).and_then(|text| text.parse::<u64>().ok());
        let (user, kernel) = (field(14).unwrap_or(0), field(15).unwrap_or(0));
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let memory = named(&status, "VmRSS:") * 1024;
        let mut switches = (0, 0);
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            // A thread may end while they are listed.
            let Ok(status) = fs::read_to_string(task?.path().join("status")) else { continue };
            switches.0 += named(&status, "voluntary_ctxt_switches:");
            switches.1 += named(&status, "nonvoluntary_ctxt_switches:");
        }
        let time = |ticks: u64| Duration::from_millis(ticks * 1000 / TICKS);
        Ok(Self { cpu: time(user + kernel), kernel: time(kernel), memory, switches })
    }
}

fn named(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The processor's name and how many there are, for the report.
pub fn hardware() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<_> = info.lines().filter_map(|line| line.strip_prefix("model name")).collect();
    let name = models.first().map_or("unknown", |line| line.trim_start_matches(['\t', ' ', ':']));
    let count = models.len();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{count} x {name}, Linux {}", kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_costs_something() {
        let before = Cost::of(std::process::id()).unwrap();
        assert!(before.memory > 1 << 20);
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_millis(100) {
            std::hint::spin_loop();
        }
        let after = Cost::of(std::process::id()).unwrap();
        assert!(after.cpu > before.cpu);
    }
}
