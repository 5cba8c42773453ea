//! Slots: one owner for each generation, and a claim dies with its claimer.

use crate::support::*;
use multiproc_shm::{liveness, slots};
use std::time::Duration;

fn identity(generation: u32, pid: u32) -> u64 {
    slots::identity(generation, pid, 1)
}

/// A claims for a child B and is killed; the supervisor takes the claim back while B enters; ROOT claims it anew.
#[test]
fn claim_dies_with_its_claimer() {
    for_every_kill("claim_dies_with_its_claimer", 3, |k| {
        let arena = arena();
        let m = &arena.mem;
        m.w64(slots::state(A)).set(slots::pack(1, 0, slots::ALIVE));
        // everything but one slot is in use
        for slot in 1..geometry::SUPERVISOR {
            m.w64(slots::state(slot)).set(slots::pack(
                7,
                ROOT,
                if slot == B { slots::FREE } else { slots::ALIVE },
            ));
        }
        let a = arena.clone();
        let (mut supervisor, told) = (
            Repair::new(&arena),
            Arc::new(loom::sync::atomic::AtomicU32::new(0)),
        );
        let tell = told.clone();
        let a = thread::spawn(move || {
            mortal(k, || {
                let (slot, generation) = slots::claim(&a.mem, A).unwrap();
                assert_eq!(slot, B);
                tell.store(generation, loom::sync::atomic::Ordering::Release);
                // what it does until its child runs
                a.mem.w64(data(&a.mem, block_id(0))).set(1);
            })
        });
        let b = arena.clone();
        let b = thread::spawn(move || {
            let generation = told.load(loom::sync::atomic::Ordering::Acquire);
            (generation != 0)
                .then(|| slots::enter(&b.mem, B, generation, identity(generation, 5)).is_ok())
        });
        let ended = a.join().unwrap();
        if !ended {
            let word = m.w64(slots::state(A));
            word.set(slots::pack(1, 0, slots::DEAD));
            slots::take_back_claims(m, A);
            supervisor.slot(A, 42);
            if slots::phase(m.w64(slots::state(B)).get()) == slots::DEAD {
                supervisor.slot(B, 0);
            }
        }
        // it may be claimed again before the first child gets to enter
        let again = slots::claim(m, ROOT).ok().filter(|(slot, _)| *slot == B);
        if let Some((slot, generation)) = again {
            slots::enter(m, slot, generation, identity(generation, 6)).unwrap();
        }
        let entered = b.join().unwrap();
        let who = slots::who(m, B);
        match (again, entered) {
            (Some((_, g)), Some(first)) => {
                assert!(!first, "two in one slot");
                assert_eq!(who, identity(g, 6), "a stale child says who it is");
            }
            (Some((_, g)), None) => assert_eq!(who, identity(g, 6)),
            (None, Some(first)) => assert!(first || !ended),
            (None, None) => (),
        }
        ended
    });
}

/// Of the word, in the 16 bytes of the model.
const PLACE: u64 = 8;

/// The thread of a slot takes its word, is killed somewhere, and the kernel marks the word; another one watches.
#[test]
fn the_end_of_a_thread_is_told() {
    for_every_kill("the_end_of_a_thread_is_told", 2, |k| {
        let arena = arena();
        let (child, watcher) = (arena.clone(), arena);
        let child = thread::spawn(move || {
            let m = &child.mem;
            let alive = mortal(k, || {
                liveness::model_take(m, A, PLACE);
                liveness::publish(m, A, 7, PLACE);
            });
            liveness::model_end(m, A, PLACE);
            if !alive {
                // Its pidfd tells, and the slot is used again.
                liveness::publish(m, A, 8, PLACE);
            }
            alive
        });
        let watcher = thread::spawn(move || {
            let m = &watcher.mem;
            loop {
                match liveness::look(m, A, 7) {
                    liveness::Look::Ended => return true,
                    liveness::Look::Wait(_, 8) => return false,
                    liveness::Look::Wait(at, value) => m.wait(at, value, Duration::ZERO),
                    liveness::Look::Unknown => panic!("the generation is there before the place"),
                }
            }
        });
        let alive = child.join().unwrap();
        let told = watcher.join().unwrap();
        assert!(told || !alive, "an end that nobody was told of");
        alive
    });
}

/// ROOT claims for a child and takes the claim back while the child enters: exactly one of the two.
#[test]
fn claim_is_taken_back_or_entered() {
    check("claim_is_taken_back_or_entered", 3, || {
        let arena = arena();
        let m = &arena.mem;
        let (slot, generation) = slots::claim(m, ROOT).unwrap();
        let child = arena.clone();
        let child = thread::spawn(move || {
            slots::enter(&child.mem, slot, generation, identity(generation, 5)).is_ok()
        });
        let taken = slots::take_back(m, slot, generation);
        let entered = child.join().unwrap();
        assert_ne!(taken, entered);
        let phase = slots::phase(m.w64(slots::state(slot)).get());
        assert_eq!(phase, if taken { slots::DEAD } else { slots::ALIVE });
    });
}
