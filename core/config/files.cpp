#include "config/files.hpp"

#include <filesystem>
#include <fstream>

#include "config/yaml.hpp"

namespace tenon::config {

namespace fs = std::filesystem;

std::string path_beside(const std::string& from, const std::string& name) {
  return (fs::path(from).parent_path() / name).lexically_normal().string();
}

std::optional<std::string> read_file(const std::string& path, std::size_t most) {
  std::error_code failed;
  if (path.find('\0') != std::string::npos || !fs::is_regular_file(path, failed)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text;
  const auto size = fs::file_size(path, failed);
  if (!failed) text.reserve(static_cast<std::size_t>(std::min<std::uintmax_t>(size, most + 1)));
  char piece[16384];
  while (text.size() <= most && (in.read(piece, sizeof piece), in.gcount() > 0)) {
    text.append(piece, static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return std::nullopt;
  if (text.size() > most + 1) text.resize(most + 1);
  return text;
}

std::optional<std::string> read_definition(const std::string& path) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (failed || fs::is_directory(status)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text(kMostFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return std::nullopt;
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace tenon::config
