// Where the API is, and what its refusals mean.
#pragma once

#include <tenon/connector.hpp>
#include <tenon/json.hpp>

#include <stdexcept>
#include <string>

namespace gorgias {

/// Shared by all operations: the connection's addresses.
class api {
 public:
  explicit api(const tenon::settings& settings) {
    const auto values = tenon::json(settings);
    const auto domain = tenon::text_at(values, "domain");
    base_ = tenon::text_at(values, "base_url");
    while (base_.ends_with('/')) base_.pop_back();
    helpdesk_ = base_.empty() && !domain.empty() ? "https://" + domain + ".gorgias.com" : base_;
    if (helpdesk_.empty())
      throw std::invalid_argument("set domain (the part before .gorgias.com) or base_url");
  }

 protected:
  /// `https://acme.gorgias.com/api`, or below base_url.
  std::string helpdesk() const { return helpdesk_ + "/api"; }
  /// `{base_url}/records`; records have no place below a helpdesk's domain.
  std::string records() const {
    if (base_.empty())
      throw std::invalid_argument("records need the connection's base_url, as in https://api.gorgias.com/v1");
    return base_ + "/records";
  }

 private:
  std::string base_, helpdesk_;
};

/// classify, with the remote's `error.msg` and the names of the fields that it refuses; never their values.
inline tenon::outcome refused(const tenon::response& answer) {
  auto out = tenon::classify(answer);
  tenon::json body;
  if (!tenon::try_parse(body, answer.body) || !body.is_object()) return out;
  const auto error = body.value("error", tenon::json());
  if (const auto text = tenon::text_at(error, "msg"); !text.empty())
    out.message += " (" + text.substr(0, 200);
  else
    return out;
  if (const auto fields = error.value("data", tenon::json()); fields.is_object()) {
    std::size_t named = 0;
    for (const auto& [name, why] : fields.items()) {
      if (named++ == 10) break;
      out.message += (named == 1 ? ": " : ", ") + name.substr(0, 60);
    }
  }
  out.message += ")";
  return out;
}

}  // namespace gorgias
