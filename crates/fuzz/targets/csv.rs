//! Files that a person edited: skill groups as CSV and TOML, agents' accounts as CSV. Read or refused with words, never a
//! panic.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

/// The readers belong to the program, which is no library.
#[expect(dead_code, unused_imports, reason = "the program writes such files, too, and tests both")]
#[path = "../../../src/cli/write"]
mod cli {
    mod agents_file;
    mod cell;
    mod roster_file;
    mod sheet;

    /// Where they look for it.
    mod write {
        pub(in crate::cli) use super::{cell, sheet};
    }

    /// Reads a file of one of the three forms.
    pub fn read(form: u8, text: &str) -> Result<(), String> {
        match form % 3 {
            0 => agents_file::read(text).map(drop).map_err(|mistakes| mistakes.join("\n")),
            1 => roster_file::read(text, roster_file::Format::Csv).map(drop),
            _ => roster_file::read(text, roster_file::Format::Toml).map(drop),
        }
    }
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let [form, text @ ..] = data else { return Corpus::Reject };
    let Ok(text) = std::str::from_utf8(text) else { return Corpus::Reject };
    if let Err(mistake) = cli::read(*form, text) {
        assert!(!mistake.is_empty());
    }
    Corpus::Keep
});
