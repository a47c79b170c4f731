#include "config/connections.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "config/fields.hpp"
#include "config/interpolate.hpp"
#include "config/language.hpp"
#include "config/oauth2_reader.hpp"
#include "config/scalar.hpp"
#include "config/settings.hpp"
#include "config/url.hpp"
#include "config/verify_key.hpp"
#include "plugin/hosts.hpp"

namespace tenon::config {
namespace {

using plugin::VerifyMode;
using plugin::VerifyScheme;

/// With the current one, four: what a request may cost to verify is bounded.
constexpr std::size_t kMostOldSecrets = 3;

std::optional<VerifyMode> mode_of(std::string_view word) {
  if (word == "required") return VerifyMode::required;
  if (word == "if_present") return VerifyMode::if_present;
  if (word == "off") return VerifyMode::off;
  return std::nullopt;
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "`" : ", `") + name + "`";
  return out;
}

std::vector<std::string> scheme_settings(const plugin::ConnectorManifest& manifest) {
  std::vector<std::string> all;
  for (const VerifyScheme& scheme : manifest.verify) {
    if (std::find(all.begin(), all.end(), scheme.setting) == all.end()) all.push_back(scheme.setting);
  }
  return all;
}

/// One entry of the section.
class ConnectionReader {
 public:
  ConnectionReader(const NodeMember& entry, const Environment& environment, const plugin::Registry& registry,
                   Report& report)
      : node_(entry.value),
        path_(join("connections", entry.key.text)),
        environment_(environment),
        registry_(registry),
        report_(report) {
    made_.spec.name = entry.key.text;
    made_.report = &report;
    made_.key = entry.key.at;
  }

  Connection read() {
    const std::size_t before = report_.errors();
    if (node_.is_map()) find_connector();
    Fields fields(report_, node_, path_, keys());
    if (!fields.ok()) return std::move(made_);
    const auto connector = fields.need_text("connector", "the name of a connector");
    if (made_.manifest == nullptr) {
      for (const NodeMember& member : node_.members) {
        if (!is_host_key(member.key.text)) mask_texts(member.value, report_);
      }
      if (connector) unknown_connector(*connector);
      return std::move(made_);
    }
    made_.spec.connector = made_.manifest->name;
    made_.spec.allow_private = fields.boolean("allow_private").value_or(false);
    read_settings(node_, made_.key, path_, *made_.manifest, environment_, report_, made_.spec);
    if (report_.errors() == before) derive();
    read_credentials(fields, report_.errors() == before);
    for (const NodeMember& member : node_.members) note_variables(member);
    read_verify(fields);
    made_.ok = report_.errors() == before;
    return std::move(made_);
  }

 private:
  void find_connector() {
    const Node* connector = node_.find("connector");
    if (connector != nullptr && connector->is_text()) made_.manifest = registry_.find(connector->text);
  }

  KeySet keys() const {
    KeySet keys = key_set(language::kConnection);
    if (made_.manifest != nullptr) {
      for (const auto& [name, schema] : made_.manifest->settings->properties) keys.known.push_back(name);
    } else {
      // Which settings there are is not known; one error is enough.
      for (const NodeMember& member : node_.members) {
        if (!is_host_key(member.key.text)) keys.known.push_back(member.key.text);
      }
    }
    return keys;
  }

  /// Under `verify` stand earlier secrets.
  void note_variables(const NodeMember& member) {
    const Schema* setting = made_.manifest->settings->property(member.key.text);
    if (setting != nullptr || member.key.text == "verify")
      note_variables(member.value, setting == nullptr || setting->secret, join(path_, member.key.text));
    if (member.key.text != "oauth2") return;
    for (const NodeMember& inner : member.value.members)
      note_variables(inner.value, inner.key.text == "client_secret",
                     join(join(path_, "oauth2"), inner.key.text));
  }
  void note_variables(const Node& node, bool secret, const std::string& path) {
    for (std::size_t i = 0; i < node.items.size(); ++i) note_variables(node.items[i], secret, join(path, i));
    for (const NodeMember& member : node.members)
      note_variables(member.value, secret, join(path, member.key.text));
    if (!node.is_text()) return;
    for (const VariableAt& found : variables_in(node))
      made_.variables.push_back(
          {found.name, found.shown, path, node.span(found.offset, found.length), secret});
  }

