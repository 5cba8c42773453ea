//! The floor of primitives between processes that sleep while they wait: words in shared memory, and a futex for those who
//! have to sleep. Speaks the protocol of harness/contestant.mjs. Linux; built by `rustc -O`.

mod floor;

use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Instant;

const WAITERS: u32 = 4;

/// A counter that others wait for.
struct Word(&'static AtomicU32);

impl Word {
    /// One more, for at most `most` that sleep.
    fn bump(&self, most: u32) {
        self.0.fetch_add(1, SeqCst);
        floor::wake(self.0, most);
    }

    /// Sleeps until the counter is not `seen` any more.
    fn wait(&self, seen: u32) {
        floor::wait(self.0, seen);
    }
}

/// Each in a cache line of its own.
fn words() -> [Word; 4] {
    let at = floor::shared(4096).cast::<AtomicU32>();
    // SAFETY: aligned, inside of the mapping, which is never unmapped.
    [0, 1, 2, 3].map(|i| Word(unsafe { &*at.add(i * 16) }))
}

fn main() {
    let [there, back, event, told] = words();
    floor::child(|| {
        for seen in 0.. {
            there.wait(seen);
            back.bump(1);
        }
    });
    for _ in 0..WAITERS {
        floor::child(|| {
            for seen in 0.. {
                event.wait(seen);
                told.bump(1);
            }
        });
    }
    let mut out = floor::answers();
    writeln!(out, r#"{{"ready":["pingPong","fanOut"]}}"#).unwrap();
    let (mut rounds, mut fans) = (0, 0);
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let Some(n) = floor::number(&line, "n") else {
            break;
        };
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
