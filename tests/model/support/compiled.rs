//! A format and its plan, whose items tests read value by value.

use std::ffi::CString;

use pybuffer::format::{CompiledFormat, Counts, Op, Value, compile, count_ops};

pub(crate) struct Compiled {
    pub(crate) text: CString,
    ops: Vec<Op>,
    pub(crate) counts: Counts,
}

impl Compiled {
    pub(crate) fn new(text: &str) -> Self {
        let text = CString::new(text).expect("no format here has a NUL");
        let counts = count_ops(&text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
        let mut ops = vec![Op::default(); counts.ops];
        assert_eq!(compile(&text, &mut ops), Ok(counts));
        Self { text, ops, counts }
    }

    pub(crate) fn plan(&self) -> CompiledFormat<'_> {
        CompiledFormat::new(&self.ops, self.counts)
    }

    pub(crate) fn values<'a>(&self, item: &'a [u8]) -> Vec<Value<'a>> {
        let mut values = vec![];
        let unpacked = self.plan().unpack(item, &mut |value| {
            values.push(value);
            Ok(())
        });
        assert_eq!(unpacked, Ok(()));
        values
    }
}
