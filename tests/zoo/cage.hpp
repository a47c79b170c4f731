// Directories of plugins made for one test, and what a host says of them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "plugin/instance.hpp"

namespace tenon::zoo {

namespace fs = std::filesystem;

/// A directory of its own with copies of animals.
class Cage {
 public:
  Cage() {
    std::string name = (fs::temp_directory_path() / "tenon-zoo-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  Cage(const Cage&) = delete;
  Cage& operator=(const Cage&) = delete;
  ~Cage() { fs::remove_all(path); }
  fs::path put(const std::string& animal, const std::string& as, const fs::path& from = TENON_ZOO_DIR) const {
    fs::copy_file(from / (animal + ".so"), path / as);
    fs::permissions(path / as, fs::perms(0755));
    return path / as;
  }
  fs::path path;
};

/// The one error of a directory's registry.
inline std::string refused(const fs::path& directory) {
  auto registry = plugin::open_registry(directory.string());
  if (!registry) return registry.error().text();
  std::string out;
  for (const Error& error : (*registry)->refused()) out += error.text() + "\n";
  return out;
}

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace tenon::zoo
