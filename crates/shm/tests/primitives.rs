//! The surface of the primitives in one process: every call once, its errors, and what a death changes.
#![cfg(all(not(loom), target_os = "linux"))]

use multiproc_shm::inspect::{self, Detail};
use multiproc_shm::{
    Arena, ArenaOptions, Arrival, AsyncLock, Barrier, BarrierOptions, Condition, Error, Event,
    Heap, Id, Kind, Lock, Mutex, Permit, Queue, Refused, RwLock, Semaphore, Supervisor, Try,
};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

fn arena() -> &'static Arena {
    Box::leak(Box::new(Arena::create(&ArenaOptions::default()).unwrap()))
}

fn detail(arena: &Arena, id: Id) -> Detail {
    let objects = inspect::snapshot(arena).objects;
    objects.into_iter().find(|o| o.id == id).unwrap().detail
}

/// A thread of its own slot holds `id`, does something, and leaves.
fn die_after(arena: &'static Arena, id: Id, what: impl FnOnce(u32) + Send + 'static) {
    let supervisor = Supervisor::start(arena).unwrap();
    let (slot, generation) = arena.claim(0).unwrap();
    std::thread::spawn(move || {
        arena.enter(slot, generation, "victim").unwrap();
        let mut heap = Heap::new(arena, slot);
        heap.retain(id).unwrap();
        what(slot);
        std::mem::forget(heap);
        arena.leave(slot);
    })
    .join()
    .unwrap();
    let begun = Instant::now();
    while supervisor.repairs() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "no repair");
        std::thread::sleep(MS);
    }
}

#[test]
fn each_opens_only_its_own_kind() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let raw = heap.alloc(4096, Kind::Raw).unwrap();
    for id in [raw, Id::from_u64(1 << 40), Id::from_u64(u64::MAX)] {
        assert!(Semaphore::open(arena, id).is_err());
        assert!(RwLock::open(arena, id).is_err());
        assert!(Condition::open(arena, id).is_err());
        assert!(Event::open(arena, id).is_err());
        assert!(Barrier::open(arena, id).is_err());
        assert!(Mutex::open(arena, id).is_err());
    }
    let event = Event::new(&mut heap, "").unwrap();
    assert!(matches!(
        Semaphore::open(arena, event),
        Err(Error::WrongKind {
            expected: Kind::Semaphore,
            ..
        })
    ));
    let recursive = Mutex::new_recursive(&mut heap, "").unwrap();
    assert!(Mutex::open(arena, recursive).is_ok());
    assert!(Queue::open(arena, recursive).is_err());
}

#[test]
fn a_semaphore_counts_waits_and_refuses() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    for first in [2, 300] {
        let id = Semaphore::new(&mut heap, first, true, "s").unwrap();
        let s = Semaphore::open(arena, id).unwrap();
        let owned = matches!(s.acquire(arena, 1, None), Some(Permit::Owned(_)));
        assert_eq!(owned, first == 2);
        assert!(s.try_acquire(arena, 2).is_some());
        assert_eq!(s.value(arena), first - 2);
        assert_eq!(s.release(arena, 1, 3), Err(Refused::NotHeld));
        assert_eq!(s.value(arena), first - 2);
        assert_eq!(s.release(arena, 1, 2), Ok(()));
        assert_eq!(s.value(arena), first);
        assert_eq!(s.release(arena, 1, 1), Err(Refused::NotHeld));
        heap.release(id).unwrap();
    }
    let id = Semaphore::new(&mut heap, 0, false, "s").unwrap();
    let s = Semaphore::open(arena, id).unwrap();
    assert_eq!(s.acquire(arena, 0, Some(20 * MS)), None);
    assert!(matches!(
        s.try_acquire_or_arm(arena, 3, Duration::ZERO),
        Try::Armed { .. }
    ));
    let seen = arena.bell_seen(3);
    s.release(arena, 0, 5).unwrap();
    assert!(arena.sleep(3, seen, Duration::ZERO));
    assert!(matches!(
        s.try_acquire_or_arm(arena, 3, MS),
        Try::Acquired(_)
    ));
    s.give_up(arena);
    s.pass_on(arena, 1);
    assert_eq!(s.release(arena, 0, i32::MAX as u32), Err(Refused::TooMany));
    assert_eq!(s.value(arena), 4);
    assert!(matches!(
        Semaphore::new(&mut heap, 1 << 31, false, ""),
        Err(Error::Argument { name: "value", .. })
    ));
}

#[test]
fn permits_of_the_dead_come_back_unless_they_left_in_order() {
    for (orderly, back) in [(false, 2), (true, 1)] {
        let arena = arena();
        let mut heap = Heap::new(arena, 0);
        let id = Semaphore::new(&mut heap, 2, false, "s").unwrap();
        die_after(arena, id, move |slot| {
            let s = Semaphore::open(arena, id).unwrap();
            assert!(s.acquire(arena, slot, None).is_some());
            if orderly {
                arena.set_orderly(slot);
            }
        });
        assert_eq!(Semaphore::open(arena, id).unwrap().value(arena), back);
    }
}

