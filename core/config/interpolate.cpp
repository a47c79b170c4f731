#include "config/interpolate.hpp"

#include <optional>
#include <string_view>

#include "base/text.hpp"
#include "mapping/jsonata/expression.hpp"
#include "runtime/files.hpp"

namespace tenon::config {
namespace {

bool is_name_character(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

struct Variable {
  enum class Source : std::uint8_t { environment, file, credential };
  Source source = Source::environment;
  std::string name;  ///< of the variable or credential, or the file's path
  std::optional<std::string> otherwise;
  std::size_t end = 0;  ///< behind `}`
};

/// Its name in an Environment. The NUL keeps files and credentials apart from all variables of a process.
std::string key_of(const Variable& found) {
  using namespace std::string_literals;
  if (found.source == Variable::Source::environment) return found.name;
  return (found.source == Variable::Source::file ? "\0file:"s : "\0cred:"s) + found.name;
}

/// The `${…}` at `at`; nullopt if it is none.
std::optional<Variable> variable_at(std::string_view text, std::size_t at) {
  Variable found;
  std::size_t i = at + 2;
  while (i < text.size() && is_name_character(text[i], found.name.empty())) found.name += text[i++];
  if (found.name.empty() || i >= text.size()) return std::nullopt;
  const bool file = found.name == "file";
  if ((file || found.name == "cred") && text[i] == ':' && text.substr(i, 2) != ":-") {
    const auto close = text.find('}', i);
    if (close == std::string_view::npos) return std::nullopt;
    found.source = file ? Variable::Source::file : Variable::Source::credential;
    found.name = std::string(text.substr(i + 1, close - i - 1));
    found.end = close + 1;
    return found;
  }
  if (text.substr(i, 2) == ":-") {
    const auto close = text.find('}', i);
    if (close == std::string_view::npos) return std::nullopt;
    found.otherwise = std::string(text.substr(i + 2, close - i - 2));
    i = close;
  }
  if (text[i] != '}') return std::nullopt;
  found.end = i + 1;
  return found;
}

class Interpolation {
 public:
  Interpolation(const Node& scalar, const Environment& environment, Report& report, const std::string& path,
                Place place)
      : scalar_(scalar),
        text_(scalar.text),
        environment_(environment),
        report_(report),
        path_(path),
        place_(place) {}

  Interpolated run() {
    for (std::size_t at = 0; at < text_.size();) {
      if (text_.substr(at, 3) == "$${") {
        out_.text += "${";
        at += 3;
      } else if (text_.substr(at, 3) == "${{") {
        fail(at, text_.size() - at, "expression_not_here",
             "expressions work in `trigger`, `mapping` and `when`; here only ${NAME}");
        return out_;
      } else if (text_.substr(at, 2) == "${") {
        at = variable(at);
      } else {
        out_.text += text_[at++];
      }
    }
    return out_;
  }

 private:
  void fail(std::size_t at, std::size_t length, std::string code, const std::string& message) {
    report_.error(scalar_.span(at, length), std::move(code), path_ + ": " + message);
    out_.ok = false;
  }

  std::size_t variable(std::size_t at) {
    const auto found = variable_at(text_, at);
    if (!found) {
      fail(at, 2, "bad_variable",
           "expected ${NAME}, ${NAME:-default}, ${file:/path} or ${cred:NAME}; `$${` is a literal `${`");
      return text_.size();
    }
    out_.from_environment = true;
    if (found->source != Variable::Source::environment) {
      from_file(at, *found);
      return found->end;
    }
    const auto value = environment_.find(found->name);
    const bool set = value != environment_.end() && !value->second.empty();
    if (set) {
      out_.text += value->second;
    } else if (found->otherwise) {
      out_.text += *found->otherwise;
    } else {
      const char* why = value == environment_.end() ? " is not set" : " is set to nothing";
      fail(at, found->end - at, "missing_variable",
           found->name + why + ": give it a value in the environment or in .env" +
               (place_ == Place::secret ? "" : ", or a default by ${" + found->name + ":-default}"));
    }
    return found->end;
  }

  /// The content of a file of secrets; messages name the file, never what it holds.
  void from_file(std::size_t at, const Variable& found) {
    const auto refuse = [&](std::string code, const std::string& why) {
      fail(at, found.end - at, std::move(code), why);
    };
    if (place_ == Place::vars)
      return refuse("secret_not_here",
                    "files and credentials hold secrets, which `vars` must not: a connection's "
                    "setting may take it");
    if (const auto stand_in = environment_.find(key_of(found)); stand_in != environment_.end()) {
      out_.text += stand_in->second;
      return;
    }
    std::string file = found.name;
    if (found.source == Variable::Source::credential) {
      const bool plain =
          !file.empty() && file.size() <= 255 && file[0] != '.' &&
          file.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
              std::string::npos;
      if (!plain)
        return refuse("bad_variable",
                      "a credential's name is of letters, digits, `.`, `_` and `-`: ${cred:desk_key}");
      const auto folder = environment_.find("CREDENTIALS_DIRECTORY");
      if (folder == environment_.end() || folder->second.empty())
        return refuse("no_credentials",
                      "CREDENTIALS_DIRECTORY is not set: systemd sets it for a service with "
                      "LoadCredential=" +
                          file + ":PATH");
      file = folder->second + "/" + file;
    } else if (!file.starts_with('/')) {
      return refuse("bad_variable", "expected a path from the root: ${file:/run/secrets/" +
                                        (file.empty() ? "name" : file) + "}");
    }
    const auto content = runtime::read_secret_file(file);
    if (!content) {
      const bool exposed = content.error().code == "secret_exposed";
      return refuse(exposed ? "secret_exposed" : "secret_unreadable", content.error().message);
    }
    const std::string_view text = content->reveal();
    if (text.empty()) return refuse("secret_empty", file + ": is empty");
    if (!is_utf8(text) || text.find('\0') != std::string_view::npos)
      return refuse("secret_unreadable", file + ": is no UTF-8 text");
    out_.text += text;
  }

  const Node& scalar_;
  std::string_view text_;
  const Environment& environment_;
  Report& report_;
  const std::string& path_;
  Place place_;
  Interpolated out_;
};

}  // namespace

Interpolated interpolate(const Node& scalar, const Environment& environment, Report& report,
                         const std::string& path, Place place) {
  return Interpolation(scalar, environment, report, path, place).run();
}

std::vector<std::string> variables_without_default(const Node& scalar) {
  std::vector<std::string> names;
  const std::string_view text = scalar.text;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 3) == "$${") {
      at += 3;
      continue;
    }
    const auto found = text.substr(at, 2) == "${" ? variable_at(text, at) : std::nullopt;
    if (found && !found->otherwise) names.push_back(key_of(*found));
    at = found ? found->end : at + 1;
  }
  return names;
}

