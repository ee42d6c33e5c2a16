//! Append-only files of one directory, numbered; read from the oldest on and deleted when they are done.
//!
//! Every append ends with `fdatasync`, and a new file with a sync of its directory: what was accepted outlives
//! a power cut. What a crash left half written at the end of the last file was never accepted; it is cut off
//! when the directory is opened.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::domain::vendor::feed::FeedEvent;
use crate::engine::port::spool::SpoolHead;
use crate::spool::line::{event, line};

/// A file that is larger is followed by another.
const SEGMENT_BYTES: u64 = 4 << 20;

/// A directory of files.
pub(super) struct Segments {
    directory: PathBuf,
    /// Bytes by number.
    sizes: BTreeMap<u64, u64>,
    bytes_max: u64,
    /// Where the next event to be read begins.
    read_at: u64,
    /// What the last look at the head covered: file and offset behind it.
    covered: Option<(u64, u64)>,
    last: Option<File>,
}

/// Events hold what people say to each other: nobody else reads them, whatever the umask is.
pub(super) const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_DIRECTORY: u32 = 0o700;

/// Makes the directory for ourselves alone, and closes one that was there.
pub(super) fn private_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(PRIVATE_DIRECTORY).create(directory)?;
    std::fs::set_permissions(directory, Permissions::from_mode(PRIVATE_DIRECTORY))
}

impl Segments {
    /// Opens or makes the directory, cuts off what is torn, and counts what is there.
    pub(super) fn open(directory: &Path, bytes_max: u64) -> io::Result<Segments> {
        private_directory(directory)?;
        let mut sizes = BTreeMap::new();
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".log")).map(str::parse);
            if let Some(Ok(number)) = number {
                std::fs::set_permissions(entry.path(), Permissions::from_mode(PRIVATE_FILE))?;
                sizes.insert(number, entry.metadata()?.len());
            }
        }
        let mut segments = Segments {
            directory: directory.to_owned(),
            sizes,
            bytes_max,
            read_at: 0,
            covered: None,
            last: None,
        };
        if let Some(number) = segments.sizes.keys().next_back().copied() {
            segments.cut_torn_tail(number)?;
        }
        segments.sizes.retain(|_, size| 0 < *size);
        Ok(segments)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:010}.log"))
    }

    fn cut_torn_tail(&mut self, number: u64) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).write(true).open(self.path(number))?;
        let (mut whole, mut bytes) = (0u64, Vec::new());
        file.read_to_end(&mut bytes)?;
        if let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n') {
            whole = last as u64 + 1;
        }
        if whole < bytes.len() as u64 {
            file.set_len(whole)?;
            file.sync_data()?;
        }
        self.sizes.insert(number, whole);
        Ok(())
    }

    /// Appends events while there is room; answers how many.
    pub(super) fn append(&mut self, events: &[FeedEvent]) -> io::Result<usize> {
        let mut used: u64 = self.sizes.values().sum();
        let (mut bytes, mut accepted) = (Vec::new(), 0);
        for event in events {
            let Some(line) = line(event) else { break };
            if self.bytes_max < used + line.len() as u64 {
                break;
            }
            used += line.len() as u64;
            accepted += 1;
            bytes.extend(line);
        }
        if accepted == 0 {
            return Ok(0);
        }
        let number = self.writable()?;
        let before = self.sizes.get(&number).copied().unwrap_or_default();
        let Some(file) = &mut self.last else { return Ok(0) };
        let written = file.write_all(&bytes).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // None of it counts: what reached the disk in part must not stand before what comes next.
            let _ = file.set_len(before);
            self.last = None;
            return Err(error);
        }
        self.sizes.insert(number, before + bytes.len() as u64);
        Ok(accepted)
    }

    /// The file that is written to; a new one where the last is large, or was not opened by us.
    fn writable(&mut self) -> io::Result<u64> {
        let newest = self.sizes.last_key_value().map(|(number, size)| (*number, *size));
        if let (Some((number, size)), Some(_)) = (newest, &self.last)
            && size < SEGMENT_BYTES
        {
            return Ok(number);
        }
        let number = newest.map_or(1, |(number, _)| number + 1);
        let file = OpenOptions::new().append(true).create(true).mode(PRIVATE_FILE).open(self.path(number))?;
        file.set_len(0)?;
        File::open(&self.directory)?.sync_all()?;
        self.last = Some(file);
        self.sizes.insert(number, 0);
        Ok(number)
    }

    /// The oldest events of the oldest file, at most so many, and how many lines between them are damaged. A
    /// file that is gone, or ends early, counts as one.
    pub(super) fn head(&mut self, count: usize) -> io::Result<SpoolHead> {
        self.covered = None;
        let Some((number, size)) = self.sizes.first_key_value().map(|(number, size)| (*number, *size)) else {
            return Ok(SpoolHead::default());
        };
        let mut head = SpoolHead { file: self.path(number), ..SpoolHead::default() };
        let mut file = match File::open(&head.file) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Somebody removed it. What comes behind it does not wait for ever.
                self.covered = Some((number, size));
                return Ok(SpoolHead { damaged: 1, ..head });
            }
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.read_at))?;
        let mut reader = BufReader::new(file.take(size.saturating_sub(self.read_at)));
        let (mut at, mut text) = (self.read_at, Vec::new());
        while head.events.len() < count {
            text.clear();
            let read = reader.read_until(b'\n', &mut text)?;
            if read == 0 {
                // Shorter than it was: nothing more will come of it.
                head.damaged += u64::from(at < size);
                at = size;
                break;
            }
            at += read as u64;
            match event(text.strip_suffix(b"\n").unwrap_or(&text)) {
                Some(event) => head.events.push(event),
                None => head.damaged += 1,
            }
        }
        self.covered = Some((number, at));
        Ok(head)
    }

    /// Takes what the last look covered. A file that is done is deleted.
    pub(super) fn advance(&mut self) -> io::Result<()> {
        let Some((number, at)) = self.covered.take() else { return Ok(()) };
        if at < self.sizes.get(&number).copied().unwrap_or_default() {
            self.read_at = at;
            return Ok(());
        }
        if self.sizes.len() == 1 {
            self.last = None;
        }
        match std::fs::remove_file(self.path(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.sizes.remove(&number);
        self.read_at = 0;
        Ok(())
    }
}
