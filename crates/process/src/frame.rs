//! Takes a stream of bytes apart into frames. Trusts nothing that it reads.

use std::collections::VecDeque;

use crate::message::{HEADER, MOST_HANDLES};
use crate::os::{Handle, Os, Platform, Transfer};

/// Bytes asked for at once, and kept between frames.
pub(crate) const CHUNK: usize = 16 * 1024;

/// A frame as it has arrived.
pub(crate) struct Received<'a> {
    pub kind: u8,
    pub bytes: &'a [u8],
    pub handles: Vec<Handle>,
}

/// The stream is no stream of frames, or a frame is larger than the limit.
#[derive(Debug)]
pub(crate) struct BadFrame;

/// The unread part of a stream. Memory grows with what has arrived, never with a length that was
/// only announced.
pub(crate) struct FrameReader {
    /// `buffer[start..end]` is unread; what follows `end` is room.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Descriptors that belong to unread frames, in order.
    handles: VecDeque<Handle>,
    /// A frame's largest content.
    limit: usize,
    /// Whether the other side may send descriptors; if not, the system closes them.
    takes_handles: bool,
}

impl FrameReader {
    pub fn new(limit: usize, takes_handles: bool) -> FrameReader {
        FrameReader {
            buffer: Vec::new(),
            start: 0,
            end: 0,
            handles: VecDeque::new(),
            limit,
            takes_handles,
        }
    }

    /// Reads once from the socket, without blocking.
    pub fn fill(&mut self, socket: &Handle) -> Transfer {
        self.make_room();
        let handles = self.takes_handles.then_some(&mut self.handles);
        let transfer = Platform::read(socket, &mut self.buffer[self.end..], handles);
        if let Transfer::Bytes(count) = transfer {
            self.end += count;
        }
        transfer
    }

    /// The next frame, if it is complete.
    pub fn next(&mut self) -> Result<Option<Received<'_>>, BadFrame> {
        let unread = &self.buffer[self.start..self.end];
        let Some((header, rest)) = unread.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [l0, l1, l2, l3, kind, handles, 0, 0] = *header else {
            return Err(BadFrame);
        };
        let length = u32::from_ne_bytes([l0, l1, l2, l3]) as usize;
        let handles = handles as usize;
        if length > self.limit || handles > MOST_HANDLES || handles > self.handles.len() {
            return Err(BadFrame);
        }
        if rest.len() < length {
            return Ok(None);
        }
        let from = self.start + HEADER;
        self.start = from + length;
        Ok(Some(Received {
            kind,
            bytes: &self.buffer[from..from + length],
            handles: self.handles.drain(..handles).collect(),
        }))
    }

    /// At least half a chunk of room after `end`; doubled while a large frame is coming in, so
    /// that each of its bytes is moved a bounded number of times.
    fn make_room(&mut self) {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.buffer.len() > CHUNK {
                self.buffer = Vec::new();
            }
        } else if self.start >= CHUNK.max(self.end / 2) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let room = self.buffer.len() - self.end;
        if room < CHUNK / 2 {
            let size = self.buffer.len() + CHUNK.max(self.buffer.len());
            self.buffer.resize(size, 0);
        }
    }
}
