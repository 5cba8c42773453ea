//! Processes do everything at random and are killed at random; then everything is counted.
//!
//! `torture SECONDS [KILLS]` (30 s, no limit). The short form takes some seconds.
//!
//! Every message names its sender's incarnation and a number that grows for each queue. Who takes one marks it in a log that
//! all share, which is no part of the arena: marked twice is a violation. At the end, for each queue:
//! `begun >= pushed >= done` summed over the incarnations, at most one of each in between; `popped - marked` is what died with
//! its taker: at most one for each incarnation that was killed inside of a pop. What is left is drained, in order, without
//! gaps but for what was taken. No block may be left that nobody holds, nothing locked, and no permit missing (hammer.rs).

#[path = "hammer.rs"]
mod hammer;
#[path = "world.rs"]
mod world;

use hammer::Hammer;
use multiproc_shm::{
    inspect, Arena, ArenaOptions, Heap, Id, Kind, Lock, Mutex, Queue, QueueError, QueueOptions,
    Slot, SlotPhase, Supervisor,
};
use std::collections::HashMap;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

const WORKERS: usize = 8;
const QUEUES: usize = 3;
const MUTEXES: usize = 2;
/// Where their ids begin.
const PRIMITIVES: usize = QUEUES + MUTEXES;
/// Incarnations of workers in one run.
const MOST: u64 = 1 << 14;
/// Messages of one incarnation into one queue.
const NUMBERS: u64 = 1 << 15;
/// A wait longer than this is a hang.
const HANG: Duration = Duration::from_secs(15);

/// What the checker believes.
#[derive(Clone, Copy)]
struct Log(*const AtomicU64);

/// Words of an incarnation.
const BEGUN: usize = 0;
const DONE: usize = QUEUES;
const POPPING: usize = 2 * QUEUES;
const VIOLATIONS: usize = 3 * QUEUES;
const WORK: usize = 3 * QUEUES + 1;
const WORDS: usize = 16;
const BITS: usize = NUMBERS as usize / 64;

impl Log {
    const BYTES: usize = MOST as usize * (WORDS + QUEUES * BITS) * 8;

    fn map(fd: i32) -> Log {
        // SAFETY: a new shared mapping of a file of that length, never unmapped.
        let base =
            unsafe { libc::mmap(std::ptr::null_mut(), Log::BYTES, 3, libc::MAP_SHARED, fd, 0) };
        assert_ne!(base, libc::MAP_FAILED);
        Log(base.cast())
    }
    fn at(&self, index: usize) -> &AtomicU64 {
        assert!(index < Log::BYTES / 8);
        // SAFETY: inside of the mapping, as just checked.
        unsafe { &*self.0.add(index) }
    }
    fn word(&self, incarnation: u64, word: usize) -> &AtomicU64 {
        self.at(incarnation as usize * WORDS + word)
    }
    /// Marks a message as taken. False: it was.
    fn mark(&self, queue: usize, item: u64) -> bool {
        let (incarnation, number) = (item >> 32, item & 0xffff_ffff);
        if incarnation >= MOST || number >= NUMBERS {
            return false;
        }
        let set = MOST as usize * WORDS + (incarnation as usize * QUEUES + queue) * BITS;
        let bit = 1 << (number % 64);
        self.at(set + number as usize / 64).fetch_or(bit, SeqCst) & bit == 0
    }
    fn marked(&self, incarnation: u64, queue: usize) -> u64 {
        let set = MOST as usize * WORDS + (incarnation as usize * QUEUES + queue) * BITS;
        (0..BITS)
            .map(|i| self.at(set + i).load(SeqCst).count_ones() as u64)
            .sum()
    }
}

struct Rng(u64);

impl Rng {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

struct Objects {
    queues: [Id; QUEUES],
    mutexes: [Id; MUTEXES],
    primitives: Vec<Id>,
}

impl Objects {
    fn all(&self) -> impl Iterator<Item = Id> + '_ {
        let both = self.queues.iter().chain(&self.mutexes);
        both.chain(&self.primitives).copied()
    }
}

// ---------------------------------------------------------------- worker

