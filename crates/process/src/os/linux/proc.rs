//! Other processes (their end, their signals, their start time) and CPUs.

use std::os::fd::{AsRawFd, OwnedFd};

use super::errno;
use crate::exit::ExitStatus;

pub(super) fn reap(pid: u32) -> Option<ExitStatus> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is writable.
        let result = unsafe { libc::waitpid(pid as libc::pid_t, &mut status, libc::WNOHANG) };
        if result == 0 {
            return None;
        }
        if result < 0 {
            if errno() == libc::EINTR {
                continue;
            }
            // ECHILD: somebody else has reaped it.
            return Some(ExitStatus::Lost);
        }
        return status_of(status);
    }
}

pub(super) fn signal(pid: u32, death: Option<&OwnedFd>, signal: i32) -> Result<(), i32> {
    if let Some(pidfd) = death {
        // SAFETY: no siginfo is given; the flags are zero.
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                pidfd.as_raw_fd(),
                signal,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        if result == 0 {
            return Ok(());
        }
        match errno() {
            libc::ENOSYS | libc::EPERM => {} // refused by a sandbox: by pid
            error => return Err(error),
        }
    }
    // SAFETY: takes no pointers. The caller holds the child unreaped, so the pid is still its own.
    match unsafe { libc::kill(pid as libc::pid_t, signal) } {
        0 => Ok(()),
        _ => Err(errno()),
    }
}

pub(super) fn end_self() -> ! {
    // SAFETY: takes no pointers. SIGKILL to oneself is delivered before the call returns.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    // SAFETY: never returns. Reached only by the first process of a pid namespace, which SIGKILL
    // from within does not kill.
    unsafe { libc::_exit(128 + libc::SIGKILL) }
}

/// Fields of `/proc/<pid>/stat`, by their numbers in proc(5), from 3 on. The name, field 2, may hold anything, also `)`.
fn stat_fields<const N: usize>(pid: u32, numbers: [usize; N]) -> Option<[u64; N]> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.iter().rposition(|&byte| byte == b')')? + 1;
    let rest = std::str::from_utf8(&stat[after_name..]).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let mut found = [0; N];
    for (value, number) in found.iter_mut().zip(numbers) {
        *value = fields.get(number - 3)?.parse().ok()?;
    }
    Some(found)
}

pub(super) fn start_time(pid: u32) -> Option<u64> {
    stat_fields(pid, [22]).map(|[start]| start)
}

/// How a process is ending whose main thread has ended, but which can't be reaped yet. `None` where that is not shown.
pub(super) fn status_of_dying(pid: u32) -> Option<ExitStatus> {
    const START_CODE: usize = 26;
    const EXIT_CODE: usize = 52;
    /// What stands for an address where the reader may not know it; then the exit code is not shown either.
    const HIDDEN: u64 = 1;
    match stat_fields(pid, [START_CODE, EXIT_CODE])? {
        [HIDDEN, _] => None,
        [_, status] => status_of(status as i32),
    }
}

/// `None`: it was stopped or continued, which only its tracer is told, and still runs.
fn status_of(status: i32) -> Option<ExitStatus> {
    if libc::WIFEXITED(status) {
        Some(ExitStatus::Code(libc::WEXITSTATUS(status)))
    } else if libc::WIFSIGNALED(status) {
        Some(ExitStatus::Signal(libc::WTERMSIG(status)))
    } else {
        None
    }
}

/// `/proc/<pid>/statm`: resident pages, less those of files and of shared memory.
pub(super) fn private_memory(pid: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let mut fields = statm.split_ascii_whitespace().skip(1);
    let resident: u64 = fields.next()?.parse().ok()?;
    let shared: u64 = fields.next()?.parse().ok()?;
    // SAFETY: takes no pointers.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(1) as u64;
    resident.checked_sub(shared)?.checked_mul(page)
}

pub(super) fn cpu_count() -> usize {
    // SAFETY: takes no pointers.
    let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    online.max(1) as usize
}

pub(super) fn affinity() -> usize {
    // The kernel refuses a mask smaller than its own (EINVAL); it knows at most 8192 CPUs today.
    let mut mask = vec![0u64; 16];
    while mask.len() <= 4096 {
        // SAFETY: `mask` has as many writable bytes as are given.
        let bytes = unsafe {
            libc::syscall(
                libc::SYS_sched_getaffinity,
                0,
                mask.len() * 8,
                mask.as_mut_ptr(),
            )
        };
        if bytes > 0 {
            let cpus: u32 = mask.iter().map(|word| word.count_ones()).sum();
            return (cpus as usize).max(1);
        }
        if errno() != libc::EINVAL {
            break;
        }
        mask = vec![0; mask.len() * 2];
    }
    cpu_count()
}
