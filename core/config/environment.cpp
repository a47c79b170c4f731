#include "config/environment.hpp"

#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "base/text.hpp"

namespace tenon::config {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
         std::string_view::npos;
}

/// A value and what stands behind it on its line; the texts of errors name no part of it.
struct Quoted {
  std::string value;
  std::string_view rest;
};

Result<Quoted> single_quoted(std::string_view text) {
  const auto end = text.find('\'', 1);
  if (end == std::string_view::npos) return Error("invalid_env_file", "the closing ' is missing");
  return Quoted{std::string(text.substr(1, end - 1)), text.substr(end + 1)};
}

Result<Quoted> double_quoted(std::string_view text) {
  Quoted out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      out.rest = text.substr(i + 1);
      return out;
    }
    if (text[i] != '\\') {
      out.value += text[i];
      continue;
    }
    const char next = ++i < text.size() ? text[i] : '\0';
    constexpr std::string_view kFrom = "nrt\"\\$`";
    constexpr std::string_view kTo = "\n\r\t\"\\$`";
    const auto known = kFrom.find(next);
    if (known == std::string_view::npos || next == '\0') {
      return Error("invalid_env_file", "in double quotes \\ stands before n, r, t, \", \\, $ or ` only");
    }
    out.value += kTo[known];
  }
  return Error("invalid_env_file", "the closing \" is missing");
}

Result<std::string> value_of(std::string_view text) {
  if (text.starts_with('"') || text.starts_with('\'')) {
    TENON_TRY(Quoted quoted, text[0] == '"' ? double_quoted(text) : single_quoted(text));
    const std::string_view rest = quoted.rest;
    const std::string_view behind = trim(rest);
    const bool comment = behind.starts_with('#') && rest.starts_with(' ');
    if (!behind.empty() && !comment) return Error("invalid_env_file", "text behind the closing quote");
    return std::move(quoted.value);
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool after_blank = i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t';
    if (text[i] == '#' && after_blank) return std::string(trim(text.substr(0, i)));
  }
  return std::string(trim(text));
}

Status read_line(std::string_view line, Environment& to) {
  line = trim(line);
  if (line.empty() || line.starts_with('#')) return {};
  if (line.starts_with("export ")) line = trim(line.substr(7));
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return Error("invalid_env_file", "expected NAME=value");
  const std::string_view name = line.substr(0, equals);
  if (!is_name(name)) {
    return Error("invalid_env_file",
                 "before `=` stands a name of letters, digits and `_`, without white space");
  }
  TENON_TRY(std::string value, value_of(trim(line.substr(equals + 1))));
  if (!to.emplace(name, std::move(value)).second) {
    return Error("invalid_env_file", std::string(name) + " stands there twice");
  }
  return {};
}

}  // namespace

Result<Environment> parse_env_text(std::string_view text, const std::string& name) {
  Environment result;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto place = [&] { return name + ":" + std::to_string(line_number) + ": "; };
    if (line.find('\0') != std::string_view::npos || !is_utf8(line)) {
      return Error("invalid_env_file", place() + "this is no UTF-8 text");
    }
    if (const Status read = read_line(line, result); !read) {
      return Error(read.error().code, place() + read.error().message);
    }
  }
  return result;
}

Result<Environment> parse_env_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMostBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (!in.eof() && in.fail()) || (in.gcount() == 0 && !in.eof())) {
    return Error("env_file_unreadable", path + ": cannot be read");
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMostBytes) return Error("env_file_unreadable", path + ": larger than 1 MiB");
  return parse_env_text(text, path);
}

}  // namespace tenon::config
