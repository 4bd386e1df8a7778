/// A table as Markdown, its columns padded so that it reads well in a terminal too.
struct MarkdownTable {
  let title: String
  let columns: [String]
  private(set) var rows: [[String]] = []

  init(_ title: String, _ columns: [String]) {
    self.title = title
    self.columns = columns
  }

  mutating func add(_ cells: String...) {
    precondition(cells.count == columns.count, "a row of \(title) has the wrong number of cells")
    rows.append(cells)
  }

  var text: String {
    let widths = columns.indices.map { column in
      ([columns] + rows).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = zip(cells, widths).enumerated().map { index, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        // The first column names the row, the others are figures.
        return index == 0 ? cell.0 + space : space + cell.0
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = widths.enumerated().map { index, width in
      String(repeating: "-", count: max(width, 3) - (index == 0 ? 0 : 1)) + (index == 0 ? "" : ":")
    }
    return
      (["### \(title)", "", line(columns), "| " + rule.joined(separator: " | ") + " |"]
      + rows.map(line)).joined(separator: "\n") + "\n"
  }
}