struct Worker<'a> {
    arena: &'a Arena,
    heap: Heap<'a>,
    log: Log,
    slot: Slot,
    incarnation: u64,
    objects: Objects,
    rng: Rng,
    hammer: Hammer<'a>,
    mine: Vec<Id>,
    buffer: Vec<u8>,
}

impl Worker<'_> {
    fn bad(&self, what: &str) {
        self.log
            .word(self.incarnation, VIOLATIONS)
            .fetch_add(1, SeqCst);
        eprintln!(
            "incarnation {} slot {}: {what}",
            self.incarnation, self.slot
        );
    }

    fn stamp(&self, id: Id) -> u64 {
        self.incarnation << 44 ^ id.as_u64()
    }

    fn alloc(&mut self) {
        let sizes = if self.rng.below(64) == 0 { 12 } else { 6 };
        let bytes = 64 << self.rng.below(sizes);
        if self.mine.len() > 100 {
            return;
        }
        let Ok(id) = self.heap.alloc(bytes, Kind::Raw) else {
            return self.bad("no memory");
        };
        let mut word = [1; 8];
        self.arena.read(id, bytes - 8, &mut word).unwrap();
        if word != [0; 8] {
            self.bad("not zeroed");
        }
        self.arena
            .write(id, bytes - 8, &self.stamp(id).to_le_bytes())
            .unwrap();
        self.arena
            .write(id, 0, &self.stamp(id).to_le_bytes())
            .unwrap();
        self.mine.push(id);
    }

    fn free(&mut self) {
        if self.mine.is_empty() {
            return;
        }
        let at = self.rng.below(self.mine.len() as u64) as usize;
        let id = self.mine.swap_remove(at);
        let mut word = [0; 8];
        self.arena.read(id, 0, &mut word).unwrap();
        if u64::from_le_bytes(word) != self.stamp(id) {
            self.bad("somebody wrote into our block");
        }
        self.heap.release(id).unwrap();
    }

    /// A pair of equal numbers behind the mutex's word; one killed inside leaves them different by one.
    fn lock(&mut self) {
        let id = self.objects.mutexes[self.rng.below(MUTEXES as u64) as usize];
        let mutex = Mutex::open(self.arena, id).unwrap();
        let told = loop {
            match mutex.lock(self.arena, self.slot, Some(HANG)) {
                Lock::Acquired => break false,
                Lock::TimedOut => return self.bad("a mutex hangs"),
                Lock::OwnerDied { .. } => {
                    if mutex.recover(self.arena, self.slot) {
                        break true;
                    }
                }
            }
        };
        let mut pair = [0u64; 2];
        for (i, value) in pair.iter_mut().enumerate() {
            let mut word = [0; 8];
            self.arena.read(id, 64 + 8 * i as u64, &mut word).unwrap();
            *value = u64::from_le_bytes(word);
        }
        if pair[0] != pair[1] && !(told && pair[0] == pair[1] + 1) {
            self.bad("two inside of a mutex");
        }
        let next = pair[0] + 1;
        self.arena.write(id, 64, &next.to_le_bytes()).unwrap();
        self.arena.write(id, 72, &next.to_le_bytes()).unwrap();
        mutex.release(self.arena);
    }

    fn push(&mut self, index: usize) {
        let number = self.log.word(self.incarnation, BEGUN + index).load(SeqCst);
        if number >= NUMBERS {
            return;
        }
        let queue = Queue::open(self.arena, self.objects.queues[index]).unwrap();
        let item = self.incarnation << 32 | number;
        let most = if self.rng.below(50) == 0 {
            100_000
        } else {
            400
        };
        let fill = vec![item as u8; self.rng.below(most) as usize];
        let named = (self.rng.below(6) == 0).then(|| self.heap.alloc(64, Kind::Value).unwrap());
        if let Some(id) = named {
            self.arena.write(id, 0, &item.to_le_bytes()).unwrap();
        }
        // the bounded ones refuse now and then
        self.log
            .word(self.incarnation, BEGUN + index)
            .store(number + 1, SeqCst);
        let parts: [&[u8]; 2] = [&item.to_le_bytes(), &fill];
        let timeout = Some(Duration::from_micros(300));
        match queue.push_wait(&mut self.heap, &parts, named.as_slice(), timeout) {
            Ok(()) => {
                self.log
                    .word(self.incarnation, DONE + index)
                    .store(number + 1, SeqCst);
            }
            Err(QueueError::TimedOut) => {
                self.log
                    .word(self.incarnation, BEGUN + index)
                    .store(number, SeqCst);
            }
            Err(e) => self.bad(&e.to_string()),
        }
        if let Some(id) = named {
            self.heap.release(id).unwrap();
        }
    }

    fn pop(&mut self, index: usize) {
        let queue = Queue::open(self.arena, self.objects.queues[index]).unwrap();
        let popping = self.log.word(self.incarnation, POPPING + index);
        let timeout = Some(Duration::from_micros(300));
        let mut refs = Vec::new();
        popping.store(1, SeqCst);
        let taken = queue.pop_wait(&mut self.heap, &mut self.buffer, &mut refs, timeout);
        match taken {
            Ok(n) => {
                let item = check(&self.buffer[..n]);
                if !item.is_some_and(|item| self.log.mark(index, item)) {
                    self.bad("garbage, or a message twice");
                }
                popping.store(0, SeqCst);
                for id in refs {
                    let mut word = [0; 8];
                    self.arena.read(id, 0, &mut word).unwrap();
                    if item != Some(u64::from_le_bytes(word))
                        || self.arena.kind(id) != Ok(Kind::Value)
                    {
                        self.bad("a ref was freed while a message named it");
                    }
                    self.heap.release(id).unwrap();
                }
            }
            Err(QueueError::TimedOut) => popping.store(0, SeqCst),
            Err(e) => self.bad(&e.to_string()),
        }
    }

    fn run(mut self) -> ! {
        loop {
            self.log.word(self.incarnation, WORK).fetch_add(1, SeqCst);
            let index = self.rng.below(QUEUES as u64) as usize;
            match self.rng.below(22) {
                0..=3 => self.alloc(),
                4..=6 => self.free(),
                7..=8 => self.lock(),
                // a backlog in the unbounded one, and back to nothing
                9 if self.rng.below(200) == 0 => (0..3000).for_each(|_| self.push(0)),
                10 if self.rng.below(100) == 0 => (0..3000).for_each(|_| self.pop(0)),
                9..=11 => self.push(index),
                12..=15 => self.pop(index),
                _ => {
                    let rng = &mut self.rng;
                    if let Err(what) = self.hammer.strike(|n| rng.below(n)) {
                        self.bad(what);
                    }
                }
            }
        }
    }
}

