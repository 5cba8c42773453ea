//! The public surface in one process: every call once, and its errors.
#![cfg(all(not(loom), target_os = "linux"))]

use multiproc_shm::{
    code, inspect, Arena, ArenaOptions, AsyncLock, DeathWatch, Error, Heap, Id, Kind, Lock, Mutex,
    Queue, QueueError, QueueOptions, Supervisor,
};
use std::time::{Duration, Instant};

fn arena() -> &'static Arena {
    Box::leak(Box::new(Arena::create(&ArenaOptions::default()).unwrap()))
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn blocks_are_zeroed_counted_and_freed() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    for bytes in [0, 1, 64, 65, 4096, 100_000, 3 << 20] {
        let id = heap.alloc(bytes, Kind::Raw).unwrap();
        let (_, size) = arena.range(id).unwrap();
        assert!(size >= bytes.max(64) && size < bytes.max(64) * 2);
        let mut all = vec![1; size as usize];
        arena.read(id, 0, &mut all[..bytes as usize]).unwrap();
        assert!(all[..bytes as usize].iter().all(|b| *b == 0));
        arena.write(id, 0, &vec![7; bytes as usize]).unwrap();
        heap.retain(id).unwrap();
        assert_eq!(heap.count(id), 2);
        heap.release(id).unwrap();
        heap.release(id).unwrap();
        assert_eq!(heap.release(id), Err(Error::NotHeld { id: id.as_u64() }));
        assert!(matches!(arena.kind(id), Err(Error::BadId { .. })));
        assert!(matches!(heap.retain(id), Err(Error::BadId { .. })));
    }
    assert!(inspect::snapshot(arena).objects.is_empty());
    assert!(matches!(
        heap.alloc(2 << 30, Kind::Raw),
        Err(Error::TooLarge { .. })
    ));
    for raw in [1 << 40, u64::MAX, 5 << 32 | 77, 0x1f_ffff_ffff] {
        assert_eq!(
            arena.range(Id::from_u64(raw)),
            Err(Error::BadId { id: raw })
        );
        assert!(Mutex::open(arena, Id::from_u64(raw)).is_err());
        assert!(Queue::open(arena, Id::from_u64(raw)).is_err());
    }
}

#[test]
fn a_budget_ends_in_an_error_and_everything_goes_on() {
    let arena: &Arena = Box::leak(Box::new(
        Arena::create(&ArenaOptions {
            budget: Some(8 << 20),
            ..Default::default()
        })
        .unwrap(),
    ));
    let mut heap = Heap::new(arena, 0);
    let queue = Queue::new(&mut heap, &QueueOptions::default()).unwrap();
    let queue = Queue::open(arena, queue).unwrap();
    let mut blocks = Vec::new();
    loop {
        match heap.alloc(1 << 20, Kind::Raw) {
            Ok(id) => blocks.push(id),
            Err(Error::OutOfMemory { budget, .. }) => break assert_eq!(budget, 8 << 20),
            Err(e) => panic!("{e}"),
        }
    }
    assert!(blocks.len() >= 6);
    let mut pushed = 0;
    let refused = loop {
        match queue.push(&mut heap, &[&[1; 10_000]], &[]) {
            Ok(()) => pushed += 1,
            Err(e) => break e,
        }
    };
    assert!(
        matches!(refused, QueueError::Failed(Error::OutOfMemory { .. })),
        "{refused}"
    );
    heap.release(blocks.pop().unwrap()).unwrap();
    queue.push(&mut heap, &[&[1; 10_000]], &[]).unwrap();
    assert_eq!(queue.size(arena), pushed + 1);
}

#[test]
fn attach_accepts_only_this_layout() {
    let arena = arena();
    let other = Arena::attach(arena.handle().try_clone().unwrap()).unwrap();
    assert_eq!(other.tree(), arena.tree());
    assert_ne!(other.base(), arena.base());
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    assert!(matches!(
        Arena::attach(file.into()),
        Err(Error::NotOurs { .. })
    ));
    let (read, _write) = std::io::pipe().unwrap();
    assert!(Arena::attach(read.into()).is_err());
}

