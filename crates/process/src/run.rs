//! The core thread.
//!
//! It waits, in one `poll`, for: callers that woke it, its parent's control socket, and of each
//! child the pidfd and the control socket; at most until the next deadline. It never blocks
//! elsewhere, but for the moment that a `posix_spawn` takes, and for the callbacks.
//!
//! The end of a child is seen in one of these ways, of which each leads to `waitpid`, and only a
//! `waitpid` that answers makes it ended:
//! - its pidfd becomes readable;
//! - without a pidfd: its socket ends, after which we look again after 1, 2, 4, up to 20 ms; and
//!   every 100 ms in any case, since a process that it started may hold the socket open.
//!
//! Then its socket is read to its end (all that it wrote is in there, as it is dead), what came is
//! delivered, the descriptors are closed, and the exit event is delivered. The child is taken off
//! the list before, so this can't happen twice.
//!
//! A child whose socket has ended but which still runs after 100 ms has closed it by itself, and is
//! killed; so is one that sends what is no frame. The kill leads to the above.
//!
//! The end of the *parent's* socket means that the parent is dead. Then this process kills its own
//! children and itself. Nothing else is done first: the parent can't be told anything any more.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::child::{Child, ChildId, Entry};
use crate::control::known_to_child;
use crate::core::{Command, Events, Owned, Shared, Start};
use crate::error::Error;
use crate::exit::{Ended, ExitStatus, Signal};
use crate::frame::{BadFrame, FrameReader, CHUNK};
use crate::link::Link;
use crate::message::{Frame, FIRST_OWN_KIND, READY};
use crate::os::{Interest, Os, Platform, Transfer};

/// A child that runs on after the end of its socket is killed after this.
const CLOSED_GRACE: Duration = Duration::from_millis(100);
/// How often a child without pidfd is looked at.
const SLOW_LOOK: Duration = Duration::from_millis(100);
/// And at most how often after its socket has ended.
const QUICK_LOOK: Duration = Duration::from_millis(20);
/// Reads from one socket before the others get their turn.
const READS_A_TURN: usize = 16;
/// Bytes read from a dead child's socket at most. More can only come from a process that it
/// started and that writes on.
const LAST_WORDS: usize = 64 << 20;

/// A child as the core thread watches it.
struct Watched {
    entry: Arc<Entry>,
    reader: FrameReader,
    /// Its socket has ended, or was given up: nothing is read from it any more.
    closed: bool,
    /// When to kill it, since its socket has ended.
    grace_ends: Option<Instant>,
    /// Without a pidfd: when to look next, and how long to wait after that.
    look: Option<(Instant, Duration)>,
}

/// The parent as the core thread watches it.
struct Parent {
    link: Arc<Link>,
    reader: FrameReader,
}

struct CoreThread<'a> {
    shared: &'a Shared,
    events: Box<dyn Events>,
    commands: Receiver<Command>,
    next_id: u64,
    children: Vec<Watched>,
    parent: Option<Parent>,
}

/// Tells those who wait when the core thread ends, which it does only by a defect.
struct LastWill<'a>(&'a Shared, Option<Arc<Link>>);

impl Drop for LastWill<'_> {
    fn drop(&mut self) {
        self.0.table.core_lost();
        if let Some(link) = &self.1 {
            link.lose();
        }
    }
}

/// The body of the core thread. Does not return.
pub(crate) fn run(shared: &Shared, owned: Owned) {
    let mut will = LastWill(shared, None);
    let mut core = CoreThread {
        shared,
        events: owned.events,
        commands: owned.commands,
        next_id: 1,
        children: Vec::new(),
        parent: None,
    };
    loop {
        core.turn();
        if will.1.is_none() {
            will.1 = core.parent.as_ref().map(|parent| parent.link.clone());
        }
    }
}

