//! Ends of pipes, joinable queues, arrays, shared values and named memory in one process: every call once, and its errors.
#![cfg(all(not(loom), target_os = "linux"))]

use multiproc_shm::{
    named, Arena, ArenaOptions, Error, Heap, Id, Kind, NamedMemory, PipeEnd, Queue, QueueError,
    QueueOptions, SharedValue,
};
use std::time::Duration;

fn arena() -> &'static Arena {
    Box::leak(Box::new(Arena::create(&ArenaOptions::default()).unwrap()))
}

/// Lets go of an end, as those who have it do: the end first, then its rings.
fn close(heap: &mut Heap, end: PipeEnd) {
    for id in [Some(end.id), end.reads, end.writes].into_iter().flatten() {
        heap.release(id).unwrap();
    }
}

#[test]
fn a_pipe_ends_with_its_other_end() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let [a, b] = PipeEnd::pair(&mut heap, true, "here:1").unwrap();
    assert_eq!((a.reads, a.writes), (b.writes, b.reads));
    assert_eq!(PipeEnd::open(arena, a.id).unwrap(), a);
    let (there, back) = (a.writes.unwrap(), a.reads.unwrap());
    let (ring, mine) = (
        Queue::open(arena, there).unwrap(),
        Queue::open(arena, back).unwrap(),
    );
    ring.push(&mut heap, &[b"left ", b"over"], &[]).unwrap();
    close(&mut heap, a);
    let (mut buffer, mut refs) = ([0; 64], Vec::new());
    assert_eq!(ring.pop(&mut heap, &mut buffer, &mut refs), Ok(9));
    let end = ring.pop_wait(&mut heap, &mut buffer, &mut refs, None);
    assert_eq!(end, Err(QueueError::Closed));
    assert_eq!(
        mine.push(&mut heap, &[b"x"], &[]),
        Err(QueueError::Closed),
        "nobody can read it"
    );
    close(&mut heap, b);
    assert!(multiproc_shm::inspect::snapshot(arena).objects.is_empty());
    assert!(matches!(
        PipeEnd::open(arena, a.id),
        Err(Error::BadId { .. })
    ));
    let queue = Queue::new(&mut heap, &QueueOptions::default()).unwrap();
    assert!(matches!(
        PipeEnd::open(arena, queue),
        Err(Error::WrongKind { .. })
    ));
}

#[test]
fn a_pipe_is_full_by_bytes() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    for size in [8, 1000, 16 << 10, 20_000, 64 << 10, 3 << 20] {
        let [reader, writer] = PipeEnd::pair(&mut heap, false, "").unwrap();
        assert_eq!((reader.writes, writer.reads), (None, None));
        let ring = Queue::open(arena, writer.writes.unwrap()).unwrap();
        let bytes = vec![7; size];
        let mut sent = 0;
        loop {
            match ring.push_wait(&mut heap, &[&bytes], &[], Some(Duration::ZERO)) {
                Ok(()) => sent += 1,
                Err(QueueError::TimedOut) => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(sent >= 1 && sent * size >= 64 << 10, "{sent} of {size}");
        assert!(sent * size.min(64 << 10) <= 512 << 10, "{sent} of {size}");
        let (mut buffer, mut refs) = (vec![0; size], Vec::new());
        for _ in 0..sent {
            assert_eq!(ring.pop(&mut heap, &mut buffer, &mut refs), Ok(size));
            assert!(buffer.iter().all(|byte| *byte == 7));
        }
        ring.push(&mut heap, &[&bytes], &[]).unwrap();
        close(&mut heap, reader);
        close(&mut heap, writer);
    }
}

#[test]
fn reports_are_counted_up_to_what_was_put() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let id = Queue::new(&mut heap, &QueueOptions::default()).unwrap();
    let queue = Queue::open(arena, id).unwrap();
    assert!(queue.is_joined_or_arm(arena, 0));
    assert!(!queue.task_done(arena));
    for _ in 0..2 {
        queue.push(&mut heap, &[b"x"], &[]).unwrap();
    }
    assert!(queue.task_done(arena));
    assert!(!queue.is_joined_or_arm(arena, 0));
    let seen = arena.bell_seen(0);
    assert!(queue.task_done(arena));
    assert_ne!(arena.bell_seen(0), seen, "the joiner is rung");
    assert!(queue.is_joined_or_arm(arena, 0));
    assert!(!queue.task_done(arena));
}

