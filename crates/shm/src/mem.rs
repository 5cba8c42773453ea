//! The only file that knows whether words live in a mapping or in loom.
//!
//! Protocol code names words by offset, `m.w64(offset).cas(..)`, and never sees a pointer or an atomic type: the code
//! that runs is the code that is model-checked. Under loom each write is also a kill point (`mortal`).
//!
//! Memory order: loads acquire, stores release, read-modify-writes do both; where a protocol needs more (a store that
//! must be seen before a later load) it says `fence()`. Nothing here relies on the strength of x86.
//!
//! Safety of offsets: every access is checked against the mapping (one compare), so that a garbage number in shared
//! memory can at worst end the process, never touch foreign memory. Callers check ids and lengths before, with errors.

#[cfg(loom)]
use loom::sync::atomic as atomics;
#[cfg(not(loom))]
use std::sync::atomic as atomics;

use crate::geometry::{Geometry, Id};
use crate::Error;
use atomics::Ordering::{AcqRel, Acquire, Release, SeqCst};

#[cfg(not(loom))]
#[inline(always)]
fn point() {}
#[cfg(loom)]
use model::point;

/// Orders everything before it against everything after it, in all threads that fence too.
#[inline(always)]
pub fn fence() {
    atomics::fence(SeqCst)
}

macro_rules! word {
    ($Word:ident, $Atomic:ident, $t:ty) => {
        /// A word of the mapping.
        #[derive(Clone, Copy)]
        pub struct $Word<'a>(&'a atomics::$Atomic);

        #[allow(dead_code)]
        impl $Word<'_> {
            #[inline(always)]
            pub fn get(self) -> $t {
                self.0.load(Acquire)
            }
            #[inline(always)]
            pub fn set(self, value: $t) {
                point();
                self.0.store(value, Release)
            }
            #[inline(always)]
            pub fn swap(self, value: $t) -> $t {
                point();
                self.0.swap(value, AcqRel)
            }
            /// Compare-and-exchange; false: it was something else.
            #[inline(always)]
            pub fn cas(self, old: $t, new: $t) -> bool {
                point();
                self.0.compare_exchange(old, new, AcqRel, Acquire).is_ok()
            }
            #[inline(always)]
            pub fn or(self, bits: $t) -> $t {
                point();
                self.0.fetch_or(bits, AcqRel)
            }
            #[inline(always)]
            pub fn and(self, bits: $t) -> $t {
                point();
                self.0.fetch_and(bits, AcqRel)
            }
            #[inline(always)]
            pub fn add(self, n: $t) -> $t {
                point();
                self.0.fetch_add(n, AcqRel)
            }
            #[inline(always)]
            pub fn sub(self, n: $t) -> $t {
                point();
                self.0.fetch_sub(n, AcqRel)
            }
            /// Never goes back.
            pub fn raise(self, value: $t) {
                point();
                let mut old = self.0.load(Acquire);
                while old < value {
                    match self.0.compare_exchange(old, value, AcqRel, Acquire) {
                        Ok(_) => return,
                        Err(now) => old = now,
                    }
                }
            }
        }
    };
}
word!(W64, AtomicU64, u64);
word!(W32, AtomicU32, u32);

impl Mem {
    /// Whether `id` names a block that has been used, so that its meta may be looked at.
    #[inline]
    pub fn check(&self, id: Id) -> Result<(), Error> {
        match self.geometry().classes.get(id.class()) {
            Some(_) if id.index() < self.w64(crate::geometry::high_water(id.class())).get() => {
                Ok(())
            }
            _ => Err(Error::BadId { id: id.0 }),
        }
    }
}

#[cfg(not(loom))]
mod mapping {
    use super::*;
    use crate::os::{Handle, Platform, System};
    use std::time::Duration;

    /// The mapping.
    pub struct Mem {
        base: *mut u8,
        /// Bytes of the mapping, a multiple of 8.
        len: u64,
        file: Handle,
        geometry: Geometry,
        /// Pipes of other threads, for wakes.
        pub(crate) pipes: crate::bell::Pipes,
        owned: bool,
    }

    // SAFETY: the pointer is to a shared mapping which lives as long as this value; all access goes through atomics, or
    // through copies of bytes that the protocol gives to one thread at a time.
    unsafe impl Send for Mem {}
    // SAFETY: as above.
    unsafe impl Sync for Mem {}

    #[cold]
    #[inline(never)]
    fn outside(offset: u64, len: u64) -> ! {
        panic!("offset {offset:#x} is not a word of a mapping of {len:#x} bytes")
    }

    impl Mem {
        pub(crate) fn new(file: Handle, geometry: Geometry) -> Result<Mem, Error> {
            let base = System::map(&file, geometry.end)?;
            Ok(Mem {
                base,
                len: geometry.end & !7,
                file,
                geometry,
                pipes: Default::default(),
                owned: true,
            })
        }

        #[inline(always)]
        pub fn geometry(&self) -> &Geometry {
            &self.geometry
        }
        pub(crate) fn base(&self) -> *mut u8 {
            self.base
        }
        pub(crate) fn len(&self) -> u64 {
            self.len
        }
        pub(crate) fn file(&self) -> &Handle {
            &self.file
        }

