//! The floor of a queue between processes that sleep while they wait: two mailboxes in shared memory, a copy of the
//! payload, a futex. Speaks the protocol of harness/contestant.mjs. Linux; built by `rustc -O`.

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

const LARGEST: usize = 1 << 20;
const PAYLOAD_AT: usize = 64;

/// One direction: a counter of messages, their length, and the payload of the last.
struct Mailbox(*mut u8);

impl Mailbox {
    fn word(&self, index: usize) -> &AtomicU32 {
        // SAFETY: the mapping is page aligned, longer than two words, and never unmapped.
        unsafe { &*self.0.cast::<AtomicU32>().add(index) }
    }

    fn put(&self, payload: &[u8]) {
        assert!(payload.len() <= LARGEST);
        // SAFETY: LARGEST bytes follow PAYLOAD_AT; the other side reads them only after the counter has moved.
        unsafe {
            ptr::copy_nonoverlapping(payload.as_ptr(), self.0.add(PAYLOAD_AT), payload.len())
        };
        self.word(1).store(payload.len() as u32, SeqCst);
        self.word(0).fetch_add(1, SeqCst);
        // SAFETY: the word lives as long as the mapping.
        unsafe { syscall(SYS_FUTEX, self.word(0), FUTEX_WAKE, 1) };
    }

    /// Sleeps until the counter differs from `seen`.
    fn get(&self, seen: &mut u32, into: &mut Vec<u8>) {
        while self.word(0).load(SeqCst) == *seen {
            // SAFETY: as above; no timeout.
            unsafe {
                syscall(
                    SYS_FUTEX,
                    self.word(0),
                    FUTEX_WAIT,
                    *seen,
                    ptr::null::<c_void>(),
                )
            };
        }
        *seen = self.word(0).load(SeqCst);
        into.resize(self.word(1).load(SeqCst) as usize, 0);
        // SAFETY: as in put(); the sender does not write again before it has our answer.
        unsafe { ptr::copy_nonoverlapping(self.0.add(PAYLOAD_AT), into.as_mut_ptr(), into.len()) };
    }
}

fn mailbox() -> Mailbox {
    // SAFETY: a fresh mapping, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS.
    let at = unsafe { mmap(ptr::null_mut(), PAYLOAD_AT + LARGEST, 3, 0x21, -1, 0) };
    assert!(at as isize != -1, "mmap failed");
    Mailbox(at.cast())
}

/// The number after `"name":` in a line of JSON.
fn number(line: &str, name: &str) -> Option<usize> {
    let from = line.find(&format!("\"{name}\":"))? + name.len() + 3;
    let digits: String = line[from..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

fn main() {
    let (there, back) = (mailbox(), mailbox());
    let (mut seen, mut buffer) = (0, Vec::new());
    // SAFETY: there is one thread. The child ends with its parent (PR_SET_PDEATHSIG, SIGKILL).
    if unsafe { fork() } == 0 {
        unsafe { prctl(1, 9) };
        loop {
            there.get(&mut seen, &mut buffer);
            back.put(&buffer);
        }
    }
    // SAFETY: the harness gives us descriptor 3, and nothing else here uses it.
    let mut out = unsafe { File::from_raw_fd(3) };
    writeln!(out, r#"{{"ready":["roundTrip"]}}"#).unwrap();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (Some(size), Some(n)) = (number(&line, "size"), number(&line, "n")) else {
            break;
        };
        let payload = vec![b'x'; size];
        let begin = Instant::now();
        for _ in 0..n {
            there.put(&payload);
            back.get(&mut seen, &mut buffer);
        }
        writeln!(out, r#"{{"ns":{},"ops":{n}}}"#, begin.elapsed().as_nanos()).unwrap();
    }
}