#[test]
fn a_readers_writer_lock_lets_in_and_keeps_out() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let id = RwLock::new(&mut heap, "rw").unwrap();
    let rw = RwLock::open(arena, id).unwrap();
    assert_eq!(rw.read(arena, 1, None), Lock::Acquired);
    assert_eq!(
        rw.try_read_or_arm(arena, 2, Duration::ZERO),
        AsyncLock::Acquired
    );
    assert_eq!(rw.begin_write(arena, 3, None), Lock::Acquired);
    assert!(!rw.enter(arena, 3, MS));
    assert_eq!(rw.read(arena, 2, Some(10 * MS)), Lock::TimedOut);
    assert!(rw.end_read(arena, 1));
    let seen = arena.bell_seen(3);
    assert!(!rw.try_enter_or_arm(arena, 3));
    assert!(rw.end_read(arena, 2));
    assert!(!rw.end_read(arena, 2));
    assert!(arena.sleep(3, seen, Duration::ZERO));
    assert!(rw.try_enter_or_arm(arena, 3));
    assert!(matches!(
        detail(arena, id),
        Detail::RwLock {
            writer: Some(3),
            ..
        }
    ));
    assert!(rw.end_write(arena));
    assert!(!rw.end_write(arena));
    assert!(!rw.recover(arena, 0));
    die_after(arena, id, move |slot| {
        let rw = RwLock::open(arena, id).unwrap();
        assert_eq!(rw.begin_write(arena, slot, None), Lock::Acquired);
        assert!(rw.enter(arena, slot, MS));
    });
    assert!(matches!(rw.read(arena, 0, None), Lock::OwnerDied { .. }));
    assert!(rw.recover(arena, 0));
    assert_eq!(rw.read(arena, 0, None), Lock::Acquired);
}

#[test]
fn a_condition_counts_its_waiters() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let lock = Mutex::new_recursive(&mut heap, "").unwrap();
    let id = Condition::new(&mut heap, lock, "c").unwrap();
    let c = Condition::open(arena, id).unwrap();
    assert_eq!(c.notify(arena, 3), 0);
    for slot in [1, 1, 2] {
        assert!(c.enter(arena, slot));
    }
    assert!(!c.take(arena, 1));
    assert!(!c.wait(arena, 1, MS));
    assert_eq!(c.notify(arena, 2), 2);
    // one each: it goes round
    assert!(c.take(arena, 1) && c.take(arena, 2));
    assert!(!c.leave(arena, 1));
    assert!(c.enter(arena, 1) && c.enter(arena, 2));
    assert_eq!(c.notify(arena, u32::MAX), 2);
    assert!(c.leave(arena, 1), "it was notified");
    assert!(c.wait(arena, 2, MS));
    assert!(c.enter(arena, 2));
    die_after(arena, id, move |slot| {
        let c = Condition::open(arena, id).unwrap();
        assert!(c.enter(arena, slot));
        assert_eq!(c.notify(arena, 1), 1);
        assert!(!c.take(arena, 2), "the other one is notified");
    });
    assert!(c.take(arena, 2), "the notify of the dead is passed on");
}

#[test]
fn an_event_pulses() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let id = Event::new(&mut heap, "e").unwrap();
    let e = Event::open(arena, id).unwrap();
    let epoch = e.epoch(arena);
    assert!(!e.is_set(arena) && !e.wait(arena, epoch, Some(5 * MS)));
    assert!(!e.is_through_or_arm(arena, 1, epoch));
    let seen = arena.bell_seen(1);
    e.set(arena);
    assert!(e.is_set(arena) && arena.sleep(1, seen, Duration::ZERO));
    e.clear(arena);
    assert!(!e.is_set(arena) && e.is_through_or_arm(arena, 1, epoch));
    assert!(!e.is_through_or_arm(arena, 1, e.epoch(arena)));
}

#[test]
fn a_barrier_turns_breaks_and_mends() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let mut options = BarrierOptions {
        parties: 2,
        has_action: true,
        timeout: -1.0,
        label: "b",
    };
    let id = Barrier::new(&mut heap, &options).unwrap();
    let b = Barrier::open(arena, id).unwrap();
    assert_eq!((b.parties(arena), b.timeout(arena)), (2, -1.0));
    let Arrival::Waits { generation, index } = b.arrive(arena) else {
        panic!("it should wait")
    };
    assert_eq!((index, b.look(arena)), (0, (1, false)));
    let acts = Arrival::Acts {
        generation,
        index: 1,
    };
    assert_eq!(b.arrive(arena), acts);
    assert_eq!(b.arrive(arena), Arrival::Busy);
    assert_eq!(b.wait(arena, 0, generation, MS), None);
    assert!(b.finish(arena, generation) && !b.finish(arena, generation));
    assert_eq!(b.outcome(arena, generation), Some(true));
    assert!(!b.abort(arena, Some(generation)), "it is over");
    let Arrival::Waits { generation, .. } = b.arrive(arena) else {
        panic!("it should wait")
    };
    b.reset(arena);
    assert_eq!(b.outcome(arena, generation), Some(false));
    assert!(b.abort(arena, None) && !b.abort(arena, None));
    assert_eq!(b.arrive(arena), Arrival::Broken);
    b.reset(arena);
    assert_eq!(b.look(arena), (0, false));
    die_after(arena, id, |_| ());
    assert_eq!(b.look(arena), (0, true));
    options.parties = 0;
    assert!(matches!(
        Barrier::new(&mut heap, &options),
        Err(Error::Argument { .. })
    ));
}
