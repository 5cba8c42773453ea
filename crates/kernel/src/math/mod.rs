//! The functions that kernels call, each with the bits that this process's V8 gives.
//!
//! Where a function of Math comes from is decided once in a process, by trying: V8's own where the executable exports it,
//! else a port whose results on a table of hard inputs are all V8's, else it is refused.

mod exports;
mod lanes;
mod ports;

pub use lanes::WIDTH;
pub use ports::to_int32;

use lanes::Block;
use std::collections::HashMap;
use std::sync::OnceLock;

/// A candidate for a function: of one double or of two.
#[derive(Clone, Copy, Debug)]
pub enum Function {
    One(unsafe extern "C" fn(f64) -> f64),
    Two(unsafe extern "C" fn(f64, f64) -> f64),
}

impl Function {
    pub fn address(self) -> usize {
        match self {
            Self::One(function) => function as usize,
            Self::Two(function) => function as usize,
        }
    }

    /// # Safety
    /// The function must be one of doubles, as its type says.
    unsafe fn apply(self, x: f64, y: f64) -> f64 {
        match self {
            // SAFETY: by the contract of this function.
            Self::One(function) => unsafe { function(x) },
            // SAFETY: as above.
            Self::Two(function) => unsafe { function(x, y) },
        }
    }
}

/// Where a function comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// V8's own.
    Export,
    /// Ours, or the host's C library's, seen to give the same.
    Port,
}

/// What V8 gives for some inputs of one function. Those of one argument ignore `y`.
#[derive(Clone, Debug)]
pub struct Table {
    /// As in JavaScript: `sin`, `atan2`, `pow`.
    pub name: String,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub expected: Vec<f64>,
}

impl Table {
    /// Whether `function` gives exactly this.
    fn agrees(&self, function: Function) -> bool {
        let inputs = self.x.iter().zip(&self.y).zip(&self.expected);
        inputs.clone().count() > 0
            && inputs.into_iter().all(|((x, y), expected)| {
                // SAFETY: candidates have the type that they are listed with.
                same(unsafe { function.apply(*x, *y) }, *expected)
            })
    }
}

/// NaN is NaN, whatever its bits.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// Which functions can be called, and where they are.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    chosen: HashMap<String, (Function, Origin)>,
    /// Those that are there for several elements at once too.
    blocks: HashMap<String, Block>,
}

/// The functions that differ between implementations: of these a table is needed.
pub const PROBED: &[&str] = &[
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "exp",
    "expm1", "log", "log10", "log1p", "log2", "pow", "sin", "sinh", "tan", "tanh",
];

impl Functions {
    /// Chooses by `tables`; `exports`: V8's own may be taken, `ports`: others may.
    pub fn probe(tables: &[Table], exports: bool, ports: bool) -> Self {
        let (mut chosen, mut blocks) = (HashMap::new(), HashMap::new());
        for table in tables {
            let mut candidates = Vec::new();
            if exports {
                candidates.extend(
                    exports::find(&table.name)
                        .into_iter()
                        .map(|f| (f, Origin::Export)),
                );
            }
            if ports {
                candidates.extend(
                    ports::find(&table.name)
                        .into_iter()
                        .map(|f| (f, Origin::Port)),
                );
            }
            if let Some(found) = candidates
                .into_iter()
                .find(|(function, _)| table.agrees(*function))
            {
                let name = format!("Math.{}", table.name);
                if let Some(block) =
                    lanes::find(&table.name).filter(|block| lanes::agrees(*block, found.0, table))
                {
                    blocks.insert(name.clone(), block);
                }
                chosen.insert(name, found);
            }
        }
        Self { chosen, blocks }
    }

    /// Name and origin of each that was found.
    pub fn origins(&self) -> impl Iterator<Item = (&str, Origin)> {
        self.chosen
            .iter()
            .map(|(name, (_, origin))| (name.as_str(), *origin))
    }

    /// Whether kernels may use it: those that are exact by definition need no table.
    pub fn has(&self, name: &str) -> bool {
        let name = if name == "**" { "Math.pow" } else { name };
        let probed = name
            .strip_prefix("Math.")
            .is_some_and(|short| PROBED.contains(&short));
        !probed || self.chosen.contains_key(name)
    }

    /// Addresses of a function for [`WIDTH`] elements, and of the one for an element that it needs; `None`: there is none.
    pub fn block(&self, name: &str) -> Option<(usize, usize)> {
        let block = *self.blocks.get(name)?;
        Some((block as usize, self.address(name)))
    }

    /// Names of those that have one.
    pub fn in_blocks(&self) -> impl Iterator<Item = &str> {
        self.blocks.keys().map(String::as_str)
    }

    /// Address of a function that [`has`](Self::has) said yes to.
    pub fn address(&self, name: &str) -> usize {
        match name {
            "%" => ports::remainder as *const () as usize,
            "ToInt32" => ports::to_int32 as *const () as usize,
            "Math.hypot" => ports::hypot as *const () as usize,
            _ => self.chosen[name].0.address(),
        }
    }
}

static FUNCTIONS: OnceLock<Functions> = OnceLock::new();

/// Decides for this process, once: later calls change nothing.
pub fn decide(tables: &[Table], exports: bool, ports: bool) -> &'static Functions {
    FUNCTIONS.get_or_init(|| Functions::probe(tables, exports, ports))
}

/// What was decided; nothing where nobody has decided yet.
pub fn decided() -> Option<&'static Functions> {
    FUNCTIONS.get()
}

#[cfg(test)]
mod test {
    use super::*;

    fn table(name: &str, f: fn(f64) -> f64) -> Table {
        let x: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.37 - 50.0).collect();
        let expected = x.iter().map(|x| f(*x)).collect();
        Table {
            name: name.into(),
            y: vec![0.0; x.len()],
            x,
            expected,
        }
    }

    #[test]
    fn a_port_that_agrees_is_chosen() {
        let found = Functions::probe(&[table("cbrt", libm::cbrt)], true, true);
        assert_eq!(
            found.origins().collect::<Vec<_>>(),
            [("Math.cbrt", Origin::Port)]
        );
        assert!(found.has("Math.cbrt"));
    }

    #[test]
    fn one_wrong_bit_refuses() {
        let mut wrong = table("cbrt", libm::cbrt);
        let last = wrong.expected.len() - 1;
        wrong.expected[last] = f64::from_bits(wrong.expected[last].to_bits() + 1);
        assert!(!Functions::probe(&[wrong], true, true).has("Math.cbrt"));
        assert!(!Functions::probe(&[], true, true).has("Math.sin"));
        assert!(!Functions::probe(&[table("cbrt", libm::cbrt)], true, false).has("Math.cbrt"));
    }

    #[test]
    fn an_empty_table_proves_nothing() {
        let nothing = Table {
            name: "exp".into(),
            x: vec![],
            y: vec![],
            expected: vec![],
        };
        assert!(!Functions::probe(&[nothing], true, true).has("Math.exp"));
    }

    #[test]
    fn exact_functions_need_no_table() {
        let none = Functions::default();
        assert!(none.has("Math.sqrt") && none.has("Math.hypot") && none.has("Math.fround"));
        assert!(!none.has("**") && !none.has("Math.pow"));
    }
}
