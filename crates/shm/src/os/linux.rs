//! Linux: memfd, futex, pidfd, pipes opened through /proc.

use super::{Platform, Watch};
use crate::Error;
use std::collections::HashMap;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// An open file.
pub type Handle = OwnedFd;

/// The backend.
pub struct System;

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn os(call: &'static str) -> Error {
    Error::Os {
        call,
        errno: errno(),
    }
}

fn timespec(slice: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: slice.as_secs() as libc::time_t,
        tv_nsec: slice.subsec_nanos() as _,
    }
}

fn stat(file: &Handle) -> Result<libc::stat, Error> {
    // SAFETY: a zeroed stat is a valid value; fstat fills it.
    unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        if libc::fstat(file.as_raw_fd(), &mut stat) != 0 {
            return Err(os("fstat"));
        }
        Ok(stat)
    }
}

/// memfd_create, or an unlinked file in /dev/shm or the temporary folder where it is refused.
fn anonymous() -> Result<Handle, Error> {
    // SAFETY: the name is a C string; the result is checked.
    let fd = unsafe { libc::memfd_create(c"multiproc".as_ptr(), libc::MFD_CLOEXEC) };
    if fd >= 0 {
        // SAFETY: a new descriptor that nobody else owns.
        return Ok(unsafe { OwnedFd::from_raw_fd(fd) });
    }
    let refused = os("memfd_create");
    for folder in [
        c"/dev/shm".to_owned(),
        std::ffi::CString::new("/tmp").unwrap_or_default(),
    ] {
        let flags = libc::O_TMPFILE | libc::O_RDWR | libc::O_CLOEXEC | libc::O_EXCL;
        // SAFETY: the path is a C string; the result is checked.
        let fd = unsafe { libc::open(folder.as_ptr(), flags, 0o600) };
        if fd >= 0 {
            // SAFETY: a new descriptor that nobody else owns.
            return Ok(unsafe { OwnedFd::from_raw_fd(fd) });
        }
    }
    Err(refused)
}

/// The lowest `memory.max` (or v1 limit) of this process's cgroup and those above it.
fn cgroup_limit() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let mut lowest = None;
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            c if c.split(',').any(|c| c == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let mut path = Some(std::path::Path::new(path.trim_start_matches('/')));
        while let Some(p) = path {
            let text = std::fs::read_to_string(std::path::Path::new(root).join(p).join(file));
            if let Some(limit) = text.ok().and_then(|t| t.trim().parse::<u64>().ok()) {
                lowest = Some(lowest.map_or(limit, |l: u64| l.min(limit)));
            }
            path = p.parent();
        }
    }
    lowest
}

impl Platform for System {
    fn create(bytes: u64) -> Result<Handle, Error> {
        let file = anonymous()?;
        // SAFETY: plain call on our descriptor. A limit on file sizes would send SIGXFSZ instead of an error, so it is looked at first.
        unsafe {
            let mut limit: libc::rlimit = std::mem::zeroed();
            if libc::getrlimit(libc::RLIMIT_FSIZE, &mut limit) == 0 && limit.rlim_cur < bytes {
                return Err(Error::Os {
                    call: "ftruncate (RLIMIT_FSIZE)",
                    errno: libc::EFBIG,
                });
            }
            if libc::ftruncate(file.as_raw_fd(), bytes as libc::off_t) != 0 {
                return Err(os("ftruncate"));
            }
        }
        Ok(file)
    }

    fn length(file: &Handle) -> Result<u64, Error> {
        Ok(stat(file)?.st_size as u64)
    }