  void unknown_connector(const std::string& name) {
    const std::vector<std::string> known = registry_.connectors();
    std::string hint = suggestion(name, known);
    if (hint.empty()) hint = known.empty() ? "; no plugin was found" : "; there are " + listed(known);
    report_.error(node_.find("connector")->at, "unknown_connector",
                  path_ + ".connector: no plugin has a connector `" + name + "`" + hint);
  }

  /// Account and hosts, from the manifest's templates.
  void derive() {
    plugin::ConnectionSpec& spec = made_.spec;
    for (const std::string& text : made_.manifest->account) {
      if (auto account = fill_from_settings(text, spec.settings)) {
        spec.account = std::move(*account);
        break;
      }
    }
    if (spec.account.empty()) {
      report_.error(made_.key, "no_account",
                    path_ + ": which account this is cannot be told: set what one of " +
                        listed(made_.manifest->account) + " names");
    }
    for (const std::string& text : made_.manifest->hosts) {
      const auto filled = fill_from_settings(text, spec.settings);
      if (!filled) continue;
      const auto url = parse_url(*filled);
      spec.hosts.push_back(url ? url->authority() : to_lower(*filled));
    }
  }

  /// `settled`: the settings are all right, so that what is missing can be told.
  void read_credentials(Fields& fields, bool settled) {
    const auto& auth = made_.manifest->auth;
    const auto offered = std::find_if(auth.begin(), auth.end(), [](const plugin::AuthScheme& scheme) {
      return scheme.type == plugin::AuthScheme::Type::oauth2;
    });
    const Node* const oauth2 = fields.get("oauth2");
    if (oauth2 != nullptr && offered == auth.end()) {
      mask_texts(*oauth2, report_);
      return report_.error(fields.key_span("oauth2"), "no_oauth",
                           path_ + ".oauth2: " + made_.spec.connector + " does not offer OAuth 2.0");
    }
    if (offered == auth.end() || !settled) return;
    if (oauth2 == nullptr) {
      if (plugin::auth_of(made_.spec, *made_.manifest) == nullptr)
        report_.error(made_.key, "no_auth",
                      path_ + ": nothing authenticates its requests: set " + ways() + "`oauth2`");
      return;
    }
    if (const plugin::AuthScheme* other = plugin::auth_of(made_.spec, *made_.manifest))
      return report_.error(fields.key_span("oauth2"), "two_credentials",
                           path_ + ".oauth2: `" + other->secret_setting +
                               "` is set too and would be sent instead: keep one of them");
    made_.spec.oauth2 =
        read_oauth2(*oauth2, join(path_, "oauth2"), *offered, made_.spec.settings, environment_, report_);
  }

