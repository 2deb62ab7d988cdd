//! The slow model of numbers: formats with the places of their values, and conversions by arithmetic that is large enough for
//! everything.

use std::ffi::CString;

use crate::common::random::Random;

/// A C type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CType {
    Double,
    Float,
    Int64,
    Uint64,
}

pub(crate) const CTYPES: [CType; 4] = [CType::Double, CType::Float, CType::Int64, CType::Uint64];

impl CType {
    pub(crate) fn size(self) -> usize {
        if self == Self::Float { 4 } else { 8 }
    }

    pub(crate) fn load(self, bytes: &[u8]) -> Exact {
        let raw = raw(bytes, cfg!(target_endian = "big"));
        match self {
            Self::Double => Exact::Float(f64::from_bits(raw as u64)),
            Self::Float => Exact::Float(f32::from_bits(raw as u32).into()),
            Self::Int64 => Exact::Int((raw as u64 as i64).into()),
            Self::Uint64 => Exact::Int(raw.cast_signed()),
        }
    }

    pub(crate) fn store(self, number: Exact) -> Result<Vec<u8>, Fault> {
        Ok(match self {
            Self::Double => number.to_double().to_ne_bytes().to_vec(),
            Self::Float => number.to_single().to_ne_bytes().to_vec(),
            Self::Int64 => i64::try_from(number.to_integer()?).map_err(|_| Fault::Range)?.to_ne_bytes().to_vec(),
            Self::Uint64 => u64::try_from(number.to_integer()?).map_err(|_| Fault::Range)?.to_ne_bytes().to_vec(),
        })
    }

    /// Whether these bytes are NaN.
    pub(crate) fn is_nan(self, bytes: &[u8]) -> bool {
        matches!(self.load(bytes), Exact::Float(float) if float.is_nan())
    }
}

/// Why a conversion fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Nan,
    Range,
}

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nan => "ValueError",
            Self::Range => "OverflowError",
        }
    }
}

/// A number, unrounded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exact {
    Int(i128),
    Float(f64),
    /// `mantissa * 2**exponent`, as a long double has it.
    Long {
        negative: bool,
        mantissa: u128,
        exponent: i32,
    },
}

/// `number * 2**exponent`, in steps that stay in range as long as the result does.
fn scaled(number: f64, exponent: i32) -> f64 {
    let (mut number, mut exponent) = (number, exponent);
    while exponent != 0 {
        let step = exponent.clamp(-500, 500);
        number *= 2_f64.powi(step);
        exponent -= step;
    }
    number
}

/// The nearest number of `digits` binary digits, of two the even one, none smaller than `2**lowest`.
fn rounded(mantissa: u128, exponent: i32, digits: i32, lowest: i32) -> f64 {
    let length = 128 - mantissa.leading_zeros().cast_signed();
    let unit = (length + exponent - digits).max(lowest);
    if unit <= exponent {
        return scaled(mantissa as f64, exponent);
    }
    let places = (unit - exponent).unsigned_abs();
    let quotient = mantissa.checked_shr(places).unwrap_or(0);
    let rest = mantissa - quotient.checked_shl(places).unwrap_or(0);
    let half = 1_u128.checked_shl(places - 1).unwrap_or(0);
    // Where the half does not fit in here, the rest is less than that.
    let up = half != 0 && (rest > half || (rest == half && quotient % 2 == 1));
    scaled((quotient + u128::from(up)) as f64, unit)
}

impl Exact {
    fn to_double(self) -> f64 {
        match self {
            Self::Int(integer) => integer as f64,
            Self::Float(float) => float,
            Self::Long { negative, mantissa, exponent } => {
                let magnitude = rounded(mantissa, exponent, 53, -1074);
                if negative { -magnitude } else { magnitude }
            }
        }
    }

