//! The barrier: all go on or all are told, whoever dies, gives up or acts.

use crate::support::*;
use barrier::Arrival;
use std::time::Duration;

fn make_barrier(m: &Mem, parties: u32, has_action: bool) -> u64 {
    let at = make_primitive(m, Kind::Barrier);
    m.w32(at + barrier::PARTIES).set(parties);
    m.w32(at + barrier::HAS_ACTION).set(has_action as u32);
    at
}

/// The index, or None: broken.
fn pass(m: &Mem, at: u64, slot: Slot, action: impl Fn()) -> Option<u32> {
    loop {
        match barrier::arrive(m, at) {
            Arrival::Waits { generation, index } => loop {
                if let Some(through) = barrier::wait(m, at, slot, generation, Duration::MAX) {
                    return through.then_some(index);
                }
            },
            Arrival::Through { index } => return Some(index),
            Arrival::Acts { generation, index } => {
                action();
                return barrier::finish(m, at, generation).then_some(index);
            }
            Arrival::Broken => return None,
            Arrival::Busy => {
                let seen = bell::seen(m, slot);
                barrier::arm(m, at, slot);
                bell::sleep(m, slot, seen, Duration::MAX);
            }
        }
    }
}

#[test]
fn two_go_on_together() {
    for_every_kill("two_go_on_together", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_barrier(m, 2, false);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            let mut index = None;
            let ended = mortal(k, || index = pass(&a.mem, at, A, || ()));
            (ended, index)
        });
        let b = thread::spawn(move || pass(&b.mem, at, B, || ()));
        let (ended, of_a) = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        let of_b = b.join().unwrap();
        if ended {
            let mut both = [of_a.unwrap(), of_b.unwrap()];
            both.sort_unstable();
            assert_eq!(both, [0, 1]);
        } else {
            assert!(
                barrier::look(m, at).1,
                "a party died, and the barrier is whole"
            );
        }
        ended
    });
}

/// The last one acts before anyone goes on.
#[test]
fn the_action_is_before_all() {
    for_every_kill("the_action_is_before_all", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_barrier(m, 2, true);
        let done = data(m, block_id(1));
        let body = move |m: &Mem, slot| {
            let index = pass(m, at, slot, || {
                m.w64(done).add(1);
            });
            if index.is_some() {
                assert_eq!(m.w64(done).get(), 1, "the action ran once, before all");
            }
            index
        };
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                body(&a.mem, A);
            })
        });
        let b = thread::spawn(move || body(&b.mem, B));
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        let of_b = b.join().unwrap();
        assert!(!ended || of_b.is_some());
        ended
    });
}

/// Of three parties two come; A's time passes, or it is killed. B is told, however late it looks.
#[test]
fn a_break_is_for_all_of_its_generation() {
    for_every_kill("a_break_is_for_all_of_its_generation", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_barrier(m, 3, false);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                if let Arrival::Waits { generation, .. } = barrier::arrive(&a.mem, at) {
                    assert!(barrier::abort(&a.mem, at, Some(generation)));
                }
            })
        });
        let b = thread::spawn(move || pass(&b.mem, at, B, || ()));
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        assert_eq!(b.join().unwrap(), None);
        barrier::reset(m, at);
        assert_eq!(barrier::look(m, at), (0, false));
        ended
    });
}

/// A's time passes as B comes: both go on, or both are told.
#[test]
fn a_timeout_is_before_or_after() {
    for_every_kill("a_timeout_is_before_or_after", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_barrier(m, 2, false);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            let mut through = None;
            let ended = mortal(k, || {
                through = match barrier::arrive(&a.mem, at) {
                    Arrival::Waits { generation, .. } => Some(
                        !barrier::abort(&a.mem, at, Some(generation))
                            && barrier::outcome(&a.mem, at, generation) == Some(true),
                    ),
                    arrival => Some(matches!(arrival, Arrival::Through { .. })),
                }
            });
            (ended, through)
        });
        let b = thread::spawn(move || pass(&b.mem, at, B, || ()).is_some());
        let (ended, of_a) = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        let of_b = b.join().unwrap();
        assert!(!ended || of_a == Some(of_b));
        ended
    });
}
