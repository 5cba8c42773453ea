//! The floor of a queue between processes that sleep while they wait: two mailboxes in shared memory, a copy of the
//! payload, a futex. Speaks the protocol of harness/contestant.mjs. Linux; built by `rustc -O`.

mod floor;

use std::io::{BufRead, Write};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Instant;

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
        floor::wake(self.word(0), 1);
    }

    /// Sleeps until the counter differs from `seen`.
    fn get(&self, seen: &mut u32, into: &mut Vec<u8>) {
        floor::wait(self.word(0), *seen);
        *seen = self.word(0).load(SeqCst);
        into.resize(self.word(1).load(SeqCst) as usize, 0);
        // SAFETY: as in put(); the sender does not write again before it has our answer.
        unsafe { ptr::copy_nonoverlapping(self.0.add(PAYLOAD_AT), into.as_mut_ptr(), into.len()) };
    }
}

fn mailbox() -> Mailbox {
    Mailbox(floor::shared(PAYLOAD_AT + LARGEST))
}

fn main() {
    let (there, back) = (mailbox(), mailbox());
    let (mut seen, mut buffer) = (0, Vec::new());
    floor::child(|| {
        let (mut seen, mut buffer) = (0, Vec::new());
        loop {
            there.get(&mut seen, &mut buffer);
            back.put(&buffer);
        }
    });
    let mut out = floor::answers();
    writeln!(out, r#"{{"ready":["roundTrip"]}}"#).unwrap();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (Some(size), Some(n)) = (floor::number(&line, "size"), floor::number(&line, "n"))
        else {
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
