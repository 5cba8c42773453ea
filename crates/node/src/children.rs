//! Children of this process, as JavaScript sees them: started and told by calls, heard of through a mailbox.
//!
//! The core thread puts what it hears into the mailbox of the child and rings the bell of the thread that owns it;
//! that thread takes it from there when it likes, in its event loop or between two slices of a blocking wait.
//!
//! Children end with the thread that owns them ([`end_of`]), since nobody could hear of them, or end them, afterwards.
//!
//! Children that are threads of this process have mailboxes as well, which threads.rs fills.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use multiproc_process as process;
use multiproc_shm::DeathWatch;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use process::{Adoption, Child, ChildId, Core, Ended, Events, ExitStatus, Request, Signal, Stdio};

use crate::error::{coded, process_error, shm_error, Result};
use crate::mailbox::{self, deliver};
use crate::member::with;
use crate::{threads, tree};

/// What the core is told to tell us with every event: the owner, and the slot that was claimed for the child.
fn tag(owner: u32, slot: u32, generation: u32) -> u64 {
    u64::from(owner) | u64::from(slot) << 16 | u64::from(generation) << 32
}

fn owner_in(tag: u64) -> u32 {
    tag as u32 & 0xffff
}

struct Postman;

impl Events for Postman {
    fn ready(&mut self, child: Child) {
        deliver(child.id.0, owner_in(child.tag), |mailbox| {
            mailbox.ready = true
        });
    }
    fn message(&mut self, child: Child, kind: u8, bytes: &[u8]) {
        deliver(child.id.0, owner_in(child.tag), |mailbox| {
            mailbox.messages.push((kind, bytes.to_vec()))
        });
    }
    fn exit(&mut self, child: Child, status: ExitStatus, _: Option<Ended>) {
        if let Some(tree) = tree::joined() {
            let (slot, generation) = ((child.tag >> 16) as u32 & 0xffff, (child.tag >> 32) as u32);
            if let Some(watch) = WATCH.get().and_then(Option::as_ref) {
                watch.remove(slot, generation);
            }
            tree.arena.abandon(slot, generation);
        }
        deliver(child.id.0, owner_in(child.tag), |mailbox| {
            mailbox.exit = Some(status)
        });
    }
}

/// This process's core.
pub fn core() -> &'static Core {
    static CORE: OnceLock<Core> = OnceLock::new();
    CORE.get_or_init(|| Core::new(process::Options::default(), Postman))
}

/// The thread with slot `owner` ends: its children are killed, and what they still say goes nowhere.
///
/// One whose start is still under way was not adopted: it ends because its slot is taken back, or by its idle limit.
pub fn end_of(owner: u32) {
    threads::forget_those_of(owner);
    for id in mailbox::orphan(owner) {
        // An error means that it is gone.
        let _ = core().signal(ChildId(id), Signal::Kill);
    }
}

/// How a child is started. Strings are bytes in the platform's encoding.
#[napi(object)]
pub struct StartRequest {
    pub exec_path: String,
    /// Everything between the executable and our own arguments: Node's options and the boot script.
    pub args: Vec<String>,
    /// The whole environment, as `NAME=value`.
    pub env: Vec<String>,
    /// Whether stdout and stderr are this process's; otherwise they are the null device.
    pub inherit_output: bool,
    /// Whether a Ctrl-C of the terminal must not reach it.
    pub own_group: bool,
    /// Ended so many milliseconds after it has booted, unless it was adopted.
    pub idle_limit: Option<f64>,
}

/// A child that was started.
#[napi(object)]
pub struct StartedChild {
    pub id: f64,
    pub pid: u32,
    pub slot: u32,
    pub generation: u32,
}

fn env_pair(entry: String) -> (OsString, OsString) {
    let bytes = entry.into_bytes();
    // A name may begin with '=' on some systems, hence from 1 on.
    let cut = bytes
        .iter()
        .skip(1)
        .position(|b| *b == b'=')
        .map_or(bytes.len(), |i| i + 1);
    let value = bytes.get(cut + 1..).unwrap_or_default().to_vec();
    (
        OsString::from_vec(bytes[..cut].to_vec()),
        OsString::from_vec(value),
    )
}

/// A start with everything that it needs of the calling thread: any thread may carry it out.
struct Start {
    request: Request,
    owner: u32,
    slot: u32,
    generation: u32,
}

