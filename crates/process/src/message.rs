//! What goes over a control socket.
//!
//! A stream of frames, each `u32 length, u8 kind, u8 handles, u16 zero` in native order, then
//! `length` bytes. `handles` descriptors travel with the frame's first byte (`SCM_RIGHTS`), so
//! they have all arrived by the time its last byte has. Only a parent may send descriptors.

use crate::error::Error;
use crate::os::{Handle, Os, Platform};
use crate::request::Adoption;

/// Bytes before a frame's content.
pub(crate) const HEADER: usize = 8;
/// Kinds from here on are this crate's own.
pub(crate) const FIRST_OWN_KIND: u8 = 240;
/// From a parent: an [`Adoption`].
pub(crate) const ADOPT: u8 = 240;
/// From a child: it has booted and waits for its adoption. No content.
pub(crate) const READY: u8 = 241;
/// Descriptors in one frame at most. The kernel's own limit is 253.
pub(crate) const MOST_HANDLES: usize = 16;

/// A frame to be sent.
pub(crate) struct Frame {
    pub kind: u8,
    pub bytes: Vec<u8>,
    pub handles: Vec<Handle>,
}

impl Frame {
    /// A frame of the embedding's, checked.
    pub fn of_user(
        kind: u8,
        bytes: Vec<u8>,
        handles: Vec<Handle>,
        limit: usize,
    ) -> Result<Frame, Error> {
        if kind >= FIRST_OWN_KIND {
            return Err(Error::Argument {
                name: "kind",
                was: kind.to_string(),
                allowed: "0 to 239",
            });
        }
        if handles.len() > MOST_HANDLES {
            return Err(Error::Argument {
                name: "fds",
                was: format!("{} descriptors", handles.len()),
                allowed: "at most 16",
            });
        }
        Frame {
            kind,
            bytes,
            handles,
        }
        .checked("bytes", limit)
    }

    /// The frame, if its content is within the limit that the other side accepts.
    fn checked(self, name: &'static str, limit: usize) -> Result<Frame, Error> {
        if self.bytes.len() > limit.min(u32::MAX as usize) {
            return Err(Error::Argument {
                name,
                was: format!("{} bytes", self.bytes.len()),
                allowed: "at most Options::max_frame bytes",
            });
        }
        Ok(self)
    }

    pub fn header(&self) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(&(self.bytes.len() as u32).to_ne_bytes());
        header[4] = self.kind;
        header[5] = self.handles.len() as u8;
        header
    }
}

const HAS_STDOUT: u8 = 1;
const HAS_STDERR: u8 = 2;
const HAS_CWD: u8 = 4;

/// The frame of an adoption: `u8 flags, u32 cwd length, cwd, payload`; descriptors for standard
/// output and error as the flags say. The caller's descriptors are duplicated here.
pub(crate) fn adopt_frame(adoption: Adoption, limit: usize) -> Result<Frame, Error> {
    let mut flags = 0;
    let mut handles = Vec::new();
    for (stdio, number, flag) in [
        (adoption.stdout, 1, HAS_STDOUT),
        (adoption.stderr, 2, HAS_STDERR),
    ] {
        if let Some(stdio) = stdio {
            flags |= flag;
            handles.push(Platform::stdio(stdio, number)?);
        }
    }
    let cwd = adoption.cwd.as_deref().map(Platform::os_bytes);
    if cwd.is_some() {
        flags |= HAS_CWD;
    }
    let cwd = cwd.unwrap_or_default();
    let mut bytes = Vec::with_capacity(5 + cwd.len() + adoption.payload.len());
    bytes.push(flags);
    bytes.extend_from_slice(&(cwd.len() as u32).to_ne_bytes());
    bytes.extend_from_slice(&cwd);
    bytes.extend_from_slice(&adoption.payload);
    Frame {
        kind: ADOPT,
        bytes,
        handles,
    }
    .checked("payload", limit)
}

/// An adoption as it arrives.
pub(crate) struct Adopted {
    pub stdout: Option<Handle>,
    pub stderr: Option<Handle>,
    pub cwd: Option<Vec<u8>>,
    pub payload: Vec<u8>,
}

impl Adopted {
    /// `None` if the frame does not hold what its flags promise.
    pub fn decode(mut bytes: Vec<u8>, handles: Vec<Handle>) -> Option<Adopted> {
        let flags = *bytes.first()?;
        let cwd_length = u32::from_ne_bytes(bytes.get(1..5)?.try_into().ok()?) as usize;
        let cwd = bytes.get(5..5usize.checked_add(cwd_length)?)?.to_vec();
        bytes.drain(..5 + cwd_length);
        let mut handles = handles.into_iter();
        let mut handle_if = |flag| -> Option<Option<Handle>> {
            if flags & flag == 0 {
                return Some(None);
            }
            handles.next().map(Some)
        };
        Some(Adopted {
            stdout: handle_if(HAS_STDOUT)?,
            stderr: handle_if(HAS_STDERR)?,
            cwd: (flags & HAS_CWD != 0).then_some(cwd),
            payload: bytes,
        })
    }
}
