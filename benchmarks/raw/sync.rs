//! The floor of primitives between processes that sleep while they wait: words in shared memory, and a futex for those who
//! have to sleep. Speaks the protocol of harness/contestant.mjs. Linux; built by `rustc -O`.

use std::ffi::{c_int, c_long, c_void};
use std::fs::File;
use std::io::{BufRead, Write};
use std::os::fd::FromRawFd;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Instant;

extern "C" {
    fn mmap(
        at: *mut c_void,
        len: usize,
        prot: c_int,
        flags: c_int,
        fd: c_int,
        offset: c_long,
    ) -> *mut c_void;
    fn fork() -> c_int;
    fn prctl(option: c_int, argument: c_long) -> c_int;
    fn syscall(number: c_long, ...) -> c_long;
}

#[cfg(target_arch = "x86_64")]
const SYS_FUTEX: c_long = 202;
#[cfg(target_arch = "aarch64")]
const SYS_FUTEX: c_long = 98;
const FUTEX_WAIT: c_int = 0;
const FUTEX_WAKE: c_int = 1;

const WAITERS: u32 = 4;

/// A counter that others wait for.
struct Word(&'static AtomicU32);

impl Word {
    /// One more, for at most `most` that sleep.
    fn bump(&self, most: u32) {
        self.0.fetch_add(1, SeqCst);
        // SAFETY: the word is never unmapped.
        unsafe { syscall(SYS_FUTEX, self.0, FUTEX_WAKE, most) };
    }

    /// Sleeps until the counter is not `seen` any more.
    fn wait(&self, seen: u32) {
        while self.0.load(SeqCst) == seen {
            // SAFETY: as above; no timeout.
            unsafe { syscall(SYS_FUTEX, self.0, FUTEX_WAIT, seen, ptr::null::<c_void>()) };
        }
    }
}

/// Each in a cache line of its own.
fn words() -> [Word; 4] {
    // SAFETY: a fresh mapping, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS.
    let at = unsafe { mmap(ptr::null_mut(), 4096, 3, 0x21, -1, 0) };
    assert!(at as isize != -1, "mmap failed");
    // SAFETY: aligned, inside of the mapping, which is never unmapped.
    [0, 1, 2, 3].map(|i| Word(unsafe { &*at.cast::<AtomicU32>().add(i * 16) }))
}

/// A child that runs `life` and ends with its parent.
fn child(life: impl FnOnce()) {
    // SAFETY: there is one thread. PR_SET_PDEATHSIG, SIGKILL.
    if unsafe { fork() } == 0 {
        unsafe { prctl(1, 9) };
        life();
    }
}

/// The number after `"name":` in a line of JSON.
fn number(line: &str, name: &str) -> Option<u32> {
    let from = line.find(&format!("\"{name}\":"))? + name.len() + 3;
    let digits: String = line[from..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

fn main() {
    let [there, back, event, told] = words();
    child(|| {
        for seen in 0.. {
            there.wait(seen);
            back.bump(1);
        }
    });
    for _ in 0..WAITERS {
        child(|| {
            for seen in 0.. {
                event.wait(seen);
                told.bump(1);
            }
        });
    }
    // SAFETY: the harness gives us descriptor 3, and nothing else here uses it.
    let mut out = unsafe { File::from_raw_fd(3) };
    writeln!(out, r#"{{"ready":["pingPong","fanOut"]}}"#).unwrap();
    let (mut rounds, mut fans) = (0, 0);
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let Some(n) = number(&line, "n") else { break };
        let begin = Instant::now();
        for _ in 0..n {
            if line.contains("pingPong") {
                there.bump(1);
                back.wait(rounds);
                rounds += 1;
            } else {
                event.bump(WAITERS);
                for _ in 0..WAITERS {
                    told.wait(fans);
                    fans += 1;
                }
            }
        }
        writeln!(out, r#"{{"ns":{},"ops":{n}}}"#, begin.elapsed().as_nanos()).unwrap();
    }
}
