//! The primitives under the stepper: one that dies anywhere leaves them usable, hangs nobody, and its permits come back.

use super::stepper::{self, Case, A, ROOT};
use multiproc_shm::repair::Repair;
use multiproc_shm::{
    inspect, Arena, ArenaOptions, Arrival, Barrier, BarrierOptions, Condition, Event, Heap, Id,
    Lock, Mutex, RwLock, Semaphore,
};
use std::time::Duration;

const MS: Option<Duration> = Some(Duration::from_millis(1));
const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
/// A wait of this length is a hang.
const HANG: Option<Duration> = Some(Duration::from_secs(15));

/// One of each, held by both.
struct World<'a> {
    arena: &'a Arena,
    ids: Vec<Id>,
    /// 3 permits.
    semaphore: Semaphore,
    bounded: Semaphore,
    /// None, at first: a signal.
    signal: Semaphore,
    mutex: Mutex,
    condition: Condition,
    event: Event,
    barrier: Barrier,
    acting: Barrier,
    rwlock: RwLock,
}

impl<'a> World<'a> {
    fn new(arena: &'a Arena, heap: &mut Heap) -> World<'a> {
        let mutex = Mutex::new(heap, "").unwrap();
        let mut barrier = |has_action| {
            let options = BarrierOptions {
                parties: 2,
                has_action,
                timeout: -1.0,
                label: "",
            };
            Barrier::new(heap, &options).unwrap()
        };
        let (barrier, acting) = (barrier(false), barrier(true));
        let ids = vec![
            mutex,
            barrier,
            acting,
            Semaphore::new(heap, 3, false, "").unwrap(),
            Semaphore::new(heap, 3, true, "").unwrap(),
            Semaphore::new(heap, 0, false, "").unwrap(),
            Condition::new(heap, mutex, "").unwrap(),
            Event::new(heap, "").unwrap(),
            RwLock::new(heap, "").unwrap(),
        ];
        let world = World::open(arena, ids);
        for id in &world.ids {
            heap.pre_hold(*id, A).unwrap();
        }
        world
    }

    /// As another process sees it.
    fn open(arena: &'a Arena, ids: Vec<Id>) -> World<'a> {
        World {
            arena,
            mutex: Mutex::open(arena, ids[0]).unwrap(),
            barrier: Barrier::open(arena, ids[1]).unwrap(),
            acting: Barrier::open(arena, ids[2]).unwrap(),
            semaphore: Semaphore::open(arena, ids[3]).unwrap(),
            bounded: Semaphore::open(arena, ids[4]).unwrap(),
            signal: Semaphore::open(arena, ids[5]).unwrap(),
            condition: Condition::open(arena, ids[6]).unwrap(),
            event: Event::open(arena, ids[7]).unwrap(),
            rwlock: RwLock::open(arena, ids[8]).unwrap(),
            ids,
        }
    }

    fn lock(&self, slot: u32) {
        while self.mutex.lock(self.arena, slot, HANG) != Lock::Acquired {
            assert!(self.mutex.recover(self.arena, slot), "the mutex hangs");
            return;
        }
    }

    /// All permits can be had, and no more.
    fn has(&self, semaphore: &Semaphore, permits: &[u32]) {
        let value = semaphore.value(self.arena);
        assert!(permits.contains(&value), "{value} permits");
        for _ in 0..value {
            assert!(semaphore.acquire(self.arena, ROOT, HANG).is_some());
        }
        assert_eq!(semaphore.acquire(self.arena, ROOT, AT_ONCE), None);
    }

    /// Both barriers let two parties pass, after a reset.
    fn passes(&self) {
        for barrier in [&self.barrier, &self.acting] {
            barrier.reset(self.arena);
            let Arrival::Waits { generation, .. } = barrier.arrive(self.arena) else {
                panic!("not empty")
            };
            match barrier.arrive(self.arena) {
                Arrival::Through { .. } => (),
                Arrival::Acts { generation, .. } => assert!(barrier.finish(self.arena, generation)),
                other => panic!("{other:?}"),
            }
            assert_eq!(barrier.outcome(self.arena, generation), Some(true));
        }
    }

    fn can_be_written(&self) {
        let end = self.rwlock.begin_write(self.arena, ROOT, HANG);
        if matches!(end, Lock::OwnerDied { .. }) {
            assert!(self.rwlock.recover(self.arena, ROOT));
            return self.can_be_written();
        }
        assert_eq!(end, Lock::Acquired);
        assert!(
            self.rwlock.enter(self.arena, ROOT, Duration::ZERO),
            "somebody reads"
        );
        assert!(self.rwlock.end_write(self.arena));
    }

    /// Whatever happened: each can be used.
    fn works(&self) {
        self.lock(ROOT);
        assert!(self.mutex.release(self.arena));
        self.passes();
        self.can_be_written();
        let epoch = self.event.epoch(self.arena);
        self.event.clear(self.arena);
        self.event.set(self.arena);
        assert!(self.event.wait(self.arena, epoch, AT_ONCE));
        assert!(self.condition.enter(self.arena, ROOT));
        assert_eq!(
            self.condition.notify(self.arena, u32::MAX),
            1,
            "others wait"
        );
        assert!(self.condition.take(self.arena, ROOT));
    }
}

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
