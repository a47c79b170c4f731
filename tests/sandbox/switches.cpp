#include "switches.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace sandbox {
namespace {

using nlohmann::json;

/// Reads the dose of fail or reset; the text says what is wrong.
std::string read_dose(const json& from, Dose& out) {
  out = Dose();
  if (from.is_null()) return "";
  if (!from.is_object()) return "fail, reset and hang are objects; hang may be true or false";
  for (const auto& [name, value] : from.items()) {
    const bool fits = name == "rate"           ? value.is_number() && value >= 0 && value <= 1
                      : name == "count"        ? value.is_number_integer() && value >= 0
                      : name == "after_effect" ? value.is_boolean()
                      : name == "method"       ? value.is_string()
                      : name == "status"       ? value.is_number_integer() && value >= 200 && value <= 599
                      : name == "body"         ? true
                      : name == "retry_after"  ? value.is_null() || (value.is_number_integer() && value >= 0)
                                               : false;
    if (!fits) return "not understood: " + name;
  }
  out.rate = from.value("rate", 1.0);
  out.left = from.value("count", std::int64_t{-1});
  out.after_effect = from.value("after_effect", false);
  out.method = from.value("method", "");
  return "";
}

std::string read_failure(const json& from, Failure& out) {
  out = Failure();
  if (auto wrong = read_dose(from, out.dose); !wrong.empty() || from.is_null()) return wrong;
  out.status = from.value("status", 503);
  if (const auto body = from.find("body"); body != from.end())
    out.body = body->is_string() ? body->get<std::string>() : body->dump();
  if (const auto after = from.find("retry_after"); after != from.end() && !after->is_null())
    out.retry_after_s = after->get<std::int64_t>();
  return "";
}

json shown_dose(const Dose& dose) {
  if (dose.rate <= 0 || dose.left == 0) return nullptr;
  json out = {{"rate", dose.rate}, {"after_effect", dose.after_effect}};
  if (dose.left > 0) out["count"] = dose.left;
  if (!dose.method.empty()) out["method"] = dose.method;
  return out;
}

}  // namespace

std::string Switches::set(const json& wanted) {
  auto latency = latency_ms_;
  auto lag = search_lag_ms_;
  auto unique = unique_;
  Dose hang = hang_;
  Failure fail = fail_;
  Dose reset = reset_;
  std::string wrong;
  for (const auto& [name, value] : wanted.items()) {
    if (name == "api" || name == "budget") continue;
    if (name == "latency_ms" && value.is_number_integer() && value >= 0 && value <= 600'000)
      latency = value;
    else if (name == "search_lag_ms" && value.is_number_integer() && value >= 0 && value <= 3'600'000)
      lag = value;
    else if (name == "unique" && value.is_boolean())
      unique = value;
    else if (name == "hang" && value.is_boolean())
      wrong = read_dose(value ? json::object() : json(), hang);
    else if (name == "hang")
      wrong = read_dose(value, hang);
    else if (name == "fail")
      wrong = read_failure(value, fail);
    else if (name == "reset")
      wrong = read_dose(value, reset);
    else
      wrong = "not understood: " + name;
    if (!wrong.empty()) return wrong;
  }
  latency_ms_ = latency;
  search_lag_ms_ = lag;
  unique_ = unique;
  hang_ = std::move(hang);
  fail_ = std::move(fail);
  reset_ = std::move(reset);
  return "";
}

json Switches::shown() const {
  json fail = shown_dose(fail_.dose);
  if (!fail.is_null()) {
    fail["status"] = fail_.status;
    if (!fail_.body.empty()) fail["body"] = fail_.body;
    if (fail_.retry_after_s) fail["retry_after"] = *fail_.retry_after_s;
  }
  return {{"latency_ms", latency_ms_},   {"hang", shown_dose(hang_)},       {"fail", fail},
          {"reset", shown_dose(reset_)}, {"search_lag_ms", search_lag_ms_}, {"unique", unique_}};
}

bool Switches::takes(Dose& dose, bool after_effect, std::string_view method) {
  if (dose.rate <= 0 || dose.left == 0 || dose.after_effect != after_effect) return false;
  if (!dose.method.empty() && dose.method != method) return false;
  if (dose.rate < 1 && std::uniform_real_distribution<double>(0, 1)(random_) >= dose.rate) return false;
  if (dose.left > 0) --dose.left;
  return true;
}

const Failure* Switches::fail(bool after_effect, std::string_view method) {
  return takes(fail_.dose, after_effect, method) ? &fail_ : nullptr;
}

bool Switches::reset(bool after_effect, std::string_view method) {
  return takes(reset_, after_effect, method);
}

void Bucket::resize(BudgetSize size) {
  size_ = size;
  used_ = 0;
  since_ = 0;
}

bool Bucket::take(double now) {
  if (unlimited()) return true;
  const double window = size_.window_s * 1000;
  if (kind_ == Kind::fixed) {
    if (since_ == 0 || now - since_ >= window) {
      since_ = now;
      used_ = 0;
    }
  } else {
    used_ = std::max(0.0, used_ - (now - since_) * static_cast<double>(size_.limit) / window);
    since_ = now;
  }
  if (used_ + 1 > static_cast<double>(size_.limit) + 1e-9) return false;
  used_ += 1;
  return true;
}

std::int64_t Bucket::wait_ms(double now) const {
  const double window = size_.window_s * 1000;
  if (unlimited()) return static_cast<std::int64_t>(window);
  if (kind_ == Kind::fixed) return std::max<std::int64_t>(0, std::llround(since_ + window - now));
  const double over = used_ + 1 - static_cast<double>(size_.limit);
  return std::max<std::int64_t>(
      0, static_cast<std::int64_t>(std::ceil(over * window / static_cast<double>(size_.limit))));
}

}  // namespace sandbox
