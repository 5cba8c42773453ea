//! A JSON writer of a page: the results are flat, and a dependency for it would be larger than the crate.

use std::fmt::Write;

/// Builds one JSON object, member by member.
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub fn new() -> Self {
        Object {
            text: String::from("{"),
        }
    }

    fn key(&mut self, key: &str) -> &mut String {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        string(&mut self.text, key);
        self.text.push(':');
        &mut self.text
    }

    /// A member whose value is JSON already.
    pub fn raw(mut self, key: &str, json: &str) -> Self {
        self.key(key).push_str(json);
        self
    }

    pub fn string(mut self, key: &str, value: &str) -> Self {
        string(self.key(key), value);
        self
    }

    /// null where there is none.
    pub fn optional_string(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.string(key, value),
            None => self.raw(key, "null"),
        }
    }

    pub fn bool(self, key: &str, value: bool) -> Self {
        self.raw(key, if value { "true" } else { "false" })
    }

    pub fn number(mut self, key: &str, value: u32) -> Self {
        let _ = write!(self.key(key), "{value}");
        self
    }

    pub fn range(mut self, key: &str, value: Option<(u32, u32)>) -> Self {
        let out = self.key(key);
        match value {
            Some((start, end)) => {
                let _ = write!(out, "[{start},{end}]");
            }
            None => out.push_str("null"),
        }
        self
    }

    pub fn array<T>(
        mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(T) -> String,
    ) -> Self {
        let out = self.key(key);
        out.push('[');
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(&each(item));
        }
        out.push(']');
        self
    }

    pub fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// A JSON string of `value`.
pub(crate) fn quoted(value: &str) -> String {
    let mut out = String::new();
    string(&mut out, value);
    out
}

fn string(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::{quoted, Object};

    #[test]
    fn escapes() {
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
    }

    #[test]
    fn members_in_order() {
        let text = Object::new()
            .bool("a", true)
            .range("b", Some((1, 2)))
            .array("c", [1, 2], |n: i32| n.to_string())
            .end();
        assert_eq!(text, r#"{"a":true,"b":[1,2],"c":[1,2]}"#);
    }
}
