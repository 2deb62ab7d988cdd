//! Values of items, as an oracle is told of them, and random ones.

use pybuffer::format::Value;

use crate::common::random::Random;
use crate::support::interpreter::hex;

/// A value that owns its bytes.
#[derive(Clone, Debug)]
pub(crate) enum Sample {
    Signed(i64),
    Unsigned(u64),
    Bool(bool),
    Float(f64),
    Bytes(Vec<u8>),
    Complex(f64, f64),
    CodePoint(u32),
}

impl Sample {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Signed(number) => Value::Signed(*number),
            Self::Unsigned(number) => Value::Unsigned(*number),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Float(number) => Value::Float(*number),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Complex(real, imaginary) => Value::Complex(*real, *imaginary),
            Self::CodePoint(point) => Value::CodePoint(*point),
        }
    }

    /// Whether the type is one that the code never takes.
    pub(crate) fn has_wrong_type(&self, code: u8) -> bool {
        match code {
            b'?' => false,
            b'c' | b's' | b'p' => !matches!(self, Self::Bytes(_)),
            b'e' | b'f' | b'd' => matches!(self, Self::Bytes(_) | Self::Complex(..) | Self::CodePoint(_)),
            _ => !matches!(self, Self::Signed(_) | Self::Unsigned(_) | Self::Bool(_)),
        }
    }
}

/// The oracle's text of a value.
pub(crate) fn text(value: Value<'_>) -> String {
    match value {
        Value::Signed(number) => format!("i{number}"),
        Value::Unsigned(number) | Value::Address(number) => format!("i{number}"),
        Value::Bool(true) => "t".into(),
        Value::Bool(false) => "f".into(),
        Value::Float(number) => format!("d{:016x}", number.to_bits()),
        Value::Bytes(bytes) => format!("b{}", hex(bytes)),
        Value::Complex(real, imaginary) => format!("c{:016x}{:016x}", real.to_bits(), imaginary.to_bits()),
        Value::CodePoint(point) => format!("u{point}"),
        Value::Bits(_) | Value::LongDouble(_) => unreachable!("struct has no such value"),
    }
}

/// A half, a single or a double, often near a boundary of a smaller type.
pub(crate) fn random_float(random: &mut Random) -> f64 {
    match random.below(12) {
        0 => random.pick(&[0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, 5e-324, f64::MAX, f64::MIN_POSITIVE, 1.0]),
        // NaNs with any payload and sign, quiet or signalling.
        1 => f64::from_bits(random.next() | 0x7ff0_0000_0000_0001),
        // All bits of a half, and one more or a bit beside it: what rounds to even.
        2..5 => {
            let power = 2_f64.powi(random.below(44) as i32 - 27);
            let middle = (2048 + random.below(2048)) as f64 / 2048.0 * power;
            let near = random.pick(&[middle, middle.next_up(), middle.next_down()]);
            if random.chance(50) { near } else { -near }
        }
        5 => {
            let edge = random.pick(&[65504.0, 65519.0, 65520.0, 65536.0, 3.402_823_466_385_288_6e38, 3.402_823_57e38]);
            random.pick(&[edge, f64::next_up(edge), f64::next_down(edge), -edge])
        }
        // Numbers near the middle of two singles.
        6..8 => {
            let power = 2_f64.powi(random.below(300) as i32 - 160);
            let middle = ((1 << 24) + random.below(1 << 24)) as f64 * power;
            random.pick(&[middle, middle.next_up(), -middle.next_down()])
        }
        8 => f64::from_bits(random.next()),
        9 => f32::from_bits(random.next() as u32).into(),
        _ => (random.next() as i16).into(),
    }
}

pub(crate) fn random_integer(random: &mut Random) -> Sample {
    let bits = random.pick(&[0, 1, 7, 8, 15, 16, 31, 32, 53, 54, 62, 63, 64]);
    let near = (1_i128 << bits) + random.below(5) as i128 - 2;
    let number = match random.below(5) {
        0 => i128::from(random.next() as i8),
        1 => i128::from(random.next() as i64),
        2 => -near,
        _ => near,
    };
    match (i64::try_from(number), u64::try_from(number)) {
        (Ok(number), Err(_)) => Sample::Signed(number),
        (Err(_), Ok(number)) => Sample::Unsigned(number),
        (Ok(number), Ok(_)) if random.chance(50) => Sample::Signed(number),
        (Ok(_), Ok(number)) => Sample::Unsigned(number),
        _ => Sample::Signed(i64::MIN),
    }
}

/// A value of any type.
pub(crate) fn random_sample(random: &mut Random) -> Sample {
    match random.below(12) {
        0..4 => random_integer(random),
        4..7 => Sample::Float(random_float(random)),
        7 => Sample::Bool(random.chance(50)),
        8..10 => {
            let length = random.pick(&[0, 1, 1, 2, 3, 5, 9, 254, 255, 256, 300]);
            Sample::Bytes(random.bytes(length))
        }
        10 => Sample::Complex(random_float(random), random_float(random)),
        _ => Sample::CodePoint(random.below(0xd800) as u32),
    }
}

/// A value that this code takes, most often.
pub(crate) fn random_fitting(random: &mut Random, code: u8) -> Sample {
    let bits = match code {
        b'c' => return Sample::Bytes(random.bytes(1)),
        b's' | b'p' => {
            let length = random.pick(&[0, 1, 2, 3, 4, 5, 254, 255, 256, 300]);
            return Sample::Bytes(random.bytes(length));
        }
        b'e' | b'f' | b'd' if random.chance(20) => return random_integer(random),
        b'e' | b'f' | b'd' => return Sample::Float(random_float(random)),
        b'?' => return random_sample(random),
        b'b' | b'B' => 8,
        b'h' | b'H' => 16,
        b'i' | b'I' | b'l' | b'L' => 32,
        _ => 64,
    };
    // Sometimes one beyond the end.
    let (low, high) = if code.is_ascii_uppercase() {
        (0, (1_i128 << bits) - 1)
    } else {
        (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
    };
    let number = match random.below(40) {
        0 => low - 1,
        1 => high + 1,
        2..5 => low,
        5..8 => high,
        8 => return Sample::Bool(random.chance(50)),
        _ => low + (i128::from(random.next()) % (high - low + 1)),
    };
    match u64::try_from(number) {
        Ok(number) => Sample::Unsigned(number),
        Err(_) => Sample::Signed(number.clamp(i64::MIN.into(), i64::MAX.into()) as i64),
    }
}
