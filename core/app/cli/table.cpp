#include "app/cli/table.hpp"

#include <algorithm>

namespace tenon::app {
namespace {

constexpr std::size_t kGap = 2;

const std::string& shown(const Cell& cell) {
  static const std::string none = "-";
  return cell.text.empty() ? none : cell.text;
}

}  // namespace

/// The natural widths, less what must go: the widest column that may be cut gives first.
std::vector<std::size_t> Table::widths(std::size_t available) const {
  std::vector<std::size_t> wide;
  for (const Column& column : columns_) wide.push_back(display_width(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size() && i < wide.size(); ++i)
      wide[i] = std::max(wide[i], display_width(shown(row[i])));
  }
  std::size_t total = wide.empty() ? 0 : kGap * (wide.size() - 1);
  for (const std::size_t width : wide) total += width;
  while (total > available) {
    std::size_t widest = wide.size();
    for (std::size_t i = 0; i < wide.size(); ++i) {
      const std::size_t least = std::max(columns_[i].least, display_width(columns_[i].title));
      if (columns_[i].least == 0 || wide[i] <= least) continue;
      if (widest == wide.size() || wide[i] > wide[widest]) widest = i;
    }
    if (widest == wide.size()) break;  // a terminal narrower than that wraps
    --wide[widest];
    --total;
  }
  return wide;
}

std::string Table::render(const Screen& screen, std::size_t indent) const {
  std::string out;
  if (!screen.terminal) {
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : "\t") + row[i].text;
      out += '\n';
    }
    return out;
  }
  const std::vector<std::size_t> wide = widths(screen.width - std::min(screen.width, indent));
  const auto line = [&](const std::vector<Cell>& row) {
    out.append(indent, ' ');
    std::size_t before = indent;
    for (std::size_t i = 0; i < row.size() && i < wide.size(); ++i) {
      if (columns_[i].wraps && i + 1 == wide.size()) {
        const auto lines = wrap(shown(row[i]), wide[i]);
        for (std::size_t l = 0; l < lines.size(); ++l)
          out +=
              (l == 0 ? "" : "\n" + std::string(before, ' ')) + paint(lines[l], row[i].style, screen.color);
        break;
      }
      before += wide[i] + kGap;
      const std::string text = cut(shown(row[i]), wide[i]);
      out += paint(text, row[i].style, screen.color);
      if (i + 1 < row.size()) out.append(wide[i] - display_width(text) + kGap, ' ');
    }
    out += '\n';
  };
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.emplace_back(column.title, Style::strong);
  if (!titles.empty()) line(titles);
  for (const auto& row : rows_) line(row);
  return out;
}

}  // namespace tenon::app
