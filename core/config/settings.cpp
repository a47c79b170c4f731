#include "config/settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/fields.hpp"
#include "config/interpolate.hpp"
#include "config/language.hpp"
#include "config/scalar.hpp"
#include "config/url.hpp"

namespace tenon::config {
namespace {

class SettingsReader {
 public:
  SettingsReader(const Node& node, Span key, const std::string& path,
                 const plugin::ConnectorManifest& manifest, const Environment& environment, Report& report,
                 plugin::ConnectionSpec& spec)
      : node_(node),
        key_(key),
        path_(path),
        schema_(*manifest.settings),
        environment_(environment),
        report_(report),
        spec_(spec) {}

  void run() {
    for (const NodeMember& member : node_.members) {
      if (!is_host_key(member.key.text)) read_one(member);
    }
    const Value given = Value::object({members_.data(), members_.size()});
    const Value filled = schema_.fill(given, arena_, false);
    check(filled);
    spec_.settings = to_json(filled);
  }

 private:
  std::string path_of(std::string_view name) const { return join(path_, name); }

  void read_one(const NodeMember& member) {
    const std::string& name = member.key.text;
    const Schema* schema = schema_.property(name);
    if (schema == nullptr) return unknown(member);
    if (member.value.is_empty()) {
      refused_.insert_or_assign(name, member.key.at);
      return report_.error(member.key.at, "no_value",
                           path_of(name) + ": nothing stands behind this key; leave it out");
    }
    if (schema->secret) return read_secret(member, *schema);
    bool from_environment = false;
    const std::size_t before = report_.errors();
    Value value = value_of(member.value, path_of(name), from_environment);
    if (report_.errors() > before) {
      refused_.insert_or_assign(name, member.value.at);
      return;
    }
    if (from_environment && value.is_string() && value.as_string().empty()) {
      left_empty_.insert_or_assign(name, member.value.at);
      return;  // ${NAME:-} that came to nothing: the setting is not set
    }
    if (from_environment) value = schema->fill(value, arena_, true);
    nodes_.insert_or_assign(name, &member.value);
    members_.push_back({name, value});
  }

  /// The caller reports it. It may be a secret under a wrong name, and what it was meant for is not missing.
  void unknown(const NodeMember& member) {
    mask_texts(member.value, report_);
    std::vector<std::string> known;
    for (const auto& [name, schema] : schema_.properties) known.push_back(name);
    if (const auto near = nearest(member.key.text, known)) refused_.insert_or_assign(*near, member.key.at);
  }

  void read_secret(const NodeMember& member, const Schema& schema) {
    const std::string& name = member.key.text;
    refused_.insert_or_assign(name, member.value.at);
    if (!member.value.is_text()) {
      mask_texts(member.value, report_);
      return report_.error(member.value.at, "wrong_type",
                           path_of(name) + ": expected text, found " + found_in(member.value));
    }
    const std::size_t before = report_.errors();
    Interpolated got = interpolate(member.value, environment_, report_, path_of(name), Place::secret);
    const bool from_file = !is_only_variable(member.value);
    if (from_file) mask_texts(member.value, report_);
    if (report_.errors() > before) return;
    if (from_file) {
      return report_.error(member.value.at, "literal_secret",
                           path_of(name) +
                               ": secrets come from outside: write \"${NAME}\", \"${file:/path}\" or "
                               "\"${cred:NAME}\" alone");
    }
    if (got.text.empty()) {
      refused_.erase(name);
      left_empty_.insert_or_assign(name, member.value.at);
      return;
    }
    for (const Schema::Violation& wrong : schema.validate(Value::string(got.text), 1)) {
      return report_.error(member.value.at, "bad_value",
                           path_of(name) + ": expected " + wrong.expected + "; the secret is not");
    }
    refused_.erase(name);
    spec_.secrets.insert_or_assign(name, Secret(got.text));
    wipe(got.text);
  }

  Value value_of(const Node& node, const std::string& path, bool& from_environment) {
    switch (node.kind) {
      case Node::Kind::empty:
        report_.error(node.at, "no_value", path + ": nothing stands here");
        return Value::null();
      case Node::Kind::text: {
        Interpolated got = interpolate(node, environment_, report_, path, Place::setting);
        from_environment = from_environment || got.from_environment;
        if (got.from_environment) return Value::string(arena_.copy(got.text));
        warn_if_typed(report_, node, path);
        const Value plain = scalar_value(node);
        return plain.is_string() ? Value::string(arena_.copy(got.text)) : plain;
      }
      case Node::Kind::list: {
        Value* items = arena_.array<Value>(node.items.size());
        for (std::size_t i = 0; i < node.items.size(); ++i) {
          new (items + i) Value(value_of(node.items[i], join(path, i), from_environment));
        }
        return Value::array({items, node.items.size()});
      }
      case Node::Kind::map:
        break;
    }
    Member* members = arena_.array<Member>(node.members.size());
    for (std::size_t i = 0; i < node.members.size(); ++i) {
      const auto& [key, value] = node.members[i];
      new (members + i) Member{key.text, value_of(value, join(path, key.text), from_environment)};
    }
    return Value::object({members, node.members.size()});
  }