impl CoreThread<'_> {
    fn turn(&mut self) {
        let mut interests = self.interests();
        Platform::poll(&mut interests, self.until_deadline());
        if interests[0].readable {
            self.shared.rest();
        }
        if let Some(parent) = &mut self.parent {
            if interests[1].writable {
                parent.link.outbox.drain();
            }
            if interests[1].readable {
                self.read_parent();
            }
        }
        let now = Instant::now();
        let mut dead = Vec::new();
        for (index, pair) in interests[2..].chunks_exact(2).enumerate() {
            self.serve(index, pair, now);
            let watched = &mut self.children[index];
            if watched.should_look(pair[0].readable, now) {
                if let Some((status, ended)) = watched.entry.reap() {
                    dead.push((watched.entry.child.id, status, ended));
                }
            }
        }
        for (id, status, ended) in dead {
            self.bury(id, status, ended);
        }
        while let Ok(command) = self.commands.try_recv() {
            self.obey(command);
        }
    }

    /// The waker, the parent, then a pair for each child: its pidfd and its socket.
    fn interests(&self) -> Vec<Interest> {
        let mut interests = Vec::with_capacity(2 + 2 * self.children.len());
        interests.push(Interest::read(self.shared.waker()));
        interests.push(match &self.parent {
            None => Interest::nothing(),
            Some(parent) => Interest {
                write: parent.link.outbox.pending(),
                ..Interest::read(Some(parent.link.outbox.socket()))
            },
        });
        for watched in &self.children {
            interests.push(Interest::read(watched.entry.death.as_ref()));
            interests.push(match watched.closed {
                true => Interest::nothing(),
                false => Interest {
                    write: watched.entry.outbox.pending(),
                    ..Interest::read(Some(watched.entry.outbox.socket()))
                },
            });
        }
        interests
    }

    fn until_deadline(&self) -> Option<Duration> {
        let earliest = self
            .children
            .iter()
            .flat_map(|watched| {
                [
                    watched.entry.kill_at(),
                    watched.grace_ends,
                    watched.look.map(|(at, _)| at),
                ]
            })
            .flatten()
            .min()?;
        Some(earliest.saturating_duration_since(Instant::now()))
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Start(start) => {
                let result = self.start(&start);
                let Start {
                    prepared,
                    adoption,
                    answer,
                    ..
                } = *start;
                // Its descriptors are closed when the caller hears.
                drop(prepared);
                if let (Ok(child), Some(frame)) = (&result, adoption) {
                    self.hand_over(child.id, frame);
                }
                // Nobody waits if the caller's thread was ended meanwhile.
                let _ = answer.send(result);
            }
            Command::Attach(link, answer) => {
                Platform::die_with_parent(link.parent_pid);
                self.parent = Some(Parent {
                    link,
                    reader: FrameReader::new(self.shared.options.max_frame, true),
                });
                let _ = answer.send(());
            }
        }
    }

    fn start(&mut self, start: &Start) -> Result<Child, Error> {
        if self.shared.table.is_shut_down() {
            return Err(Error::ShutDown);
        }
        let spawned = Platform::spawn(&start.prepared, self.shared.options.pidfd)?;
        let id = ChildId(self.next_id);
        self.next_id += 1;
        let entry = Arc::new(Entry::new(id, spawned, start));
        let child = entry.child;
        let look = match entry.death {
            Some(_) => None,
            None => Some((Instant::now() + SLOW_LOOK, SLOW_LOOK)),
        };
        self.children.push(Watched {
            entry: entry.clone(),
            reader: FrameReader::new(self.shared.options.max_frame, false),
            closed: false,
            grace_ends: None,
            look,
        });
        if !self.shared.table.insert(entry.clone()) {
            // shut_down came between the look and here, and did not see this child.
            let _ = entry.signal(Signal::Kill);
        }
        Ok(child)
    }

    /// A cold start: the adoption follows at once.
    fn hand_over(&mut self, id: ChildId, frame: Frame) {
        if let Some(watched) = self.children.iter().find(|w| w.entry.child.id == id) {
            if watched.entry.claim().is_ok() {
                // What the socket does not take is waited for in the next turn.
                watched.entry.outbox.push(frame);
            }
        }
    }

    /// Reads and writes a child's socket, and kills it if its time has come.
    fn serve(&mut self, index: usize, pair: &[Interest], now: Instant) {
        let watched = &mut self.children[index];
        if pair[1].writable {
            watched.entry.outbox.drain();
        }
        if pair[1].readable && !watched.closed {
            match watched.read(READS_A_TURN * CHUNK, &mut *self.events) {
                Ok(false) => {}
                Ok(true) => watched.close(now),
                Err(BadFrame) => {
                    watched.close(now);
                    watched.entry.condemn(Ended::BadFrame);
                }
            }
        }
        if watched.grace_ends.is_some_and(|end| end <= now) {
            watched.grace_ends = None;
            watched.entry.condemn(Ended::ClosedSocket);
        }
        watched.entry.kill_if_due(now);
    }

    /// A child was reaped: its last words, then its exit.
    fn bury(&mut self, id: ChildId, status: ExitStatus, ended: Option<Ended>) {
        let Some(index) = self.children.iter().position(|w| w.entry.child.id == id) else {
            return;
        };
        let mut watched = self.children.swap_remove(index);
        if !watched.closed {
            // Without a pidfd it may have written and died since it was served in this turn. What is
            // no frame can't harm any more.
            let _ = watched.read(LAST_WORDS, &mut *self.events);
        }
        watched.entry.outbox.close();
        let child = watched.entry.child;
        self.shared.table.begin_leaving(id);
        drop(watched);
        guarded(|| self.events.exit(child, status, ended));
        self.shared.table.has_left();
    }

    fn read_parent(&mut self) {
        let Some(parent) = &mut self.parent else {
            return;
        };
        let mut came = false;
        for _ in 0..READS_A_TURN {
            match parent.reader.fill(parent.link.outbox.socket()) {
                Transfer::Bytes(_) => {}
                Transfer::Later => break,
                Transfer::Closed => self.end(),
            }
            loop {
                match parent.reader.next() {
                    Ok(None) => break,
                    Ok(Some(frame)) if known_to_child(frame.kind) => {
                        parent.link.deliver(Frame {
                            kind: frame.kind,
                            bytes: frame.bytes.to_vec(),
                            handles: frame.handles,
                        });
                        came = true;
                    }
                    // A parent that can't be understood is as good as none.
                    _ => self.end(),
                }
            }
        }
        if came {
            guarded(|| self.events.parent_message());
        }
    }

    /// The parent is dead.
    fn end(&self) -> ! {
        for watched in &self.children {
            let _ = watched.entry.signal(Signal::Kill);
        }
        Platform::end_self()
    }
}

