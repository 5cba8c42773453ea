//! The reader of frames against streams cut anywhere, and against noise.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use crate::frame::FrameReader;
use crate::message::{Adopted, Frame};
use crate::os::Transfer;

/// xorshift64: the same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }
}

fn pair() -> (UnixStream, OwnedFd) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (ours, theirs.into())
}

/// Writes `stream` in random pieces, and collects the frames that are read in between.
fn read_in_pieces(random: &mut Random, stream: &[u8], limit: usize) -> (Vec<(u8, Vec<u8>)>, bool) {
    let (mut writer, socket) = pair();
    let mut reader = FrameReader::new(limit, false);
    let mut frames = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(1 + random.below(rest.len().min(50_000)));
        rest = later;
        writer.write_all(piece).unwrap();
        while let Transfer::Bytes(_) = reader.fill(&socket) {
            loop {
                match reader.next() {
                    Ok(Some(frame)) => frames.push((frame.kind, frame.bytes.to_vec())),
                    Ok(None) => break,
                    Err(_) => return (frames, false),
                }
            }
        }
    }
    (frames, true)
}

#[test]
fn frames_are_found_wherever_the_stream_is_cut() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..30 {
        let sent: Vec<(u8, Vec<u8>)> = (0..random.below(60))
            .map(|_| {
                let size = match random.below(10) {
                    0 => random.below(200_000),
                    1..4 => random.below(20_000),
                    _ => random.below(40),
                };
                (random.below(256) as u8, vec![random.below(256) as u8; size])
            })
            .collect();
        let mut stream = Vec::new();
        for (kind, bytes) in &sent {
            let frame = Frame {
                kind: *kind,
                bytes: bytes.clone(),
                handles: Vec::new(),
            };
            stream.extend(frame.header());
            stream.extend(bytes);
        }
        let (received, good) = read_in_pieces(&mut random, &stream, 200_000);
        assert!(good && received == sent);
    }
}

#[test]
fn noise_is_refused_and_harms_nothing() {
    let mut random = Random(7);
    for _ in 0..300 {
        let count = 8 + random.below(5000);
        let noise = random.bytes(count);
        let (frames, _) = read_in_pieces(&mut random, &noise, 1000);
        assert!(frames.iter().all(|(_, bytes)| bytes.len() <= 1000));
    }
}

#[test]
fn an_adoption_cut_short_is_none() {
    let mut random = Random(11);
    for _ in 0..2000 {
        let count = random.below(40);
        let mut bytes = random.bytes(count);
        if let [_, _, high @ .., _, _] = bytes.get_mut(..5).unwrap_or(&mut []) {
            // Short lengths too, so that some can be decoded.
            high.fill(0);
        }
        let whole = bytes.len();
        if let Some(adopted) = Adopted::decode(bytes, Vec::new()) {
            assert!(adopted.stdout.is_none() && adopted.payload.len() <= whole - 5);
        }
    }
}
