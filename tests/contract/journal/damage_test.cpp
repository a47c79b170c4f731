// A store whose bytes were changed by somebody else: it is refused, with a text that names the file and what
// to do, or what it still says is there. TENON_DAMAGES: how many (tests/proof.sh: 500).
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "rig.hpp"

namespace tenon::journal::test {
namespace {

namespace fs = std::filesystem;

constexpr int kEvents = 60;

std::uint32_t damages(std::uint32_t usual) {
  const char* const text = std::getenv("TENON_DAMAGES");
  return text == nullptr ? usual : static_cast<std::uint32_t>(std::atoi(text));
}

std::string bytes_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// Events of which a part has ended.
void fill(Rig& rig) {
  for (int i = 0; i < kEvents; ++i) {
    Append request = append_of(new_event("e" + std::to_string(i), "p", "k", std::string(1500, 'x')));
    request.dedupe = dedupe("e" + std::to_string(i), "body");
    ASSERT_TRUE(rig.append(std::move(request)));
  }
  for (Seq seq = 1; seq <= kEvents / 2; ++seq) {
    Settlement done = ended(seq);
    done.attempts = {attempt(1, std::string(1200, 'c'))};
    ASSERT_TRUE(rig.settle(done));
  }
}

enum class Found : std::uint8_t { refused, failed_later, whole };

/// Opens and uses what is in `folder`; whatever happens must be told.
Found use(const std::string& folder, const std::string& file) {
  Rig rig;
  auto opened = open_sqlite(rig.runtime, folder, rig.options());
  if (!opened) {
    const Error& error = opened.error();
    EXPECT_TRUE(error.code == "store_corrupt" || error.code == "store_newer" || error.code == "store_failed")
        << error.text();
    EXPECT_NE(error.message.find(file), std::string::npos) << error.text();
    if (error.code == "store_corrupt") {
      EXPECT_NE(error.message.find("Move the folder aside"), std::string::npos) << error.text();
    }
    return Found::refused;
  }
  rig.journal = std::move(*opened);
  const auto counts = rig.ask<Counts>([&](auto reply) { rig.journal->counts(std::move(reply)); });
  const auto listed = rig.ask<Listed>([&](auto reply) {
    Query query;
    query.limit = 1000;
    rig.journal->list(query, std::move(reply));
  });
  const auto taken =
      rig.ask<Taken>([&](auto reply) { rig.journal->take(rig.journal->epoch(), 1000, std::move(reply)); });
  const bool settles = taken && (taken->events.empty() || rig.settle(ended(taken->events.front().seq)));
  const auto again = rig.append(append_of(new_event("more")));
  rig.journal->close();
  if (!counts || !listed || !taken || !settles || !again) return Found::failed_later;
  EXPECT_EQ(listed->rows.size(), static_cast<std::size_t>(kEvents));
  EXPECT_EQ(taken->events.size(), static_cast<std::size_t>(kEvents / 2));
  return Found::whole;
}

TEST(StoreDamage, IsToldOrHarmless) {
  TempFolder original;
  {
    Rig rig;
    auto opened = open_sqlite(rig.runtime, original.path(), rig.options());
    ASSERT_TRUE(opened);
    rig.journal = std::move(*opened);
    fill(rig);
  }
  const std::string sound = bytes_of_file(original.file());
  ASSERT_GT(sound.size(), 100'000U);
  int found[3] = {};
  std::mt19937 chance(1);
  const auto count = damages(60);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string bytes = sound;
    auto offset = chance() % bytes.size();
    // Every other one where a page says how it is built: in what it holds a changed bit is a changed value.
    if (i % 2 == 0) offset -= offset % 4096 - std::min<std::size_t>(offset % 4096, chance() % 64);
    const bool truncated = i % 4 == 3;
    if (truncated) {
      bytes.resize(offset);
    } else {
      bytes[offset] = static_cast<char>(bytes[offset] ^ (1 << chance() % 8));
    }
    SCOPED_TRACE(testing::Message() << (truncated ? "cut at " : "a bit at ") << offset);
    TempFolder folder;
    put(folder.file(), bytes);
    const Found how = use(folder.path(), folder.file());
    ++found[static_cast<int>(how)];
    if (truncated) {
      EXPECT_EQ(how, Found::refused);
    }
    if (how == Found::refused) {
      EXPECT_EQ(bytes_of_file(folder.file()) == bytes, true) << "what was refused was changed";
    }
  }
  EXPECT_GE(found[0], static_cast<int>(count / 4));
  printf("%u damages: %d refused, %d told later, %d harmless\n", count, found[0], found[1], found[2]);
}

TEST(StoreDamage, PositiveControlASoundStoreIsWhole) {
  TempFolder folder;
  {
    Rig rig;
    auto opened = open_sqlite(rig.runtime, folder.path(), rig.options());
    ASSERT_TRUE(opened);
    rig.journal = std::move(*opened);
    fill(rig);
  }
  EXPECT_EQ(use(folder.path(), folder.file()), Found::whole);
}

}  // namespace
}  // namespace tenon::journal::test