impl Start {
    /// Claims a slot for the child.
    fn prepare(request: StartRequest) -> Result<Start> {
        let (arena, owner) = with(|arena, m| Ok((arena, m.slot)))?;
        let (slot, generation) = arena.claim(owner).map_err(shm_error)?;
        let stdio = || {
            if request.inherit_output {
                Stdio::Inherit
            } else {
                Stdio::Null
            }
        };
        let mut wanted = Request::new(request.exec_path, tree::arena_fd()?, slot, generation);
        wanted.args = request.args.into_iter().map(OsString::from).collect();
        wanted.env = request.env.into_iter().map(env_pair).collect();
        wanted.stdout = stdio();
        wanted.stderr = stdio();
        wanted.tag = tag(owner, slot, generation);
        wanted.own_group = request.own_group;
        wanted.idle_limit = request.idle_limit.map(milliseconds);
        wanted.kill_at = request.idle_limit.map(|_| Instant::now() + BOOT_LIMIT);
        Ok(Start {
            request: wanted,
            owner,
            slot,
            generation,
        })
    }

    /// Blocks until the pid is known.
    fn carry_out(self) -> std::result::Result<StartedChild, process::Error> {
        let (slot, generation) = (self.slot, self.generation);
        match core().start(self.request) {
            Ok(child) => {
                mailbox::open(child.id.0, self.owner);
                Ok(StartedChild {
                    id: child.id.0 as f64,
                    pid: child.pid,
                    slot,
                    generation,
                })
            }
            Err(error) => {
                if let Some(tree) = tree::joined() {
                    tree.arena.abandon(slot, generation);
                }
                Err(error)
            }
        }
    }
}

/// Starts a child that waits for its adoption.
#[napi(catch_unwind)]
pub fn child_start(request: StartRequest) -> Result<StartedChild> {
    Start::prepare(request)?.carry_out().map_err(process_error)
}

type Starting = JoinHandle<std::result::Result<StartedChild, process::Error>>;

/// Starts under way, by ticket.
static STARTING: Mutex<BTreeMap<u32, Starting>> = Mutex::new(BTreeMap::new());

fn starting() -> MutexGuard<'static, BTreeMap<u32, Starting>> {
    STARTING
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// As `childStart`, but returns at once: a ticket for `childStarted`.
#[napi(catch_unwind)]
pub fn child_start_later(request: StartRequest) -> Result<u32> {
    static TICKETS: AtomicU32 = AtomicU32::new(1);
    let start = Start::prepare(request)?;
    let (slot, generation) = (start.slot, start.generation);
    let thread = std::thread::Builder::new()
        .name("multiproc-start".into())
        .spawn(move || start.carry_out())
        .map_err(|error| {
            if let Some(tree) = tree::joined() {
                tree.arena.abandon(slot, generation);
            }
            coded("ERR_SYSTEM", format!("starting a thread: {error}"))
        })?;
    let ticket = TICKETS.fetch_add(1, SeqCst);
    starting().insert(ticket, thread);
    Ok(ticket)
}

/// The child of a ticket. Where its start is still under way: waits for it, or gives nothing where `wait` is false.
/// A ticket is good for one child.
#[napi(catch_unwind)]
pub fn child_started(ticket: u32, wait: bool) -> Result<Option<StartedChild>> {
    let thread = {
        let mut starting = starting();
        if !wait
            && starting
                .get(&ticket)
                .is_some_and(|thread| !thread.is_finished())
        {
            return Ok(None);
        }
        starting.remove(&ticket)
    };
    let Some(thread) = thread else {
        return Err(coded(
            "ERR_PROCESS",
            format!("there is no start with ticket {ticket}"),
        ));
    };
    let started = thread
        .join()
        .map_err(|_| coded("ERR_PROCESS", "the thread that started a child has failed"))?;
    started.map(Some).map_err(process_error)
}

fn milliseconds(milliseconds: f64) -> Duration {
    Duration::from_secs_f64(milliseconds.clamp(0.0, 1e12) / 1e3)
}

/// A spare that has not booted by then never will.
const BOOT_LIMIT: Duration = Duration::from_secs(120);

/// Gives a booted or booting child its work. False: it is gone, take another.
#[napi(catch_unwind)]
pub fn child_adopt(
    id: f64,
    cwd: Option<String>,
    inherit_output: bool,
    payload: &[u8],
) -> Result<bool> {
    let owner = with(|_, m| Ok(m.slot))?;
    mailbox::hand_over(id as u64, owner);
    let stdio = || {
        if inherit_output {
            Stdio::Inherit
        } else {
            Stdio::Null
        }
    };
    let adoption = Adoption {
        cwd: cwd.map(OsString::from),
        stdout: Some(stdio()),
        stderr: Some(stdio()),
        payload: payload.to_vec(),
    };
    match core().adopt(ChildId(id as u64), adoption) {
        Ok(()) => Ok(true),
        Err(process::Error::Gone(_)) => Ok(false),
        Err(error) => Err(process_error(error)),
    }
}

