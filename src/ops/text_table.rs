//! Tables of plain text.

/// One column.
pub(super) struct Column {
    pub(super) title: &'static str,
    /// Numbers stand to the right.
    pub(super) right: bool,
    pub(super) cells: Vec<String>,
}

impl Column {
    pub(super) fn left(title: &'static str, cells: impl IntoIterator<Item = String>) -> Column {
        Column { title, right: false, cells: cells.into_iter().collect() }
    }

    pub(super) fn right(title: &'static str, cells: impl IntoIterator<Item = String>) -> Column {
        Column { title, right: true, cells: cells.into_iter().collect() }
    }

    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|cell| cell.chars().count());
        cells.chain([self.title.chars().count()]).max().unwrap_or(0)
    }

    fn pad(&self, cell: &str) -> String {
        let width = self.width();
        if self.right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
    }
}

/// The width of the table.
pub(super) fn width(columns: &[Column]) -> usize {
    columns.iter().map(|column| column.width() + 2).sum::<usize>().saturating_sub(2)
}

/// The table with its header, two spaces between the columns, none at the ends of lines.
pub(super) fn render(columns: &[Column]) -> String {
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    let header: Vec<_> = columns.iter().map(|column| column.pad(column.title)).collect();
    let mut text = format!("{}\n", header.join("  ").trim_end());
    for row in 0..rows {
        let cell = |column: &Column| column.pad(column.cells.get(row).map_or("", String::as_str));
        let line: Vec<_> = columns.iter().map(cell).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}
