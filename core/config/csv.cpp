#include "config/csv.hpp"

#include "base/text.hpp"

namespace tenon::config {
namespace {

class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  Result<std::vector<CsvRow>> read() {
    std::vector<CsvRow> rows;
    while (at_ < text_.size()) {
      CsvRow row;
      row.line = line_;
      TENON_CHECK(read_row(row));
      const bool blank = row.cells.size() == 1 && row.cells.front().empty();
      if (!blank) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  Error failed(int line, const std::string& why) const {
    return Error("invalid_csv", "line " + std::to_string(line) + ": " + why);
  }

  /// Reads up to and over the line's end.
  Status read_row(CsvRow& row) {
    for (;;) {
      std::string cell;
      TENON_CHECK(at_ < text_.size() && text_[at_] == '"' ? quoted(cell) : bare(cell));
      row.cells.push_back(std::move(cell));
      if (at_ >= text_.size()) return {};
      const char end = text_[at_++];
      if (end == ',') continue;
      if (end == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      ++line_;
      return {};
    }
  }

  Status quoted(std::string& cell) {
    const int began = line_;
    ++at_;
    for (;;) {
      if (at_ >= text_.size()) return failed(began, "a quote is not closed");
      const char c = text_[at_++];
      if (c == '\n') ++line_;
      if (c != '"') {
        cell += c;
      } else if (at_ < text_.size() && text_[at_] == '"') {
        cell += '"';
        ++at_;
      } else {
        break;
      }
    }
    if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\r' && text_[at_] != '\n') {
      return failed(line_, "text behind a closing quote");
    }
    return {};
  }

  Status bare(std::string& cell) {
    const auto end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    cell = text_.substr(at_, end - at_);
    at_ = end;
    if (cell.find('"') != std::string::npos) return failed(line_, "a quote inside a cell without quotes");
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

Result<std::vector<CsvRow>> parse_csv(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!is_utf8(text)) return Error("invalid_csv", "it is no UTF-8");
  if (text.find('\0') != std::string_view::npos) return Error("invalid_csv", "a NUL byte");
  return CsvReader(text).read();
}

}  // namespace tenon::config
