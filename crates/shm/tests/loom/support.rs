//! What the models have in common.

pub use loom::{sync::Arc, thread};
pub use multiproc_shm::block::{self, data, state_word};
pub use multiproc_shm::mem::model::{fuse, mortal};
pub use multiproc_shm::mem::Mem;
pub use multiproc_shm::repair::Repair;
pub use multiproc_shm::{barrier, bell, condition, event, geometry, lock, mutex, ring, rwlock};
pub use multiproc_shm::{semaphore, Arena, Geometry, Heap, Id, Kind, Slot};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

// two words of two slots: A and B are in different words
pub const A: Slot = 0;
pub const ROOT: Slot = 1;
pub const B: Slot = 2;

pub const BLOCK: u64 = 64;
/// Bytes of ring in a queue's block.
pub const CAP: u64 = 64;

/// Class 0: two blocks; class 1: one larger one, for a queue or a mutex.
pub fn arena() -> Arc<Arena> {
    let arena = Arena::model(Geometry::new(&[(BLOCK, 2), (ring::DATA + CAP, 1)], 8));
    arena.mem.w64(geometry_high(0)).set(2);
    arena.mem.w64(geometry_high(1)).set(1);
    Arc::new(arena)
}

/// High water mark of a class (the second class word pair follows the first).
fn geometry_high(class: u64) -> u64 {
    8 + class * 16
}

pub fn block_id(index: u64) -> Id {
    Id::new(0, index)
}

/// Makes the block live, held by these slots.
pub fn make(m: &Mem, id: Id, kind: Kind, holders: &[Slot]) {
    let taken = block::take(m, id, ROOT).unwrap();
    block::made(m, id, ROOT, taken, (kind as u64) << 56);
    for slot in holders {
        block::hold(m, id, *slot);
    }
    if !holders.contains(&ROOT) {
        block::drop_hold(m, id, ROOT, ROOT);
    }
}

/// A queue held by all three.
pub fn make_queue(m: &Mem, max_size: u64, producers: u64) -> Id {
    let id = Id::new(1, 0);
    make(m, id, Kind::Queue, &[A, B, ROOT]);
    ring::init(m, id, CAP, max_size, CAP, producers, CAP);
    id
}

pub fn push(m: &Mem, queue: Id, slot: Slot, value: u64) -> Result<u64, ring::Stop> {
    ring::push(
        m,
        queue,
        slot,
        &[],
        8,
        ring::Body::Inline(&[&value.to_le_bytes()]),
    )
}

pub fn push_block(m: &Mem, queue: Id, slot: Slot, id: Id) -> Result<u64, ring::Stop> {
    ring::push(m, queue, slot, &[], 8, ring::Body::Block(id))
}

/// An inline value, or None.
pub fn pop(m: &Mem, queue: Id, slot: Slot) -> Option<u64> {
    let mut buffer = [0; 8];
    match ring::pop(m, queue, slot, &mut buffer, 0, &mut Vec::new(), |_| ()) {
        Ok(_) => Some(u64::from_le_bytes(buffer)),
        Err(ring::Stop::Failed(e)) => panic!("{e}"),
        Err(_) => None,
    }
}

/// x == y is what a lock protects; one killed inside leaves x == y + 1, of which the next one is `told`.
pub fn increment(m: &Mem, at: u64, told: bool) {
    let (x, y) = (m.w64(at), m.w64(at + 8));
    let (old, other) = (x.get(), y.get());
    if old != other {
        assert!(told && old == other + 1, "two inside");
        y.set(old);
    }
    x.set(old + 1);
    y.set(old + 1);
}

/// A primitive in block 0 that all three hold.
pub fn make_primitive(m: &Mem, kind: Kind) -> u64 {
    let id = block_id(0);
    make(m, id, kind, &[A, B, ROOT]);
    data(m, id)
}

/// A block, or None.
pub fn pop_block(m: &Mem, queue: Id, slot: Slot) -> Option<Id> {
    let mut buffer = [0; 8];
    match ring::pop(m, queue, slot, &mut buffer, 0, &mut Vec::new(), |_| ()) {
        Ok(popped) => popped.block,
        Err(ring::Stop::Failed(e)) => panic!("{e}"),
        Err(_) => None,
    }
}

pub fn is_free(m: &Mem, id: Id) -> bool {
    block::phase(state_word(m, id).get()) == block::FREE
}

/// Live, and held by `slot` alone.
pub fn is_alone(m: &Mem, id: Id, slot: Slot) -> bool {
    block::phase(state_word(m, id).get()) == block::LIVE
        && (0..4).all(|s| block::is_held_by(m, id, s) == (s == slot))
}

/// A is dead: repairs and gives the supervisor back for later calls.
pub fn repair(arena: &Arena) -> Repair<'_> {
    let mut repair = Repair::new(arena);
    repair.slot(A, 42);
    repair
}

/// A, killed before its `k`-th write, and B at once; a dead A is repaired for. Whether A came to its end, and what B gave.
pub fn duel<R: 'static>(
    arena: &Arc<Arena>,
    k: i64,
    a: impl FnOnce(&Mem) + Send + 'static,
    b: impl FnOnce(&Mem) -> R + Send + 'static,
) -> (bool, R) {
    let (of_a, of_b) = (arena.clone(), arena.clone());
    let a = thread::spawn(move || mortal(k, || a(&of_a.mem)));
    let b = thread::spawn(move || b(&of_b.mem));
    let ended = a.join().unwrap();
    if !ended {
        repair(arena);
    }
    (ended, b.join().unwrap())
}

/// All interleavings with `bound` preemptions, for every kill point. The model says whether A came to its end.
pub fn for_every_kill(
    name: &str,
    bound: usize,
    model: impl Fn(i64) -> bool + Send + Sync + Copy + 'static,
) {
    let mut total = 0;
    let begun = std::time::Instant::now();
    for k in 0.. {
        let counts = std::sync::Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
        let seen = counts.clone();
        if std::env::var_os("LOOM_TELL").is_some() {
            println!("{name}: killed before write {k}");
        }
        builder(bound).check(move || {
            seen.0.fetch_add(1, SeqCst);
            if model(k) {
                seen.1.fetch_add(1, SeqCst);
            }
        });
        let (runs, ended) = (counts.0.load(SeqCst), counts.1.load(SeqCst));
        total += runs;
        if runs == ended {
            println!(
                "{name}: {k} kill points, {total} interleavings, {:.1?}",
                begun.elapsed()
            );
            return;
        }
        assert!(k < 400, "{name}: A never comes to its end");
    }
}

/// All interleavings, nobody killed.
pub fn check(name: &str, bound: usize, model: impl Fn() + Send + Sync + 'static) {
    let begun = std::time::Instant::now();
    let runs = std::sync::Arc::new(AtomicU64::new(0));
    let seen = runs.clone();
    builder(bound).check(move || {
        seen.fetch_add(1, SeqCst);
        model()
    });
    println!(
        "{name}: {} interleavings, {:.1?}",
        runs.load(SeqCst),
        begun.elapsed()
    );
}

fn builder(bound: usize) -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 20_000;
    builder.preemption_bound = match std::env::var("LOOM_BOUND") {
        Ok(text) => text.parse().ok(),
        Err(_) => Some(bound),
    };
    builder
}
