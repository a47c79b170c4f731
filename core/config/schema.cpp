#include "config/schema.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "base/json.hpp"
#include "base/schema_json.hpp"
#include "config/host_options.hpp"
#include "config/language.hpp"

namespace tenon::config {
namespace {

constexpr std::string_view kDraft = "http://json-schema.org/draft-07/schema#";
constexpr std::string_view kNamePattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
constexpr std::string_view kVariablePattern = "^[A-Za-z_][A-Za-z0-9_]{0,63}$";
constexpr std::string_view kDurationPattern = "^[0-9]+(ms|s|m|h|d)$";
constexpr std::string_view kDurationsPattern = "^[0-9]+(ms|s|m|h|d)( *\\.\\. *[0-9]+(ms|s|m|h|d))?$";
constexpr std::string_view kRangePattern = "^[0-9]+( *\\.\\. *[0-9]+)?$";

/// One JSON object while it is written.
class Json {
 public:
  Json& add(std::string_view name, const std::string& json) {
    out_ += out_.empty() ? "" : ",";
    append_json_string(out_, name);
    out_ += ':' + json;
    return *this;
  }
  Json& text(std::string_view name, std::string_view value) { return add(name, json_string(value)); }
  /// The members alone.
  const std::string& members() const { return out_; }
  std::string take() const { return "{" + out_ + "}"; }

 private:
  std::string out_;
};

std::string list(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return "[" + out + "]";
}

std::string texts(const std::vector<std::string>& words) {
  std::vector<std::string> parts;
  for (const std::string& word : words) parts.push_back(json_string(word));
  return list(parts);
}

std::string pattern(std::string_view regex) {
  return Json().text("type", "string").text("pattern", regex).take();
}

std::string whole(std::int64_t least, std::int64_t most) {
  return Json()
      .text("type", "integer")
      .add("minimum", std::to_string(least))
      .add("maximum", std::to_string(most))
      .take();
}

std::string any_of(const std::vector<std::string>& parts) { return Json().add("anyOf", list(parts)).take(); }
std::string list_of(const std::string& items) {
  return Json().text("type", "array").add("items", items).take();
}
std::string map_of(const std::string& values) {
  return Json().text("type", "object").add("additionalProperties", values).take();
}

/// A closed list of names that an editor completes; other texts pass, since which of them fits is the
/// loader's to say.
std::string suggested(const std::set<std::string>& names) {
  const std::string text = R"({"type":"string"})";
  if (names.empty()) return text;
  return any_of({Json().add("enum", texts({names.begin(), names.end()})).take(), text});
}

class Writer {
 public:
  explicit Writer(const plugin::Registry& registry) : registry_(registry) {
    for (const std::string& name : registry.connectors()) {
      const plugin::ConnectorManifest* manifest = registry.find(name);
      for (const plugin::EventType& event : manifest->events) events_.insert(event.name);
      for (const plugin::Operation& operation : manifest->operations) operations_.insert(operation.name);
    }
  }

  std::string write(const Section& root, std::string_view title) {
    Json out;
    out.text("$schema", kDraft).text("title", title);
    const std::string members = section_members(root);
    Json definitions;
    while (!open_.empty()) {
      const Section* next = open_.back();
      open_.pop_back();
      definitions.add(next->name,
                      next == &language::kConnection ? connection() : "{" + section_members(*next) + "}");
    }
    for (const std::string& name : registry_.connectors()) {
      definitions.add("connector:" + name, connector(*registry_.find(name)));
    }
    out.add("definitions", definitions.take());
    return "{" + out.members() + "," + members + "}";
  }

 private:
  std::string reference(const Section& section) {
    if (written_.insert(section.name).second) open_.push_back(&section);
    return Json().text("$ref", "#/definitions/" + std::string(section.name)).take();
  }

  std::string properties(const Section& section) {
    Json out;
    for (const Key& key : section.keys) {
      if (key.stage == Key::Stage::now) out.add(key.name, described(section, key));
    }
    return out.take();
  }

  static std::string required(const Section& section) {
    std::vector<std::string> names;
    for (const Key& key : section.keys) {
      if (key.required) names.emplace_back(key.name);
    }
    return texts(names);
  }

  std::string section_members(const Section& section) {
    Json out;
    out.text("type", "object").add("properties", properties(section)).add("additionalProperties", "false");
    const std::string needed = required(section);
    if (needed != "[]") out.add("required", needed);
    add_rules(section, out);
    return out.members();
  }

