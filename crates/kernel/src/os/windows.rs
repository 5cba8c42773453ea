//! Executable memory of Windows.

use std::ffi::c_void;
use std::io::{Error, Result};
use std::ptr::null;

const COMMIT_RESERVE: u32 = 0x3000;
const RELEASE: u32 = 0x8000;
const READ_WRITE: u32 = 0x04;
const EXECUTE_READ: u32 = 0x20;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn VirtualAlloc(address: *const c_void, size: usize, kind: u32, protection: u32)
        -> *mut c_void;
    fn VirtualProtect(address: *mut c_void, size: usize, protection: u32, old: *mut u32) -> i32;
    fn VirtualFree(address: *mut c_void, size: usize, kind: u32) -> i32;
    fn FlushInstructionCache(process: isize, address: *const c_void, size: usize) -> i32;
}

/// The pseudo handle of this process.
const THIS_PROCESS: isize = -1;

pub fn allocate(size: usize) -> Result<*mut u8> {
    // SAFETY: asks for new memory; no address is given.
    let address = unsafe { VirtualAlloc(null(), size, COMMIT_RESERVE, READ_WRITE) };
    if address.is_null() {
        return Err(Error::last_os_error());
    }
    Ok(address.cast())
}

pub fn make_executable(address: *mut u8, size: usize) -> Result<()> {
    let mut old = 0;
    // SAFETY: the memory of `allocate`, which its caller alone knows of.
    let done = unsafe {
        VirtualProtect(address.cast(), size, EXECUTE_READ, &mut old) != 0
            && FlushInstructionCache(THIS_PROCESS, address.cast(), size) != 0
    };
    if done {
        Ok(())
    } else {
        Err(Error::last_os_error())
    }
}

pub fn free(address: *mut u8, _size: usize) {
    // SAFETY: the memory of `allocate`; its owner is being dropped, and no code of it runs any more.
    unsafe { VirtualFree(address.cast(), 0, RELEASE) };
}
