#include "app/curl_line.hpp"

#include "app/cli/terminal.hpp"
#include "base/text.hpp"

namespace tenon::app {
namespace {

std::string_view text_of(Value value) { return value.is_string() ? value.as_string() : std::string_view(); }

/// May stand in a pasted line as it is. `printable` doubles no backslash and touches nothing else.
bool is_plain(std::string_view text) { return printable(text) == text; }

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

/// The bytes as the format of `printf`, within single quotes. Octal, and always three digits: what follows
/// cannot be taken for a fourth.
std::string printf_format(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    // `!` too: within double quotes an interactive bash looks it up in its history.
    const bool escaped =
        byte < 0x20 || byte >= 0x7f || std::string_view("'\\-!").find(c) != std::string_view::npos;
    if (escaped) {
      out += '\\';
      for (const int shift : {6, 3, 0}) out += static_cast<char>('0' + ((byte >> shift) & 7));
    } else if (c == '%') {
      out += "%%";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string header_word(std::string_view name, std::string_view value) {
  // To curl `Name:` means that it is not sent at all, and `Name;` that it is sent empty.
  return shell_word(value.empty() ? std::string(name) + ";" : std::string(name) + ": " + std::string(value));
}

}  // namespace

std::string shell_word(std::string_view text) {
  if (is_plain(text)) return quoted(text);
  return "\"$(printf " + printf_format(text) + ")\"";
}

std::string curl_line(Value exchange) {
  const std::string_view method = text_of(exchange.get("method"));
  if (method.empty()) return "";
  const std::string_view body = text_of(exchange.get("request_body"));
  const bool piped = !is_plain(body);
  std::string out = piped ? "printf " + printf_format(body) + " | curl" : "curl";
  // Brackets and dots of a URL are the remote's, not patterns of curl's.
  out += " --globoff --path-as-is";
  out += method == "HEAD" ? " --head" : " -X " + shell_word(method);
  out += " " + shell_word(text_of(exchange.get("url")));
  bool typed = false;
  const Value headers = exchange.get("request_headers");
  for (const Member& header : headers.is_object() ? headers.members() : std::span<const Member>()) {
    if (equals_ignoring_case(header.name, "content-length")) continue;
    typed = typed || equals_ignoring_case(header.name, "content-type");
    out += " -H " + header_word(header.name, text_of(header.value));
  }
  if (body.empty()) return out;
  // It would call any body a form.
  if (!typed) out += " -H 'Content-Type:'";
  return out + (piped ? " --data-binary @-" : " --data-raw " + quoted(body));
}

std::string curl_caveat(Value exchange) {
  const std::string_view body = text_of(exchange.get("request_body"));
  if (!body.ends_with(" bytes)") && !body.ends_with(" bytes that are no UTF-8)")) return "";
  const auto cut = body.rfind("… (the whole has ");
  if (cut != std::string_view::npos) return "the record holds the start of this body only";
  return body.starts_with('(') && body.ends_with(" bytes that are no UTF-8)")
             ? "the record does not hold this body: it is no text"
             : "";
}

}  // namespace tenon::app
