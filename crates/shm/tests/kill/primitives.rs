//! The primitives under the stepper: one that dies anywhere leaves them usable, hangs nobody, and its permits come back.

use super::stepper::{self, Case, A, ROOT};
use super::world::World;
use multiproc_shm::repair::Repair;
use multiproc_shm::{inspect, Arena, ArenaOptions, Arrival, Barrier, Heap, Lock};
use std::time::Duration;

const MS: Option<Duration> = Some(Duration::from_millis(1));

struct Op {
    name: &'static str,
    before: fn(&World),
    /// What A does.
    act: fn(&World),
    /// What must be so once A is repaired for.
    after: fn(&World),
}

const NOTHING: fn(&World) = |_| ();

/// ROOT waits at the barrier in its first generation, and is told.
fn told(w: &World, barrier: &Barrier) {
    assert!(barrier.outcome(w.arena, 0).is_some(), "it waits on");
}

fn operations() -> Vec<Op> {
    vec![
        Op {
            name: "semaphore: acquire and release",
            before: NOTHING,
            act: |w| {
                w.semaphore.acquire(w.arena, A, None).unwrap();
                w.semaphore.release(w.arena, A, 1).unwrap();
            },
            after: |w| w.has(&w.semaphore, &[3]),
        },
        Op {
            name: "semaphore: two taken, released as one",
            before: NOTHING,
            act: |w| {
                w.bounded.acquire(w.arena, A, None).unwrap();
                w.bounded.acquire(w.arena, A, None).unwrap();
                w.bounded.release(w.arena, A, 2).unwrap();
            },
            after: |w| w.has(&w.bounded, &[3]),
        },
        Op {
            name: "semaphore: a refused release",
            before: |w| {
                w.bounded.acquire(w.arena, ROOT, None).unwrap();
            },
            act: |w| assert!(w.bounded.release(w.arena, A, 2).is_err()),
            after: |w| w.has(&w.bounded, &[2]),
        },
        Op {
            name: "semaphore: permits of another released",
            before: |w| {
                w.semaphore.acquire(w.arena, ROOT, None).unwrap();
                w.semaphore.acquire(w.arena, ROOT, None).unwrap();
            },
            act: |w| w.semaphore.release(w.arena, A, 2).unwrap(),
            after: |w| w.has(&w.semaphore, &[1, 3]),
        },
        Op {
            name: "semaphore: a signal",
            before: NOTHING,
            act: |w| w.signal.release(w.arena, A, 3).unwrap(),
            after: |w| w.has(&w.signal, &[0, 3]),
        },
        Op {
            name: "semaphore: a waiter",
            before: |w| {
                for _ in 0..3 {
                    w.semaphore.acquire(w.arena, ROOT, None).unwrap();
                }
            },
            act: |w| assert!(w.semaphore.acquire(w.arena, A, MS).is_none()),
            after: |w| {
                w.semaphore.release(w.arena, ROOT, 3).unwrap();
                w.has(&w.semaphore, &[3]);
            },
        },
        Op {
            name: "mutex: a waiter",
            before: |w| w.lock(ROOT),
            act: |w| assert_eq!(w.mutex.lock(w.arena, A, MS), Lock::TimedOut),
            after: |w| assert!(w.mutex.release(w.arena)),
        },
        Op {
            name: "condition: notify",
            before: |w| assert!(w.condition.enter(w.arena, ROOT)),
            act: |w| {
                w.lock(A);
                assert_eq!(w.condition.notify(w.arena, 1), 1);
                w.mutex.release(w.arena);
            },
            after: |w| {
                let bell = w.arena.bell_seen(ROOT);
                if !w.condition.take(w.arena, ROOT) {
                    assert_eq!(w.condition.notify(w.arena, 1), 1);
                    assert!(w.condition.take(w.arena, ROOT));
                }
                assert!(bell > 0, "notified or not, the bell has rung");
            },
        },
        Op {
            name: "condition: wait until the timeout",
            before: |w| assert!(w.condition.enter(w.arena, ROOT)),
            act: |w| {
                w.lock(A);
                assert!(w.condition.enter(w.arena, A));
                w.mutex.release(w.arena);
                if !w.condition.wait(w.arena, A, MS.unwrap()) {
                    assert!(!w.condition.leave(w.arena, A));
                }
                w.lock(A);
                w.mutex.release(w.arena);
            },
            after: |w| {
                assert_eq!(w.condition.notify(w.arena, 2), 1);
                assert!(w.condition.take(w.arena, ROOT));
            },
        },
        Op {
            name: "condition: the notified goes on",
            before: |w| {
                // A is the only one at first: ROOT comes after the notify
                assert!(w.condition.enter(w.arena, A));
                assert_eq!(w.condition.notify(w.arena, 1), 1);
                assert!(w.condition.enter(w.arena, ROOT));
            },
            act: |w| assert!(w.condition.take(w.arena, A)),
            after: |w| {
                if !w.condition.take(w.arena, ROOT) {
                    assert!(!w.condition.leave(w.arena, ROOT));
                }
            },
        },
        Op {
            name: "event: set",
            before: |w| assert!(!w.event.is_through_or_arm(w.arena, ROOT, 0)),
            act: |w| w.event.set(w.arena),
            after: |w| assert!(w.arena.bell_seen(ROOT) > 0),
        },
        Op {
            name: "event: a pulse",
            before: NOTHING,
            act: |w| {
                w.event.set(w.arena);
                w.event.clear(w.arena);
            },
            after: NOTHING,
        },
        Op {
            name: "event: a waiter",
            before: NOTHING,
            act: |w| assert!(!w.event.wait(w.arena, w.event.epoch(w.arena), MS)),
            after: NOTHING,
        },
        Op {
            name: "barrier: the last party",
            before: |w| assert!(matches!(w.barrier.arrive(w.arena), Arrival::Waits { .. })),
            act: |w| assert!(matches!(w.barrier.arrive(w.arena), Arrival::Through { .. })),
            after: |w| told(w, &w.barrier),
        },
        Op {
            name: "barrier: the action",
            before: |w| assert!(matches!(w.acting.arrive(w.arena), Arrival::Waits { .. })),
            act: |w| {
                assert!(matches!(w.acting.arrive(w.arena), Arrival::Acts { .. }));
                assert!(w.acting.finish(w.arena, 0));
            },
            after: |w| told(w, &w.acting),
        },
        Op {
            name: "barrier: a timeout",
            before: NOTHING,
            act: |w| {
                let Arrival::Waits { generation, .. } = w.barrier.arrive(w.arena) else {
                    panic!("not the first")
                };
                let end = w.barrier.wait(w.arena, A, generation, MS.unwrap());
                assert_eq!(end, None);
                assert!(w.barrier.abort(w.arena, Some(generation)));
            },
            after: |w| assert!(w.barrier.look(w.arena).1, "a dead party is missed"),
        },
        Op {
            name: "barrier: reset",
            before: |w| assert!(matches!(w.barrier.arrive(w.arena), Arrival::Waits { .. })),
            act: |w| w.barrier.reset(w.arena),
            after: |w| assert_eq!(w.barrier.outcome(w.arena, 0), Some(false)),
        },
        Op {
            name: "barrier: abort",
            before: |w| assert!(matches!(w.barrier.arrive(w.arena), Arrival::Waits { .. })),
            act: |w| assert!(w.barrier.abort(w.arena, None)),
            after: |w| assert_eq!(w.barrier.outcome(w.arena, 0), Some(false)),
        },
        Op {
            name: "rwlock: read",
            before: NOTHING,
            act: |w| {
                assert_eq!(w.rwlock.read(w.arena, A, None), Lock::Acquired);
                assert!(w.rwlock.end_read(w.arena, A));
            },
            after: NOTHING,
        },
        Op {
            name: "rwlock: write",
            before: NOTHING,
            act: |w| {
                assert_eq!(w.rwlock.begin_write(w.arena, A, None), Lock::Acquired);
                assert!(w.rwlock.enter(w.arena, A, Duration::ZERO));
                assert!(w.rwlock.end_write(w.arena));
            },
            after: NOTHING,
        },
        Op {
            name: "rwlock: a reader waits for a writer",
            before: |w| {
                assert_eq!(w.rwlock.begin_write(w.arena, ROOT, None), Lock::Acquired);
                assert!(w.rwlock.enter(w.arena, ROOT, Duration::ZERO));
            },
            act: |w| assert_eq!(w.rwlock.read(w.arena, A, MS), Lock::TimedOut),
            after: |w| assert!(w.rwlock.end_write(w.arena)),
        },
        Op {
            name: "rwlock: a writer waits for a reader",
            before: |w| assert_eq!(w.rwlock.read(w.arena, ROOT, None), Lock::Acquired),
            act: |w| {
                assert_eq!(w.rwlock.begin_write(w.arena, A, None), Lock::Acquired);
                assert!(!w.rwlock.enter(w.arena, A, MS.unwrap()));
                w.rwlock.leave(w.arena);
            },
            after: |w| assert!(w.rwlock.end_read(w.arena, ROOT)),
        },
    ]
}