    fn to_single(self) -> f32 {
        match self {
            Self::Int(integer) => integer as f32,
            Self::Float(float) => float as f32,
            Self::Long { negative, mantissa, exponent } => {
                let magnitude = rounded(mantissa, exponent, 24, -149) as f32;
                if negative { -magnitude } else { magnitude }
            }
        }
    }

    /// Without its fraction. What is far out of range stays out of range.
    fn to_integer(self) -> Result<i128, Fault> {
        match self {
            Self::Int(integer) => Ok(integer),
            Self::Float(float) if float.is_nan() => Err(Fault::Nan),
            Self::Float(float) if float.abs() >= 2_f64.powi(100) => Err(Fault::Range),
            Self::Float(float) => Ok(float.trunc() as i128),
            Self::Long { mantissa: 0, .. } => Ok(0),
            Self::Long { exponent: 40.., .. } => Err(Fault::Range),
            Self::Long { negative, mantissa, exponent } => {
                let magnitude = if exponent >= 0 {
                    mantissa << exponent
                } else {
                    mantissa.checked_shr(exponent.unsigned_abs()).unwrap_or(0)
                };
                Ok(if negative { -magnitude.cast_signed() } else { magnitude.cast_signed() })
            }
        }
    }

    fn is_zero(self) -> bool {
        match self {
            Self::Int(integer) => integer == 0,
            Self::Float(float) => float == 0.0,
            Self::Long { mantissa, .. } => mantissa == 0,
        }
    }
}

/// The kind of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Signed,
    Unsigned,
    Bool,
    Float,
    Long,
    /// From this bit on, so many.
    Bits(usize, usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    offset: usize,
    size: usize,
    big: bool,
}

/// A format and its values.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub(crate) text: CString,
    pub(crate) fields: Vec<Field>,
    pub(crate) size: usize,
}

fn raw(bytes: &[u8], big: bool) -> u128 {
    let push = |all: u128, &byte: &u8| (all << 8) | u128::from(byte);
    if big { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) }
}

fn half_value(bits: u32) -> f64 {
    let (exponent, fraction) = ((bits >> 10) & 31, f64::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent.cast_signed() - 25),
    };
    if bits & 0x8000 != 0 { -magnitude } else { magnitude }
}

/// The nearest half, of two the even one, found by looking through them.
fn half_bits(number: f64) -> u32 {
    let sign = if number.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = number.abs();
    if magnitude.is_nan() {
        return sign | 0x7e00;
    }
    if magnitude >= 65520.0 {
        return sign | 0x7c00;
    }
    let (mut low, mut high) = (0, 0x7bff);
    while high - low > 1 {
        let middle = u32::midpoint(low, high);
        if half_value(middle) <= magnitude { low = middle } else { high = middle }
    }
    // Both differences are exact enough: they are compared only where they are near each other.
    let (below, above) = (magnitude - half_value(low), half_value(high) - magnitude);
    let up = above < below || (above == below && low % 2 == 1);
    sign | if up { high } else { low }
}

impl Field {
    fn bits(&self) -> impl Iterator<Item = (usize, usize)> {
        let Kind::Bits(first, count) = self.kind else { panic!("no bits") };
        let big = self.big;
        (first..first + count).map(move |bit| (bit / 8, if big { 7 - bit % 8 } else { bit % 8 }))
    }

    /// One more than the greatest number of bits or of an unsigned type; 100 for all others.
    pub(crate) fn end_of_tame(&self) -> usize {
        match self.kind {
            Kind::Bits(_, count @ 0..7) => 1 << count,
            _ => 100,
        }
    }