/// The item of a message whose bytes are right.
fn check(bytes: &[u8]) -> Option<u64> {
    let item = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    bytes[8..].iter().all(|b| *b == item as u8).then_some(item)
}

fn work(text: &str) -> ! {
    let n: Vec<u64> = text.split(' ').map(|n| n.parse().unwrap()).collect();
    // SAFETY: the descriptor that the parent put there for us.
    let arena = Arena::attach(unsafe { OwnedFd::from_raw_fd(3) }).unwrap();
    let (slot, generation, incarnation) = (n[0] as Slot, n[1] as u32, n[2]);
    if arena.enter(slot, generation, "worker").is_err() {
        std::process::exit(9);
    }
    let arena = &*Box::leak(Box::new(arena));
    let ids: Vec<Id> = n[3..].iter().map(|n| Id::from_u64(*n)).collect();
    let mut heap = Heap::new(arena, slot);
    ids.iter().for_each(|id| heap.adopt(*id).unwrap());
    Worker {
        arena,
        heap,
        log: Log::map(4),
        slot,
        incarnation,
        objects: Objects {
            queues: ids[..QUEUES].try_into().unwrap(),
            mutexes: ids[QUEUES..PRIMITIVES].try_into().unwrap(),
            primitives: ids[PRIMITIVES..].to_vec(),
        },
        hammer: Hammer::open(arena, &ids[PRIMITIVES..], slot, incarnation),
        rng: Rng(incarnation * 0x9E37_79B9 + 1),
        mine: Vec::new(),
        buffer: vec![0; 1 << 17],
    }
    .run()
}

// ---------------------------------------------------------------- root

struct Live {
    child: Child,
    slot: Slot,
    generation: u32,
    incarnation: u64,
    /// How much it had done when that last changed.
    work: (u64, Instant),
}