#[test]
fn an_array_knows_its_bytes() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    for bytes in [0, 1, 24, 64, 5000, 3 << 20] {
        let id = heap.alloc_array(bytes).unwrap();
        assert_eq!(arena.kind(id), Ok(Kind::Array));
        assert_eq!(arena.array_bytes(id), Ok(bytes));
        heap.release(id).unwrap();
        assert!(arena.array_bytes(id).is_err());
    }
    let other = heap.alloc(64, Kind::Raw).unwrap();
    assert!(matches!(
        arena.array_bytes(other),
        Err(Error::WrongKind { .. })
    ));
}

#[test]
fn a_shared_value_says_when_nobody_wants_it() {
    let arena = arena();
    let mut heap = Heap::new(arena, 0);
    let named = heap.alloc(64, Kind::Raw).unwrap();
    let value = SharedValue::new(&mut heap, b"content", &[named], "here:1").unwrap();
    assert_eq!(SharedValue::open(arena, value.end).unwrap(), value);
    assert_eq!((value.bytes, value.refs.as_slice()), (7, &[named][..]));
    assert_eq!(SharedValue::is_gone(arena, value.block), Ok(false));
    heap.release(value.end).unwrap();
    assert_eq!(SharedValue::is_gone(arena, value.block), Ok(true));
    assert!(SharedValue::open(arena, value.end).is_err());
    assert!(SharedValue::open(arena, named).is_err());
    heap.release(value.block).unwrap();
    heap.release(named).unwrap();
    assert!(multiproc_shm::inspect::snapshot(arena).objects.is_empty());
    let stranger = Id::from_u64(5);
    assert!(matches!(
        SharedValue::new(&mut heap, b"", &[stranger], ""),
        Err(Error::NotHeld { .. })
    ));
}

fn errno<T>(result: Result<T, Error>) -> i32 {
    match result {
        Err(Error::Os { errno, .. }) => errno,
        Err(error) => panic!("{error}"),
        Ok(_) => 0,
    }
}

#[test]
fn a_named_block_is_gone_with_its_last_user() {
    let name = format!("test-{}", std::process::id());
    let mut owner = NamedMemory::create(&name, 100).unwrap();
    assert!(owner.is_owner() && owner.size() == 100);
    assert_eq!(errno(NamedMemory::create(&name, 1)), libc::EEXIST);
    let mut user = NamedMemory::attach(&name).unwrap();
    assert!(!user.is_owner() && user.size() == 100);
    // SAFETY: both mappings have 100 bytes and stay.
    unsafe {
        *owner.base() = 42;
        assert_eq!(*user.base(), 42);
    }
    named::sweep();
    owner.close();
    let mut late = NamedMemory::attach(&name).unwrap();
    user.close();
    late.close();
    assert_eq!(errno(NamedMemory::attach(&name)), libc::ENOENT);
    assert_eq!(owner.unlink(), Ok(()));
    assert_eq!(errno(owner.unlink()), libc::ENOENT);
}

#[test]
fn what_nobody_uses_is_swept() {
    let name = format!("swept-{}", std::process::id());
    let path = {
        // A file as a crash leaves it: with its name, and without a lock.
        let mut owner = NamedMemory::create(&name, 8).unwrap();
        // SAFETY: no precondition.
        let path = format!("/dev/shm/multiproc-{}-{name}", unsafe { libc::geteuid() });
        owner.close();
        std::fs::write(&path, [0; 8]).unwrap();
        path
    };
    assert_eq!(errno(NamedMemory::attach(&name)), libc::ENOENT);
    std::fs::write(&path, [0; 8]).unwrap();
    let mut anew = NamedMemory::create(&name, 16).unwrap();
    assert_eq!(anew.size(), 16);
    anew.close();
    std::fs::write(&path, [0; 8]).unwrap();
    named::sweep();
    assert!(!std::path::Path::new(&path).exists());
}
