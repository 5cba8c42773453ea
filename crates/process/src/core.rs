//! The handle of the core thread: what callers may ask of it, from any thread.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crossbeam_channel::{bounded, unbounded, Receiver, Sender};

use crate::child::{Child, ChildId, ChildInfo};
use crate::control::Control;
use crate::error::Error;
use crate::exit::{Ended, ExitStatus, Signal};
use crate::link::Link;
use crate::message::{adopt_frame, Frame};
use crate::os::{Handle, Os, Platform, RawHandle};
use crate::outbox::Pushed;
use crate::request::{Adoption, Request};
use crate::run;
use crate::table::Table;

/// What happens to children, told on the core thread, one call at a time.
///
/// A call must be quick: nothing else is started, watched or reaped meanwhile. It may call
/// [`Core::send`], [`Core::adopt`], [`Core::signal`] and [`Core::kill_at`]; what would wait for the
/// core thread is refused with [`Error::OnCoreThread`]. A panic ends the call, and no more.
pub trait Events: Send + 'static {
    /// The child has booted: it waits in [`Control::receive`] for the first time.
    fn ready(&mut self, child: Child) {
        let _ = child;
    }

    /// The child sent this by [`Control::send`].
    fn message(&mut self, child: Child, kind: u8, bytes: &[u8]);

    /// The child has ended, and was reaped. Comes once for each child that [`Core::start`]
    /// returned, after its last message; its descriptors are closed. `ended` is what this side did
    /// last to end it.
    fn exit(&mut self, child: Child, status: ExitStatus, ended: Option<Ended>);

    /// In a child: the parent has sent something, which [`Control::receive`] will return.
    fn parent_message(&mut self) {}
}

/// Settings of a [`Core`].
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The largest message accepted, in bytes; a child that announces a larger one is ended.
    /// Default 1 GiB.
    pub max_frame: usize,
    /// Whether to watch children by pidfd where the kernel has it. `false` takes the fallback at
    /// once: the end of the control socket, and looking every 100 ms. Default `true`.
    pub pidfd: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_frame: 1 << 30,
            pidfd: true,
        }
    }
}

/// What the core thread is asked to do, with where to answer.
pub(crate) enum Command {
    Start(Box<Start>),
    /// Watch the parent from now on.
    Attach(Arc<Link>, Sender<()>),
}

pub(crate) struct Start {
    pub prepared: <Platform as Os>::Prepared,
    pub tag: u64,
    pub kill_at: Option<Instant>,
    pub idle_limit: Option<Duration>,
    pub adoption: Option<Frame>,
    pub answer: Sender<Result<Child, Error>>,
}

/// What the core thread and its callers share.
pub(crate) struct Shared {
    pub options: Options,
    pub table: Table,
    /// The process that made this; a fork of it is another.
    process: u32,
    to_commands: Sender<Command>,
    waker: OnceLock<Handle>,
    thread: OnceLock<ThreadId>,
    /// What the core thread is to own, until it is there.
    for_thread: Mutex<Option<Owned>>,
}

/// What the core thread owns. The commands are among it, so that one that nobody will answer can't
/// wait: it is dropped with the thread, and its sender sees that.
pub(crate) struct Owned {
    pub events: Box<dyn Events>,
    pub commands: Receiver<Command>,
}

impl Shared {
    /// Makes the core thread look around.
    pub fn wake(&self) {
        if let Some(waker) = self.waker.get() {
            Platform::wake(waker);
        }
    }

    /// What [`wake`](Shared::wake) makes readable.
    pub fn waker(&self) -> Option<&Handle> {
        self.waker.get()
    }

    /// Takes back all wakes so far.
    pub fn rest(&self) {
        if let Some(waker) = self.waker.get() {
            Platform::rest(waker);
        }
    }

    fn on_core_thread(&self) -> bool {
        self.thread.get() == Some(&thread::current().id())
    }

    fn not_forked(&self) -> Result<(), Error> {
        if std::process::id() == self.process {
            Ok(())
        } else {
            Err(Error::Forked)
        }
    }
}

