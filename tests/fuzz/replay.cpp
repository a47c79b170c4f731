// Runs a fuzz target over stored inputs, without libFuzzer: `<target> FOLDER|FILE…`. A crash or an abort is
// the failure.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> inputs_of(int count, char** arguments) {
  std::vector<fs::path> files;
  for (int i = 1; i < count; ++i) {
    if (!fs::is_directory(arguments[i])) {
      files.emplace_back(arguments[i]);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(arguments[i])) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void run(const std::vector<char>& bytes) {
  // A copy of exactly this size, so that a sanitizer sees a read past its end.
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<fs::path> files = inputs_of(count, arguments);
  if (files.empty()) {
    std::fprintf(stderr, "no inputs: nothing was tested\n");
    return 1;
  }
  run({});
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "cannot read %s\n", file.c_str());
      return 1;
    }
    // Named first: after a crash the last line tells which input it was.
    std::fprintf(stderr, "%s\n", file.c_str());
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    run(bytes);
  }
  std::printf("%zu inputs\n", files.size());
  return 0;
}
