//! The semaphore: permits are exclusive, come back from the dead, and wake who waits for them.

use crate::support::*;
use multiproc_shm::mem::fence;
use semaphore::{Permit, Refused, Try};
use std::time::Duration;

fn make_semaphore(m: &Mem, first: u32, bounded: bool) -> u64 {
    let at = make_primitive(m, Kind::Semaphore);
    semaphore::init(m, at, first, bounded);
    at
}

fn word(at: u64, i: u64) -> u64 {
    at + semaphore::WORDS + i * 4
}

/// As JavaScript does it: one compare-and-exchange, and the rest only where somebody waits.
fn release(m: &Mem, at: u64, slot: Slot, permit: Permit) {
    if let Permit::Owned(i) = permit {
        if m.w32(word(at, i as u64)).cas(slot + 1, 0) {
            return semaphore::pass_on(m, at, 1);
        }
    }
    semaphore::release(m, at, slot, 1).unwrap();
}

#[test]
fn permits_are_exclusive() {
    for_every_kill("permits_are_exclusive", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_semaphore(m, 1, true);
        let pair = data(m, block_id(1));
        let body = move |m: &Mem, slot| {
            let permit = semaphore::acquire(m, at, slot, None).unwrap();
            increment(m, pair, true);
            release(m, at, slot, permit);
        };
        let (ended, ()) = duel(&arena, k, move |m| body(m, A), move |m| body(m, B));
        assert_eq!(semaphore::value(m, at), 1);
        assert_eq!(
            semaphore::release(m, at, ROOT, 1),
            Err(Refused::NotHeld),
            "one permit too many"
        );
        ended
    });
}

/// The second release finds WAITERS cleared by the first: the one that was woken wakes the other.
#[test]
fn two_releases_wake_two() {
    for_every_kill("two_releases_wake_two", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_semaphore(m, 2, false);
        let permits = [0, 1].map(|_| semaphore::try_acquire(m, at, ROOT).unwrap());
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                semaphore::acquire(&a.mem, at, A, None).unwrap();
            })
        });
        let b = thread::spawn(move || {
            semaphore::acquire(&b.mem, at, B, None).unwrap();
        });
        for permit in permits {
            release(m, at, ROOT, permit);
        }
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        // what A had, it has still, or it came back
        assert_eq!(semaphore::value(m, at), if ended { 0 } else { 1 });
        ended
    });
}

/// A sleeps, is woken or not, and gives up; B gets the permit in any case.
#[test]
fn who_gives_up_swallows_no_wake() {
    for_every_kill("who_gives_up_swallows_no_wake", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_semaphore(m, 1, false);
        let permit = semaphore::try_acquire(m, at, ROOT).unwrap();
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                // as acquire() does, up to its timeout
                let (m, gate) = (&a.mem, at + semaphore::GATE);
                let old = m.w32(gate).get();
                let want = old | semaphore::WAITERS;
                if m.w32(gate).cas(old, want) {
                    fence();
                    if semaphore::value(m, at) == 0 {
                        m.wait(gate, want, Duration::MAX);
                    }
                }
                semaphore::give_up(&a.mem, at);
            })
        });
        let b = thread::spawn(move || {
            let permit = semaphore::acquire(&b.mem, at, B, None).unwrap();
            release(&b.mem, at, B, permit);
        });
        release(m, at, ROOT, permit);
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        ended
    });
}

#[test]
fn event_loops_are_woken() {
    for_every_kill("event_loops_are_woken", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_semaphore(m, 1, false);
        let permit = semaphore::try_acquire(m, at, A).unwrap();
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || mortal(k, || release(&a.mem, at, A, permit)));
        let b = thread::spawn(move || {
            let mut waited = Duration::ZERO;
            loop {
                let seen = bell::seen(&b.mem, B);
                match semaphore::try_acquire_or_arm(&b.mem, at, B, waited) {
                    Try::Acquired(_) => return,
                    Try::Armed { .. } => {
                        bell::sleep(&b.mem, B, seen, Duration::MAX);
                    }
                }
                waited = Duration::from_millis(1);
            }
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        assert_eq!(semaphore::value(m, at), 0);
        ended
    });
}

/// B owns both permits. A releases two in its place while B releases one: all of it or nothing, wherever A is killed.
#[test]
fn several_are_released_or_none() {
    for_every_kill("several_are_released_or_none", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_semaphore(m, 2, true);
        let permits = [0, 1].map(|_| semaphore::try_acquire(m, at, B).unwrap());
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            let mut end = None;
            let ended = mortal(k, || end = Some(semaphore::release(&a.mem, at, A, 2)));
            (ended, end)
        });
        let b = thread::spawn(move || {
            let m = &b.mem;
            let Permit::Owned(i) = permits[0] else {
                unreachable!()
            };
            m.w32(word(at, i as u64)).cas(B + 1, 0) || semaphore::release(m, at, B, 1).is_ok()
        });
        let (ended, of_a) = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        let of_b = b.join().unwrap();
        let left = semaphore::value(m, at);
        for i in 0..2 {
            let word = m.w32(word(at, i)).get();
            assert!(word == 0 || word == B + 1, "word {word:#x} is reserved");
        }
        match of_a {
            Some(Ok(())) => assert_eq!((left, of_b), (2, false)),
            Some(Err(_)) => assert_eq!((left, of_b), (1, true)),
            None => assert!((left, of_b) == (2, false) || (left, of_b) == (1, true)),
        }
        ended
    });
}

#[test]
fn a_fair_permit_is_for_those_who_waited() {
    check("a_fair_permit_is_for_those_who_waited", 2, || {
        let arena = arena();
        let m = &arena.mem;
        let at = make_semaphore(m, 1, false);
        m.w32(at + semaphore::GATE)
            .set(semaphore::WAITERS | semaphore::FAIR);
        assert_eq!(semaphore::try_acquire(m, at, A), None);
        assert!(matches!(
            semaphore::try_acquire_or_arm(m, at, A, Duration::ZERO),
            Try::Armed { retry } if retry <= mutex::PATIENCE
        ));
        let waited = semaphore::try_acquire_or_arm(m, at, B, Duration::from_millis(1));
        assert!(matches!(waited, Try::Acquired(_)));
        assert_eq!(m.w32(at + semaphore::GATE).get() & semaphore::FAIR, 0);
    });
}
