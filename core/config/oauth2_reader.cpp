#include "config/oauth2_reader.hpp"

#include <algorithm>

#include "config/fields.hpp"
#include "config/interpolate.hpp"
#include "config/language.hpp"
#include "config/scalar.hpp"
#include "config/settings.hpp"
#include "config/url.hpp"

namespace tenon::config {
namespace {

class OAuth2Reader {
 public:
  OAuth2Reader(const Node& node, const std::string& path, const plugin::AuthScheme& scheme,
               const std::string& settings_json, const Environment& environment, Report& report)
      : path_(path),
        scheme_(scheme),
        settings_(settings_json),
        environment_(environment),
        report_(report),
        node_(node),
        fields_(report, node, path, key_set(language::kOAuth2)) {}

  std::optional<plugin::OAuth2> read() {
    const std::size_t before = report_.errors();
    if (!fields_.ok()) return std::nullopt;
    if (const Node* id = fields_.need("client_id", "the id of your app at the provider"))
      made_.client_id = text(*id, "client_id");
    if (const Node* secret = fields_.get("client_secret")) read_secret(*secret);
    made_.scopes = scheme_.scopes;
    if (const Node* scopes = fields_.get("scopes")) read_scopes(*scopes);
    made_.authorize_url = url("authorize_url", scheme_.authorize_url);
    made_.token_url = url("token_url", scheme_.token_url);
    made_.client_in_body = scheme_.client_in_body;
    if (const auto way = fields_.text("client_auth")) {
      made_.client_in_body = *way == "body";
      const Span at = node_.find("client_auth")->at;
      if (*way != "body" && *way != "basic")
        fields_.error(at, "bad_value", "client_auth", "expected `basic` or `body`, found `" + *way + "`");
    }
    if (report_.errors() > before) return std::nullopt;
    return std::move(made_);
  }

 private:
  /// Empty if it was refused.
  std::string text(const Node& node, const std::string& name) {
    if (!text_of(report_, node, join(path_, name))) return {};
    const std::size_t before = report_.errors();
    Interpolated got = interpolate(node, environment_, report_, join(path_, name), Place::setting);
    if (report_.errors() > before) return {};
    if (got.text.empty()) fields_.error(node.at, "bad_value", name, "came out empty");
    return std::move(got.text);
  }

  void read_secret(const Node& node) {
    const std::string path = join(path_, "client_secret");
    if (!node.is_text() || !is_only_variable(node)) {
      mask_texts(node, report_);
      return report_.error(node.at, "literal_secret",
                           path +
                               ": secrets come from outside: write \"${NAME}\", \"${file:/path}\" or "
                               "\"${cred:NAME}\" alone");
    }
    const std::size_t before = report_.errors();
    Interpolated got = interpolate(node, environment_, report_, path, Place::secret);
    if (report_.errors() > before) return;
    made_.client_secret = Secret(got.text);
    wipe(got.text);
  }

  void read_scopes(const Node& node) {
    if (!node.is_list())
      return fields_.error(node.at, "wrong_type", "scopes",
                           "expected a list of texts, found " + found_in(node));
    made_.scopes.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string scope = text(node.items[i], "scopes." + std::to_string(i));
      // RFC 6749 section 3.3: one blank separates two of them.
      if (std::any_of(scope.begin(), scope.end(),
                      [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '"' || c == '\\'; }))
        fields_.error(node.items[i].at, "bad_value", "scopes." + std::to_string(i),
                      "a scope has no blanks or quotes; write several as a list");
      made_.scopes.push_back(scope);
    }
  }

  std::string url(const std::string& name, const std::vector<std::string>& templates) {
    Span at = node_.at;
    std::string found;
    if (const Node* given = fields_.get(name)) {
      at = given->at;
      found = text(*given, name);
      if (found.empty()) return {};
    } else {
      for (const std::string& each : templates) {
        if (auto filled = fill_from_settings(each, settings_)) {
          found = std::move(*filled);
          break;
        }
      }
      if (found.empty()) {
        fields_.error(at, "missing_key", name,
                      "is missing: the connector's own needs settings that are not set");
        return {};
      }
    }
    const auto url = parse_url(found);
    if (!url || url->has_user || found.find('#') != std::string::npos) {
      fields_.error(at, "bad_url", name, "expected a URL like https://host/path, without user and #");
    } else if (url->scheme != "https" && !(url->scheme == "http" && is_loopback_literal(url->host))) {
      fields_.error(at, "bad_url", name, "expected https://; plain http goes to 127.0.0.1 or [::1] only");
    }
    return found;
  }

  const std::string& path_;
  const plugin::AuthScheme& scheme_;
  const std::string& settings_;
  const Environment& environment_;
  Report& report_;
  const Node& node_;
  Fields fields_;
  plugin::OAuth2 made_;
};

}  // namespace

std::optional<plugin::OAuth2> read_oauth2(const Node& node, const std::string& path,
                                          const plugin::AuthScheme& scheme, const std::string& settings_json,
                                          const Environment& environment, Report& report) {
  return OAuth2Reader(node, path, scheme, settings_json, environment, report).read();
}

}  // namespace tenon::config