impl Watched {
    /// Reads and delivers at most about `budget` bytes. `true`: the socket has ended.
    fn read(&mut self, budget: usize, events: &mut dyn Events) -> Result<bool, BadFrame> {
        let child = self.entry.child;
        let mut read = 0;
        while read < budget {
            match self.reader.fill(self.entry.outbox.socket()) {
                Transfer::Bytes(count) => read += count,
                Transfer::Later => return Ok(false),
                Transfer::Closed => return Ok(true),
            }
            while let Some(frame) = self.reader.next()? {
                match frame.kind {
                    READY => {
                        self.entry.booted();
                        guarded(|| events.ready(child));
                    }
                    kind if kind < FIRST_OWN_KIND => {
                        guarded(|| events.message(child, kind, frame.bytes));
                    }
                    _ => return Err(BadFrame),
                }
            }
        }
        Ok(false)
    }

    fn close(&mut self, now: Instant) {
        self.closed = true;
        self.grace_ends = Some(now + CLOSED_GRACE);
        self.entry.outbox.close();
        if let Some(look) = &mut self.look {
            *look = (now, Duration::from_millis(1));
        }
    }

    /// Whether it is time for a `waitpid`.
    fn should_look(&mut self, pidfd_readable: bool, now: Instant) -> bool {
        let Some((at, gap)) = self.look else {
            return pidfd_readable;
        };
        if at > now {
            return false;
        }
        let longest = if self.closed { QUICK_LOOK } else { SLOW_LOOK };
        self.look = Some((now + gap, (gap * 2).min(longest)));
        true
    }
}

/// Runs a callback; a panic ends it, and nothing more. It is reported by the panic hook.
fn guarded(callback: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(callback));
}