#[test]
fn a_mutex_excludes_and_times_out() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let id = Mutex::new(&mut heap, "grüße").unwrap();
    let mutex = Mutex::open(arena, id).unwrap();
    assert_eq!(mutex.lock(arena, 0, None), Lock::Acquired);
    assert_eq!(mutex.owner(arena), Some(0));
    assert_eq!(mutex.try_lock(arena, 1), Ok(false));
    assert_eq!(
        mutex.lock(arena, 1, Some(Duration::from_millis(20))),
        Lock::TimedOut
    );
    assert!(matches!(
        mutex.try_lock_or_arm(arena, 2, Duration::ZERO),
        AsyncLock::Armed { .. }
    ));
    let seen = arena.bell_seen(2);
    assert!(mutex.release(arena));
    assert!(!mutex.release(arena));
    assert!(arena.sleep(2, seen, Duration::ZERO));
    assert_eq!(
        mutex.try_lock_or_arm(arena, 2, Duration::from_millis(1)),
        AsyncLock::Acquired
    );
    assert!(!mutex.recover(arena, 2));
    // not let go while this slot owns it, and another one can see it
    let mut other = Heap::new(arena, 1);
    other.retain(id).unwrap();
    mutex.release(arena);
    mutex.lock(arena, 0, None);
    heap.release(id).unwrap();
    heap.tidy();
    assert_eq!(inspect::snapshot(arena).objects[0].holders, [0, 1]);
    assert!(mutex.release(arena));
    assert_eq!(inspect::snapshot(arena).objects[0].label, "grüße");
    heap.tidy();
    assert_eq!(inspect::snapshot(arena).objects[0].holders, [1]);
    mutex.lock(arena, 1, None);
    other.release(id).unwrap();
    assert!(inspect::snapshot(arena).objects.is_empty());
}

#[test]
fn hammering_threads_starve_nobody() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let id = Mutex::new(&mut heap, "").unwrap();
    let mutex = Mutex::open(arena, id).unwrap();
    let counter = arena.range(id).unwrap().0 + 64;
    let stop = std::sync::atomic::AtomicBool::new(false);
    let (mut total, mut polite) = (0, 0);
    std::thread::scope(|scope| {
        let hammers: Vec<_> = (1..4)
            .map(|slot| {
                let stop = &stop;
                scope.spawn(move || {
                    let mut n = 0u64;
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        assert_eq!(mutex.lock(arena, slot, None), Lock::Acquired);
                        let word = arena.mem.w64(counter);
                        word.set(word.get() + 1);
                        n += 1;
                        mutex.release(arena);
                    }
                    n
                })
            })
            .collect();
        for _ in 0..20 {
            assert_eq!(
                mutex.lock(arena, 9, Some(Duration::from_secs(20))),
                Lock::Acquired
            );
            let word = arena.mem.w64(counter);
            word.set(word.get() + 1);
            polite += 1;
            mutex.release(arena);
            std::thread::sleep(Duration::from_millis(1));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        total = hammers.into_iter().map(|h| h.join().unwrap()).sum::<u64>() + polite;
    });
    assert_eq!(arena.mem.w64(counter).get(), total);
}

