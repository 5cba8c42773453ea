//! One thread in the root process: sees deaths, repairs what the dead held, frees their slots.
//!
//! It sleeps in one poll over a descriptor for each process of the tree and the pipe of its own bell, which is rung when a
//! thread enters or leaves. All slots of a process die with it. The root's own slots only end by leaving.

use crate::arena::Arena;
use crate::bell::BellPipe;
use crate::geometry::{Slot, HEADER_NAMED, HEADER_RETAINED, HEADER_REUSED, SUPERVISOR};
use crate::os::{Deaths, Platform, System, Watch};
use crate::repair::Repair;
use crate::{bell, block, slots, Error};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long it sleeps at most: pins of dead senders are looked at then.
const ROUND: Duration = Duration::from_millis(200);

/// Free blocks that kept their memory give it back when none was kept or used again for so long.
const TRIM: Duration = Duration::from_secs(1);

/// Named memory that the dead have left is looked for in each round of so long after a death: who reads about a process in /proc may
/// keep its mappings, and so its locks on files, for a moment longer than it lives.
const SWEEPS: Duration = Duration::from_secs(2);

/// The running thread. Dropping it stops and joins it.
pub struct Supervisor {
    arena: &'static Arena,
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    repairs: AtomicU64,
    slowest: AtomicU64,
}

impl Supervisor {
    /// Starts it, once, in the root.
    ///
    /// Errors: `Os`; `Argument` where the calling process is not the root.
    pub fn start(arena: &'static Arena) -> Result<Supervisor, Error> {
        if arena.root_pid() != System::pid() {
            return Err(Error::Argument {
                name: "arena",
                was: format!("the arena of process {}", arena.root_pid()),
                allowed: "one that this process has made",
            });
        }
        let pipe = arena.bell_pipe(SUPERVISOR)?;
        let deaths = Deaths::new()?;
        let shared = Arc::new(Shared::default());
        let thread = std::thread::Builder::new()
            .name("multiproc-supervisor".into())
            .spawn({
                let shared = shared.clone();
                move || run(arena, pipe, deaths, &shared)
            })
            .map_err(|e| Error::Os {
                call: "thread",
                errno: e.raw_os_error().unwrap_or(0),
            })?;
        Ok(Supervisor {
            arena,
            shared,
            thread: Some(thread),
        })
    }

    /// Slots repaired so far.
    pub fn repairs(&self) -> u64 {
        self.shared.repairs.load(Ordering::Acquire)
    }

    /// The longest repair so far.
    pub fn slowest_repair(&self) -> Duration {
        Duration::from_nanos(self.shared.slowest.load(Ordering::Acquire))
    }

    /// Ends it. From then on nothing is repaired.
    pub fn stop(self) {}
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        bell::ring(&self.arena.mem, SUPERVISOR);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(arena: &'static Arena, mut pipe: BellPipe, mut deaths: Deaths, shared: &Shared) {
    let m = &arena.mem;
    let mut repair = Repair::new(arena);
    let own = System::pid();
    let mut dead_pids: Vec<u32> = Vec::new();
    let (mut retained, mut since) = ((0, 0), Instant::now());
    let mut death = None;
    while !shared.stop.load(Ordering::Acquire) {
        let seen = bell::seen(m, SUPERVISOR);
        for pid in dead_pids.drain(..) {
            bury_process(arena, pid);
        }
        while repair_dead(arena, &mut repair, shared) {
            death = Some(Instant::now());
        }
        if m.w64(HEADER_NAMED).get() != 0 && death.is_some() {
            crate::named::sweep();
            death = death.filter(|death| death.elapsed() < SWEEPS);
        }
        repair.tidy();
        let now = (m.w64(HEADER_REUSED).get(), m.w64(HEADER_RETAINED).get());
        if now != retained {
            (retained, since) = (now, Instant::now());
        } else if now.1 > 0 && since.elapsed() >= TRIM {
            block::trim(m, SUPERVISOR);
        }
        for slot in 1..SUPERVISOR {
            let state = m.w64(slots::state(slot)).get();
            let who = slots::who(m, slot);
            if slots::phase(state) == slots::ALIVE {
                if let Some(pid) = slots::pid_of(who).filter(|pid| *pid != own) {
                    deaths.add(pid, slots::start_of(who));
                }
            }
        }
        let timeout = if pipe.begin_poll(seen) {
            ROUND
        } else {
            Duration::ZERO
        };
        dead_pids = deaths.wait(pipe.handle(), timeout);
        pipe.end_poll();
    }
}

/// All ALIVE slots of a dead process become DEAD, before the first of them is repaired.
fn bury_process(arena: &Arena, pid: u32) {
    let m = &arena.mem;
    for slot in 1..SUPERVISOR {
        let state = m.w64(slots::state(slot)).get();
        let who = slots::who(m, slot);
        if slots::phase(state) != slots::ALIVE || slots::pid_of(who) != Some(pid) {
            continue;
        }
        // the number may be another process's by now
        let lives =
            System::start_time(pid).is_some_and(|s| slots::same_start(s, slots::start_of(who)));
        if !lives {
            slots::bury(m, slot, slots::generation(state));
        }
    }
}

/// Repairs all slots that are DEAD now. True: there were some; claims of the dead may have become DEAD by that.
fn repair_dead(arena: &Arena, repair: &mut Repair, shared: &Shared) -> bool {
    let m = &arena.mem;
    let dead: Vec<Slot> = (0..SUPERVISOR)
        .filter(|s| slots::phase(m.w64(slots::state(*s)).get()) == slots::DEAD)
        .collect();
    for slot in &dead {
        let begun = Instant::now();
        slots::take_back_claims(m, *slot);
        let pid = slots::pid_of(slots::who(m, *slot)).unwrap_or(0);
        repair.slot(*slot, pid);
        crate::bell::forget_pipe(m, *slot);
        let took = begun.elapsed().as_nanos() as u64;
        shared.slowest.fetch_max(took, Ordering::AcqRel);
        shared.repairs.fetch_add(1, Ordering::AcqRel);
    }
    !dead.is_empty()
}