        /// A pointer to `bytes` bytes at `offset`.
        #[inline(always)]
        /// Where a range is in this process.
        pub(crate) fn address(&self, offset: u64, bytes: u64) -> *mut u8 {
            self.at(offset, bytes)
        }
        #[inline(always)]
        fn at(&self, offset: u64, bytes: u64) -> *mut u8 {
            if bytes > self.len || offset > self.len - bytes {
                outside(offset, self.len)
            }
            // SAFETY: offset + bytes lies within the mapping, as just checked.
            unsafe { self.base.add(offset as usize) }
        }
        #[inline(always)]
        fn word(&self, offset: u64, log: u32) -> *mut u8 {
            // a misaligned offset becomes a huge one
            if offset.rotate_right(log) >= self.len >> log {
                outside(offset, self.len)
            }
            // SAFETY: the word lies within the mapping and is aligned, as just checked.
            unsafe { self.base.add(offset as usize) }
        }
        #[inline(always)]
        pub fn w64(&self, offset: u64) -> W64<'_> {
            // SAFETY: aligned and inside of the mapping (`word`), which outlives the borrow; all words are atomics.
            W64(unsafe { &*(self.word(offset, 3) as *const atomics::AtomicU64) })
        }
        #[inline(always)]
        pub fn w32(&self, offset: u64) -> W32<'_> {
            // SAFETY: as in `w64`.
            W32(unsafe { &*(self.word(offset, 2) as *const atomics::AtomicU32) })
        }

        /// Copies bytes in. The range is the caller's alone, by protocol.
        #[inline]
        pub fn put(&self, offset: u64, bytes: &[u8]) {
            let to = self.at(offset, bytes.len() as u64);
            // SAFETY: the target is inside of the mapping; a private slice can't overlap it.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) }
        }
        /// Copies several slices in, one behind the other.
        #[inline]
        pub fn put_parts(&self, mut offset: u64, parts: &[&[u8]]) {
            for part in parts {
                self.put(offset, part);
                offset += part.len() as u64;
            }
        }
        /// Copies bytes out. If another thread writes them meanwhile they are garbage, and the caller finds out.
        #[inline]
        pub fn read(&self, offset: u64, bytes: &mut [u8]) {
            let from = self.at(offset, bytes.len() as u64);
            // SAFETY: the source is inside of the mapping; a private slice can't overlap it.
            unsafe { std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), bytes.len()) }
        }
        pub fn zero(&self, offset: u64, bytes: u64) {
            let to = self.at(offset, bytes);
            // SAFETY: the target is inside of the mapping.
            unsafe { std::ptr::write_bytes(to, 0, bytes as usize) }
        }

        /// Backs a range with memory now, or says that there is none. Can be repeated.
        pub fn commit(&self, offset: u64, bytes: u64) -> Result<(), Error> {
            self.backing(bytes, || System::commit(&self.file, offset, bytes))
        }
        /// Copies bytes into a range of the caller's that may have no memory yet, and backs it; or says that there is none.
        pub fn write(&self, offset: u64, parts: &[&[u8]]) -> Result<(), Error> {
            let bytes = parts.iter().map(|part| part.len() as u64).sum();
            // the file ends where the mapping does
            self.at(offset, bytes);
            self.backing(bytes, || System::write(&self.file, offset, parts))
        }
        fn backing(
            &self,
            bytes: u64,
            back: impl FnOnce() -> Result<(), Error>,
        ) -> Result<(), Error> {
            let (used, budget) = (self.used(), self.w64(crate::geometry::HEADER_BUDGET).get());
            let out = || Error::OutOfMemory {
                wanted: bytes,
                used,
                budget,
            };
            if used.saturating_add(bytes) > budget {
                return Err(out());
            }
            back().map_err(|e| match e {
                Error::Os { errno, .. } if errno == libc::ENOSPC || errno == libc::ENOMEM => out(),
                e => e,
            })
        }
        /// Gives a range's memory back; it reads as zero.
        pub fn punch(&self, offset: u64, bytes: u64) {
            System::punch(&self.file, offset, bytes)
        }
        /// Bytes of memory behind the mapping.
        pub fn used(&self) -> u64 {
            System::used(&self.file)
        }

        /// Sleeps while the word is `value`, until a wake, for at most `slice`.
        pub fn wait(&self, offset: u64, value: u32, slice: Duration) {
            System::wait(self.word(offset, 2) as *const u32, value, slice)
        }
        /// As `wait`; under loom it returns at some time without a wake.
        pub fn nap(&self, offset: u64, value: u32, slice: Duration) {
            self.wait(offset, value, slice)
        }
        pub fn wake(&self, offset: u64, count: i32) {
            System::wake(self.word(offset, 2) as *const u32, count)
        }

        #[doc(hidden)]
        pub fn keep_mapped(&mut self) {
            self.owned = false;
        }
    }

    impl Drop for Mem {
        fn drop(&mut self) {
            if self.owned {
                // SAFETY: `base` and `end` are what was mapped; no borrow of a word outlives `self`.
                unsafe { System::unmap(self.base, self.geometry.end) }
            }
        }
    }
}
#[cfg(not(loom))]
pub use mapping::Mem;