/// The starter and keeper of this process's children. A cheap handle; the thread behind it is
/// started when it is first needed and lives as long as the process.
#[derive(Clone)]
pub struct Core(Arc<Shared>);

impl Core {
    /// Starts no thread yet.
    pub fn new(options: Options, events: impl Events) -> Core {
        let (to_commands, commands) = unbounded();
        Core(Arc::new(Shared {
            options,
            table: Table::default(),
            process: std::process::id(),
            to_commands,
            waker: OnceLock::new(),
            thread: OnceLock::new(),
            for_thread: Mutex::new(Some(Owned {
                events: Box::new(events),
                commands,
            })),
        }))
    }

    /// Starts a process and returns when its pid is known and the program was found good by the
    /// kernel. Its events may come before that.
    ///
    /// # Errors
    /// [`Error::Spawn`] as the system says, [`Error::Os`] where descriptors or threads have run
    /// out, [`Error::Argument`], [`Error::ShutDown`], [`Error::OnCoreThread`].
    pub fn start(&self, request: Request) -> Result<Child, Error> {
        let shared = &*self.0;
        if shared.on_core_thread() {
            return Err(Error::OnCoreThread);
        }
        shared.not_forked()?;
        if shared.table.is_shut_down() {
            return Err(Error::ShutDown);
        }
        let prepared = Platform::prepare(&request)?;
        let adoption = request
            .adoption
            .map(|adoption| adopt_frame(adoption, shared.options.max_frame))
            .transpose()?;
        let (answer, answered) = bounded(1);
        self.command(Command::Start(Box::new(Start {
            prepared,
            tag: request.tag,
            kill_at: request.kill_at,
            idle_limit: request.idle_limit,
            adoption,
            answer,
        })))?;
        answered.recv().map_err(|_| Error::CoreLost)?
    }

    /// Hands a spare its work; it need not have booted. Cancels its `kill_at`.
    ///
    /// # Errors
    /// [`Error::Gone`] if it has died or was killed: take another. If it dies after this call, its
    /// exit event says so.
    pub fn adopt(&self, id: ChildId, adoption: Adoption) -> Result<(), Error> {
        let entry = self.0.table.get(id)?;
        let frame = adopt_frame(adoption, self.0.options.max_frame)?;
        entry.claim()?;
        self.push(id, entry.outbox.push(frame))
    }

    /// Sends `bytes`; `kind` is 0 to 239. At most 16 descriptors go along: duplicates, so the
    /// caller's stay open. Never blocks, however long the child takes to read.
    pub fn send(
        &self,
        id: ChildId,
        kind: u8,
        bytes: Vec<u8>,
        fds: &[RawHandle],
    ) -> Result<(), Error> {
        let entry = self.0.table.get(id)?;
        let handles = fds
            .iter()
            .map(|&fd| Platform::duplicate(fd))
            .collect::<Result<Vec<_>, _>>()?;
        let frame = Frame::of_user(kind, bytes, handles, self.0.options.max_frame)?;
        self.push(id, entry.outbox.push(frame))
    }

    /// Sends a signal. It can't hit another process, also if the child is just being reaped.
    ///
    /// # Errors
    /// [`Error::Gone`] once the child has been reaped.
    pub fn signal(&self, id: ChildId, signal: Signal) -> Result<(), Error> {
        self.0.not_forked()?;
        self.0.table.get(id)?.signal(signal)
    }

    /// Has the child killed at `at`, unless it is adopted or this is called again before. `None`:
    /// never. Needs no help from the calling thread.
    pub fn kill_at(&self, id: ChildId, at: Option<Instant>) -> Result<(), Error> {
        self.0.table.get(id)?.set_kill_at(at)?;
        self.0.wake();
        Ok(())
    }

    /// What is known of a child; `None` from its exit event on.
    pub fn info(&self, id: ChildId) -> Option<ChildInfo> {
        self.0.table.get(id).ok().map(|entry| entry.info())
    }