    pub(crate) fn load(&self, item: &[u8]) -> Exact {
        let bytes = &item[self.offset..self.offset + self.size];
        let raw = raw(bytes, self.big);
        match (self.kind, self.size) {
            (Kind::Signed, size) => {
                let places = 128 - 8 * size;
                Exact::Int((raw << places).cast_signed() >> places)
            }
            (Kind::Unsigned, _) => Exact::Int(raw.cast_signed()),
            (Kind::Bool, _) => Exact::Int((raw != 0).into()),
            (Kind::Float, 2) => Exact::Float(half_value(raw as u32)),
            (Kind::Float, 4) => Exact::Float(f32::from_bits(raw as u32).into()),
            (Kind::Float, _) => Exact::Float(f64::from_bits(raw as u64)),
            (Kind::Long, _) => {
                let (mantissa, sign) = (raw as u64, (raw >> 64) as u32);
                let negative = sign & 0x8000 != 0;
                let infinite = if negative { f64::NEG_INFINITY } else { f64::INFINITY };
                match (sign & 0x7fff, mantissa) {
                    (0x7fff, 0x8000_0000_0000_0000) => Exact::Float(infinite),
                    (0x7fff, _) | (1.., 0..0x8000_0000_0000_0000) => Exact::Float(f64::NAN),
                    (field, _) => Exact::Long {
                        negative,
                        mantissa: mantissa.into(),
                        exponent: field.max(1).cast_signed() - 16383 - 63,
                    },
                }
            }
            (Kind::Bits(..), _) => {
                let bits = self.bits().map(|(byte, bit)| (bytes[byte] >> bit) & 1);
                let bits: Vec<_> =
                    if self.big { bits.collect() } else { bits.collect::<Vec<_>>().into_iter().rev().collect() };
                Exact::Int(bits.into_iter().fold(0, |all, bit| all << 1 | i128::from(bit)))
            }
        }
    }

    /// Writes what a number becomes; other bits of the bytes stay.
    pub(crate) fn store(&self, number: Exact, item: &mut [u8]) -> Result<(), Fault> {
        let bytes = &mut item[self.offset..self.offset + self.size];
        let range = |number: Exact, least: i128, most: i128| {
            number.to_integer().and_then(|n| if (least..=most).contains(&n) { Ok(n) } else { Err(Fault::Range) })
        };
        let raw = match (self.kind, self.size) {
            (Kind::Signed, size) => {
                let end = 1_i128 << (8 * size - 1);
                range(number, -end, end - 1)?.cast_unsigned()
            }
            (Kind::Unsigned, size) => range(number, 0, (1 << (8 * size)) - 1)?.cast_unsigned(),
            (Kind::Bool, _) => u128::from(!number.is_zero()),
            (Kind::Float, 2) => half_bits(number.to_double()).into(),
            (Kind::Float, 4) => number.to_single().to_bits().into(),
            (Kind::Float, _) => number.to_double().to_bits().into(),
            (Kind::Long, _) => extended(number),
            (Kind::Bits(_, count), _) => {
                let mut left = range(number, 0, (1 << count) - 1)?;
                let mut places: Vec<_> = self.bits().collect();
                if self.big {
                    places.reverse();
                }
                for (byte, bit) in places {
                    bytes[byte] = bytes[byte] & !(1 << bit) | ((left & 1) as u8) << bit;
                    left >>= 1;
                }
                return Ok(());
            }
        };
        let little = raw.to_le_bytes();
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = little[if self.big { self.size - 1 - at } else { at }];
        }
        Ok(())
    }
}

/// The x87's number, exactly.
fn extended(number: Exact) -> u128 {
    let (negative, mantissa, exponent) = match number {
        Exact::Int(integer) => (integer < 0, integer.unsigned_abs() as u64, 0),
        Exact::Float(float) => {
            let sign = u128::from(float.is_sign_negative()) << 79;
            if float.is_nan() {
                return sign | 0x7fff << 64 | 3 << 62;
            }
            if float.is_infinite() {
                return sign | 0x7fff << 64 | 1 << 63;
            }
            let (field, fraction) = ((float.to_bits() >> 52) & 0x7ff, float.to_bits() & ((1 << 52) - 1));
            let mantissa = if field == 0 { fraction } else { fraction | 1 << 52 };
            (float.is_sign_negative(), mantissa, (field.max(1) as i32) - 1075)
        }
        Exact::Long { .. } => panic!("no C type of the interface"),
    };
    let sign = u128::from(negative) << 79;
    if mantissa == 0 {
        return sign;
    }
    let places = mantissa.leading_zeros();
    let field = exponent - places.cast_signed() + 63 + 16383;
    sign | u128::from(field.unsigned_abs()) << 64 | u128::from(mantissa << places)
}

