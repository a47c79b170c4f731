// Table: rows that are aligned on a terminal and plain tab-separated lines when piped.
#pragma once

#include <string>
#include <vector>

#include "app/cli/terminal.hpp"

namespace tenon::app {

struct Cell {
  Cell(std::string cell_text, Style cell_style = Style::plain)  // NOLINT: rows are written as lists of texts
      : text(std::move(cell_text)), style(cell_style) {}
  Cell(const char* cell_text) : text(cell_text) {}  // NOLINT: the same

  std::string text;  ///< printable; empty stands as `-` on a terminal
  Style style = Style::plain;
};

struct Column {
  Column(const char* column_title) : title(column_title) {}  // NOLINT: columns are written as lists of titles
  Column(const char* column_title, std::size_t column_least) : title(column_title), least(column_least) {}

  Column(const char* column_title, std::size_t column_least, bool column_wraps)
      : title(column_title), least(column_least), wraps(column_wraps) {}

  std::string title;      ///< upper case; shown on a terminal only
  std::size_t least = 0;  ///< not 0: may be cut down to so many columns where the terminal is narrow
  bool wraps = false;     ///< of the last column: goes on in further lines instead of being cut
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// With the titles on a terminal. Piped: no titles, nothing cut or padded, a tab between cells.
  /// `indent` columns stand before each line on a terminal.
  std::string render(const Screen& screen, std::size_t indent = 0) const;

 private:
  std::vector<std::size_t> widths(std::size_t available) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace tenon::app