    /// How a child is ending of which is known that its main thread has ended: the system goes on giving its memory back,
    /// and its exit event comes when that is done. `None` where that is not shown, or the event has come.
    pub fn dying(&self, id: ChildId) -> Option<ExitStatus> {
        self.0.table.get(id).ok()?.dying()
    }

    /// The children that have not ended, oldest first.
    pub fn children(&self) -> Vec<Child> {
        let mut children: Vec<_> = self.0.table.all().iter().map(|entry| entry.child).collect();
        children.sort_by_key(|child| child.id);
        children
    }

    /// Waits until a child's exit event has been delivered. `false` if the time passed first, or
    /// on the core thread, if it is still there.
    pub fn wait(&self, id: ChildId, timeout: Option<Duration>) -> bool {
        let timeout = if self.0.on_core_thread() {
            Some(Duration::ZERO)
        } else {
            timeout
        };
        self.0.table.wait(id, timeout)
    }

    /// Kills all children and waits, at most as long as given, until their exit events have been
    /// delivered. Says how many are left.
    pub fn kill_all(&self, patience: Duration) -> usize {
        if self.0.not_forked().is_err() {
            return 0;
        }
        for entry in self.0.table.all() {
            // An error means that it is dead.
            let _ = entry.signal(Signal::Kill);
        }
        let patience = if self.0.on_core_thread() {
            Duration::ZERO
        } else {
            patience
        };
        self.0.table.wait_for_all(patience)
    }

    /// [`kill_all`](Core::kill_all), and no child is started from now on. For the end of the
    /// process.
    pub fn shut_down(&self, patience: Duration) -> usize {
        if self.0.not_forked().is_err() {
            return 0;
        }
        self.0.table.shut_down();
        self.kill_all(patience)
    }

    /// In a process that a `Core` started: takes its control socket and ties its life to its
    /// parent's. To be called once, early, on the main thread. If the parent has died meanwhile,
    /// it does not return.
    ///
    /// # Errors
    /// [`Error::NotAChild`] in any other process, [`Error::AlreadyAttached`] the second time, also
    /// from another copy of this library.
    pub fn attach(&self) -> Result<Control, Error> {
        if self.0.on_core_thread() {
            return Err(Error::OnCoreThread);
        }
        let link = Arc::new(Link::new(Platform::attach()?));
        let (answer, answered) = bounded(1);
        self.command(Command::Attach(link.clone(), answer))?;
        answered.recv().map_err(|_| Error::CoreLost)?;
        Ok(Control::new(self.0.clone(), link))
    }

    fn push(&self, id: ChildId, pushed: Pushed) -> Result<(), Error> {
        match pushed {
            Pushed::Written => Ok(()),
            Pushed::Queued => {
                self.0.wake();
                Ok(())
            }
            Pushed::Closed => Err(Error::Gone(id)),
        }
    }

    /// Sends a command to the core thread, which is started if it is not there yet.
    fn command(&self, command: Command) -> Result<(), Error> {
        self.ensure_thread()?;
        self.0
            .to_commands
            .send(command)
            .map_err(|_| Error::CoreLost)?;
        self.0.wake();
        Ok(())
    }

    fn ensure_thread(&self) -> Result<(), Error> {
        let shared = &self.0;
        let mut slot = shared
            .for_thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            return Ok(());
        }
        if shared.waker.get().is_none() {
            // Nobody else sets it: this runs under the lock.
            let _ = shared.waker.set(Platform::waker()?);
        }
        let (to_thread, from_here) = bounded::<Owned>(1);
        let for_thread = shared.clone();
        let thread = Platform::without_signals(|| {
            thread::Builder::new()
                .name("multiproc-core".into())
                .spawn(move || {
                    if let Ok(owned) = from_here.recv() {
                        run::run(&for_thread, owned);
                    }
                })
        })
        .map_err(|error| Error::Os {
            what: "starting the core thread",
            errno: error.raw_os_error().unwrap_or(0),
        })?;
        let _ = shared.thread.set(thread.thread().id());
        if let Some(owned) = slot.take() {
            // The thread waits for it.
            let _ = to_thread.send(owned);
        }
        Ok(())
    }
}