/// The text and size of a format so far, and its fields.
struct Writer<'r> {
    random: &'r mut Random,
    text: String,
    fields: Vec<Field>,
    at: usize,
    /// Bits in use of the bytes from `at` on.
    bits: usize,
    bits_big: bool,
    prefix: char,
}

const BIG: bool = cfg!(target_endian = "big");

impl Writer<'_> {
    fn is_big(&self) -> bool {
        match self.prefix {
            '<' => false,
            '>' | '!' => true,
            _ => BIG,
        }
    }

    fn close_bits(&mut self) {
        self.at += self.bits.div_ceil(8);
        self.bits = 0;
    }

    /// Kind and size of a code.
    fn code(&mut self) -> (char, Kind, usize) {
        let native = matches!(self.prefix, '@' | '^');
        loop {
            let code = char::from(self.random.pick(b"?bBhHiIlLqQnNefdgP"));
            let size = match code {
                '?' | 'b' | 'B' => 1,
                'h' | 'H' | 'e' => 2,
                'i' | 'I' | 'f' => 4,
                'l' | 'L' => {
                    if native {
                        8
                    } else {
                        4
                    }
                }
                'n' | 'N' if !native => continue,
                'g' if !cfg!(target_arch = "x86_64") => continue,
                'g' => 16,
                _ => 8,
            };
            let kind = match code {
                '?' => Kind::Bool,
                'e' | 'f' | 'd' => Kind::Float,
                'g' => Kind::Long,
                'b' | 'h' | 'i' | 'l' | 'q' | 'n' => Kind::Signed,
                _ => Kind::Unsigned,
            };
            return (code, kind, size);
        }
    }

    fn set_prefix(&mut self, prefix: char) {
        self.prefix = prefix;
        self.text.push(prefix);
    }

    /// Equal numbers, as many as a count or a shape says.
    fn numbers(&mut self, counted: bool) {
        let (code, kind, size) = self.code();
        let count = if counted { 1 + self.random.below(4) } else { 1 };
        if count > 1 {
            self.text += &if self.random.chance(30) { format!("({count},1)") } else { count.to_string() };
        }
        self.text.push(code);
        self.close_bits();
        // Addresses have the machine's order.
        let big = if code == 'P' { BIG } else { self.is_big() };
        for _ in 0..count {
            self.fields.push(Field { kind, offset: self.at, size, big });
            self.at += size;
        }
    }

    fn some_bits(&mut self) {
        let most = if self.random.chance(25) { 64 } else { 9 };
        let (count, repeat) = (1 + self.random.below(most), 1 + self.random.below(3));
        self.text += &if repeat > 1 { format!("({repeat}){count}t") } else { format!("{count}t") };
        if self.bits_big != self.is_big() {
            self.close_bits();
            self.bits_big = self.is_big();
        }
        for _ in 0..repeat {
            let (offset, first) = (self.at + self.bits / 8, self.bits % 8);
            let size = (first + count).div_ceil(8);
            self.fields.push(Field { kind: Kind::Bits(first, count), offset, size, big: self.is_big() });
            self.bits += count;
        }
    }

    fn item(&mut self, depth: usize) {
        if self.random.chance(20) {
            let prefix = self.random.pick(&['<', '>', '=', '^']);
            self.set_prefix(prefix);
        }
        match self.random.below(if depth == 0 { 6 } else { 5 }) {
            0 => self.some_bits(),
            1 => {
                let count = 1 + self.random.below(3);
                self.text += &format!("{count}x");
                self.close_bits();
                self.at += count;
            }
            5 => {
                let repeat = 1 + self.random.below(3);
                self.close_bits();
                self.text += &if repeat > 1 { format!("{repeat}T{{") } else { "T{".to_owned() };
                let (start, first) = (self.at, self.fields.len());
                for _ in 0..=self.random.below(3) {
                    self.item(depth + 1);
                }
                self.text += "}:name:";
                self.close_bits();
                let (size, fields) = (self.at - start, self.fields[first..].to_vec());
                for round in 1..repeat {
                    let moved = fields.iter().map(|field| Field { offset: field.offset + round * size, ..*field });
                    self.fields.extend(moved);
                    self.at += size;
                }
            }
            _ => self.numbers(true),
        }
    }

    fn finish(mut self) -> Format {
        self.close_bits();
        Format { text: CString::new(self.text).expect("no NUL"), fields: self.fields, size: self.at }
    }
}

