//! Uses the primitives at random: what they guard is only ever touched as they allow, and nobody waits for ever.

use super::world::World;
use multiproc_shm::{Arena, Arrival, Barrier, Heap, Id, Kind, Lock, Permit, Semaphore, Slot};
use std::time::Duration;

const SHORT: Duration = Duration::from_micros(300);
const HANG: Duration = Duration::from_secs(15);
/// Bytes of the block that is guarded: who has which of the permits, and the last that wrote.
const GUARDED: u64 = 128;
const BOUNDED: u64 = 32;
const WRITTEN: u64 = 64;

pub struct Hammer<'a> {
    pub world: World<'a>,
    guarded: Id,
    slot: Slot,
    /// Different in all processes, and at each use.
    stamp: u64,
}

/// What the torture is told.
type Wrong = Result<(), &'static str>;

impl<'a> Hammer<'a> {
    pub fn new(arena: &'a Arena, heap: &mut Heap) -> Hammer<'a> {
        let world = World::new(arena, heap);
        let guarded = heap.alloc(GUARDED, Kind::Raw).unwrap();
        Hammer {
            world,
            guarded,
            slot: 0,
            stamp: 0,
        }
    }

    pub fn ids(&self) -> Vec<Id> {
        [&self.world.ids[..], &[self.guarded]].concat()
    }

    /// As the process of that incarnation sees what `ids` named.
    pub fn open(arena: &'a Arena, ids: &[Id], slot: Slot, incarnation: u64) -> Hammer<'a> {
        let (guarded, ids) = ids.split_last().unwrap();
        Hammer {
            world: World::open(arena, ids.to_vec()),
            guarded: *guarded,
            slot,
            stamp: incarnation << 32,
        }
    }

    fn read(&self, at: u64) -> u64 {
        let mut word = [0; 8];
        self.world.arena.read(self.guarded, at, &mut word).unwrap();
        u64::from_le_bytes(word)
    }

    /// Nobody else may write there now.
    fn mark(&mut self, at: u64, wrong: &'static str) -> Wrong {
        self.stamp += 1;
        let bytes = self.stamp.to_le_bytes();
        self.world.arena.write(self.guarded, at, &bytes).unwrap();
        std::thread::yield_now();
        if self.read(at) == self.stamp {
            Ok(())
        } else {
            Err(wrong)
        }
    }

    pub fn strike(&mut self, mut below: impl FnMut(u64) -> u64) -> Wrong {
        match below(9) {
            0 => self.permit(self.world.semaphore, 0),
            1 => self.permit(self.world.bounded, BOUNDED),
            2 => self.write(),
            3 => self.reads(),
            4 | 5 => self.condition(below(4), below(3) as u32),
            6 => self.event(below(3)),
            7 => self.signal(below(2) == 0),
            _ => self.barrier(below(2) == 0),
        }
    }

    fn permit(&mut self, semaphore: Semaphore, owners: u64) -> Wrong {
        let arena = self.world.arena;
        match semaphore.acquire(arena, self.slot, Some(SHORT)) {
            Some(Permit::Owned(i)) => {
                self.mark(owners + i as u64 * 8, "two have one permit")?;
                semaphore
                    .release(arena, self.slot, 1)
                    .map_err(|_| "a release of what is held was refused")
            }
            Some(Permit::Anonymous) => Err("a permit of nobody"),
            None => Ok(()),
        }
    }

    fn signal(&self, gives: bool) -> Wrong {
        let (arena, signal) = (self.world.arena, self.world.signal);
        match gives {
            true if signal.value(arena) > 1000 => Ok(()),
            true => signal
                .release(arena, self.slot, 1)
                .map_err(|_| "a signal was refused"),
            false => {
                signal.acquire(arena, self.slot, Some(SHORT));
                Ok(())
            }
        }
    }

    fn write(&mut self) -> Wrong {
        let (arena, lock) = (self.world.arena, self.world.rwlock);
        match lock.begin_write(arena, self.slot, Some(SHORT)) {
            Lock::Acquired if lock.enter(arena, self.slot, SHORT) => {
                self.mark(WRITTEN, "two write")?;
                lock.end_write(arena)
                    .then_some(())
                    .ok_or("who wrote was not inside")
            }
            Lock::Acquired => {
                lock.leave(arena);
                Ok(())
            }
            Lock::OwnerDied { .. } => {
                lock.recover(arena, self.slot);
                Ok(())
            }
            Lock::TimedOut => Ok(()),
        }
    }

    fn reads(&mut self) -> Wrong {
        let (arena, lock) = (self.world.arena, self.world.rwlock);
        match lock.read(arena, self.slot, Some(SHORT)) {
            Lock::Acquired => {
                let seen = self.read(WRITTEN);
                std::thread::yield_now();
                let still = self.read(WRITTEN) == seen;
                lock.end_read(arena, self.slot);
                still.then_some(()).ok_or("written while it was read")
            }
            _ => Ok(()),
        }
    }

    fn lock(&self) -> Wrong {
        let (arena, mutex) = (self.world.arena, self.world.mutex);
        loop {
            match mutex.lock(arena, self.slot, Some(HANG)) {
                Lock::Acquired => return Ok(()),
                Lock::OwnerDied { .. } if mutex.recover(arena, self.slot) => return Ok(()),
                Lock::OwnerDied { .. } => (),
                Lock::TimedOut => return Err("the condition's mutex hangs"),
            }
        }
    }

    fn condition(&self, what: u64, n: u32) -> Wrong {
        let (arena, condition) = (self.world.arena, self.world.condition);
        self.lock()?;
        match what {
            0 => drop(condition.notify(arena, n)),
            1 => drop(condition.notify(arena, u32::MAX)),
            _ => {
                condition.enter(arena, self.slot);
                self.world.mutex.release(arena);
                if !condition.wait(arena, self.slot, SHORT) {
                    condition.leave(arena, self.slot);
                }
                self.lock()?;
            }
        }
        self.world.mutex.release(arena);
        Ok(())
    }

    fn event(&self, what: u64) -> Wrong {
        let (arena, event) = (self.world.arena, self.world.event);
        match what {
            0 => event.set(arena),
            1 => event.clear(arena),
            _ => drop(event.wait(arena, event.epoch(arena), Some(SHORT))),
        }
        Ok(())
    }

    fn barrier(&self, acting: bool) -> Wrong {
        let arena = self.world.arena;
        let barrier: Barrier = if acting {
            self.world.acting
        } else {
            self.world.barrier
        };
        match barrier.arrive(arena) {
            Arrival::Waits { generation, .. } => {
                if barrier.wait(arena, self.slot, generation, SHORT).is_none() {
                    barrier.abort(arena, Some(generation));
                    if barrier.outcome(arena, generation).is_none() {
                        return Err("a broken generation goes on");
                    }
                }
            }
            Arrival::Acts { generation, .. } => drop(barrier.finish(arena, generation)),
            Arrival::Broken => barrier.reset(arena),
            Arrival::Through { .. } | Arrival::Busy => (),
        }
        Ok(())
    }
}