  /// What holds between the keys of one section.
  void add_rules(const Section& section, Json& out) {
    using namespace language;
    const auto needs = [](const std::vector<std::string>& names) {
      return Json().add("required", texts(names)).take();
    };
    const auto neither = [&](const std::vector<std::string>& names) {
      std::vector<std::string> parts;
      for (const std::string& name : names) parts.push_back(needs({name}));
      return Json().add("not", any_of(parts)).take();
    };
    if (&section == &kPipeline) {
      const std::string connections = any_of({needs({"connections"}), needs({"use"})});
      const std::string actions = Json()
                                      .add("if", needs({"actions"}))
                                      .add("then", neither({"action", "mapping"}))
                                      .add("else", needs({"action", "mapping"}))
                                      .take();
      out.add("allOf", list({connections, actions}));
    } else if (&section == &kTest) {
      Json timeline;
      timeline.add("properties", Json().add("given", reference(kGivenOfSteps)).take());
      timeline.add("not", needs({"expect"}));
      out.add("if", needs({"steps"})).add("then", timeline.take()).add("else", needs({"expect"}));
    } else if (&section == &kGiven) {
      out.add("if", needs({"event"})).add("then", neither({"sample", "keys", "data", "id"}));
    } else if (&section == &kSend) {
      out.add("if", needs({"same_as"})).add("then", neither({"sample", "keys", "data"}));
    } else if (&section == &kStep) {
      out.add("minProperties", "1").add("maxProperties", "1");
    } else if (&section == &kExpect || &section == &kExpectStep) {
      out.add("minProperties", "1").add("not", needs({"record", "contains"}));
    } else if (&section == &kActionExpect) {
      out.add("not", needs({"record", "contains"}));
    }
  }

  std::string described(const Section& section, const Key& key) {
    const std::string form = form_of(section, key);
    // Beside $ref other keywords are not looked at (draft-07), so that it goes one level down.
    const bool is_reference = form.starts_with(R"({"$ref")");
    Json out;
    out.text("description", key.doc);
    if (is_reference) return out.add("allOf", list({form})).take();
    return "{" + out.members() + (form == "{}" ? "" : "," + form.substr(1, form.size() - 2)) + "}";
  }

  std::string form_of(const Section& section, const Key& key) {
    using F = Key::Form;
    const std::string text = R"({"type":"string"})";
    switch (key.form) {
      case F::version:
        return R"({"const":1})";
      case F::text:
        if (&section == &language::kConnection)
          return Json().add("enum", texts(registry_.connectors())).take();
        return key.name == "operation" ? suggested(operations_) : text;
      case F::name:
        return pattern(kNamePattern);
      case F::word:
        return Json().add("enum", texts(split_words(key.words))).take();
      case F::boolean:
        return R"({"type":"boolean"})";
      case F::whole:
        return whole(key.least, key.most);
      case F::range:
        return any_of({whole(0, 1'000'000), pattern(kRangePattern)});
      case F::duration:
        return pattern(kDurationPattern);
      case F::durations:
        return pattern(kDurationsPattern);
      case F::status:
        return whole(200, 599);
      case F::texts:
        return list_of(key.name == "events" ? suggested(events_) : text);
      case F::expression:
        return R"({"type":["string","boolean"]})";
      case F::anything:
        return "{}";
      case F::map:
        return R"({"type":"object"})";
      case F::section:
        return reference(*key.section);
      case F::sections:
        return list_of(reference(*key.section));
      case F::one_or_many:
        return any_of({reference(*key.section), list_of(reference(*key.section))});
      case F::named:
        return named(*key.section);
      case F::verify:
        return verify(*key.section);
      case F::answers:
        return answers(*key.section);
      case F::fetches:
        return map_of(R"({"anyOf":[{"const":"gone"},{"type":["object","array"]}]})");
      case F::steps:
        return Json()
            .text("type", "object")
            .add("propertyNames", pattern(kVariablePattern))
            .add("additionalProperties", either(*key.section, "list"))
            .take();
      case F::tables:
        return Json()
            .text("type", "object")
            .add("propertyNames", pattern(kVariablePattern))
            .add("additionalProperties", either(*key.section, "csv"))
            .take();
    }
    return "{}";
  }

  /// A map of the author's, or `section` if `mark` is in it.
  std::string either(const Section& section, const std::string& mark) {
    return Json()
        .text("type", "object")
        .add("if", Json().add("required", texts({mark})).take())
        .add("then", reference(section))
        .take();
  }

  std::string named(const Section& section) {
    Json out;
    out.text("type", "object").add("additionalProperties", reference(section));
    if (&section != &language::kActionExpect) out.add("propertyNames", pattern(kNamePattern));
    if (&section == &language::kAction) out.add("minProperties", "1");
    return out.take();
  }