/// A format of numbers: one of them most of the time, many, or a record.
pub(crate) fn format(random: &mut Random) -> Format {
    let prefix = random.pick(&['@', '=', '<', '>', '^']);
    let form = random.below(10);
    let bare = prefix == '@' && random.chance(80);
    let mut writer = Writer { random, text: String::new(), fields: vec![], at: 0, bits: 0, bits_big: false, prefix };
    if !bare {
        writer.set_prefix(prefix);
    }
    match form {
        0..6 => writer.numbers(false),
        6..8 => writer.numbers(true),
        _ => {
            // Nothing is aligned, so that the model need not know how.
            if prefix == '@' {
                writer.set_prefix('^');
            }
            for _ in 0..=writer.random.below(4) {
                writer.item(0);
            }
        }
    }
    writer.finish()
}

/// Numbers around which conversions change.
pub(crate) fn interesting(random: &mut Random) -> Exact {
    let near = |random: &mut Random, double: f64| match random.below(4) {
        0 => double.next_up(),
        1 => double.next_down(),
        _ => double,
    };
    let sign = if random.chance(50) { -1.0 } else { 1.0 };
    match random.below(10) {
        0 | 1 => Exact::Int(random.below(200) as i128 - 100),
        2 => Exact::Int((1_i128 << random.below(65)) + random.below(5) as i128 - 2),
        3 => Exact::Int(-(1_i128 << random.below(64)) + random.below(5) as i128 - 2),
        4 => {
            let power = 2_f64.powi(random.below(130) as i32 - 62);
            let shifted = power + random.pick(&[0.0, 0.5, -0.5, 0.99]);
            Exact::Float(sign * near(random, shifted))
        }
        5 => {
            let edge = random.pick(&[
                65504.0,
                65519.99,
                65520.0,
                3.402_823_47e38,
                3.402_823_57e38,
                1e39,
                1e308,
                5e-324,
                1e-45,
            ]);
            Exact::Float(sign * near(random, edge))
        }
        // Next to the middle of two singles or halves, by less than a double, or a single, has room for.
        6 => {
            let (power, near) = (26 + random.below(37), random.below(3) as i128 - 1);
            Exact::Int(((1 << power) + (1 << (power - 24)) + near) * sign as i128)
        }
        7 => {
            let near = 1.0
                + random.pick(&[2_f64.powi(-11), 2_f64.powi(-24)])
                + random.pick(&[0.0, 2_f64.powi(-52), -2_f64.powi(-40)]);
            Exact::Float(sign * near * 2_f64.powi(random.below(40) as i32 - 26))
        }
        8 => Exact::Float(
            sign * random.pick(&[0.0, 0.5, 0.999, f64::INFINITY, f64::NAN.abs(), 2_f64.powi(-25), 2_f64.powi(-24)]),
        ),
        _ => {
            let float = f64::from_bits(random.next());
            Exact::Float(if float.is_nan() { 0.25 } else { float })
        }
    }
}