  /// The secrets that would do, for a message.
  std::string ways() const {
    std::vector<std::string> names;
    for (const plugin::AuthScheme& scheme : made_.manifest->auth) {
      const std::string& name = scheme.secret_setting;
      if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names.empty() ? "" : listed(names) + " or ";
  }

  void read_verify(Fields& fields) {
    for (const VerifyScheme& scheme : made_.manifest->verify) {
      made_.spec.verify[scheme.name] = mode_of(scheme.default_mode).value_or(VerifyMode::required);
    }
    const Node* verify = fields.get("verify");
    const bool understood = fields.boolean("i_understand_unauthenticated").value_or(false);
    if (verify != nullptr && verify->is_text() && verify->text == "none") {
      return verify_none(*verify, understood);
    }
    if (understood) {
      report_.error(fields.key_span("i_understand_unauthenticated"), "verify",
                    path_ + ".i_understand_unauthenticated: only beside `verify: none`");
    }
    if (verify != nullptr) verify_modes(*verify);
    settle_modes();
  }

  void verify_none(const Node& verify, bool understood) {
    for (auto& [name, mode] : made_.spec.verify) mode = VerifyMode::off;
    made_.spec.unauthenticated = understood;
    if (!understood) {
      report_.error(verify.at, "verify",
                    path_ + ".verify: whoever finds the address could send events: `none` also needs " +
                        "`i_understand_unauthenticated: true`");
    }
  }

  void verify_modes(const Node& verify) {
    KeySet keys;
    for (const VerifyScheme& scheme : made_.manifest->verify) keys.known.push_back(scheme.name);
    const std::string path = path_ + ".verify";
    if (!verify.is_map()) {
      const std::string example = keys.known.empty() ? "" : " like { " + keys.known.front() + ": required }";
      return report_.error(verify.at, "verify",
                           path + ": expected `none` or a map" + example + ", found " + found_in(verify));
    }
    Fields fields(report_, verify, path, keys);
    for (const std::string& name : keys.known) {
      const Node* value = fields.get(name);
      if (value == nullptr) continue;
      value->is_map() ? verify_in_full(name, *value, join(path, name))
                      : verify_mode(name, *value, join(path, name));
    }
  }

  void verify_mode(const std::string& scheme, const Node& value, const std::string& path) {
    const auto mode = value.is_text() ? mode_of(value.text) : std::nullopt;
    if (!mode) {
      return report_.error(value.at, "verify",
                           path + ": expected `required`, `if_present` or `off`, found " +
                               (value.is_text() ? "`" + value.text + "`" : found_in(value)));
    }
    made_.spec.verify[scheme] = *mode;
    asked_.insert_or_assign(scheme, value.at);
  }

  /// `{ mode: required, old: ["${OLD_SECRET}"] }`: secrets that hold beside the one of the setting.
  void verify_in_full(const std::string& scheme, const Node& value, const std::string& path) {
    Fields fields(report_, value, path, key_set(language::kVerifyInFull));
    asked_.insert_or_assign(scheme, value.at);
    if (const Node* mode = fields.get("mode")) verify_mode(scheme, *mode, join(path, "mode"));
    const Node* old = fields.get("old");
    if (old == nullptr) return;
    if (!old->is_list()) {
      mask_texts(*old, report_);
      return report_.error(
          old->at, "verify",
          join(path, "old") + ": expected a list like [\"${OLD_SECRET}\"], found " + found_in(*old));
    }
    if (old->items.size() > kMostOldSecrets) {
      return report_.error(old->at, "verify",
                           join(path, "old") + ": at most " + std::to_string(kMostOldSecrets) +
                               " old secrets may hold beside the current one, found " +
                               std::to_string(old->items.size()));
    }
    for (std::size_t i = 0; i < old->items.size(); ++i)
      old_secret(scheme, old->items[i], join(join(path, "old"), i));
  }

  void old_secret(const std::string& scheme, const Node& node, const std::string& path) {
    if (!is_only_variable(node)) {
      mask_texts(node, report_);
      return report_.error(node.at, "literal_secret",
                           path +
                               ": secrets come from outside: write \"${NAME}\", \"${file:/path}\" or "
                               "\"${cred:NAME}\" alone");
    }
    const std::size_t before = report_.errors();
    Interpolated got = interpolate(node, environment_, report_, path, Place::secret);
    // `${NAME:-}` that came to nothing: there is no old secret at the moment.
    if (report_.errors() > before || got.text.empty()) return;
    for (const VerifyScheme& declared : made_.manifest->verify) {
      if (declared.name != scheme) continue;
      if (const auto fault = key_fault(declared, got.text))
        report_.error(node.at, "verify", path + ": " + *fault);
    }
    made_.spec.old_secrets[scheme].emplace_back(got.text);
    wipe(got.text);
  }

  /// A scheme whose secret is not set is off, unless the file asks for it.
  void settle_modes() {
    for (const VerifyScheme& scheme : made_.manifest->verify) {
      VerifyMode& mode = made_.spec.verify[scheme.name];
      if (mode == VerifyMode::off) continue;
      const auto secret = made_.spec.secrets.find(scheme.setting);
      const auto asked = asked_.find(scheme.name);
      const Node* setting = node_.find(scheme.setting);
      if (secret == made_.spec.secrets.end()) {
        // A secret that was refused has been reported.
        const bool came_to_nothing =
            setting == nullptr || setting->is_empty() || setting->text.find(":-}") != std::string::npos;
        if (asked != asked_.end() && came_to_nothing) {
          report_.error(
              asked->second, "verify",
              join(path_ + ".verify", scheme.name) + ": needs `" + scheme.setting + "`, which is not set");
        }
        mode = VerifyMode::off;
        continue;
      }
      const auto fault = key_fault(scheme, secret->second.reveal());
      if (fault && setting != nullptr) {
        report_.error(setting->at, "verify", join(path_, scheme.setting) + ": " + *fault);
      }
    }
  }

  const Node& node_;
  std::string path_;
  const Environment& environment_;
  const plugin::Registry& registry_;
  Report& report_;
  Connection made_;
  std::map<std::string, Span> asked_;  ///< schemes that the file names
};

}  // namespace

Connections read_connections(const Node& section, const Environment& environment,
                             const plugin::Registry& registry, Report& report) {
  Connections all;
  if (!section.is_map()) {
    report.error(section.at, "wrong_type",
                 "connections: expected a map of names, found " + found_in(section));
    return all;
  }
  for (const NodeMember& entry : section.members) {
    const bool named = check_name(report, entry.key, join("connections", entry.key.text));
    Connection made = ConnectionReader(entry, environment, registry, report).read();
    made.ok = made.ok && named;
    all.insert_or_assign(entry.key.text, std::move(made));
  }
  return all;
}

void check_receives(const Connection& connection) {
  if (!connection.ok || connection.spec.unauthenticated) return;
  const auto& modes = connection.spec.verify;
  if (std::any_of(modes.begin(), modes.end(), [](const auto& m) { return m.second != VerifyMode::off; }))
    return;
  const std::string path = join("connections", connection.spec.name);
  const std::vector<std::string> settings = scheme_settings(*connection.manifest);
  const std::string otherwise = "`verify: none` with `i_understand_unauthenticated: true`";
  connection.report->error(
      connection.key, "unverified",
      settings.empty() ? path + ": " + connection.spec.connector +
                             " has no way to verify webhooks: it can trigger with " + otherwise + " only"
                       : path + ": it triggers, but nothing verifies its webhooks: set " + listed(settings) +
                             (settings.size() > 1 ? " (one of them)" : "") + ", or " + otherwise);
}

bool same_definition(const plugin::ConnectionSpec& a, const plugin::ConnectionSpec& b) {
  const auto same = [](const Secret& x, const Secret& y) { return x.equals(y.reveal()); };
  const auto same_secrets = std::equal(
      a.secrets.begin(), a.secrets.end(), b.secrets.begin(), b.secrets.end(),
      [&](const auto& x, const auto& y) { return x.first == y.first && same(x.second, y.second); });
  const auto same_old =
      std::equal(a.old_secrets.begin(), a.old_secrets.end(), b.old_secrets.begin(), b.old_secrets.end(),
                 [&](const auto& x, const auto& y) {
                   return x.first == y.first && std::equal(x.second.begin(), x.second.end(), y.second.begin(),
                                                           y.second.end(), same);
                 });
  return same_secrets && same_old && a.connector == b.connector && a.settings == b.settings &&
         a.verify == b.verify && a.unauthenticated == b.unauthenticated &&
         a.allow_private == b.allow_private && a.oauth2 == b.oauth2;
}

}  // namespace tenon::config
