//! The lock in queues, the lock users see, and bells.

use crate::support::*;
use std::time::Duration;

#[test]
fn inner_lock_is_exclusive() {
    for_every_kill("inner_lock_is_exclusive", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let lock = data(m, queue) + ring::PUSH_LOCK;
        let pair = data(m, queue) + ring::DATA;
        let body = move |m: &Mem, slot| {
            lock::lock(m, lock, slot);
            increment(m, pair, true);
            lock::unlock(m, lock);
        };
        let (ended, ()) = duel(&arena, k, move |m| body(m, A), move |m| body(m, B));
        assert_eq!(lock::owner(m, lock), None);
        let total = m.w64(pair).get();
        assert!(total == 2 || !ended && total == 1);
        ended
    });
}

fn make_mutex(m: &Mem) -> (Id, u64) {
    let id = Id::new(1, 0);
    make(m, id, Kind::Mutex, &[A, B, ROOT]);
    (id, data(m, id))
}

/// Locks, or recovers what is abandoned.
fn lock_or_recover(m: &Mem, at: u64, slot: Slot) -> bool {
    loop {
        match mutex::lock(m, at, slot, None) {
            mutex::Lock::Acquired => return false,
            mutex::Lock::OwnerDied { pid } => {
                assert_eq!(pid, 42);
                if mutex::recover(m, at, slot) {
                    return true;
                }
            }
            mutex::Lock::TimedOut => unreachable!(),
        }
    }
}

#[test]
fn mutex_is_exclusive_and_told() {
    for_every_kill("mutex_is_exclusive_and_told", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let (_, at) = make_mutex(m);
        let pair = data(m, block_id(0));
        let body = move |m: &Mem, slot| {
            let told = lock_or_recover(m, at, slot);
            increment(m, pair, told);
            assert!(mutex::release(m, at));
        };
        let (ended, ()) = duel(&arena, k, move |m| body(m, A), move |m| body(m, B));
        // somebody was told if it was left half done
        let told = lock_or_recover(m, at, ROOT);
        increment(m, pair, told);
        mutex::release(m, at);
        let total = m.w64(pair).get();
        assert!(total == 3 || !ended && total == 2);
        ended
    });
}

/// FAIR: two hammer and a third waits; nobody sleeps for ever, whoever dies with FAIR set.
#[test]
fn fair_mutex_wakes_all() {
    for_every_kill("fair_mutex_wakes_all", 1, |k| {
        let arena = arena();
        let m = &arena.mem;
        let (_, at) = make_mutex(m);
        // someone set FAIR long ago, and the owner releases now
        m.w32(at).set((ROOT + 1) | mutex::WAITERS | mutex::FAIR);
        let body = move |m: &Mem, slot| {
            lock_or_recover(m, at, slot);
            assert!(mutex::release(m, at));
        };
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || mortal(k, || body(&a.mem, A)));
        let b = thread::spawn(move || body(&b.mem, B));
        assert!(mutex::release(m, at));
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        ended
    });
}

/// While FAIR is set and the lock is free, one that has not waited does not take it at once; one that has does.
#[test]
fn fair_mutex_is_for_those_who_waited() {
    check("fair_mutex_is_for_those_who_waited", 2, || {
        let arena = arena();
        let m = &arena.mem;
        let (_, at) = make_mutex(m);
        m.w32(at).set(mutex::WAITERS | mutex::FAIR);
        assert_eq!(mutex::try_lock(m, at, A), Ok(false));
        assert!(matches!(
            mutex::try_lock_or_arm(m, at, A, Duration::ZERO),
            mutex::AsyncLock::Armed { retry } if retry <= mutex::PATIENCE
        ));
        let waited = mutex::try_lock_or_arm(m, at, B, Duration::from_millis(1));
        assert_eq!(waited, mutex::AsyncLock::Acquired);
        assert_eq!(m.w32(at).get() & mutex::FAIR, 0);
    });
}

/// B is an event loop: it tries, arms, and sleeps on its bell. A holds the lock and is killed anywhere.
#[test]
fn async_waiter_is_woken() {
    for_every_kill("async_waiter_is_woken", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let (_, at) = make_mutex(m);
        m.w32(at).set(A + 1);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                // JavaScript's fast path, then the native one
                if !a.mem.w32(at).cas(A + 1, 0) {
                    assert!(mutex::release(&a.mem, at));
                }
            })
        });
        let b = thread::spawn(move || {
            let mut waited = Duration::ZERO;
            loop {
                let seen = bell::seen(&b.mem, B);
                match mutex::try_lock_or_arm(&b.mem, at, B, waited) {
                    mutex::AsyncLock::Acquired => return,
                    mutex::AsyncLock::OwnerDied { .. } => {
                        if mutex::recover(&b.mem, at, B) {
                            return;
                        }
                    }
                    mutex::AsyncLock::Armed { .. } => {
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
        assert_eq!(mutex::look(m, at).0, Some(B));
        ended
    });
}

#[test]
fn bell_loses_no_wake() {
    for_every_kill("bell_loses_no_wake", 3, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let (change, armed) = (
            data(m, queue) + ring::DATA,
            data(m, queue) + ring::ARMED_POP,
        );
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                a.mem.w64(change).set(1);
                bell::ring_armed(&a.mem, armed);
            })
        });
        let b = thread::spawn(move || loop {
            let seen = bell::seen(&b.mem, B);
            bell::arm(&b.mem, armed, B);
            if b.mem.w64(change).get() != 0 {
                return;
            }
            bell::sleep(&b.mem, B, seen, Duration::MAX);
        });
        let ended = a.join().unwrap();
        if !ended {
            // "the peer is dead" is a change too
            if m.w64(change).get() == 0 {
                m.w64(change).set(2);
            }
            repair(&arena);
        }
        b.join().unwrap();
        ended
    });
}

/// One owns, two sleep: each release wakes one, and the one that takes over keeps the other in mind.
#[test]
fn three_wait_for_one() {
    check("three_wait_for_one", 2, || {
        let arena = arena();
        let m = &arena.mem;
        let (_, at) = make_mutex(m);
        m.w32(at).set(ROOT + 1);
        let body = move |m: &Mem, slot| {
            assert_eq!(mutex::lock(m, at, slot, None), mutex::Lock::Acquired);
            if !m.w32(at).cas(slot + 1, 0) {
                assert!(mutex::release(m, at));
            }
        };
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || body(&a.mem, A));
        let b = thread::spawn(move || body(&b.mem, B));
        assert!(mutex::release(m, at));
        a.join().unwrap();
        b.join().unwrap();
    });
}