    fn map(file: &Handle, bytes: u64) -> Result<*mut u8, Error> {
        // SAFETY: a new shared mapping at an address of the kernel's choice.
        unsafe {
            let base = libc::mmap(
                std::ptr::null_mut(),
                bytes as usize,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_NORESERVE,
                file.as_raw_fd(),
                0,
            );
            if base == libc::MAP_FAILED {
                return Err(os("mmap"));
            }
            // A core dump of a sparse memfd would commit every hole; a fork must not carry the arena into a foreign child.
            libc::madvise(base, bytes as usize, libc::MADV_DONTDUMP);
            libc::madvise(base, bytes as usize, libc::MADV_DONTFORK);
            Ok(base as *mut u8)
        }
    }

    unsafe fn unmap(base: *mut u8, bytes: u64) {
        // SAFETY: by this function's contract.
        unsafe { libc::munmap(base.cast(), bytes as usize) };
    }

    fn peek(file: &Handle, bytes: &mut [u8]) -> Result<(), Error> {
        // SAFETY: the buffer is valid for its length.
        let n = unsafe { libc::pread(file.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        if n < 0 {
            return Err(os("pread"));
        }
        if n as usize != bytes.len() {
            return Err(Error::NotOurs {
                what: "the file is shorter than a header",
            });
        }
        Ok(())
    }

    fn commit(file: &Handle, offset: u64, bytes: u64) -> Result<(), Error> {
        loop {
            // SAFETY: plain call on our descriptor.
            let r = unsafe {
                libc::fallocate(
                    file.as_raw_fd(),
                    0,
                    offset as libc::off_t,
                    bytes as libc::off_t,
                )
            };
            if r == 0 {
                return Ok(());
            }
            if errno() != libc::EINTR {
                return Err(os("fallocate"));
            }
        }
    }

    fn write(file: &Handle, mut offset: u64, parts: &[&[u8]]) -> Result<(), Error> {
        for part in parts {
            let mut rest = *part;
            while !rest.is_empty() {
                // SAFETY: the buffer is valid for its length.
                let n = unsafe {
                    libc::pwrite(
                        file.as_raw_fd(),
                        rest.as_ptr().cast(),
                        rest.len(),
                        offset as libc::off_t,
                    )
                };
                match n {
                    n if n > 0 => {
                        rest = &rest[n as usize..];
                        offset += n as u64;
                    }
                    n if n < 0 && errno() == libc::EINTR => (),
                    _ => return Err(os("pwrite")),
                }
            }
        }
        Ok(())
    }

    fn punch(file: &Handle, offset: u64, bytes: u64) {
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        loop {
            // SAFETY: plain call on our descriptor.
            let r = unsafe {
                libc::fallocate(
                    file.as_raw_fd(),
                    mode,
                    offset as libc::off_t,
                    bytes as libc::off_t,
                )
            };
            if r == 0 || errno() != libc::EINTR {
                return;
            }
        }
    }

    fn used(file: &Handle) -> u64 {
        stat(file).map_or(0, |s| s.st_blocks as u64 * 512)
    }

    fn wait(word: *const u32, value: u32, slice: Duration) {
        let time = timespec(slice);
        // SAFETY: FUTEX_WAIT reads an aligned word of the mapping; every outcome is a return.
        unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT, value, &time, 0, 0) };
    }

