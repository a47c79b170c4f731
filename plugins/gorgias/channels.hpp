// Channels: the addresses of a customer. A PUT replaces them all, so they are merged here and never shrink.
#pragma once

#include <tenon/json.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace gorgias {

/// type, address and preferred of each, since that is what a write takes.
inline tenon::json plain_channels(const tenon::json& channels) {
  auto out = tenon::json::array();
  if (!channels.is_array()) return out;
  for (const auto& channel : channels) {
    if (tenon::text_at(channel, "address").empty() || tenon::text_at(channel, "type").empty()) continue;
    tenon::json plain = {{"type", channel["type"]}, {"address", channel["address"]}};
    if (channel.contains("preferred")) plain["preferred"] = channel["preferred"];
    out.push_back(std::move(plain));
  }
  return out;
}

/// Adds a channel unless it is there in some spelling. A preferred one takes that from its fellows of the
/// same type.
inline void add_channel(tenon::json& channels, tenon::json wanted) {
  const auto type = tenon::text_at(wanted, "type");
  const auto address = tenon::to_lower(tenon::text_at(wanted, "address"));
  const bool preferred = tenon::text_at(wanted, "preferred") == "true";
  bool there = false;
  for (auto& channel : channels) {
    if (tenon::text_at(channel, "type") != type) continue;
    if (tenon::to_lower(tenon::text_at(channel, "address")) == address) {
      there = true;
      if (preferred) channel["preferred"] = true;
    } else if (preferred && tenon::text_at(channel, "preferred") == "true") {
      channel["preferred"] = false;
    }
  }
  if (!there) channels.push_back(std::move(wanted));
}

/// `before` and what the record names: its channels, its email and its phone.
inline tenon::json merged_channels(tenon::json before, const tenon::json& record) {
  if (record.contains("channels"))
    for (auto& channel : plain_channels(record["channels"])) add_channel(before, std::move(channel));
  for (const char* type : {"email", "phone"}) {
    const auto address = tenon::text_at(record, type);
    if (!address.empty()) add_channel(before, {{"type", type}, {"address", address}, {"preferred", true}});
  }
  return before;
}

}  // namespace gorgias