struct Root {
    arena: &'static Arena,
    heap: Heap<'static>,
    log: Log,
    log_file: OwnedFd,
    objects: Objects,
    hammer: Hammer<'static>,
    incarnations: u64,
    live: Vec<Live>,
}

impl Root {
    fn new() -> Root {
        let arena: &'static Arena =
            Box::leak(Box::new(Arena::create(&ArenaOptions::default()).unwrap()));
        let mut heap = Heap::new(arena, 0);
        // SAFETY: a new file of our own.
        let log_file = unsafe {
            let fd = libc::memfd_create(c"log".as_ptr(), libc::MFD_CLOEXEC);
            assert_eq!(libc::ftruncate(fd, Log::BYTES as i64), 0);
            OwnedFd::from_raw_fd(fd)
        };
        let mut queue = |max_size| {
            Queue::new(
                &mut heap,
                &QueueOptions {
                    max_size,
                    ..Default::default()
                },
            )
            .unwrap()
        };
        let queues = [queue(0), queue(7), queue(100)];
        let mutexes = std::array::from_fn(|_| Mutex::new(&mut heap, "").unwrap());
        let hammer = Hammer::new(arena, &mut heap);
        let primitives = hammer.ids();
        Root {
            arena,
            heap,
            log: Log::map(log_file.as_raw_fd()),
            log_file,
            objects: Objects {
                queues,
                mutexes,
                primitives,
            },
            hammer,
            incarnations: 0,
            live: Vec::new(),
        }
    }

    fn start(&mut self) {
        let Ok((slot, generation)) = self.arena.claim(0) else {
            return;
        };
        let incarnation = self.incarnations;
        self.incarnations += 1;
        let mut text = format!("{slot} {generation} {incarnation}");
        for id in self.objects.all() {
            self.heap.pre_hold(id, slot).unwrap();
            text += &format!(" {}", id.as_u64());
        }
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env("TORTURE", text);
        let (arena, log) = (self.arena.fd().as_raw_fd(), self.log_file.as_raw_fd());
        // SAFETY: only async-signal-safe calls between fork and exec.
        unsafe {
            command.pre_exec(move || {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                // above 4 first, so that neither is overwritten
                let (arena, log) = (
                    libc::fcntl(arena, libc::F_DUPFD, 10),
                    libc::fcntl(log, libc::F_DUPFD, 10),
                );
                libc::dup2(arena, 3);
                libc::dup2(log, 4);
                libc::close(arena);
                libc::close(log);
                Ok(())
            });
        }
        let child = command.spawn().unwrap();
        self.live.push(Live {
            child,
            slot,
            generation,
            incarnation,
            work: (0, Instant::now()),
        });
    }

    fn kill(&mut self, at: usize) {
        let mut live = self.live.swap_remove(at);
        live.child.kill().unwrap();
        live.child.wait().unwrap();
        // one that had not entered is the parent's to tell; the others the supervisor sees
        if self.arena.slot_info(live.slot).phase == SlotPhase::Claimed {
            self.arena.abandon(live.slot, live.generation);
        }
    }