#[cfg(loom)]
pub mod model {
    use super::*;
    use loom::sync::{Condvar, Mutex};
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::time::Duration;

    /// What a killed thread unwinds with.
    pub struct Crash;

    // loom's threads share one OS thread: its own thread_local is needed, or the wrong thread is killed
    loom::thread_local! {
        static FUSE: Cell<i64> = Cell::new(i64::MAX);
    }

    /// The calling thread is killed before its `n`-th write from now on.
    pub fn fuse(n: i64) {
        FUSE.with(|f| f.set(n))
    }

    pub(super) fn point() {
        FUSE.with(|f| match f.get() {
            i64::MAX => (),
            0 => std::panic::resume_unwind(Box::new(Crash)),
            n => f.set(n - 1),
        })
    }

    /// Runs `f`, killed before its `k`-th write. True: it came to its end.
    pub fn mortal(k: i64, f: impl FnOnce()) -> bool {
        fuse(k);
        let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        fuse(i64::MAX);
        match end {
            Ok(()) => true,
            Err(e) if e.is::<Crash>() => false,
            Err(e) => std::panic::resume_unwind(e),
        }
    }

    /// The mapping as loom's atomics. A word is used in one width only.
    pub struct Mem {
        w64: Vec<atomics::AtomicU64>,
        w32: Vec<atomics::AtomicU32>,
        gate: Mutex<()>,
        /// One for each word that somebody slept on, so that a wake of one wakes one.
        wakes: std::sync::Mutex<BTreeMap<u64, std::sync::Arc<Condvar>>>,
        geometry: Geometry,
    }

    impl Mem {
        pub fn model(geometry: Geometry) -> Mem {
            let bytes = geometry.end as usize;
            Mem {
                w64: (0..bytes / 8).map(|_| atomics::AtomicU64::new(0)).collect(),
                w32: (0..bytes / 4).map(|_| atomics::AtomicU32::new(0)).collect(),
                gate: Mutex::new(()),
                wakes: Default::default(),
                geometry,
            }
        }
        pub fn geometry(&self) -> &Geometry {
            &self.geometry
        }
        pub fn w64(&self, offset: u64) -> W64<'_> {
            assert!(offset % 8 == 0);
            W64(&self.w64[offset as usize / 8])
        }
        pub fn w32(&self, offset: u64) -> W32<'_> {
            assert!(offset % 4 == 0);
            W32(&self.w32[offset as usize / 4])
        }
        pub fn put(&self, offset: u64, bytes: &[u8]) {
            for (i, chunk) in bytes.chunks(8).enumerate() {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                point();
                self.w64(offset + i as u64 * 8)
                    .0
                    .store(u64::from_le_bytes(word), atomics::Ordering::Relaxed);
            }
        }
        pub fn put_parts(&self, offset: u64, parts: &[&[u8]]) {
            self.put(offset, &parts.concat())
        }
        pub fn read(&self, offset: u64, bytes: &mut [u8]) {
            for (i, chunk) in bytes.chunks_mut(8).enumerate() {
                let word = self
                    .w64(offset + i as u64 * 8)
                    .0
                    .load(atomics::Ordering::Relaxed);
                chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
            }
        }
        pub fn zero(&self, offset: u64, bytes: u64) {
            for i in 0..bytes / 8 {
                self.w64(offset + i * 8)
                    .0
                    .store(0, atomics::Ordering::Relaxed);
            }
        }
        pub fn commit(&self, _: u64, _: u64) -> Result<(), Error> {
            Ok(())
        }
        pub fn write(&self, offset: u64, parts: &[&[u8]]) -> Result<(), Error> {
            self.put_parts(offset, parts);
            Ok(())
        }
        pub fn punch(&self, _: u64, _: u64) {
            point()
        }
        pub fn used(&self) -> u64 {
            0
        }
        /// No slices here: a lost wake is a deadlock, and loom reports it.
        pub fn wait(&self, offset: u64, value: u32, _: Duration) {
            let gate = self.gate.lock().unwrap();
            if self.w32(offset).0.load(Acquire) == value {
                let wakes = self.wakes_of(offset);
                drop(wakes.wait(gate).unwrap());
            }
        }
        pub fn nap(&self, _: u64, _: u32, _: Duration) {
            loom::thread::yield_now()
        }
        pub fn wake(&self, offset: u64, count: i32) {
            point();
            let _gate = self.gate.lock().unwrap();
            match count {
                1 => self.wakes_of(offset).notify_one(),
                _ => self.wakes_of(offset).notify_all(),
            }
        }
        /// Under the gate.
        fn wakes_of(&self, offset: u64) -> std::sync::Arc<Condvar> {
            let mut wakes = self.wakes.lock().unwrap_or_else(|e| e.into_inner());
            wakes
                .entry(offset)
                .or_insert_with(|| std::sync::Arc::new(Condvar::new()))
                .clone()
        }
    }
}
#[cfg(loom)]
pub use model::Mem;
