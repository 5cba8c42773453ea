//! Conversions between representations, as JavaScript's ToNumber, ToInt32 and ToBoolean have them.

use super::emit::{Emit, Held};
use crate::ir::*;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{types, InstBuilder, MemFlags, Value};

impl Emit<'_, '_> {
    /// ToNumber, as a double.
    pub fn double(&mut self, from: Held) -> Value {
        match from.repr {
            Repr::Float64 | Repr::Never => from.value,
            Repr::Int32 => self.b.ins().fcvt_from_sint(types::F64, from.value),
            Repr::Uint32 => {
                let wide = self.b.ins().uextend(types::I64, from.value);
                self.b.ins().fcvt_from_sint(types::F64, wide)
            }
            Repr::Bool => {
                let wide = self.b.ins().uextend(types::I32, from.value);
                self.b.ins().fcvt_from_sint(types::F64, wide)
            }
        }
    }

    /// ToInt32, or the same bits as ToUint32.
    pub fn word(&mut self, from: Held) -> Value {
        match from.repr {
            Repr::Int32 | Repr::Uint32 => from.value,
            Repr::Bool => self.b.ins().uextend(types::I32, from.value),
            Repr::Float64 | Repr::Never => self.double_to_word(from.value),
        }
    }

    /// Below 2^63 in size the low half of the truncated number; what saturates there is left to a function.
    fn double_to_word(&mut self, value: Value) -> Value {
        let wide = self.b.ins().fcvt_to_sint_sat(types::I64, value);
        let low = self.b.ins().ireduce(types::I32, wide);
        // Both ends of i64, to which everything larger is cut, are 0 or 1 after this.
        let ends = self.b.ins().iadd_imm(wide, i64::MIN.wrapping_add(1));
        let cut = self
            .b
            .ins()
            .icmp_imm(IntCC::UnsignedLessThanOrEqual, ends, 1);
        let (slow, done) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        self.b.append_block_param(done, types::I32);
        self.b.ins().brif(cut, slow, &[], done, &[low.into()]);
        self.b.switch_to_block(slow);
        let exact = self.call_toint32(value);
        self.b.ins().jump(done, &[exact.into()]);
        self.b.switch_to_block(done);
        self.b.block_params(done)[0]
    }

    /// ToBoolean, as 0 or 1.
    pub fn truth(&mut self, from: Held) -> Value {
        match from.repr {
            Repr::Bool => from.value,
            Repr::Int32 | Repr::Uint32 => self.b.ins().icmp_imm(IntCC::NotEqual, from.value, 0),
            Repr::Float64 | Repr::Never => {
                let zero = self.b.ins().f64const(0.0);
                let size = self.b.ins().fabs(from.value);
                self.b.ins().fcmp(FloatCC::GreaterThan, size, zero)
            }
        }
    }

    /// The same value in a representation that holds it: inference saw to that.
    pub fn convert(&mut self, from: Held, to: Repr) -> Value {
        match to {
            Repr::Float64 | Repr::Never => self.double(from),
            Repr::Int32 | Repr::Uint32 => {
                debug_assert!(
                    from.repr != Repr::Float64,
                    "a double where an integer was inferred"
                );
                self.word(from)
            }
            Repr::Bool => self.truth(from),
        }
    }

    /// A double that is expected to be an int32: leaves where it is not, or is -0.
    pub fn expect_int(&mut self, value: Value) -> Value {
        let int = self.b.ins().fcvt_to_sint_sat(types::I32, value);
        let back = self.b.ins().fcvt_from_sint(types::F64, int);
        let (a, b) = (
            self.b.ins().bitcast(types::I64, MemFlags::new(), back),
            self.b.ins().bitcast(types::I64, MemFlags::new(), value),
        );
        let differs = self.b.ins().icmp(IntCC::NotEqual, a, b);
        self.leave_if(differs);
        int
    }

    /// The element at `index` (i64) of the array at `address`.
    pub fn load(&mut self, kind: ElementKind, address: Value, index: Value) -> Held {
        let at = self.element_address(kind, address, index);
        let flags = MemFlags::trusted();
        let value = match kind {
            ElementKind::Float64 => self.b.ins().load(types::F64, flags, at, 0),
            ElementKind::Float32 => {
                let narrow = self.b.ins().load(types::F32, flags, at, 0);
                self.b.ins().fpromote(types::F64, narrow)
            }
            ElementKind::Int32 | ElementKind::Uint32 => self.b.ins().load(types::I32, flags, at, 0),
            ElementKind::Int16 => self.b.ins().sload16(types::I32, flags, at, 0),
            ElementKind::Uint16 => self.b.ins().uload16(types::I32, flags, at, 0),
            ElementKind::Int8 => self.b.ins().sload8(types::I32, flags, at, 0),
            ElementKind::Uint8 | ElementKind::Uint8Clamped => {
                self.b.ins().uload8(types::I32, flags, at, 0)
            }
        };
        Held {
            value,
            repr: kind.repr(),
        }
    }

    /// Stores as an assignment to an element does: modulo 2^n, rounded to single, or clamped with ties to even.
    pub fn store(&mut self, kind: ElementKind, address: Value, index: Value, value: Held) {
        let at = self.element_address(kind, address, index);
        let flags = MemFlags::trusted();
        match kind {
            ElementKind::Float64 => {
                let value = self.double(value);
                self.b.ins().store(flags, value, at, 0);
            }
            ElementKind::Float32 => {
                let value = self.double(value);
                let narrow = self.b.ins().fdemote(types::F32, value);
                self.b.ins().store(flags, narrow, at, 0);
            }
            ElementKind::Uint8Clamped => {
                let value = self.double(value);
                let rounded = self.b.ins().nearest(value);
                // NaN becomes 0.
                let int = self.b.ins().fcvt_to_sint_sat(types::I32, rounded);
                let (low, high) = (
                    self.b.ins().iconst(types::I32, 0),
                    self.b.ins().iconst(types::I32, 255),
                );
                let int = self.b.ins().smax(int, low);
                let int = self.b.ins().smin(int, high);
                self.b.ins().istore8(flags, int, at, 0);
            }
            _ => {
                let word = self.word(value);
                match kind.size() {
                    4 => self.b.ins().store(flags, word, at, 0),
                    2 => self.b.ins().istore16(flags, word, at, 0),
                    _ => self.b.ins().istore8(flags, word, at, 0),
                };
            }
        }
    }

    fn element_address(&mut self, kind: ElementKind, address: Value, index: Value) -> Value {
        let shift = kind.size().trailing_zeros();
        let offset = if shift == 0 {
            index
        } else {
            self.b.ins().ishl_imm(index, i64::from(shift))
        };
        self.b.ins().iadd(address, offset)
    }
}