#[test]
fn a_queue_gives_back_what_was_put_in() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let id = Queue::new(
        &mut heap,
        &QueueOptions {
            label: "q",
            ..Default::default()
        },
    )
    .unwrap();
    let queue = Queue::open(arena, id).unwrap();
    let (mut buf, mut refs) = (vec![0; 5 << 20], Vec::new());
    assert_eq!(
        queue.pop(&mut heap, &mut buf, &mut refs),
        Err(QueueError::Empty)
    );
    let sizes = [
        0usize,
        1,
        7,
        8,
        9,
        63,
        64,
        1000,
        16 << 10,
        (16 << 10) + 1,
        70_000,
        5 << 20,
    ];
    for n in sizes {
        let bytes: Vec<u8> = (0..n).map(|i| (i * 31 + n) as u8).collect();
        let (a, b) = bytes.split_at(n / 3);
        let named = heap.alloc(64, Kind::Raw).unwrap();
        queue.push(&mut heap, &[a, &[], b], &[named]).unwrap();
        heap.release(named).unwrap();
        assert_eq!(queue.size(arena), 1);
        assert_eq!(queue.next_len(&heap), Some(n));
        if n > 0 {
            let few = queue.pop(&mut heap, &mut buf[..n - 1], &mut refs);
            assert_eq!(few, Err(QueueError::TooSmall { bytes: n }));
        }
        assert_eq!(queue.pop(&mut heap, &mut buf, &mut refs), Ok(n));
        assert_eq!(buf[..n], bytes[..]);
        assert_eq!(refs, [named]);
        heap.tidy();
        assert_eq!(heap.count(named), 1);
        heap.release(named).unwrap();
    }
    assert_eq!(inspect::snapshot(arena).objects.len(), 1);
    queue.push(&mut heap, &[b"last"], &[]).unwrap();
    queue.close(&mut heap);
    assert_eq!(queue.push(&mut heap, &[], &[]), Err(QueueError::Closed));
    assert_eq!(queue.pop(&mut heap, &mut buf, &mut refs), Ok(4));
    assert_eq!(
        queue.pop_wait(&mut heap, &mut buf, &mut refs, None),
        Err(QueueError::Closed)
    );
    heap.release(id).unwrap();
    assert!(inspect::snapshot(arena).objects.is_empty());
}

#[test]
fn a_bounded_queue_holds_max_size_of_any_size() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let mut rng = 88172645463325252u64;
    let mut next = |n: u64| {
        rng ^= rng << 13;
        rng ^= rng >> 7;
        rng ^= rng << 17;
        rng % n
    };
    let (mut buf, mut refs) = (vec![0; 1 << 20], Vec::new());
    for max_size in [1u64, 2, 3, 10, 100, 5000] {
        let options = QueueOptions {
            max_size,
            ..Default::default()
        };
        let id = Queue::new(&mut heap, &options).unwrap();
        let queue = Queue::open(arena, id).unwrap();
        let mut expected = std::collections::VecDeque::new();
        for round in 0..20_000u64 {
            if next(2) == 0 {
                let most = [10, 500, 3000, 40_000][next(4) as usize];
                let n = next(most) as usize;
                let full = expected.len() as u64 == max_size;
                let done = queue.push(&mut heap, &[&vec![round as u8; n]], &[]);
                assert_eq!(
                    done,
                    if full { Err(QueueError::Full) } else { Ok(()) },
                    "{max_size} {round}"
                );
                if !full {
                    expected.push_back((n, round as u8));
                }
            } else {
                let got = queue.pop(&mut heap, &mut buf, &mut refs);
                match expected.pop_front() {
                    Some((n, b)) => {
                        assert_eq!(got, Ok(n));
                        assert!(buf[..n].iter().all(|x| *x == b));
                    }
                    None => assert_eq!(got, Err(QueueError::Empty)),
                }
            }
            assert_eq!(queue.size(arena), expected.len() as u64);
        }
        heap.release(id).unwrap();
    }
    let long = QueueOptions {
        max_size: 1 << 40,
        ..Default::default()
    };
    assert!(matches!(
        Queue::new(&mut heap, &long),
        Err(Error::Argument {
            name: "max_size",
            ..
        })
    ));
}