  std::string one_scheme(const Section& full) {
    const Key* mode = full.find("mode");
    return any_of({Json().add("enum", texts(split_words(mode->words))).take(), reference(full)});
  }
  std::string verify(const Section& full) {
    return any_of({R"({"const":"none"})", map_of(one_scheme(full))});
  }
  /// Of a connector that is known.
  std::string schemes(const plugin::ConnectorManifest& manifest, const Key& key) {
    Json names;
    for (const auto& scheme : manifest.verify) names.add(scheme.name, one_scheme(*key.section));
    Json map;
    map.text("type", "object").add("properties", names.take()).add("additionalProperties", "false");
    return list({R"({"const":"none"})", map.take()});
  }

  std::string answers(const Section& section) {
    const std::string one = any_of({whole(200, 599), reference(section)});
    return any_of({whole(200, 599), reference(section),
                   Json().text("type", "array").add("items", one).add("minItems", "1").take()});
  }

  std::string connection() {
    std::vector<std::string> cases;
    for (const std::string& name : registry_.connectors()) {
      const std::string is = Json().add("connector", Json().text("const", name).take()).take();
      cases.push_back(
          Json()
              .add("if", Json().add("properties", is).add("required", texts({"connector"})).take())
              .add("then", Json().text("$ref", "#/definitions/connector:" + name).take())
              .take());
    }
    const Section& section = language::kConnection;
    Json out;
    out.text("type", "object").add("properties", properties(section)).add("required", required(section));
    if (!cases.empty()) out.add("allOf", list(cases));
    return out.take();
  }

  /// All that a connection of one connector may have.
  std::string connector(const plugin::ConnectorManifest& manifest) {
    Json members;
    for (const Key& key : language::kConnection.keys) {
      if (key.stage != Key::Stage::now) continue;
      members.add(key.name,
                  key.form == Key::Form::verify
                      ? Json().text("description", key.doc).add("anyOf", schemes(manifest, key)).take()
                      : described(language::kConnection, key));
    }
    for (const auto& [name, setting] : manifest.settings->properties) {
      members.add(name, this->setting(*setting));
    }
    Json out;
    out.text("type", "object").add("properties", members.take()).add("additionalProperties", "false");
    std::vector<std::string> needed;
    for (const std::string& name : manifest.settings->required) {
      if (manifest.settings->property(name)->default_json.empty()) needed.push_back(name);
    }
    if (!needed.empty()) out.add("required", texts(needed));
    return out.take();
  }

  /// A setting may come from the environment; a secret has to.
  static std::string setting(const Schema& schema) {
    const std::string variable = pattern("\\$\\{[^}]+\\}");
    if (schema.secret) {
      return Json()
          .text("description", schema.description)
          .text("type", "string")
          .text("pattern", "^\\$\\{[^}]+\\}$")
          .take();
    }
    return Json()
        .text("description", schema.description)
        .add("anyOf", list({to_json(schema), variable}))
        .take();
  }

  const plugin::Registry& registry_;
  std::set<std::string> events_;
  std::set<std::string> operations_;
  std::set<std::string_view> written_;
  std::vector<const Section*> open_;
};

std::string host_option(const HostOption& option) {
  using Type = HostOption::Type;
  std::string form = R"({"type":"string"})";
  switch (option.type) {
    case Type::whole:
      form = whole(option.least, option.most);
      break;
    case Type::boolean:
      form = R"({"type":"boolean"})";
      break;
    case Type::duration:
      form = pattern(kDurationPattern);
      break;
    case Type::size:
      form = pattern("^[0-9]{1,9}([KMGT]iB)$");
      break;
    case Type::word:
      form = Json().add("enum", texts(words_of(option))).take();
      break;
    default:
      break;
  }
  if (is_list(option)) {
    form = any_of({form, Json().text("type", "array").add("items", form).add("minItems", "1").take()});
  }
  Json out;
  out.text("description", option.help);
  return "{" + out.members() + "," + form.substr(1);
}

}  // namespace

std::string pipeline_schema(const plugin::Registry& registry) {
  return Writer(registry).write(language::kPipeline, "tenon pipeline file");
}

std::string connections_schema(const plugin::Registry& registry) {
  return Writer(registry).write(language::kConnectionsFile, "tenon connections file");
}

std::string host_schema() {
  Json properties;
  properties.add("tenon", R"({"description":"The version of the language: 1.","const":1})");
  for (const HostOption& option : kHostOptions) properties.add(option.key, host_option(option));
  return Json()
      .text("$schema", kDraft)
      .text("title", "tenon.yaml, the options of a host")
      .text("type", "object")
      .add("properties", properties.take())
      .add("additionalProperties", "false")
      .add("required", texts({"tenon"}))
      .take();
}

}  // namespace tenon::config
