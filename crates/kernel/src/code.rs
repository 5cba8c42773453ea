//! Memory that holds machine code: written, then made executable, never both at once.

#[cfg(unix)]
#[path = "os/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "os/windows.rs"]
mod os;

/// Machine code, freed when this is dropped.
#[derive(Debug)]
pub struct Code {
    address: *const u8,
    size: usize,
}

// SAFETY: the memory is never written again, and belongs to no thread.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

impl Code {
    /// Copies `bytes` to executable memory. Refused by systems that forbid a program to make code.
    pub fn new(bytes: &[u8]) -> Result<Self, String> {
        let size = bytes.len().max(1);
        let address = os::allocate(size)
            .map_err(|error| format!("there is no memory for its code: {error}"))?;
        // SAFETY: `allocate` gave `size` writable bytes, which nothing else knows of.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), address, bytes.len()) };
        let code = Self { address, size };
        os::make_executable(address, size)
            .map_err(|error| format!("this system does not let a program make code: {error}"))?;
        Ok(code)
    }

    pub fn address(&self) -> *const u8 {
        self.address
    }

    /// In bytes.
    pub fn size(&self) -> usize {
        self.size
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        os::free(self.address.cast_mut(), self.size);
    }
}

#[cfg(test)]
mod test {
    use super::Code;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn code_runs() {
        // mov eax, 42; ret
        let code = Code::new(&[0xb8, 42, 0, 0, 0, 0xc3]).unwrap();
        // SAFETY: the bytes above are a function without arguments that returns an int.
        let f = unsafe { std::mem::transmute::<*const u8, extern "C" fn() -> i32>(code.address()) };
        assert_eq!(f(), 42);
    }
}