/// One kill. The number of instructions done.
fn kill_after(op: &Op, k: u64) -> u64 {
    let options = ArenaOptions {
        budget: Some(1 << 30),
        geometry: Some((26, 4)),
    };
    let arena = Arena::create(&options).unwrap();
    let mut heap = Heap::new(&arena, ROOT);
    let world = World::new(&arena, &mut heap);
    for id in &world.ids {
        heap.pre_hold(*id, A).unwrap();
    }
    (op.before)(&world);
    let ids = world.ids.clone();
    let steps = stepper::kill(&arena, &world.ids, k, |own, _| {
        let world = World::open(own, ids);
        stepper::begin();
        (op.act)(&world);
    });
    Repair::new(&arena).slot(A, 1);
    (op.after)(&world);
    world.works();
    for id in world.ids {
        heap.release(id).unwrap();
    }
    assert!(inspect::snapshot(&arena).objects.is_empty(), "leak");
    steps
}

pub fn cases() -> Vec<Case> {
    let case = |op: Op| Case {
        name: op.name,
        kill_after: Box::new(move |k| {
            let at = format!("{}, killed after {k} instructions", op.name);
            let told = std::panic::AssertUnwindSafe(|| kill_after(&op, k));
            std::panic::catch_unwind(told).unwrap_or_else(|_| panic!("{at}"))
        }),
    };
    operations().into_iter().map(case).collect()
}
