// Fixes: what a diagnostic says must be done, where only one thing can be meant.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/environment.hpp"
#include "plugin/instance.hpp"

namespace tenon::config {

/// One stretch of a file to replace; bytes.
struct Edit {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string text;
};

/// What mends that diagnostic of the file `text`: a name with one nearest candidate, quotes around a value. A
/// name is mended only where the file is refused without; a warning's value keeps its meaning. nullopt: that
/// is for a person to decide.
std::optional<Edit> fix_of(const Diagnostic& diagnostic, std::string_view text);

/// `text` with the edits, which do not overlap, in any order.
std::string apply_edits(std::string_view text, std::span<const Edit> edits);

struct Mended {
  std::string text;
  std::string diff;  ///< line by line, for people; literal secrets are masked
};

/// The pipeline file `text` with all that fix_of() mends. A fix is taken only if the fault is gone with it.
Mended mend(const std::string& path, const std::string& text, const Environment& environment,
            const plugin::Registry& registry);

}  // namespace tenon::config
