//! The condition: every notify reaches a waiter that waited before it, whoever gives up or dies.

use crate::support::*;
use std::time::Duration;

fn lock(m: &Mem, at: u64, slot: Slot) {
    while mutex::lock(m, at, slot, None) != mutex::Lock::Acquired {
        if mutex::recover(m, at, slot) {
            return;
        }
    }
}

/// Until one of the slot's waiters is notified.
fn wait(m: &Mem, at: u64, slot: Slot) {
    while !condition::wait(m, at, slot, Duration::MAX) {}
}

/// B waits for a flag under a mutex; A sets it, and is killed anywhere.
#[test]
fn a_notify_wakes() {
    for_every_kill("a_notify_wakes", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_primitive(m, Kind::Condition);
        let id = block_id(1);
        make(m, id, Kind::Mutex, &[A, B, ROOT]);
        let (guard, flag) = (data(m, id), data(m, id) + 32);
        let set = move |m: &Mem, slot| {
            lock(m, guard, slot);
            m.w64(flag).set(1);
            condition::notify(m, at, 1, Some(guard));
            mutex::release(m, guard);
        };
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || mortal(k, || set(&a.mem, A)));
        let b = thread::spawn(move || {
            let m = &b.mem;
            lock(m, guard, B);
            while m.w64(flag).get() == 0 {
                assert!(condition::enter(m, at, B));
                mutex::release(m, guard);
                wait(m, at, B);
                lock(m, guard, B);
            }
            mutex::release(m, guard);
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
            set(m, ROOT);
        }
        b.join().unwrap();
        assert!(condition::waiters(m, at).is_empty());
        ended
    });
}

/// A and B wait; one is notified while A dies: B has it in any case.
#[test]
fn the_dead_swallow_no_notify() {
    check("the_dead_swallow_no_notify", 3, || {
        let arena = arena();
        let m = &arena.mem;
        let at = make_primitive(m, Kind::Condition);
        condition::enter(m, at, A);
        condition::enter(m, at, B);
        // A is next
        m.w32(at + condition::LAST).set(geometry::SLOTS - 1);
        let (notifier, b) = (arena.clone(), arena.clone());
        let notifier = thread::spawn(move || condition::notify(&notifier.mem, at, 1, None));
        let b = thread::spawn(move || wait(&b.mem, at, B));
        repair(&arena);
        assert_eq!(notifier.join().unwrap(), 1);
        b.join().unwrap();
        assert!(condition::waiters(m, at).is_empty());
    });
}

/// A gives up while it may have been notified: it passes that on, and B has it.
#[test]
fn who_leaves_swallows_no_notify() {
    for_every_kill("who_leaves_swallows_no_notify", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_primitive(m, Kind::Condition);
        condition::enter(m, at, A);
        condition::enter(m, at, B);
        // A is next
        m.w32(at + condition::LAST).set(geometry::SLOTS - 1);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            let mut told = false;
            let ended = mortal(k, || told = condition::leave(&a.mem, at, A));
            if told {
                condition::notify(&a.mem, at, 1, None);
            }
            ended
        });
        let b = thread::spawn(move || wait(&b.mem, at, B));
        assert_eq!(condition::notify(m, at, 1, None), 1);
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        assert!(condition::waiters(m, at).is_empty());
        ended
    });
}
