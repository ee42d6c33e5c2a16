//! CSV files as spreadsheets save them: with a byte order mark or without, separated by commas, semicolons or tabs.

use crate::cli::write::cell;

/// One line below the first.
pub(super) struct Row {
    /// Its number, from 1, as editors and spreadsheets count lines.
    pub line: u64,
    headers: csv::StringRecord,
    cells: csv::StringRecord,
}

impl Row {
    /// The text of this column; `None` where the cell is empty or the file has no such column.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let index = self.headers.iter().position(|header| header == name)?;
        self.cells.get(index).map(cell::text).filter(|text| !text.is_empty())
    }

    /// Whether this column's cell is a number that a spreadsheet rounded.
    pub(super) fn is_rounded(&self, name: &str) -> bool {
        let index = self.headers.iter().position(|header| header == name);
        index.and_then(|index| self.cells.get(index)).is_some_and(cell::is_scientific)
    }
}

/// The lines below the first of a file that has these columns, or some of them; in place of one that cannot be read, why.
/// Lines of empty cells are passed over.
///
/// # Errors
/// What is wrong with the first line.
pub(super) fn read(
    text: &str,
    columns: &[&str],
    needed: &[&str],
) -> Result<Vec<Result<Row, String>>, Vec<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(text, columns))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut headers = reader.headers().map_err(|error| vec![error.to_string()])?.clone();
    headers.truncate(filled(&headers));
    let mistakes = wrong_headers(&headers, columns, needed);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let mut rows = Vec::new();
    let mut lines = Lines { text: text.as_bytes(), offset: 0, line: 1 };
    for record in reader.records() {
        let mut cells = match record {
            Ok(cells) => cells,
            Err(error) => {
                rows.push(Err(error.to_string()));
                continue;
            }
        };
        let line = lines.line_of(cells.position().map_or(0, csv::Position::byte));
        match filled(&cells) {
            0 => {}
            count if cells.len() < headers.len() || headers.len() < count => rows.push(Err(format!(
                "line {line}: it has {} fields, the first line {}",
                cells.len(),
                headers.len()
            ))),
            _ => {
                cells.truncate(headers.len());
                rows.push(Ok(Row { line, headers: headers.clone(), cells }));
            }
        }
    }
    Ok(rows)
}

/// The number of cells up to the last that is not empty: spreadsheets add empty ones at the end of lines.
fn filled(cells: &csv::StringRecord) -> usize {
    cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| !cell.is_empty())
        .map(|(index, _)| index + 1)
        .max()
        .unwrap_or(0)
}

/// The separator by which the first line has most of the columns. Which one a spreadsheet writes depends on the
/// language of the machine.
fn separator(text: &str, columns: &[&str]) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let known = |separator: u8| {
        let cells = first.split(char::from(separator)).map(|cell| cell.trim().trim_matches('"'));
        cells.filter(|cell| columns.contains(cell)).count()
    };
    // Of equals the last one is taken.
    [b'\t', b';', b','].into_iter().max_by_key(|separator| known(*separator)).unwrap_or(b',')
}

fn wrong_headers(headers: &csv::StringRecord, columns: &[&str], needed: &[&str]) -> Vec<String> {
    let unknown = headers.iter().filter(|name| !columns.contains(name));
    let unknown = unknown.map(|name| format!("line 1: unknown column {name:?}"));
    let missing = needed.iter().filter(|name| !headers.iter().any(|header| header == **name));
    let mut mistakes: Vec<String> =
        unknown.chain(missing.map(|name| format!("line 1: the column {name} is missing"))).collect();
    for (index, name) in headers.iter().enumerate() {
        if headers.iter().take(index).any(|earlier| earlier == name) {
            mistakes.push(format!("line 1: the column {name} is there twice"));
        }
    }
    if !mistakes.is_empty() {
        mistakes.push(format!("the columns are {}", columns.join(", ")));
    }
    mistakes
}

/// Numbers of lines by their place in the text. The parser's own do not count a carriage return.
struct Lines<'t> {
    text: &'t [u8],
    offset: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of a record that begins here, or behind line breaks that are here. Places come in their order.
    fn line_of(&mut self, offset: u64) -> u64 {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let is_break = |byte: Option<&u8>| matches!(byte, Some(b'\r' | b'\n'));
        while self.offset < offset && self.offset < self.text.len() || is_break(self.text.get(self.offset)) {
            let (now, next) = (self.text.get(self.offset), self.text.get(self.offset + 1));
            let ends_line = now == Some(&b'\n') || now == Some(&b'\r') && next != Some(&b'\n');
            self.line += u64::from(ends_line);
            self.offset += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 3] = ["a", "b", "c"];

    fn lines(text: &str) -> Vec<(u64, String)> {
        let shown = |row: &Row| {
            let fields = COLUMNS.map(|name| row.field(name).unwrap_or("-").to_owned());
            (row.line, fields.join("|"))
        };
        let rows = read(text, &COLUMNS, &["a"]).unwrap();
        rows.iter().map(|row| shown(row.as_ref().unwrap_or_else(|why| panic!("{text:?}: {why}")))).collect()
    }

    #[test]
    fn every_form_in_which_a_spreadsheet_saves_is_read_with_the_right_numbers_of_lines() {
        let wanted = vec![(2, "1|x|-".to_owned()), (4, "2|y|z".to_owned()), (5, "3|-|-".to_owned())];
        for separator in [",", ";", "\t"] {
            for end in ["\n", "\r\n", "\r"] {
                for mark in ["", "\u{feff}"] {
                    let text = format!("{mark}a,b,c{end}1,x,{end},,{end}\"2\",\"y\",z{end}3,,{end}");
                    assert_eq!(lines(&text.replace(',', separator)), wanted, "{text:?}");
                }
            }
        }
        // A cell of two lines, an empty line, and empty cells behind the last column.
        assert_eq!(
            lines("a,b,,\r\n1,\"x\r\ny\",,\r\n\r\n2,z,,\r\n"),
            [(2, "1|x\r\ny|-".to_owned()), (5, "2|z|-".to_owned())]
        );
    }

    #[test]
    fn a_line_with_too_few_or_too_many_cells_is_a_mistake_with_its_line() {
        let rows = read("a,b\r\n1,2\r\n1\r\n1,2,3\r\n", &COLUMNS, &["a"]).unwrap();
        let lines: Vec<_> = rows.iter().map(|row| row.as_ref().map(|row| row.line)).collect();
        let (few, many) =
            ("line 3: it has 1 fields, the first line 2", "line 4: it has 3 fields, the first line 2");
        assert_eq!(lines, [Ok(2), Err(&few.to_owned()), Err(&many.to_owned())]);
    }
}
