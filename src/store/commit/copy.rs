//! The binary format of COPY, for the few types that the tables use.

use chrono::{DateTime, Utc};

use crate::domain::row::decimal::Decimal;
use crate::domain::row::record::{Row, Value};
use crate::store::commit::transaction::Context;

/// 2000-01-01T00:00:00Z in microseconds since 1970: PostgreSQL counts from there.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// A buffer is sent once this much has gathered: enough to make round trips cheap, little enough to hold several times.
pub(in crate::store) const CHUNK_BYTES: usize = 64 * 1024;

/// Room for the row that makes it full.
const ROW_BYTES_USUAL: usize = 4 * 1024;

/// An encoder whose buffer is sent and emptied by its owner now and then.
pub(in crate::store) struct CopyBuffer {
    bytes: Vec<u8>,
}

impl CopyBuffer {
    /// Begins with the file header.
    pub(in crate::store) fn new() -> CopyBuffer {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES + ROW_BYTES_USUAL);
        bytes.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
        // No flags, no header extension.
        bytes.extend_from_slice(&[0; 8]);
        CopyBuffer { bytes }
    }

    /// Appends a row: its values, `extra`, and its hash.
    ///
    /// # Errors
    /// Where `extra` cannot be written as JSON, which its type rules out.
    pub(in crate::store) fn row(&mut self, row: &Row) -> Result<(), serde_json::Error> {
        let fields = i16::try_from(row.table.columns.len() + 2).unwrap_or(i16::MAX);
        self.bytes.extend_from_slice(&fields.to_be_bytes());
        row.values().for_each(|value| self.value(&value));
        self.extra(row)?;
        self.field(&row.hash.0);
        Ok(())
    }

    /// Appends a row as the fact table holds its first version: behind its hash the revision, twice the instant
    /// of the commit, the window and the run.
    ///
    /// # Errors
    /// As [`CopyBuffer::row`].
    pub(in crate::store) fn first_version(
        &mut self,
        context: &Context<'_>,
        row: &Row,
    ) -> Result<(), serde_json::Error> {
        let fields = i16::try_from(row.table.columns.len() + 9).unwrap_or(i16::MAX);
        self.bytes.extend_from_slice(&fields.to_be_bytes());
        self.field(context.source.as_bytes());
        row.values().for_each(|value| self.value(&value));
        self.extra(row)?;
        self.field(&row.hash.0);
        self.field(&1_i32.to_be_bytes());
        let now = timestamp(&context.now).to_be_bytes();
        self.field(&now);
        self.field(&now);
        for bound in [context.window.map(|window| window.start), context.window.map(|window| window.end)] {
            match bound {
                Some(instant) => self.field(&timestamp(&instant).to_be_bytes()),
                None => self.null(),
            }
        }
        self.field(&context.run.0.to_be_bytes());
        Ok(())
    }

    /// What has gathered.
    pub(in crate::store) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets what was sent.
    pub(in crate::store) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Ends the file.
    pub(in crate::store) fn finish(&mut self) {
        self.bytes.extend_from_slice(&(-1i16).to_be_bytes());
    }

    fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::Null => self.null(),
            Value::Text(text) => self.field(text.as_bytes()),
            Value::Numeric(number) => self.field(&numeric(number)),
            Value::Instant(instant) => self.field(&timestamp(instant).to_be_bytes()),
            Value::Bool(truth) => self.field(&[u8::from(*truth)]),
            Value::Integer(number) => self.field(&number.to_be_bytes()),
        }
    }

    /// `jsonb` is a version byte and the text. The length is filled in afterwards, to copy nothing twice.
    fn extra(&mut self, row: &Row) -> Result<(), serde_json::Error> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0, 0, 0, 0, 1]);
        serde_json::to_writer(&mut self.bytes, &row.extra)?;
        let length = length(self.bytes.len() - start - 4);
        self.bytes[start..start + 4].copy_from_slice(&length);
        Ok(())
    }

    fn null(&mut self) {
        self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
    }

    fn field(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(&length(bytes.len()));
        self.bytes.extend_from_slice(bytes);
    }
}

