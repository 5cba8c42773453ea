//! Named memory: a block that unrelated processes of one user attach to by name. It lies outside of any arena.
//!
//! A block `name` of user `uid` is the file `/dev/shm/multiproc-<uid>-<name>`, mode 600. Every user of it, its owner too, has its own
//! open file with a shared `flock`. The kernel gives a lock back when its process ends, however it ends: so *somebody uses
//! it* means *an exclusive lock is refused*, and no number is kept anywhere.
//!
//! - **Create**: an unnamed file (O_TMPFILE) is sized, backed, locked, and then linked to its name: it is never seen without its
//!   owner's lock. The link fails where the name is taken; a stale one is swept and the link tried again.
//! - **Attach**: opens the name, takes the shared lock, and looks whether the name still means this file. A file on which the
//!   exclusive lock can be had is used by nobody: it is swept, and there is no such block.
//! - **Close**: asks for the exclusive lock in the place of its shared one. Who gets it was the last user, and unlinks. Of two that close at
//!   once one gets it: the one that is refused has no lock any more when the other asks.
//! - **Unlink**, by the owner only: under a lock of its own, and only if the name still means its file.
//! - **Sweep**: unlinks every file of the user on which the exclusive lock can be had, which is what crashes leave. Done at a process's
//!   first use of named memory, and, in a tree that uses any, by the supervisor after each death.
//!
//! A name is unlinked only by one that holds a lock on the file that it means, and a file that is locked by another is not swept; so nobody
//! unlinks what was just made under the same name. **Kills**: each step is one system call; between any two of them the kernel
//! gives the lock back, and what is left has no user and is swept. **Nothing hangs**: no call waits for a lock; one that is
//! refused for the moment of another's look is tried again, for at most a second.

use crate::Error;

