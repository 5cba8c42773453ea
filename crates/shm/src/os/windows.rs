//! Windows: not written yet. Every call that could begin something says so; nothing else can be reached.

use super::{Platform, Watch};
use crate::Error;
use std::time::Duration;

/// An open file.
pub type Handle = std::os::windows::io::OwnedHandle;

/// The backend.
pub struct System;

fn unsupported<T>() -> Result<T, Error> {
    Err(Error::Unsupported {
        what: "shared memory on Windows",
    })
}

impl Platform for System {
    fn create(_: u64) -> Result<Handle, Error> {
        unsupported()
    }
    fn length(_: &Handle) -> Result<u64, Error> {
        unsupported()
    }
    fn map(_: &Handle, _: u64) -> Result<*mut u8, Error> {
        unsupported()
    }
    unsafe fn unmap(_: *mut u8, _: u64) {}
    fn peek(_: &Handle, _: &mut [u8]) -> Result<(), Error> {
        unsupported()
    }
    fn commit(_: &Handle, _: u64, _: u64) -> Result<(), Error> {
        unsupported()
    }
    fn write(_: &Handle, _: u64, _: &[&[u8]]) -> Result<(), Error> {
        unsupported()
    }
    fn punch(_: &Handle, _: u64, _: u64) {}
    fn used(_: &Handle) -> u64 {
        0
    }
    fn wait(_: *const u32, _: u32, slice: Duration) {
        std::thread::sleep(slice.min(Duration::from_millis(1)))
    }
    fn wake(_: *const u32, _: i32) {}
    unsafe fn hold_for_ever(_: *mut u8, _: usize) -> Option<u32> {
        None
    }
    fn can_wait_any() -> bool {
        false
    }
    fn wait_any(_: &[(*const u32, u32)], _: Duration) -> bool {
        false
    }
    fn pid() -> u32 {
        std::process::id()
    }
    fn tid() -> u32 {
        0
    }
    fn start_time(_: u32) -> Option<u64> {
        None
    }
    fn memory_limit() -> u64 {
        0
    }
    fn random(_: &mut [u8]) -> Result<(), Error> {
        unsupported()
    }
    fn pipe() -> Result<(Handle, Handle), Error> {
        unsupported()
    }
    fn poke(_: &Handle) {}
    fn drain(_: &Handle) {}
    fn pipe_of(_: u32, _: i32) -> Option<Handle> {
        None
    }
    fn millis() -> u32 {
        0
    }
    fn number(_: &Handle) -> i32 {
        -1
    }
}

/// Deaths of processes.
pub struct Deaths;

impl Watch for Deaths {
    fn new() -> Result<Deaths, Error> {
        unsupported()
    }
    fn add(&mut self, _: u32, _: u64) {}
    fn wait(&mut self, _: &Handle, timeout: Duration) -> Vec<u32> {
        std::thread::sleep(timeout);
        Vec::new()
    }
}
