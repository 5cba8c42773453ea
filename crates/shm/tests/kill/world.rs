//! One of each primitive, and whether they work.

use multiproc_shm::{
    Arena, Arrival, Barrier, BarrierOptions, Condition, Event, Heap, Id, Lock, Mutex, RwLock,
    Semaphore, Slot,
};
use std::time::Duration;

const ROOT: Slot = 0;
const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
/// A wait of this length is a hang.
const HANG: Option<Duration> = Some(Duration::from_secs(15));

/// One of each.
pub struct World<'a> {
    pub arena: &'a Arena,
    pub ids: Vec<Id>,
    /// 3 permits.
    pub semaphore: Semaphore,
    pub bounded: Semaphore,
    /// None, at first: a signal.
    pub signal: Semaphore,
    pub mutex: Mutex,
    pub condition: Condition,
    pub event: Event,
    pub barrier: Barrier,
    pub acting: Barrier,
    pub rwlock: RwLock,
}

impl<'a> World<'a> {
    pub fn new(arena: &'a Arena, heap: &mut Heap) -> World<'a> {
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
        World::open(arena, ids)
    }

    /// As another process sees it.
    pub fn open(arena: &'a Arena, ids: Vec<Id>) -> World<'a> {
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

    pub fn lock(&self, slot: u32) {
        if self.mutex.lock(self.arena, slot, HANG) != Lock::Acquired {
            assert!(self.mutex.recover(self.arena, slot), "the mutex hangs");
        }
    }

    /// All permits can be had, and no more.
    pub fn has(&self, semaphore: &Semaphore, permits: &[u32]) {
        let value = semaphore.value(self.arena);
        assert!(permits.contains(&value), "{value} permits");
        for _ in 0..value {
            assert!(semaphore.acquire(self.arena, ROOT, HANG).is_some());
        }
        assert_eq!(semaphore.acquire(self.arena, ROOT, AT_ONCE), None);
    }

    /// Both barriers let two parties pass, after a reset.
    pub fn passes(&self) {
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

    pub fn can_be_written(&self) {
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
    pub fn works(&self) {
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