std::vector<VariableAt> variables_in(const Node& scalar) {
  std::vector<VariableAt> all;
  const std::string_view text = scalar.text;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 3) == "$${") {
      at += 3;
      continue;
    }
    const auto found = text.substr(at, 2) == "${" ? variable_at(text, at) : std::nullopt;
    if (found) {
      const auto end = text.find(":-", at);
      const std::string shown(text.substr(at, std::min(found->end - 1, end) - at));
      all.push_back({key_of(*found), at, found->end - at, shown + "}"});
    }
    at = found ? found->end : at + 1;
  }
  return all;
}

bool is_only_variable(const Node& scalar) {
  if (!scalar.is_text() || !scalar.text.starts_with("${")) return false;
  const auto found = variable_at(scalar.text, 0);
  return found && found->end == scalar.text.size() && found->otherwise.value_or("").empty();
}

void refuse_variables(const Node& scalar, Report& report, const std::string& path) {
  const std::string_view text = scalar.text;
  mapping::ParseOptions any;
  any.any_variable = true;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 3) == "$${") {
      at += 3;
    } else if (text.substr(at, 3) == "${{") {
      const auto embedded = mapping::Expression::parse_embedded(text, at + 3, any);
      if (!embedded) return;
      at = embedded->end;
    } else if (text.substr(at, 2) == "${") {
      const auto found = variable_at(text, at);
      const std::size_t end = found ? found->end : at + 2;
      report.error(scalar.span(at, end - at), "variable_not_here",
                   path + ": ${…} works under `connections` and `vars` only: take it in as " +
                       "`vars: { x: \"${NAME}\" }` and write ${{ $vars.x }}; `$${` is a literal `${`");
      at = end;
    } else {
      ++at;
    }
  }
}

}  // namespace tenon::config