#[test]
fn an_unbounded_queue_grows_and_gives_memory_back() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let id = Queue::new(&mut heap, &QueueOptions::default()).unwrap();
    let queue = Queue::open(arena, id).unwrap();
    let before = arena.used_bytes();
    let (mut buf, mut refs) = (vec![0; 1 << 14], Vec::new());
    let mut sent = 0u64;
    let mut got = 0u64;
    // content stays small: the same pages again and again
    for _ in 0..100_000 {
        queue
            .push(&mut heap, &[&sent.to_le_bytes(), &[0; 80]], &[])
            .unwrap();
        sent += 1;
        if sent > 100 {
            queue.pop(&mut heap, &mut buf, &mut refs).unwrap();
            assert_eq!(u64::from_le_bytes(buf[..8].try_into().unwrap()), got);
            got += 1;
        }
    }
    assert!(
        arena.used_bytes() - before < 512 << 10,
        "{}",
        arena.used_bytes() - before
    );
    // a backlog, taken and refilled at random, over several laps
    for round in 0..6u64 {
        let n = 20_000 + round * 7001;
        for i in 0..n {
            queue
                .push(
                    &mut heap,
                    &[&sent.to_le_bytes(), &vec![1; (i * 7919 % 900) as usize]],
                    &[],
                )
                .unwrap();
            sent += 1;
            if i % 3 == round % 3 {
                queue.pop(&mut heap, &mut buf, &mut refs).unwrap();
                assert_eq!(u64::from_le_bytes(buf[..8].try_into().unwrap()), got);
                got += 1;
            }
        }
        let left = if round % 2 == 0 { 50 } else { 0 };
        while queue.size(arena) > left {
            queue.pop(&mut heap, &mut buf, &mut refs).unwrap();
            assert_eq!(u64::from_le_bytes(buf[..8].try_into().unwrap()), got);
            got += 1;
        }
    }
    assert_eq!(sent, got);
    assert!(
        arena.used_bytes() - before < 2 << 20,
        "{}",
        arena.used_bytes() - before
    );
}

#[test]
fn refs_live_as_long_as_a_message_names_them() {
    let arena = arena();
    let (mut a, mut b) = (Heap::new(arena, 1), Heap::new(arena, 2));
    let id = Queue::new(&mut a, &QueueOptions::default()).unwrap();
    b.retain(id).unwrap();
    let queue = Queue::open(arena, id).unwrap();
    let named = a.alloc(64, Kind::Value).unwrap();
    arena.write(named, 0, b"alive").unwrap();
    assert_eq!(
        queue.push(&mut b, &[], &[named]),
        Err(QueueError::Failed(Error::NotHeld { id: named.as_u64() }))
    );
    queue.push(&mut a, &[b"x"], &[named, named]).unwrap();
    a.release(named).unwrap();
    a.tidy();
    let (mut buf, mut refs) = ([0; 8], Vec::new());
    assert_eq!(queue.pop(&mut b, &mut buf, &mut refs), Ok(1));
    a.tidy();
    assert_eq!((a.count(named), b.count(named)), (0, 2));
    let mut bytes = [0; 5];
    arena.read(named, 0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"alive");
    b.release(named).unwrap();
    // a queue that names itself, and that nobody else holds, goes with its messages
    queue.push(&mut b, &[], &[named, id]).unwrap();
    b.release(named).unwrap();
    a.release(id).unwrap();
    b.release(id).unwrap();
    assert_eq!(inspect::snapshot(arena).objects.len(), 2);
    b.tidy();
    assert!(inspect::snapshot(arena).objects.is_empty());
}

#[test]
fn producers_close_a_queue_together() {
    let arena = arena();
    let (mut a, mut b) = (Heap::new(arena, 1), Heap::new(arena, 2));
    let options = QueueOptions {
        producers: 2,
        ..Default::default()
    };
    let id = Queue::new(&mut a, &options).unwrap();
    b.retain(id).unwrap();
    let queue = Queue::open(arena, id).unwrap();
    queue.push(&mut a, &[b"1"], &[]).unwrap();
    queue.close(&mut a);
    assert_eq!(queue.push(&mut a, &[b"2"], &[]), Err(QueueError::Closed));
    assert!(!queue.is_closed(arena) && queue.is_producer_closed(arena, 1));
    queue.push(&mut b, &[b"3"], &[]).unwrap();
    queue.close(&mut b);
    queue.close(&mut b);
    assert!(queue.is_closed(arena));
    let (mut buf, mut refs) = ([0; 8], Vec::new());
    assert_eq!(queue.pop(&mut a, &mut buf, &mut refs), Ok(1));
    assert_eq!(queue.pop(&mut a, &mut buf, &mut refs), Ok(1));
    assert_eq!(
        queue.pop(&mut a, &mut buf, &mut refs),
        Err(QueueError::Closed)
    );
}

