//! Blocks, mutexes and queues under the stepper: nothing is lost, leaked or stuck.

use super::stepper::{self, Case, A, ROOT};
use multiproc_shm::repair::Repair;
use multiproc_shm::{
    inspect, Arena, ArenaOptions, Heap, Id, Kind, Lock, Mutex, Queue, QueueError, QueueOptions,
};

/// What there is before the operation. A holds `small` and `large` alone; everything else is held by both.
struct World {
    queue: Id,
    bounded: Id,
    produced: Id,
    mutex: Id,
    small: Id,
    large: Id,
}

type Op = fn(&Arena, &mut Heap, &World);

fn view(arena: &Arena, id: Id) -> Queue {
    Queue::open(arena, id).unwrap()
}

fn operations() -> Vec<(&'static str, Op, Op)> {
    const NOTHING: Op = |_, _, _| ();
    vec![
        ("alloc 64 B, free", NOTHING, |_, h, _| {
            let id = h.alloc(64, Kind::Raw).unwrap();
            h.release(id).unwrap();
        }),
        ("alloc 20 KB", NOTHING, |_, h, _| {
            h.alloc(20_000, Kind::Raw).unwrap();
        }),
        ("free 20 KB", NOTHING, |_, h, w| h.release(w.large).unwrap()),
        ("hold and drop", NOTHING, |_, h, w| {
            h.release(w.mutex).unwrap();
        }),
        ("mutex", NOTHING, |a, _, w| {
            let mutex = Mutex::open(a, w.mutex).unwrap();
            mutex.lock(a, A, None);
            mutex.release(a);
        }),
        ("push", NOTHING, |a, h, w| {
            view(a, w.queue).push(h, &[b"12345678"], &[]).unwrap();
        }),
        ("push a block", NOTHING, |a, h, w| {
            view(a, w.queue).push(h, &[&[7; 20_000]], &[]).unwrap();
        }),
        ("push refs", NOTHING, |a, h, w| {
            view(a, w.queue)
                .push(h, &[b"12345678"], &[w.small, w.large])
                .unwrap();
        }),
        ("push a block with refs", NOTHING, |a, h, w| {
            view(a, w.queue)
                .push(h, &[&[7; 20_000]], &[w.small])
                .unwrap();
        }),
        (
            "push at the end of a lap",
            |a, h, w| {
                let (mut buf, mut refs) = ([0; 1024], Vec::new());
                for _ in 0..46 {
                    view(a, w.bounded).push(h, &[&[7; 256]], &[]).unwrap();
                    view(a, w.bounded).pop(h, &mut buf, &mut refs).unwrap();
                }
            },
            |a, h, w| {
                for _ in 0..2 {
                    view(a, w.bounded).push(h, &[&[7; 256]], &[]).unwrap();
                }
            },
        ),
        (
            "pop",
            |a, h, w| view(a, w.queue).push(h, &[b"12345678"], &[]).unwrap(),
            |a, h, w| {
                view(a, w.queue)
                    .pop(h, &mut [0; 8], &mut Vec::new())
                    .unwrap();
            },
        ),
        (
            "pop a block",
            |a, h, w| view(a, w.queue).push(h, &[&[7; 20_000]], &[]).unwrap(),
            |a, h, w| {
                view(a, w.queue)
                    .pop(h, &mut [0; 20_000], &mut Vec::new())
                    .unwrap();
            },
        ),
        (
            "pop refs",
            |a, h, w| {
                let named = h.alloc(64, Kind::Raw).unwrap();
                view(a, w.queue).push(h, &[b"12345678"], &[named]).unwrap();
                h.release(named).unwrap();
            },
            |a, h, w| {
                let mut refs = Vec::new();
                view(a, w.queue).pop(h, &mut [0; 8], &mut refs).unwrap();
                h.release(refs[0]).unwrap();
            },
        ),
        (
            "drain a backlog",
            |a, h, w| {
                for _ in 0..150 {
                    view(a, w.queue).push(h, &[&[7; 8192]], &[]).unwrap();
                }
                for _ in 0..149 {
                    view(a, w.queue)
                        .pop(h, &mut [0; 8192], &mut Vec::new())
                        .unwrap();
                }
            },
            |a, h, w| {
                view(a, w.queue)
                    .pop(h, &mut [0; 8192], &mut Vec::new())
                    .unwrap();
            },
        ),
        ("make a queue, fill it, drop it", NOTHING, |a, h, _| {
            let options = QueueOptions {
                max_size: 3,
                ..Default::default()
            };
            let id = Queue::new(h, &options).unwrap();
            view(a, id).push(h, &[&[7; 20_000]], &[]).unwrap();
            view(a, id).push(h, &[b"12345678"], &[]).unwrap();
            h.release(id).unwrap();
        }),
        ("produce and close", NOTHING, |a, h, w| {
            view(a, w.produced).push(h, &[b"12345678"], &[]).unwrap();
            view(a, w.produced).close(h);
        }),
        ("claim", NOTHING, |a, h, w| {
            let (slot, _) = a.claim(A).unwrap();
            h.pre_hold(w.small, slot).unwrap();
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    let case = |(name, before, op): (&'static str, Op, Op)| Case {
        name,
        kill_after: Box::new(move |k| kill_after(name, before, op, k)),
    };
    operations().into_iter().map(case).collect()
}

/// One kill. The number of instructions done.
fn kill_after(name: &str, before: Op, op: Op, k: u64) -> u64 {
    let options = ArenaOptions {
        budget: Some(1 << 30),
        geometry: Some((26, 4)),
    };
    let arena = Arena::create(&options).unwrap();
    let mut heap = Heap::new(&arena, ROOT);
    let world = {
        let mut queue = |max_size, producers| {
            Queue::new(
                &mut heap,
                &QueueOptions {
                    max_size,
                    producers,
                    label: "",
                },
            )
            .unwrap()
        };
        let (q, bounded, produced) = (queue(0, 0), queue(10, 0), queue(0, 1));
        World {
            queue: q,
            bounded,
            produced,
            mutex: Mutex::new(&mut heap, "").unwrap(),
            small: heap.alloc(64, Kind::Raw).unwrap(),
            large: heap.alloc(20_000, Kind::Raw).unwrap(),
        }
    };
    let held = [
        world.queue,
        world.bounded,
        world.produced,
        world.mutex,
        world.small,
        world.large,
    ];
    for id in held {
        heap.pre_hold(id, A).unwrap();
    }
    heap.release(world.small).unwrap();
    heap.release(world.large).unwrap();
    before(&arena, &mut heap, &world);

    let steps = stepper::kill(&arena, &held, k, |own, heap| {
        stepper::begin();
        op(own, heap, &world);
    });
    let mut repair = Repair::new(&arena);
    repair.slot(A, 1);

    let at = |what: &str| format!("{name}, killed after {k} instructions: {what}");
    let mutex = Mutex::open(&arena, world.mutex).unwrap();
    if mutex.lock(&arena, ROOT, Some(std::time::Duration::ZERO)) != Lock::Acquired {
        assert!(
            mutex.recover(&arena, ROOT),
            "{}",
            at("mutex neither free nor abandoned")
        );
    }
    mutex.release(&arena);
    let (mut buf, mut refs) = (vec![0; 20_000], Vec::new());
    for id in [world.queue, world.bounded, world.produced] {
        let queue = view(&arena, id);
        let mut size = queue.size(&arena);
        assert!(size <= 2, "{}", at("size"));
        loop {
            match queue.pop(&mut heap, &mut buf, &mut refs) {
                Ok(n) => {
                    assert!(size > 0, "{}", at("more than its size"));
                    size -= 1;
                    assert!(
                        n == 8 && &buf[..8] == b"12345678" || buf[..n].iter().all(|b| *b == 7),
                        "{}",
                        at("bytes")
                    );
                    refs.drain(..).for_each(|id| heap.release(id).unwrap());
                }
                Err(QueueError::Empty | QueueError::Closed) => break,
                Err(e) => panic!("{}", at(&e.to_string())),
            }
        }
        assert_eq!(size, 0, "{}", at("less than its size"));
        // and it still works
        if !queue.is_closed(&arena) {
            queue.push(&mut heap, &[&[7; 18_000]], &[]).unwrap();
            assert_eq!(queue.pop(&mut heap, &mut buf, &mut refs), Ok(18_000));
        }
    }
    heap.tidy();
    repair.tidy();
    for object in inspect::snapshot(&arena).objects {
        let known = [world.queue, world.bounded, world.produced, world.mutex].contains(&object.id);
        assert!(
            known && object.holders == [ROOT],
            "{}",
            at(&format!("leaked {object:?}"))
        );
    }
    // a producer keeps the queue until it is closed
    view(&arena, world.produced).close(&mut heap);
    for id in [world.queue, world.bounded, world.produced, world.mutex] {
        heap.release(id).unwrap();
    }
    assert!(
        inspect::snapshot(&arena).objects.is_empty(),
        "{}",
        at("leak")
    );
    let class = arena.used_bytes();
    assert!(
        class < 4 << 20,
        "{}",
        at(&format!("{class} bytes are still backed"))
    );
    steps
}
