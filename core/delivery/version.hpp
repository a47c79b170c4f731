// Versions of source objects: which of two is older. Pure.
#pragma once

#include <string_view>

namespace tenon::delivery {

/// True only if `a` is certainly older than `b`: both whole numbers, or both timestamps (ISO 8601 with zone
/// or without, RFC 2822). Texts of another form, or of two forms, have no order.
bool strictly_older(std::string_view a, std::string_view b);

}  // namespace tenon::delivery