    /// Whether somebody has done nothing for too long.
    fn hangs(&mut self) -> u64 {
        let log = self.log;
        let mut hangs = 0;
        for live in &mut self.live {
            let (incarnation, (work, since)) = (live.incarnation, &mut live.work);
            let now = log.word(incarnation, WORK).load(SeqCst);
            if now != *work {
                (*work, *since) = (now, Instant::now());
            } else if since.elapsed() > 2 * HANG {
                *since = Instant::now();
                hangs += 1;
                println!("incarnation {incarnation} hangs");
            }
        }
        hangs
    }
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) -> u64 {
    let begun = Instant::now();
    while !done() {
        if begun.elapsed() > HANG {
            println!("never: {what}");
            return 1;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    0
}

/// Ends the process with an error if anything is wrong.
fn run(seconds: u64, kills: u64) {
    if let Ok(text) = std::env::var("TORTURE") {
        work(&text);
    }
    let mut root = Root::new();
    let arena = root.arena;
    let supervisor = Supervisor::start(arena).unwrap();
    let mut rng = Rng(seconds << 20 | std::process::id() as u64 | 1);
    let (begun, mut killed, mut wrong) = (Instant::now(), 0, 0);
    while begun.elapsed().as_secs() < seconds && killed < kills && root.incarnations < MOST - 1 {
        while root.live.len() < WORKERS {
            root.start();
        }
        std::thread::sleep(Duration::from_micros(200 + rng.below(20_000)));
        let several = if rng.below(7) == 0 { 4 } else { 1 };
        for _ in 0..several {
            let at = rng.below(root.live.len() as u64) as usize;
            root.kill(at);
            killed += 1;
        }
        wrong += root.hangs();
    }
    while !root.live.is_empty() {
        root.kill(0);
        killed += 1;
    }
    wrong += wait_until("all slots are repaired", || {
        (1..multiproc_shm::SUPERVISOR).all(|s| arena.slot_info(s).phase == SlotPhase::Free)
    });

    let mut messages = 0;
    let mut taken_by_dead = 0;
    for (index, id) in root.objects.queues.into_iter().enumerate() {
        let queue = Queue::open(arena, id).unwrap();
        let (pushed, popped) = multiproc_shm::ring::counts(&arena.mem, id);
        let sum = |word: usize| -> u64 {
            (0..root.incarnations)
                .map(|i| root.log.word(i, word).load(SeqCst))
                .sum()
        };
        let (least, most, inside) = (sum(DONE + index), sum(BEGUN + index), sum(POPPING + index));
        let marked: u64 = (0..root.incarnations)
            .map(|i| root.log.marked(i, index))
            .sum();
        messages += marked;
        taken_by_dead += popped.wrapping_sub(marked);
        if pushed < least || pushed > most {
            wrong += 1;
            println!("queue {index}: {pushed} pushed, {least} done, {most} begun");
        }
        if marked > popped || popped - marked > inside {
            wrong += 1;
            println!(
                "queue {index}: {popped} popped, {marked} arrived, {inside} killed inside of a pop"
            );
        }
        let (mut buffer, mut refs, mut left) = (vec![0; 1 << 17], Vec::new(), 0);
        let mut last: HashMap<u64, u64> = HashMap::new();
        while let Ok(n) = queue.pop(&mut root.heap, &mut buffer, &mut refs) {
            left += 1;
            refs.drain(..).for_each(|id| root.heap.release(id).unwrap());
            match check(&buffer[..n]).filter(|item| root.log.mark(index, *item)) {
                Some(item) => {
                    let before = last.insert(item >> 32, item & 0xffff_ffff);
                    if before.is_some_and(|b| b + 1 != item & 0xffff_ffff) {
                        wrong += 1;
                        println!("queue {index}: {item:x} comes after {before:?}");
                    }
                }
                None => {
                    wrong += 1;
                    println!("queue {index}: garbage, or a message twice");
                }
            }
        }
        if left != pushed - popped {
            wrong += 1;
            println!(
                "queue {index}: {left} left, but its size was {}",
                pushed - popped
            );
        }
    }
    let violations: u64 = (0..root.incarnations)
        .map(|i| root.log.word(i, VIOLATIONS).load(SeqCst))
        .sum();
    let world = &root.hammer.world;
    world.works();
    world.has(&world.semaphore, &[3]);
    world.has(&world.bounded, &[3]);
    let objects = root.objects.all().count();
    wrong += violations
        + wait_until("nothing is leaked", || {
            inspect::snapshot(arena).objects.len() == objects
        });
    for object in inspect::snapshot(arena).objects {
        if object.holders != [0] {
            wrong += 1;
            println!("left: {object:?}");
        }
    }
    println!(
        "{:.1?}: {killed} kills, {} repairs (slowest {:?}), {messages} messages, {taken_by_dead} taken by the dead, \
         {} KiB in use at the end, {wrong} wrong",
        begun.elapsed(),
        supervisor.repairs(),
        supervisor.slowest_repair(),
        arena.used_bytes() >> 10,
    );
    supervisor.stop();
    std::process::exit((wrong > 0) as i32);
}

#[allow(dead_code)]
pub fn short() {
    run(5, u64::MAX);
}

#[allow(dead_code)]
pub fn long() {
    let number = |at: usize, default| {
        std::env::args()
            .nth(at)
            .map_or(default, |n| n.parse().unwrap())
    };
    run(number(1, 30), number(2, u64::MAX));
}