/// Longest name, in bytes.
pub const MAX_NAME: usize = 200;

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use std::ffi::CString;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::os::unix::ffi::OsStrExt;
    use std::time::{Duration, Instant};

    const FOLDER: &str = "/dev/shm";
    /// How long a lock that another holds for a look is asked for again.
    const PATIENCE: Duration = Duration::from_secs(1);

    fn failed(call: &'static str, errno: i32) -> Error {
        Error::Os { call, errno }
    }

    fn last(call: &'static str) -> Error {
        failed(
            call,
            std::io::Error::last_os_error().raw_os_error().unwrap_or(0),
        )
    }

    fn errno_of(error: &Error) -> i32 {
        match error {
            Error::Os { errno, .. } => *errno,
            _ => 0,
        }
    }

    fn prefix() -> String {
        // SAFETY: no precondition.
        format!("multiproc-{}-", unsafe { libc::geteuid() })
    }

    fn path_of(name: &str) -> Result<CString, Error> {
        CString::new(format!("{FOLDER}/{}{name}", prefix())).map_err(|_| Error::Argument {
            name: "name",
            was: format!("{name:?}"),
            allowed: "a name without NUL",
        })
    }

    fn open(path: &CString) -> Result<OwnedFd, Error> {
        let flags = libc::O_RDWR | libc::O_CLOEXEC | libc::O_NOFOLLOW;
        // SAFETY: a C string; the result is checked.
        let fd = unsafe { libc::open(path.as_ptr(), flags) };
        if fd < 0 {
            return Err(last("open"));
        }
        // SAFETY: a new descriptor that nobody else owns.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// False: another has a lock that forbids it.
    fn lock(file: &OwnedFd, how: libc::c_int) -> bool {
        // SAFETY: plain call on our descriptor.
        unsafe { libc::flock(file.as_raw_fd(), how | libc::LOCK_NB) == 0 }
    }

    fn identity(file: &OwnedFd) -> Result<(u64, u64, u64), Error> {
        // SAFETY: a zeroed stat is a valid value; fstat fills it.
        unsafe {
            let mut stat: libc::stat = std::mem::zeroed();
            if libc::fstat(file.as_raw_fd(), &mut stat) != 0 {
                return Err(last("fstat"));
            }
            Ok((stat.st_dev as u64, stat.st_ino as u64, stat.st_size as u64))
        }
    }

    /// The name means this file.
    fn is_at(file: &OwnedFd, path: &CString) -> bool {
        // SAFETY: a zeroed stat is a valid value; lstat fills it.
        let named = unsafe {
            let mut stat: libc::stat = std::mem::zeroed();
            (libc::lstat(path.as_ptr(), &mut stat) == 0)
                .then_some((stat.st_dev as u64, stat.st_ino as u64))
        };
        identity(file).is_ok_and(|(dev, ino, _)| named == Some((dev, ino)))
    }

    fn unlink(path: &CString) -> Result<(), Error> {
        // SAFETY: a C string.
        if unsafe { libc::unlink(path.as_ptr()) } != 0 {
            return Err(last("unlink"));
        }
        Ok(())
    }

    /// Unlinks the file if nobody uses it. True: it did.
    fn sweep_file(path: &CString) -> bool {
        open(path).is_ok_and(|file| {
            lock(&file, libc::LOCK_EX) && is_at(&file, path) && unlink(path).is_ok()
        })
    }

    /// Removes what crashes of this user's processes have left.
    pub fn sweep() {
        let prefix = prefix();
        for entry in std::fs::read_dir(FOLDER).into_iter().flatten().flatten() {
            if !entry.file_name().as_bytes().starts_with(prefix.as_bytes()) {
                continue;
            }
            if let Ok(path) = CString::new(entry.path().as_os_str().as_bytes()) {
                sweep_file(&path);
            }
        }
    }

    /// A block in use. Dropping it does not close it: the mapping stays as long as the process.
    pub struct NamedMemory {
        path: CString,
        base: *mut u8,
        size: u64,
        owner: bool,
        /// Has the lock; None once it is closed.
        file: Option<OwnedFd>,
        identity: (u64, u64),
        unlinked: bool,
    }

    // SAFETY: the pointer is to a shared mapping, which is only handed out; the rest is owned.
    unsafe impl Send for NamedMemory {}

    impl NamedMemory {
        /// Makes a block of `size` zeroed bytes. Errors: `Os` with EEXIST, ENOSPC, …; `Argument`.
        pub fn create(name: &str, size: u64) -> Result<NamedMemory, Error> {
            let path = path_of(name)?;
            let folder = CString::new(FOLDER).unwrap_or_default();
            let flags = libc::O_TMPFILE | libc::O_RDWR | libc::O_CLOEXEC;
            // SAFETY: a C string; the result is checked.
            let fd = unsafe { libc::open(folder.as_ptr(), flags, 0o600) };
            if fd < 0 {
                return Err(last("open"));
            }
            // SAFETY: a new descriptor that nobody else owns.
            let file = unsafe { OwnedFd::from_raw_fd(fd) };
            // SAFETY: plain call on our descriptor. Backed now, so that a write can't be SIGBUS.
            let refused = unsafe { libc::posix_fallocate(fd, 0, size as libc::off_t) };
            if refused != 0 {
                return Err(failed("posix_fallocate", refused));
            }
            if !lock(&file, libc::LOCK_SH) {
                return Err(last("flock"));
            }
            if let Err(error) = link(&file, &path) {
                if errno_of(&error) != libc::EEXIST || !sweep_file(&path) {
                    return Err(error);
                }
                link(&file, &path)?;
            }
            NamedMemory::map(path, file, true)
        }

        /// Attaches to a block. Errors: `Os` with ENOENT, …; `Argument`.
        pub fn attach(name: &str) -> Result<NamedMemory, Error> {
            let path = path_of(name)?;
            let begun = Instant::now();
            loop {
                let file = open(&path)?;
                if lock(&file, libc::LOCK_EX) {
                    if is_at(&file, &path) {
                        unlink(&path)?;
                        return Err(failed("open", libc::ENOENT));
                    }
                } else if lock(&file, libc::LOCK_SH) && is_at(&file, &path) {
                    return NamedMemory::map(path, file, false);
                }
                if begun.elapsed() > PATIENCE {
                    return Err(failed("flock", libc::EAGAIN));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }

        fn map(path: CString, file: OwnedFd, owner: bool) -> Result<NamedMemory, Error> {
            let (dev, ino, size) = identity(&file)?;
            // SAFETY: a new shared mapping of the whole file at an address of the kernel's choice.
            let base = unsafe {
                libc::mmap(
                    std::ptr::null_mut(),
                    size as usize,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_SHARED,
                    file.as_raw_fd(),
                    0,
                )
            };
            if base == libc::MAP_FAILED {
                let error = last("mmap");
                if owner {
                    let _ = unlink(&path);
                }
                return Err(error);
            }
            Ok(NamedMemory {
                path,
                base: base.cast(),
                size,
                owner,
                file: Some(file),
                identity: (dev, ino),
                unlinked: false,
            })
        }

        pub fn base(&self) -> *mut u8 {
            self.base
        }

        /// Bytes.
        pub fn size(&self) -> u64 {
            self.size
        }

        /// This process's object made it.
        pub fn is_owner(&self) -> bool {
            self.owner
        }

        /// This user leaves; the last one takes the name with it. Can be repeated.
        pub fn close(&mut self) {
            if let Some(file) = self.file.take() {
                if lock(&file, libc::LOCK_EX) && is_at(&file, &self.path) {
                    let _ = unlink(&self.path);
                }
            }
        }

        /// Takes the name away; those who use the block go on. After a close that took it already: nothing, the first time.
        ///
        /// Errors: `Os` with ENOENT where it was unlinked before.
        pub fn unlink(&mut self) -> Result<(), Error> {
            if std::mem::replace(&mut self.unlinked, true) {
                return Err(failed("unlink", libc::ENOENT));
            }
            let opened = match &self.file {
                Some(_) => None,
                None => match open(&self.path) {
                    Ok(file) if lock(&file, libc::LOCK_SH) => Some(file),
                    // it went with its last user, or somebody is about to sweep it
                    _ => return Ok(()),
                },
            };
            let Some(file) = self.file.as_ref().or(opened.as_ref()) else {
                return Ok(());
            };
            let (dev, ino, _) = identity(file)?;
            if (dev, ino) == self.identity && is_at(file, &self.path) {
                unlink(&self.path)?;
            }
            Ok(())
        }
    }

    fn link(file: &OwnedFd, path: &CString) -> Result<(), Error> {
        let from = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default();
        // SAFETY: two C strings.
        let done = unsafe {
            libc::linkat(
                libc::AT_FDCWD,
                from.as_ptr(),
                libc::AT_FDCWD,
                path.as_ptr(),
                libc::AT_SYMLINK_FOLLOW,
            )
        };
        if done != 0 {
            return Err(last("linkat"));
        }
        Ok(())
    }

    /// # Safety
    /// `base` and `size` are of one [`NamedMemory`], and nothing uses the memory any more.
    pub unsafe fn unmap(base: *mut u8, size: u64) {
        // SAFETY: by this function's contract.
        unsafe { libc::munmap(base.cast(), size as usize) };
    }
}
#[cfg(target_os = "linux")]
pub use linux::{sweep, unmap, NamedMemory};

#[cfg(not(target_os = "linux"))]
mod other {
    use super::*;

    fn unsupported<T>() -> Result<T, Error> {
        Err(Error::Unsupported {
            what: "named shared memory",
        })
    }

    pub fn sweep() {}

    /// Can't be made on this system.
    pub enum NamedMemory {}

    impl NamedMemory {
        pub fn create(_: &str, _: u64) -> Result<NamedMemory, Error> {
            unsupported()
        }
        pub fn attach(_: &str) -> Result<NamedMemory, Error> {
            unsupported()
        }
        pub fn base(&self) -> *mut u8 {
            match *self {}
        }
        pub fn size(&self) -> u64 {
            match *self {}
        }
        pub fn is_owner(&self) -> bool {
            match *self {}
        }
        pub fn close(&mut self) {}
        pub fn unlink(&mut self) -> Result<(), Error> {
            match *self {}
        }
    }

    /// # Safety
    /// There is nothing to be unmapped.
    pub unsafe fn unmap(_: *mut u8, _: u64) {}
}
#[cfg(not(target_os = "linux"))]
pub use other::{sweep, unmap, NamedMemory};
