// What the fields of a customer may be.
#include <algorithm>
#include <cctype>

#include "gorgias.hpp"
#include "rules.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

constexpr std::string_view kTextFields[] = {"name",     "firstname", "lastname", "email",
                                            "language", "timezone",  "note",     "external_id"};
constexpr std::string_view kOtherFields[] = {"channels", "meta", "custom_fields", "data"};

// https://www.loc.gov/standards/iso639-2/php/code_list.php
constexpr std::string_view kLanguages =
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv "
    "dz ee el en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it "
    "iu ja jv ka kg "
    "ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb "
    "nd ne ng nl nn "
    "no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss "
    "st su sv sw ta "
    "te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

// https://data.iana.org/time-zones/tz-link.html: the areas; the part behind them is not looked up.
constexpr std::string_view kAreas[] = {"Africa", "America",   "Antarctica", "Arctic",  "Asia", "Atlantic",
                                       "Europe", "Australia", "Indian",     "Pacific", "Etc",  "US",
                                       "Canada", "Brazil",    "Chile",      "Mexico"};
constexpr std::string_view kZones[] = {"UTC", "GMT", "CET", "EET",   "MET",   "WET",
                                       "EST", "MST", "HST", "Japan", "Israel"};

constexpr std::string_view kChannelTypes[] = {"email",
                                              "phone",
                                              "sms",
                                              "facebook",
                                              "facebook-messenger",
                                              "facebook-mention",
                                              "instagram",
                                              "instagram-mention",
                                              "instagram-direct-message",
                                              "twitter",
                                              "twitter-direct-message",
                                              "whatsapp",
                                              "chat",
                                              "aircall",
                                              "api",
                                              "custom",
                                              "contact_form",
                                              "helpcenter",
                                              "internal-note",
                                              "yotpo",
                                              "tiktok",
                                              "klaviyo"};
constexpr std::string_view kChannelFields[] = {
    "id",       "type", "address", "preferred", "created_datetime", "updated_datetime", "deleted_datetime",
    "customer", "user"};

template <typename Range>
bool listed(const Range& range, std::string_view wanted) {
  return std::find(std::begin(range), std::end(range), wanted) != std::end(range);
}

bool is_language(std::string_view text) { return text.size() == 2 && listed(split(kLanguages, ' '), text); }

bool is_timezone(std::string_view text) {
  if (listed(kZones, text)) return true;
  const auto parts = split(text, '/');
  if (parts.size() < 2 || parts.size() > 3 || !listed(kAreas, parts[0])) return false;
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '_' || c == '-' || c == '+';
    });
  });
}

std::optional<Reply> check_text(std::string_view what, const std::string& name, const json& value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_string()) return refuse(Rule::g_field_type, {what, name, "Not a valid string."});
  const auto& text = value.get_ref<const std::string&>();
  const std::size_t most = name == "email" ? 320 : name == "note" ? 65'535 : 255;
  if (characters(text) > most)
    return refuse(Rule::g_field_length,
                  {what, name, "Longer than maximum length " + std::to_string(most) + "."});
  if (name == "email" && !email_shaped(text))
    return refuse(Rule::g_email_shape, {what, name, "Not a valid email address."});
  if (name == "language" && !is_language(text))
    return refuse(Rule::g_language, {what, name, "Not a valid ISO 639-1 language code."});
  if (name == "timezone" && !is_timezone(text))
    return refuse(Rule::g_timezone, {what, name, "Not a valid timezone."});
  return std::nullopt;
}

std::optional<Reply> check_channels(std::string_view what, const json& channels) {
  if (!channels.is_array()) return refuse(Rule::g_channel_shape, {what, "channels", "Not a valid list."});
  for (const auto& channel : channels) {
    if (!channel.is_object()) return refuse(Rule::g_channel_shape, {what, "channels", "Not a valid object."});
    for (const auto& [name, value] : channel.items()) {
      if (!listed(kChannelFields, name))
        return refuse(Rule::g_channel_shape, {what, "channels." + name, "Unknown field."});
      if (name == "preferred" && !value.is_boolean() && !value.is_null())
        return refuse(Rule::g_field_type, {what, "channels.preferred", "Not a valid boolean."});
    }
    for (const char* name : {"type", "address"}) {
      const auto at = channel.find(name);
      if (at == channel.end() || *at == "")
        return refuse(Rule::g_channel_missing,
                      {what, std::string("channels.") + name, "Missing data for required field."});
      if (!at->is_string())
        return refuse(Rule::g_field_type, {what, std::string("channels.") + name, "Not a valid string."});
    }
    if (!listed(kChannelTypes, channel["type"].get_ref<const std::string&>()))
      return refuse(Rule::g_channel_type, {what, "channels.type", "Not a valid choice."});
    if (channel["type"] == "email" && !email_shaped(channel["address"].get_ref<const std::string&>()))
      return refuse(Rule::g_email_shape, {what, "channels.address", "Not a valid email address."});
  }
  return std::nullopt;
}

std::optional<Reply> check_custom_fields(std::string_view what, const json& fields) {
  bool good = fields.is_array();
  for (std::size_t i = 0; good && i < fields.size(); ++i)
    good = fields[i].is_object() && fields[i].contains("id") && fields[i]["id"].is_number_integer() &&
           fields[i].contains("value");
  if (good) return std::nullopt;
  return refuse(Rule::g_field_type, {what, "custom_fields", "A list of {id, value} was expected."});
}

}  // namespace

std::optional<Reply> check_customer(std::string_view text, std::string_view what, json& out) {
  out = json::parse(text, nullptr, false);
  if (out.is_discarded()) return refuse(Rule::g_bad_json, {what});
  if (!out.is_object()) return refuse(Rule::g_not_object, {what});
  for (const auto& [name, value] : out.items()) {
    if (listed(kTextFields, name)) {
      if (auto refusal = check_text(what, name, value)) return refusal;
    } else if (!listed(kOtherFields, name)) {
      return refuse(Rule::g_unknown_field, {what, name, "Unknown field."});
    } else if (name == "channels") {
      if (auto refusal = check_channels(what, value)) return refusal;
    } else if (name == "custom_fields") {
      if (auto refusal = check_custom_fields(what, value)) return refusal;
    } else if (!value.is_object() && !value.is_null()) {
      return refuse(Rule::g_field_type, {what, name, "Not a valid object."});
    }
  }
  return std::nullopt;
}

}  // namespace sandbox
