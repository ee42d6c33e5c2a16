//! Tables of plain text. Widths are those of a terminal, where a Chinese character takes two columns.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// A colour of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum Colour {
    Red,
    Green,
    Yellow,
    Blue,
    Dim,
    Bold,
}

impl Colour {
    /// The text in this colour.
    pub(in crate::ops) fn paint(self, text: &str) -> String {
        let code = match self {
            Colour::Red => 31,
            Colour::Green => 32,
            Colour::Yellow => 33,
            Colour::Blue => 36,
            Colour::Dim => 2,
            Colour::Bold => 1,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// One column.
pub(in crate::ops) struct Column {
    pub(in crate::ops) title: &'static str,
    /// Numbers stand to the right.
    pub(in crate::ops) right: bool,
    pub(in crate::ops) cells: Vec<String>,
    /// Colours of the cells; missing ones are plain.
    pub(in crate::ops) colours: Vec<Option<Colour>>,
}

impl Column {
    pub(in crate::ops) fn left(title: &'static str, cells: impl IntoIterator<Item = String>) -> Column {
        Column { title, right: false, cells: cells.into_iter().collect(), colours: Vec::new() }
    }

    pub(in crate::ops) fn right(title: &'static str, cells: impl IntoIterator<Item = String>) -> Column {
        Column { right: true, ..Column::left(title, cells) }
    }

    pub(in crate::ops) fn coloured(self, colours: impl IntoIterator<Item = Option<Colour>>) -> Column {
        Column { colours: colours.into_iter().collect(), ..self }
    }

    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|cell| cell.width());
        cells.chain([self.title.width()]).max().unwrap_or(0)
    }

    fn pad(&self, cell: &str) -> String {
        let blank = " ".repeat(self.width().saturating_sub(cell.width()));
        if self.right { format!("{blank}{cell}") } else { format!("{cell}{blank}") }
    }

    fn cell(&self, row: usize) -> String {
        let text = self.cells.get(row).map_or("", String::as_str);
        let padded = self.pad(text);
        match self.colours.get(row).copied().flatten() {
            Some(colour) if !text.is_empty() => padded.replacen(text, &colour.paint(text), 1),
            _ => padded,
        }
    }
}

/// The width of the table.
pub(in crate::ops) fn width(columns: &[Column]) -> usize {
    columns.iter().map(|column| column.width() + 2).sum::<usize>().saturating_sub(2)
}

/// Leaves columns out, in this order, until the table fits.
pub(in crate::ops) fn narrow(columns: &mut Vec<Column>, width_max: Option<usize>, expendable: &[&str]) {
    for title in expendable {
        if width_max.is_none_or(|most| width(columns) <= most) {
            return;
        }
        columns.retain(|column| column.title != *title);
    }
}

/// The table with its header, two spaces between the columns, none at the ends of lines.
pub(in crate::ops) fn render(columns: &[Column]) -> String {
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    let header: Vec<_> = columns.iter().map(|column| column.pad(column.title)).collect();
    let mut text = format!("{}\n", header.join("  ").trim_end());
    for row in 0..rows {
        let line: Vec<_> = columns.iter().map(|column| column.cell(row)).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Appends words in lines of this width, indented.
pub(in crate::ops) fn wrap(text: &mut String, words: &str, width: usize) {
    for (index, line) in wrapped_from(words, width, [2, 4]).into_iter().enumerate() {
        text.push_str(if index == 0 { "  " } else { "    " });
        text.push_str(&line);
        text.push('\n');
    }
}

/// Words in lines of this width; at least one. A word that is longer stays whole. Chinese is cut anywhere, for it has no
/// blanks.
pub fn wrapped(words: &str, width: usize) -> Vec<String> {
    wrapped_from(words, width, [0, 0])
}

/// With so many columns taken in the first line, and in each other.
fn wrapped_from(words: &str, width: usize, [first, other]: [usize; 2]) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split_whitespace().flat_map(pieces) {
        let indent = if lines.len() == 1 { first } else { other };
        let Some(line) = lines.last_mut() else { continue };
        let gap = if word.glued || line.is_empty() { "" } else { " " };
        if !line.is_empty() && width < indent + line.width() + gap.len() + word.text.width() {
            lines.push(word.text.to_owned());
        } else {
            line.push_str(gap);
            line.push_str(word.text);
        }
    }
    lines
}

/// A line cut into pieces of so many columns, as a terminal would show it. Escape sequences take no room.
pub fn cut(line: &str, columns: usize) -> Vec<String> {
    let (mut pieces, mut width, mut escaped) = (vec![String::new()], 0, false);
    for letter in line.chars() {
        escaped |= letter == '\u{1b}';
        let wide = if escaped { 0 } else { letter.width().unwrap_or(0) };
        escaped &= !letter.is_ascii_alphabetic();
        if columns.max(2) < width + wide {
            pieces.push(String::new());
            width = 0;
        }
        width += wide;
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    pieces
}

/// What may stand at the beginning of a line.
struct Piece<'a> {
    text: &'a str,
    /// No blank stood before it.
    glued: bool,
}

/// A word, cut behind each wide character, save where a comma or full stop would come to stand alone.
fn pieces(word: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let glued = rest.len() < word.len();
        let cut = rest.char_indices().find(|(at, letter)| {
            let behind = &rest[at + letter.len_utf8()..];
            '\u{2e80}' <= *letter && !behind.starts_with(['，', '。', '；', '：', '、', '）', '”'])
        });
        let end = cut.map_or(rest.len(), |(at, letter)| at + letter.len_utf8());
        let (text, behind) = rest.split_at(end);
        rest = behind;
        (!text.is_empty()).then_some(Piece { text, glued })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_takes_two_columns() {
        let columns = [
            Column::left("数据流", ["ab".to_owned(), "数据".to_owned()]),
            Column::right("N", ["1".to_owned(), "10".to_owned()]),
        ];
        assert_eq!(render(&columns), "数据流   N\nab       1\n数据    10\n");
        assert_eq!(width(&columns), 10);
    }

    #[test]
    fn a_chinese_sentence_is_wrapped_without_blanks_and_lonely_commas() {
        let mut text = String::new();
        wrap(&mut text, "厂商自身故障；程序会 retry 自动", 14);
        assert_eq!(text, "  厂商自身故\n    障；程序会\n    retry 自动\n");
        assert!(text.lines().all(|line| line.width() <= 14), "{text}");
    }
}