/// A field above 2 GiB cannot come through the body cap of the sources; PostgreSQL would refuse the length.
fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}

fn timestamp(instant: &DateTime<Utc>) -> i64 {
    instant.timestamp_micros() - POSTGRES_EPOCH_MICROS
}

/// PostgreSQL's `numeric`: the number of base-10000 digits, the weight of the first, the sign, the digits
/// after the point that are shown, and the digits.
fn numeric(number: &Decimal) -> Vec<u8> {
    let scale = number.exponent().min(0).unsigned_abs();
    // Filled up so that the decimal point falls between two base-10000 digits.
    let fill = number.exponent().rem_euclid(4).unsigned_abs();
    let shift = number.exponent().div_euclid(4);
    let mut digits = match number.short_coefficient() {
        Some(short) => base_ten_thousand(u128::from(short.unsigned_abs()) * 10_u128.pow(fill)),
        None => base_ten_thousand_of_text(&number.coefficient_digits(), fill),
    };
    let weight = if digits.is_empty() { 0 } else { digits.len() as i32 - 1 + shift };
    // Least significant first so far; zeros at that end say nothing.
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let digits = digits.split_off(zeros);
    let sign: u16 = if number.is_negative() { 0x4000 } else { 0 };

    let mut bytes = Vec::with_capacity(8 + 2 * digits.len());
    bytes.extend_from_slice(&(digits.len() as i16).to_be_bytes());
    bytes.extend_from_slice(&(weight as i16).to_be_bytes());
    bytes.extend_from_slice(&sign.to_be_bytes());
    bytes.extend_from_slice(&(scale as i16).to_be_bytes());
    digits.iter().rev().for_each(|digit| bytes.extend_from_slice(&digit.to_be_bytes()));
    bytes
}

/// Least significant first.
fn base_ten_thousand(mut rest: u128) -> Vec<i16> {
    let mut digits = Vec::with_capacity(9);
    while 0 < rest {
        digits.push((rest % 10_000) as i16);
        rest /= 10_000;
    }
    digits
}

/// The same of digits with so many zeros behind them, however many they are.
fn base_ten_thousand_of_text(text: &str, zeros: u32) -> Vec<i16> {
    let filled: Vec<u8> = text.bytes().chain((0..zeros).map(|_| b'0')).collect();
    filled
        .rchunks(4)
        .map(|four| four.iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<u16> {
        numeric(&text.parse().unwrap()).chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }

    #[test]
    fn a_numeric_is_written_in_base_ten_thousand() {
        assert_eq!(words("0"), [0, 0, 0, 0]);
        assert_eq!(words("1"), [1, 0, 0, 0, 1]);
        assert_eq!(words("-10.5"), [2, 0, 0x4000, 1, 10, 5000]);
        assert_eq!(words("123456.789"), [3, 1, 0, 3, 12, 3456, 7890]);
        assert_eq!(words("10000"), [1, 1, 0, 0, 1]);
        assert_eq!(words("0.00012"), [2, (-1i16) as u16, 0, 5, 1, 2000]);
        assert_eq!(words("0.00001"), [1, (-2i16) as u16, 0, 5, 1000]);
        assert_eq!(words("1e20"), [1, 5, 0, 0, 1]);
        assert_eq!(words("12e21"), [1, 5, 0, 0, 120]);
        assert_eq!(words("-1e131071"), [1, 32767, 0x4000, 0, 1000]);
        assert_eq!(words("1e-16383"), [1, (-4096i16) as u16, 0, 16383, 10]);
        assert_eq!(words("12345678901234567890.5"), [6, 4, 0, 1, 1234, 5678, 9012, 3456, 7890, 5000]);
    }
}
