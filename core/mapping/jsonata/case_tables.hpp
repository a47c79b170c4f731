// Case mappings of characters beyond ASCII.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tenon::mapping::jsonata {

/// Every stride-th character from first to last maps to itself plus delta. Sorted by `first`; ranges of
/// stride 2 may interleave.
struct CaseRange {
  std::uint32_t first;
  std::uint32_t last;
  std::uint8_t stride;
  std::int32_t delta;
};

/// A character that maps to several.
struct CaseSpecial {
  std::uint32_t character;
  const char* mapped;
};

extern const CaseRange kUpperRanges[];
extern const std::size_t kUpperRangeCount;
extern const CaseSpecial kUpperSpecials[];
extern const std::size_t kUpperSpecialCount;
extern const CaseRange kLowerRanges[];
extern const std::size_t kLowerRangeCount;
extern const CaseSpecial kLowerSpecials[];
extern const std::size_t kLowerSpecialCount;

}  // namespace tenon::mapping::jsonata