  void check(Value filled) {
    for (const Schema::Violation& wrong : schema_.validate(filled)) report(wrong);
    for (const auto& [name, schema] : schema_.properties) {
      const Value value = filled.get(name);
      if (schema->format == "uri" && value.is_string()) check_url(name, value.as_string());
    }
  }

  /// Where a violation stands, and how its path is written.
  struct Found {
    std::string path;
    const Node* node;  ///< the deepest that exists; null: the setting is not in the file
  };

  Found find(const Schema::Violation& wrong) const {
    Found found{path_, nullptr};
    std::string_view rest = wrong.path;
    bool deeper = true;
    while (rest.starts_with('/')) {
      const std::string step(rest.substr(1, rest.find('/', 1) - 1));
      rest.remove_prefix(step.size() + 1);
      const Node* next = nullptr;
      const bool top = found.path == path_;
      if (found.node != nullptr && found.node->is_list() && deeper) {
        const auto index = static_cast<std::size_t>(std::atoi(step.c_str()));
        found.path = join(found.path, index);
        if (index < found.node->items.size()) next = &found.node->items[index];
      } else {
        found.path = join(found.path, step);
        if (top) {
          const auto setting = nodes_.find(step);
          next = setting == nodes_.end() ? nullptr : setting->second;
        } else if (found.node != nullptr && deeper) {
          next = found.node->find(step);
        }
      }
      deeper = next != nullptr;
      if (deeper) found.node = next;
    }
    return found;
  }

  void report(const Schema::Violation& wrong) {
    const std::string top = wrong.path.substr(1, wrong.path.find('/', 1) - 1);
    if (refused_.contains(top) || spec_.secrets.contains(top)) return;
    const Found found = find(wrong);
    const Span at = found.node == nullptr ? key_ : found.node->at;
    if (!wrong.name.empty()) return report_.error(at, "unknown_key", found.path + ": unknown key");
    if (wrong.found == "nothing" && found.node == nullptr) {
      const auto empty = left_empty_.find(top);
      const bool is_empty = empty != left_empty_.end();
      return report_.error(is_empty ? empty->second : key_, "missing_key",
                           found.path +
                               (is_empty ? ": came out empty: expected " : ": is missing: expected ") +
                               wrong.expected + description_of(top));
    }
    const bool number = found.node != nullptr && found.node->is_text() && wrong.found == "number";
    report_.error(at, "bad_value",
                  found.path + ": expected " + wrong.expected + ", found " + with_article(wrong.found) +
                      (number ? "; in quotes it is text: \"" + found.node->text + "\"" : ""));
  }

  std::string description_of(const std::string& name) const {
    const Schema* schema = schema_.property(name);
    return schema == nullptr || schema->description.empty() ? "" : " (" + schema->description + ")";
  }

  void check_url(const std::string& name, std::string_view text) {
    const auto node = nodes_.find(name);
    const Span at = node == nodes_.end() ? key_ : node->second->at;
    const auto url = parse_url(text);
    const auto wrong = [&](const std::string& message) {
      report_.error(at, "bad_url", path_of(name) + ": " + message);
    };
    if (!url) return wrong("expected a URL like https://host/path");
    if (url->has_user) {
      if (node != nodes_.end()) mask_texts(*node->second, report_);
      return wrong("a URL with a user name or password is refused: credentials are settings of their own");
    }
    if (url->scheme == "https" || (url->scheme == "http" && is_loopback_literal(url->host))) return;
    if (url->scheme == "http") {
      return wrong("plain http goes to 127.0.0.1 or [::1] only: expected https://");
    }
    wrong("expected https://");
  }

  const Node& node_;
  Span key_;
  const std::string& path_;
  const Schema& schema_;
  const Environment& environment_;
  Report& report_;
  plugin::ConnectionSpec& spec_;
  Arena arena_;
  std::vector<Member> members_;
  std::map<std::string, const Node*> nodes_;
  std::map<std::string, Span> refused_;     ///< settings that were reported already
  std::map<std::string, Span> left_empty_;  ///< `${NAME:-}` that came to nothing
};

}  // namespace

bool is_host_key(std::string_view name) {
  const Key* key = language::kConnection.find(name);
  return key != nullptr && key->stage != Key::Stage::reserved;
}

void read_settings(const Node& node, Span key, const std::string& path,
                   const plugin::ConnectorManifest& manifest, const Environment& environment, Report& report,
                   plugin::ConnectionSpec& spec) {
  SettingsReader(node, key, path, manifest, environment, report, spec).run();
}

std::optional<std::string> fill_from_settings(std::string_view text, const std::string& settings_json) {
  const auto settings = parse_json(settings_json);
  if (!settings) return std::nullopt;
  return fill_template(text, [&](std::string_view name) -> std::optional<std::string> {
    const Value value = settings->root.get(name);
    if (value.is_string()) return std::string(value.as_string());
    if (value.is_number() || value.is_boolean()) return to_json(value);
    return std::nullopt;
  });
}

void mask_texts(const Node& node, Report& report) {
  if (is_only_variable(node)) return;
  if (node.is_text()) report.mask(node.at);
  if (node.is_text() && node.style == Node::Style::block && !node.offsets.empty()) {
    report.mask({node.offsets.front(), node.offsets.back() - node.offsets.front() + 1});
  }
  for (const Node& item : node.items) mask_texts(item, report);
  for (const NodeMember& member : node.members) mask_texts(member.value, report);
}

}  // namespace tenon::config