#[test]
fn sixteen_threads_lose_and_double_nothing() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    for max_size in [0, 7] {
        let id = Queue::new(
            &mut heap,
            &QueueOptions {
                max_size,
                ..Default::default()
            },
        )
        .unwrap();
        let queue = Queue::open(arena, id).unwrap();
        let per = 5_000u64;
        let sums: u64 = std::thread::scope(|scope| {
            let threads: Vec<_> = (1..=16u32)
                .map(|slot| {
                    scope.spawn(move || {
                        let mut heap = Heap::new(arena, slot * 17);
                        heap.retain(id).unwrap();
                        let (mut buf, mut refs) = (vec![0; 1 << 16], Vec::new());
                        let mut sum = 0;
                        for i in 0..per {
                            if slot % 2 == 0 {
                                let n = slot as u64 * per + i;
                                let pad = vec![
                                    0;
                                    if i % 100 == 0 {
                                        20_000
                                    } else {
                                        (i % 50) as usize
                                    }
                                ];
                                queue
                                    .push_wait(&mut heap, &[&n.to_le_bytes(), &pad], &[], None)
                                    .unwrap();
                            } else {
                                queue
                                    .pop_wait(&mut heap, &mut buf, &mut refs, None)
                                    .unwrap();
                                sum += u64::from_le_bytes(buf[..8].try_into().unwrap());
                            }
                        }
                        heap.release(id).unwrap();
                        sum
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        let expected: u64 = (1..=16u64)
            .filter(|s| s % 2 == 0)
            .map(|s| (0..per).map(|i| s * per + i).sum::<u64>())
            .sum();
        assert_eq!(sums, expected);
        assert_eq!(queue.size(arena), 0);
        heap.release(id).unwrap();
    }
    assert!(inspect::snapshot(arena).objects.is_empty());
}

#[test]
fn no_block_of_up_to_a_mebibyte_crosses_a_window() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    for log in 6..=20 {
        for _ in 0..3 {
            let id = heap.alloc(1 << log, Kind::Raw).unwrap();
            let (offset, bytes) = arena.range(id).unwrap();
            assert_eq!(offset >> 20, (offset + bytes - 1) >> 20, "{bytes} bytes");
        }
    }
}

#[test]
fn an_event_loop_is_woken_through_its_pipe() {
    let arena = arena();
    for _ in 0..2 {
        let mut pipe = arena.bell_pipe(0).unwrap();
        for _ in 0..20 {
            let seen = arena.bell_seen(0);
            if pipe.begin_poll(seen) {
                let waker = std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(2));
                    arena.ring(0);
                });
                let mut fd = libc::pollfd {
                    fd: pipe.fd(),
                    events: libc::POLLIN,
                    revents: 0,
                };
                // SAFETY: one valid pollfd.
                let n = unsafe { libc::poll(&mut fd, 1, 20_000) };
                assert_eq!(n, 1);
                waker.join().unwrap();
            }
            pipe.end_poll();
            // what rang before is not slept over
            let seen = arena.bell_seen(0);
            arena.ring(0);
            assert!(!pipe.begin_poll(seen));
            pipe.end_poll();
        }
    }
}

#[test]
fn a_thread_that_leaves_is_repaired_and_its_slot_used_again() {
    let arena = arena();
    let supervisor = Supervisor::start(arena).unwrap();
    let mut heap = Heap::new(arena, 0);
    let mutex = Mutex::new(&mut heap, "m").unwrap();
    let (slot, generation) = arena.claim(0).unwrap();
    heap.pre_hold(mutex, slot).unwrap();
    let view = Mutex::open(arena, mutex).unwrap();
    std::thread::spawn(move || {
        arena.enter(slot, generation, "thread").unwrap();
        let mut heap = Heap::new(arena, slot);
        heap.adopt(mutex).unwrap();
        heap.alloc(100_000, Kind::Raw).unwrap();
        assert_eq!(view.lock(arena, slot, None), Lock::Acquired);
        arena.leave(slot);
    })
    .join()
    .unwrap();
    let pid = std::process::id();
    assert_eq!(view.lock(arena, 0, None), Lock::OwnerDied { pid });
    assert!(view.recover(arena, 0));
    wait_until("repair", || supervisor.repairs() == 1);
    assert!(view.release(arena));
    assert_eq!(inspect::snapshot(arena).objects.len(), 1);
    let (again, newer) = arena.claim(0).unwrap();
    assert_eq!(again, slot);
    assert!(newer > generation);
    assert_eq!(
        arena.enter(slot, generation, "stale"),
        Err(Error::SlotTaken { slot })
    );
    arena.enter(slot, newer, "new").unwrap();
    let (claimed, g) = arena.claim(slot).unwrap();
    arena.abandon(claimed, g);
    wait_until("abandoned", || supervisor.repairs() == 2);
    let (claimed, g) = arena.claim(slot).unwrap();
    arena.leave(slot);
    // the claims of the dead go with them
    wait_until("taken back", || supervisor.repairs() == 4);
    assert_eq!(
        arena.enter(claimed, g, "late"),
        Err(Error::SlotTaken { slot: claimed })
    );
}

#[test]
fn dumps_and_forks_leave_the_mapping_out() {
    let base = arena().base() as u64;
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let flags = smaps
        .lines()
        .skip_while(|line| !line.starts_with(&format!("{base:08x}-")))
        .find_map(|line| line.strip_prefix("VmFlags:"))
        .unwrap();
    let has = |flag| flags.split_ascii_whitespace().any(|f| f == flag);
    assert!(has("dd") && has("dc"), "{flags}");
}

#[test]
fn the_end_of_a_thread_is_told_at_once() {
    let arena = arena();
    let (send, told) = std::sync::mpsc::channel();
    let watch = DeathWatch::start(arena, move |slot, generation| {
        send.send((slot, generation)).unwrap();
    });
    // Linux before 5.16, or a sandbox: pidfds alone tell.
    let Some(watch) = watch else { return };
    let (slot, generation) = arena.claim(0).unwrap();
    watch.add(slot, generation);
    let (end, ended) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        arena.enter(slot, generation, "mortal").unwrap();
        assert!(arena.hold_liveness(slot, generation));
        ended.recv().unwrap();
    });
    assert_eq!(
        told.recv_timeout(Duration::from_millis(50)),
        Err(std::sync::mpsc::RecvTimeoutError::Timeout)
    );
    end.send(()).unwrap();
    assert_eq!(
        told.recv_timeout(Duration::from_secs(20)),
        Ok((slot, generation))
    );
    thread.join().unwrap();
}

#[test]
fn compiled_code_is_kept_once_and_its_garbage_is_refused() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    assert_eq!(code::kept(arena), None);
    let bytes: Vec<u8> = (0..100_000u32).map(|i| i as u8).collect();
    assert_eq!(code::keep(&mut heap, &bytes), Ok(true));
    assert_eq!(code::keep(&mut heap, b"other"), Ok(false));
    assert_eq!(code::kept(arena), Some(bytes));
    let block = inspect::snapshot(arena).objects[0].id;
    for (offset, word) in [(16, 99u64), (0, 200_000), (0, u64::MAX)] {
        let mut before = [0; 8];
        arena.read(block, offset, &mut before).unwrap();
        arena.write(block, offset, &word.to_le_bytes()).unwrap();
        assert_eq!(code::kept(arena), None, "{word} at {offset}");
        arena.write(block, offset, &before).unwrap();
        assert!(code::kept(arena).is_some());
    }
    heap.release(block).unwrap();
    heap.alloc(100_016, Kind::Raw).unwrap();
    assert_eq!(code::kept(arena), None);
}