    fn wake(word: *const u32, count: i32) {
        // SAFETY: FUTEX_WAKE only uses the address.
        unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, count, 0, 0, 0) };
    }

    unsafe fn hold_for_ever(mutex: *mut u8, bytes: usize) -> Option<u32> {
        if std::mem::size_of::<libc::pthread_mutex_t>() > bytes {
            return None;
        }
        let mutex = mutex.cast::<libc::pthread_mutex_t>();
        let mut attributes = std::mem::MaybeUninit::uninit();
        // SAFETY: the caller vouches for `mutex`; `attributes` is initialised by the first call, before it is used.
        let taken = unsafe {
            libc::pthread_mutexattr_init(attributes.as_mut_ptr()) == 0
                && libc::pthread_mutexattr_setpshared(
                    attributes.as_mut_ptr(),
                    libc::PTHREAD_PROCESS_SHARED,
                ) == 0
                && libc::pthread_mutexattr_setrobust(
                    attributes.as_mut_ptr(),
                    libc::PTHREAD_MUTEX_ROBUST,
                ) == 0
                && libc::pthread_mutex_init(mutex, attributes.as_ptr()) == 0
                && libc::pthread_mutex_lock(mutex) == 0
        };
        if !taken {
            return None;
        }
        // The C libraries have it in different places; it is the first word that holds the thread's number.
        let words = mutex.cast::<u32>();
        let tid = Self::tid();
        (0..std::mem::size_of::<libc::pthread_mutex_t>() / 4)
            // SAFETY: inside of the mutex, which is initialised and aligned.
            .find(|&i| unsafe { words.add(i).read_volatile() } == tid)
            .map(|i| i as u32 * 4)
    }

    fn can_wait_any() -> bool {
        let word = 0;
        // A value that differs is seen at once.
        Self::wait_any(&[(&word, 1)], Duration::ZERO)
    }

    fn wait_any(words: &[(*const u32, u32)], slice: Duration) -> bool {
        /// `struct futex_waitv` of <linux/futex.h>.
        #[repr(C)]
        struct Waiter {
            value: u64,
            address: u64,
            flags: u32,
            reserved: u32,
        }
        /// Of 32 bits, in memory that other processes share.
        const FUTEX_32: u32 = 2;
        let waiters: Vec<Waiter> = words
            .iter()
            .map(|&(word, value)| Waiter {
                value: value.into(),
                address: word as u64,
                flags: FUTEX_32,
                reserved: 0,
            })
            .collect();
        // SAFETY: `now` is writable.
        let mut until: libc::timespec = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut until) };
        until.tv_sec += slice.as_secs() as libc::time_t;
        // SAFETY: the array has as many entries as are given; a word that is not mapped makes the call fail, no more.
        let woken = unsafe {
            libc::syscall(
                libc::SYS_futex_waitv,
                waiters.as_ptr(),
                waiters.len(),
                0,
                &until,
                libc::CLOCK_MONOTONIC,
            )
        };
        woken >= 0 || matches!(errno(), libc::EAGAIN | libc::ETIMEDOUT | libc::EINTR)
    }

    fn pid() -> u32 {
        std::process::id()
    }

    fn tid() -> u32 {
        // SAFETY: no arguments, can't fail.
        unsafe { libc::syscall(libc::SYS_gettid) as u32 }
    }

    fn start_time(pid: u32) -> Option<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // the command may contain anything, so count from its closing parenthesis
        let fields = stat.get(stat.rfind(')')? + 2..)?;
        let state = fields.chars().next()?;
        if state == 'Z' || state == 'X' {
            return None;
        }
        fields.split(' ').nth(19)?.parse().ok()
    }

    fn memory_limit() -> u64 {
        // SAFETY: plain calls.
        let machine = unsafe {
            libc::sysconf(libc::_SC_PHYS_PAGES).max(0) as u64
                * libc::sysconf(libc::_SC_PAGESIZE).max(4096) as u64
        };
        cgroup_limit().map_or(machine, |l| l.min(machine))
    }

    fn random(bytes: &mut [u8]) -> Result<(), Error> {
        // SAFETY: the buffer is valid for its length.
        let n = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        if n as usize != bytes.len() {
            return Err(os("getrandom"));
        }
        Ok(())
    }

    fn pipe() -> Result<(Handle, Handle), Error> {
        let mut fds = [0; 2];
        // SAFETY: the array has room for both; they are new and ours.
        unsafe {
            if libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) != 0 {
                return Err(os("pipe2"));
            }
            Ok((OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])))
        }
    }

    fn poke(pipe: &Handle) {
        // SAFETY: one byte from a valid buffer. A full pipe is readable already. (All write ends are O_RDWR, or in the
        // reader's own process: there is no SIGPIPE.)
        unsafe { libc::write(pipe.as_raw_fd(), [1u8].as_ptr().cast(), 1) };
    }

    fn drain(pipe: &Handle) {
        let mut bytes = [0u8; 256];
        // SAFETY: the buffer is valid for its length; the pipe does not block.
        while unsafe { libc::read(pipe.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len()) }
            == bytes.len() as isize
        {}
    }

    fn pipe_of(pid: u32, number: i32) -> Option<Handle> {
        let path = std::ffi::CString::new(format!("/proc/{pid}/fd/{number}")).ok()?;
        // Looked at before it is opened: opening a device could have effects.
        // SAFETY: C string; zeroed stat is valid; the result is checked.
        let fifo = unsafe {
            let mut stat: libc::stat = std::mem::zeroed();
            libc::stat(path.as_ptr(), &mut stat) == 0
                && stat.st_mode & libc::S_IFMT == libc::S_IFIFO
        };
        if !fifo {
            return None;
        }
        // Read and write: so the pipe always has a reader, and a write to one whose process died is no SIGPIPE.
        let flags = libc::O_RDWR | libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY;
        // SAFETY: C string; the result is checked.
        let fd = unsafe { libc::open(path.as_ptr(), flags) };
        // SAFETY: a new descriptor that nobody else owns.
        (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
    }

    fn millis() -> u32 {
        let mut now = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `now` is writable; the clock always exists.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut now) };
        (now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000) as u32
    }
    fn number(handle: &Handle) -> i32 {
        handle.as_raw_fd()
    }
}

