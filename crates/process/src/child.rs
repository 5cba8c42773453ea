//! A child as its parent knows it.
//!
//! States: *running* → *reaped*, under `life`. Signals are sent and the child is reaped under that
//! lock only: as long as a child is not reaped, its pid is its own, so a signal can't hit a process
//! that got the pid later, also where there is no pidfd.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::core::Start;
use crate::error::Error;
use crate::exit::{Ended, ExitStatus, Signal};
use crate::os::{Handle, Os, Platform, Spawned};
use crate::outbox::Outbox;

/// Names a child as long as this process lives; never used twice, and below 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChildId(pub u64);

/// What every event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child {
    pub id: ChildId,
    pub pid: u32,
    /// [`Request::tag`](crate::Request::tag).
    pub tag: u64,
}

/// What is known of a child that has not ended.
#[derive(Debug, Clone, Copy)]
pub struct ChildInfo {
    pub child: Child,
    pub started: Instant,
    /// Since when it has waited for its adoption; `None` while it boots, and once it is adopted.
    pub idle_since: Option<Instant>,
    pub adopted: bool,
    pub kill_at: Option<Instant>,
}

struct Life {
    reaped: bool,
    adopted: bool,
    booted: Option<Instant>,
    kill_at: Option<Instant>,
    ended: Option<Ended>,
}

/// One child, shared by the core thread and those who call it.
pub(crate) struct Entry {
    pub child: Child,
    pub outbox: Outbox,
    /// Readable when the child has died.
    pub death: Option<Handle>,
    started: Instant,
    idle_limit: Option<Duration>,
    life: Mutex<Life>,
}

impl Entry {
    pub fn new(id: ChildId, spawned: Spawned, start: &Start) -> Entry {
        Entry {
            child: Child {
                id,
                pid: spawned.pid,
                tag: start.tag,
            },
            outbox: Outbox::new(spawned.socket),
            death: spawned.death,
            started: Instant::now(),
            idle_limit: start.idle_limit,
            life: Mutex::new(Life {
                reaped: false,
                adopted: false,
                booted: None,
                kill_at: start.kill_at,
                ended: None,
            }),
        }
    }

    /// Marks it adopted, so that no `kill_at` set before can hit it.
    pub fn claim(&self) -> Result<(), Error> {
        let mut life = self.life();
        let killed = matches!(
            life.ended,
            Some(ended) if ended != Ended::Asked(Signal::Interrupt)
        );
        if life.reaped || killed {
            return Err(Error::Gone(self.child.id));
        }
        if life.adopted {
            return Err(Error::Argument {
                name: "child",
                was: format!("{}, adopted before", self.child.id.0),
                allowed: "a spare",
            });
        }
        life.adopted = true;
        life.kill_at = None;
        Ok(())
    }

    /// It waits for its adoption from now on, as long as it may.
    pub fn booted(&self) {
        let mut life = self.life();
        if life.booted.is_some() {
            return;
        }
        let now = Instant::now();
        life.booted = Some(now);
        if let Some(limit) = self.idle_limit.filter(|_| !life.adopted) {
            life.kill_at = Some(now + limit);
        }
    }

    pub fn set_kill_at(&self, at: Option<Instant>) -> Result<(), Error> {
        let mut life = self.life();
        if life.reaped {
            return Err(Error::Gone(self.child.id));
        }
        life.kill_at = at;
        Ok(())
    }

    pub fn kill_at(&self) -> Option<Instant> {
        self.life().kill_at
    }

    /// Kills it if its time has come.
    pub fn kill_if_due(&self, now: Instant) {
        let mut life = self.life();
        if !life.reaped && life.kill_at.is_some_and(|at| at <= now) {
            life.kill_at = None;
            self.end(&mut life, Ended::Deadline, Signal::Kill);
        }
    }

    /// Ends it because of what it did.
    pub fn condemn(&self, why: Ended) {
        let mut life = self.life();
        if !life.reaped {
            self.end(&mut life, why, Signal::Kill);
        }
    }

    /// Sends a signal that somebody asked for.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        let mut life = self.life();
        if life.reaped {
            return Err(Error::Gone(self.child.id));
        }
        match Platform::signal(self.child.pid, self.death.as_ref(), signal.number()) {
            Ok(()) => {
                if signal.number() != 0 {
                    life.ended = Some(Ended::Asked(signal));
                }
                Ok(())
            }
            // It has been reaped by something else, or is dead and the notice is on its way.
            Err(errno) if errno == Platform::NO_SUCH_PROCESS => Err(Error::Gone(self.child.id)),
            Err(errno) => Err(Error::Os {
                what: "kill",
                errno,
            }),
        }
    }

    fn end(&self, life: &mut Life, why: Ended, signal: Signal) {
        life.ended = Some(why);
        // It fails only where the child is dead already, and that is what is wanted.
        let _ = Platform::signal(self.child.pid, self.death.as_ref(), signal.number());
    }

    /// How it is ending, once its main thread has ended. `None` where that is not shown, and once it was reaped.
    pub fn dying(&self) -> Option<ExitStatus> {
        let life = self.life();
        if life.reaped {
            return None;
        }
        Platform::status_of_dying(self.child.pid)
    }

    /// Reaps it if it is dead, and says why this side ended it. Says so once.
    pub fn reap(&self) -> Option<(ExitStatus, Option<Ended>)> {
        let mut life = self.life();
        if life.reaped {
            return None;
        }
        let status = Platform::reap(self.child.pid)?;
        life.reaped = true;
        Some((status, life.ended))
    }

    pub fn info(&self) -> ChildInfo {
        let life = self.life();
        ChildInfo {
            child: self.child,
            started: self.started,
            idle_since: life.booted.filter(|_| !life.adopted),
            adopted: life.adopted,
            kill_at: life.kill_at,
        }
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
