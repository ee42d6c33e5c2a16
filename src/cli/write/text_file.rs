//! Text files that people edited, in whichever encoding their program saved them.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use encoding_rs::{Encoding, GBK, UTF_8};

use crate::cli::output::{self, Failure};

/// No file of people is larger.
const BYTES_MAX: u64 = 64 << 20;

/// The text of a file in UTF-8, in UTF-16 with a byte order mark, or in GBK, which spreadsheets on a Chinese Windows
/// write. That it is GBK is told: nothing in such a file says so.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display())))?;
    if BYTES_MAX < bytes.len() as u64 {
        let mebibytes = BYTES_MAX >> 20;
        return Err(Failure::usage(format!("{} has more than {mebibytes} MiB, or no end", path.display())));
    }
    let Some((text, encoding)) = decode(&bytes) else {
        let what = "its text is neither UTF-8 nor GBK; save it as \"CSV UTF-8\", or as text in UTF-8";
        return Err(Failure::usage(format!("{} cannot be read: {what}", path.display())));
    };
    if encoding == GBK {
        output::message(&format!("{} is read as GBK: it is no UTF-8", path.display()));
    }
    Ok(text)
}

fn decode(bytes: &[u8]) -> Option<(String, &'static Encoding)> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
    let bytes = bytes.get(mark..).unwrap_or_default();
    let encodings = if mark == 0 { vec![UTF_8, GBK] } else { vec![encoding] };
    encodings.into_iter().find_map(|encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        Some((text.into_owned(), encoding))
    })
}

#[cfg(test)]
mod tests {
    use encoding_rs::{UTF_16BE, UTF_16LE};

    use super::*;

    #[test]
    fn text_is_read_in_every_encoding_that_spreadsheets_save_and_told_what_it_was() {
        let text = "exten,售后服务\r\n";
        let (gbk, _, _) = GBK.encode(text);
        let marked = |mark: &[u8], pairs: fn(u16) -> [u8; 2]| {
            [mark, &text.encode_utf16().flat_map(pairs).collect::<Vec<u8>>()].concat()
        };
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), UTF_8),
            ([b"\xef\xbb\xbf", text.as_bytes()].concat(), UTF_8),
            (gbk.into_owned(), GBK),
            (marked(b"\xff\xfe", u16::to_le_bytes), UTF_16LE),
            (marked(b"\xfe\xff", u16::to_be_bytes), UTF_16BE),
        ] {
            assert_eq!(decode(&bytes), Some((text.to_owned(), encoding)));
        }
        assert_eq!(decode(b"exten,\xff\xff\r\n"), None);
    }
}
