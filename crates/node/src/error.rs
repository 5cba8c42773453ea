//! Errors of the core as JavaScript errors: a message that names the argument, and a `code`.

use multiproc_process as process;
use multiproc_shm as shm;

/// The `code` of a JavaScript error.
pub struct Code(pub String);

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<napi::Status> for Code {
    fn from(status: napi::Status) -> Code {
        Code(status.as_ref().to_owned())
    }
}

pub type Error = napi::Error<Code>;
pub type Result<T> = std::result::Result<T, Error>;

pub fn coded(code: &str, message: impl std::fmt::Display) -> Error {
    Error::new(Code(code.to_owned()), message.to_string())
}

/// An error of napi itself.
pub fn napi_error(status: i32, what: &str) -> Error {
    coded("ERR_NAPI", format!("{what}: napi status {status}"))
}

pub fn shm_error(error: shm::Error) -> Error {
    use shm::Error::*;
    let code = match &error {
        OutOfMemory { .. } | TooLarge { .. } => "ERR_OUT_OF_SHARED_MEMORY",
        Argument { .. } => "ERR_INVALID_ARG_VALUE",
        BadId { .. } | WrongKind { .. } | NotHeld { .. } | Corrupt { .. } => "ERR_BAD_HANDLE",
        NoFreeSlot | SlotTaken { .. } => "ERR_TOO_MANY_PROCESSES",
        NotOurs { .. } => "ERR_FOREIGN_ARENA",
        Os { .. } => "ERR_SYSTEM",
        Unsupported { .. } => "ERR_NOT_SUPPORTED",
        _ => "ERR_SHARED_MEMORY",
    };
    coded(code, error)
}

pub fn process_error(error: process::Error) -> Error {
    let code = error.code().unwrap_or(match error {
        process::Error::Unsupported(_) => "ERR_NOT_SUPPORTED",
        _ => "ERR_PROCESS",
    });
    coded(code, error)
}
