//! Executable memory of Linux and macOS.

use std::io::{Error, Result};
use std::ptr::null_mut;

pub fn allocate(size: usize) -> Result<*mut u8> {
    // SAFETY: asks for new private memory; no address is given.
    let address = unsafe {
        libc::mmap(
            null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANON,
            -1,
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(Error::last_os_error());
    }
    Ok(address.cast())
}

pub fn make_executable(address: *mut u8, size: usize) -> Result<()> {
    // SAFETY: the memory of `allocate`, which its caller alone knows of.
    if unsafe { libc::mprotect(address.cast(), size, libc::PROT_READ | libc::PROT_EXEC) } != 0 {
        return Err(Error::last_os_error());
    }
    flush(address, size);
    Ok(())
}

/// Processors whose instruction cache does not follow writes are told of them.
#[cfg(target_arch = "aarch64")]
fn flush(address: *mut u8, size: usize) {
    unsafe extern "C" {
        fn __clear_cache(start: *mut u8, end: *mut u8);
    }
    // SAFETY: the range is mapped and readable.
    unsafe { __clear_cache(address, address.add(size)) };
}

#[cfg(not(target_arch = "aarch64"))]
fn flush(_: *mut u8, _: usize) {}

pub fn free(address: *mut u8, size: usize) {
    // SAFETY: the memory of `allocate`; its owner is being dropped, and no code of it runs any more.
    unsafe { libc::munmap(address.cast(), size) };
}
