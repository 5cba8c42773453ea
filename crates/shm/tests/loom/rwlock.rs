//! Readers and writers: never both inside, and no death of either stops the others.

use crate::support::*;
use mutex::Lock;
use std::time::Duration;

/// Reads; x == y is what it must see, but for a writer that died.
fn read(m: &Mem, at: u64, slot: Slot, pair: u64) {
    loop {
        match rwlock::read(m, at, slot, None) {
            Lock::Acquired => break,
            Lock::OwnerDied { .. } => {
                rwlock::recover(m, at, slot);
            }
            Lock::TimedOut => unreachable!(),
        }
    }
    let (x, y) = (m.w64(pair).get(), m.w64(pair + 8).get());
    assert!(x == y || x == y + 1, "a reader and a writer inside");
    assert_eq!((x, y), (m.w64(pair).get(), m.w64(pair + 8).get()));
    assert!(rwlock::end_read(m, at, slot));
}

/// Writes. True: told of a death.
fn write(m: &Mem, at: u64, slot: Slot, pair: u64) -> bool {
    let mut told = false;
    loop {
        match mutex::lock(m, at, slot, None) {
            Lock::Acquired => break,
            Lock::OwnerDied { .. } => {
                told = true;
                rwlock::recover(m, at, slot);
            }
            Lock::TimedOut => unreachable!(),
        }
    }
    while !rwlock::enter(m, at, slot, Duration::MAX) {}
    increment(m, pair, told);
    assert!(rwlock::end_write(m, at));
    told
}

/// A reads and is killed anywhere; B writes. The death of a reader is nobody's concern.
#[test]
fn a_reader_and_a_writer() {
    for_every_kill("a_reader_and_a_writer", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_primitive(m, Kind::RwLock);
        let pair = data(m, block_id(1));
        let (ended, ()) = duel(
            &arena,
            k,
            move |m| read(m, at, A, pair),
            move |m| assert!(!write(m, at, B, pair), "told of a reader"),
        );
        assert!(rwlock::reading(m, at).is_empty());
        assert!(!mutex::look(m, at).1, "told of a reader");
        assert_eq!(
            (m.w32(at).get() & mutex::OWNER, rwlock::writer(m, at)),
            (0, None)
        );
        ended
    });
}

/// A writes and is killed anywhere; B reads, and recovers where it is told.
#[test]
fn a_writer_and_a_reader() {
    for_every_kill("a_writer_and_a_reader", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_primitive(m, Kind::RwLock);
        let pair = data(m, block_id(1));
        let (ended, ()) = duel(
            &arena,
            k,
            move |m| {
                write(m, at, A, pair);
            },
            move |m| read(m, at, B, pair),
        );
        ended
    });
}

#[test]
fn two_writers() {
    for_every_kill("two_writers", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_primitive(m, Kind::RwLock);
        let pair = data(m, block_id(1));
        let (ended, of_b) = duel(
            &arena,
            k,
            move |m| {
                write(m, at, A, pair);
            },
            move |m| write(m, at, B, pair),
        );
        let told = of_b || write(m, at, ROOT, pair);
        assert!(!(ended && told), "told of a death that was none");
        ended
    });
}