/// Deaths by pidfd; where pidfd_open is refused, by looking at the start time every 20 ms.
pub struct Deaths {
    watched: HashMap<u32, (u64, Option<OwnedFd>)>,
}

const LOOK: Duration = Duration::from_millis(20);

impl Watch for Deaths {
    fn new() -> Result<Deaths, Error> {
        Ok(Deaths {
            watched: HashMap::new(),
        })
    }

    fn add(&mut self, pid: u32, start: u64) {
        if self.watched.contains_key(&pid) {
            return;
        }
        // SAFETY: plain call; the result is checked.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as RawFd;
        // SAFETY: a new descriptor that nobody else owns.
        let fd = (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) });
        self.watched.insert(pid, (start, fd));
    }

    fn wait(&mut self, bell: &Handle, timeout: Duration) -> Vec<u32> {
        let poll = |fd: RawFd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        };
        let mut fds = vec![poll(bell.as_raw_fd())];
        let mut pids = vec![0];
        // a pid may have been used again before its pidfd was opened: then the start time differs
        let same = |pid: u32, start: u64| {
            System::start_time(pid).is_some_and(|s| crate::slots::same_start(s, start))
        };
        let mut dead: Vec<u32> = Vec::new();
        let mut slice = timeout;
        for (&pid, (start, fd)) in &mut self.watched {
            match fd {
                Some(fd) => {
                    fds.push(poll(fd.as_raw_fd()));
                    pids.push(pid);
                    // looked at once: `start` is then no longer needed
                    if *start != u64::MAX && !same(pid, *start) {
                        dead.push(pid);
                    }
                    *start = u64::MAX;
                }
                None => {
                    slice = slice.min(LOOK);
                    if !same(pid, *start) {
                        dead.push(pid);
                    }
                }
            }
        }
        if !dead.is_empty() {
            slice = Duration::ZERO;
        }
        // rounded up, so that a short rest is no busy loop
        let ms = slice.as_micros().div_ceil(1000).min(60_000) as i32;
        // SAFETY: the array is valid for its length.
        unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, ms) };
        for (fd, pid) in fds.iter().zip(&pids).skip(1) {
            if fd.revents != 0 && !dead.contains(pid) {
                dead.push(*pid);
            }
        }
        for pid in &dead {
            self.watched.remove(pid);
        }
        dead
    }
}
