//! Byte offsets of UTF-8 (oxc) to and from code units of UTF-16 (JavaScript).

/// Converts positions of one text; free where the text is ASCII.
pub(crate) struct Offsets {
    /// Byte offset and UTF-16 offset just after every character that is not ASCII; empty for ASCII texts.
    marks: Vec<(u32, u32)>,
}

impl Offsets {
    pub fn new(text: &str) -> Self {
        let mut marks = Vec::new();
        if !text.is_ascii() {
            let mut units = 0;
            for (at, c) in text.char_indices() {
                units += c.len_utf16() as u32;
                if !c.is_ascii() {
                    marks.push(((at + c.len_utf8()) as u32, units));
                }
            }
        }
        Offsets { marks }
    }

    /// The UTF-16 offset of a byte offset that stands at a character's border.
    pub fn utf16(&self, byte: u32) -> u32 {
        match self.marks.partition_point(|m| m.0 <= byte) {
            0 => byte,
            n => self.marks[n - 1].1 + (byte - self.marks[n - 1].0),
        }
    }

    /// The byte offset of a UTF-16 offset; inside of a character: an offset inside of it.
    pub fn bytes(&self, units: u32) -> u32 {
        match self.marks.partition_point(|m| m.1 <= units) {
            0 => units,
            n => self.marks[n - 1].0 + (units - self.marks[n - 1].1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Offsets;

    #[test]
    fn ascii_is_the_same() {
        let o = Offsets::new("hello");
        assert_eq!((o.utf16(3), o.bytes(3)), (3, 3));
    }

    #[test]
    fn both_ways_in_mixed_text() {
        let text = "aé😀b日c";
        let o = Offsets::new(text);
        for (at, _) in text.char_indices() {
            let units = text[..at].encode_utf16().count() as u32;
            assert_eq!(o.utf16(at as u32), units);
            assert_eq!(o.bytes(units), at as u32);
        }
    }
}