/// Sends a signal. False: it is gone.
#[napi(catch_unwind)]
pub fn child_signal(id: f64, signal: i32) -> Result<bool> {
    let signal = match signal {
        libc::SIGINT => Signal::Interrupt,
        libc::SIGTERM => Signal::Terminate,
        libc::SIGKILL => Signal::Kill,
        other => Signal::Other(other),
    };
    match core().signal(ChildId(id as u64), signal) {
        Ok(()) => Ok(true),
        Err(process::Error::Gone(_)) => Ok(false),
        Err(error) => Err(process_error(error)),
    }
}

/// What was heard of a child since the last look.
#[napi(object)]
pub struct ChildNews {
    /// It has booted.
    pub ready: bool,
    pub kinds: Vec<u8>,
    pub messages: Vec<Uint8Array>,
    pub exited: bool,
    /// N, or -signal; absent where somebody else reaped it.
    pub exit_code: Option<i32>,
    /// Its exit code, or minus its signal, once its main thread has ended: told once, and to those who asked by `childWatch`.
    pub dying: Option<i32>,
}

static WATCH: OnceLock<Option<DeathWatch>> = OnceLock::new();

/// Tells of the ends of those whose memory takes long to be given back. One a process; none where the system can't.
fn death_watch() -> Option<&'static DeathWatch> {
    let tree = tree::joined()?;
    WATCH
        .get_or_init(|| DeathWatch::start(tree.arena, told_of_end))
        .as_ref()
}

/// The main thread of the child in that slot has ended.
fn told_of_end(slot: u32, generation: u32) {
    let is_it = |child: &Child| child.tag >> 16 == u64::from(slot) | u64::from(generation) << 16;
    let Some(child) = core().children().into_iter().find(is_it) else {
        return;
    };
    if let Some(status) = core().dying(child.id) {
        deliver(child.id.0, owner_in(child.tag), |mailbox| {
            mailbox.dying = Some(status)
        });
    }
}

/// News of this child tell how it is ending as soon as its main thread has ended.
#[napi(catch_unwind)]
pub fn child_watch(id: f64) {
    let Some(watch) = death_watch() else { return };
    let is_it = |child: &Child| child.id.0 == id as u64;
    if let Some(child) = core().children().into_iter().find(is_it) {
        watch.add((child.tag >> 16) as u32 & 0xffff, (child.tag >> 32) as u32);
    }
}

/// Whether any child of this thread may have news; asking clears it.
#[napi(catch_unwind)]
pub fn children_have_news() -> Result<bool> {
    Ok(mailbox::has_news(with(|_, m| Ok(m.slot))?))
}

/// What is new from a child, and takes it out of the mailbox; `undefined` where nothing is.
#[napi(catch_unwind)]
pub fn child_news(id: f64) -> Option<ChildNews> {
    let news = mailbox::take(id as u64)?;
    let (kinds, messages) = news
        .messages
        .into_iter()
        .map(|(kind, bytes)| (kind, Uint8Array::from(bytes)))
        .unzip();
    Some(ChildNews {
        ready: news.ready,
        kinds,
        messages,
        dying: news.dying.and_then(ExitStatus::exit_code),
        exited: news.exit.is_some(),
        exit_code: news.exit.and_then(ExitStatus::exit_code),
    })
}

/// SIGKILL to all children at the end of this process; none can be started after it.
#[napi(catch_unwind)]
pub fn children_end() -> u32 {
    core().shut_down(Duration::from_millis(500)) as u32
}

// ---------------------------------------------------------------- the child's side

/// Blocks until this process is adopted, and returns its payload. Messages that come before are dropped.
#[napi(catch_unwind)]
pub fn parent_receive() -> Result<Uint8Array> {
    let control = tree::control()?;
    loop {
        match control.receive(None).map_err(process_error)? {
            Some(process::Received::Adopted {
                payload,
                chdir_error,
            }) => {
                if let Some(errno) = chdir_error {
                    let error = std::io::Error::from_raw_os_error(errno);
                    return Err(coded("ERR_SYSTEM", format!("chdir: {error}")));
                }
                return Ok(payload.into());
            }
            Some(process::Received::Message { .. }) | None => continue,
        }
    }
}

/// Sends the one who started this process or thread a message.
#[napi(catch_unwind)]
pub fn parent_send(kind: u8, bytes: &[u8]) -> Result<()> {
    if threads::tell_parent(kind, bytes) {
        return Ok(());
    }
    tree::control()?
        .send(kind, bytes.to_vec())
        .map_err(process_error)
}

/// Waits until all that was sent has been written, at most so many milliseconds. False: time passed.
#[napi(catch_unwind)]
pub fn parent_flush(milliseconds: f64) -> Result<bool> {
    if threads::is_started() {
        return Ok(true);
    }
    let patience = Duration::from_secs_f64(milliseconds.clamp(0.0, 1e9) / 1e3);
    Ok(tree::control()?.flush(patience))
}
