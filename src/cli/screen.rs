//! A terminal's whole screen, written in place.

use ccsync::ops::text::{terminal, text_table};

/// Over what stood there before, without a flicker: each line erases what is left of the old one. More lines than there
/// is room for would scroll, and fill the scrollback; the first ones say most, and the last one says how many are
/// below. `foot` always stands at the end.
pub(super) fn in_place(text: &str, foot: &str, size: Option<(usize, usize)>) -> String {
    let (columns, rows) = size.unwrap_or((usize::MAX, usize::MAX));
    let cut = |text: &str| text.lines().flat_map(|line| text_table::cut(line, columns)).collect::<Vec<_>>();
    let (mut lines, mut foot) = (cut(text), cut(foot));
    let room = rows.saturating_sub(1 + foot.len());
    if room < lines.len() {
        let below = lines.len() - room.saturating_sub(1);
        lines.truncate(room.saturating_sub(1));
        lines.push(format!("… {below} more lines below: `ccsync status` prints all"));
    }
    lines.append(&mut foot);
    let lines: String = lines.iter().map(|line| format!("{line}\x1b[K\n")).collect();
    format!("\x1b[H{}\x1b[0J", lines.trim_end_matches('\n'))
}

/// The screen of stdout, where it is a terminal that can be written in place.
pub(super) fn size() -> Option<(usize, usize)> {
    terminal::draws(&std::io::stdout()).then(terminal::size).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_line_leaves_nothing_of_the_longer_one_before() {
        assert_eq!(in_place("a\nb\n", "", None), "\x1b[Ha\x1b[K\nb\x1b[K\x1b[0J");
    }

    #[test]
    fn what_has_no_room_is_counted_and_the_foot_stays() {
        let shown = in_place("a\nb\nc\nd\n", "foot", Some((80, 4)));
        let lines: Vec<&str> = shown.split("\x1b[K\n").collect();
        assert_eq!(lines.len(), 3, "{shown:?}");
        assert!(lines[1].starts_with("… 3 more lines below"), "{shown:?}");
        assert!(lines[2].starts_with("foot"), "{shown:?}");
    }

    #[test]
    fn a_line_that_is_too_long_takes_the_room_of_two() {
        let shown = in_place("abcdef\nb\n", "", Some((4, 3)));
        assert!(shown.starts_with("\x1b[Habcd\x1b[K\n… 2 more lines"), "{shown:?}");
    }
}
