// What a secret cannot do is shown by the compiler.
#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tenon {
namespace {

template <class T, class = void>
struct CanBeStreamed : std::false_type {};
template <class T>
struct CanBeStreamed<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<const T&>())>>
    : std::true_type {};

template <class T, class = void>
struct CanBeAppended : std::false_type {};
template <class T>
struct CanBeAppended<T, std::void_t<decltype(std::declval<std::string&>() += std::declval<const T&>())>>
    : std::true_type {};

template <class T, class = void>
struct CanBeCompared : std::false_type {};
template <class T>
struct CanBeCompared<T, std::void_t<decltype(std::declval<const T&>() == std::declval<std::string_view>())>>
    : std::true_type {};

static_assert(CanBeStreamed<std::string>() && CanBeAppended<std::string>() && CanBeCompared<std::string>(),
              "the control");
static_assert(!CanBeStreamed<Secret>());
static_assert(!CanBeAppended<Secret>());
static_assert(!CanBeCompared<Secret>(), "only equals(), whose time tells nothing");
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(!std::is_convertible_v<std::string, Secret>, "made on purpose only");

TEST(Secret, IsEmptyAfterAMoveAndAnAssignment) {
  Secret a("a secret that is longer than a short string");
  Secret b = a;
  EXPECT_TRUE(b.equals(a.reveal()));
  a = Secret("another");
  EXPECT_EQ(a.reveal(), "another");
  b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that it is wiped is the point
  EXPECT_TRUE(b.equals("another"));
  EXPECT_FALSE(b.equals("anothe"));
}

/// VmFlags of the mapping that holds an address (proc(5)): dd, not in core files; wf, zeros after a fork; lo,
/// locked.
std::string flags_of(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  bool here = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    char dash = 0;
    std::istringstream head(line);
    if (head >> std::hex >> from >> dash >> to && dash == '-') here = from <= wanted && wanted < to;
    if (here && line.starts_with("VmFlags:")) return line + " ";
  }
  return "";
}

TEST(Secret, StandsOnPagesThatNobodyElseGets) {
  for (const std::size_t size : {1U, 64U, 65U, 4096U, 4097U, 100'000U}) {
    const Secret secret(std::string(size, 's'));
    const std::string flags = flags_of(secret.reveal().data());
    EXPECT_NE(flags.find(" dd "), std::string::npos) << size << flags;
    EXPECT_NE(flags.find(" wf "), std::string::npos) << size << flags;
    // The last byte too.
    EXPECT_NE(flags_of(secret.reveal().data() + size - 1).find(" dd "), std::string::npos) << size;
  }
  const std::string ordinary(5000, 's');
  const std::string flags = flags_of(ordinary.data());
  EXPECT_NE(flags.find("VmFlags:"), std::string::npos) << "the control finds its page";
  EXPECT_EQ(flags.find(" dd "), std::string::npos) << flags;
}

TEST(Secret, IsWipedWhereItStood) {
  auto secret = std::make_unique<Secret>(std::string(40, 's'));
  const char* const room = secret->reveal().data();
  ASSERT_EQ(room[20], 's');
  secret.reset();
  // Where it stood the allocator may write an address, which can hold an `s` of its own.
  EXPECT_EQ(std::string_view(room, 40).find("ss"), std::string_view::npos);
}

TEST(Secret, ManyOfAllSizesDoNotMix) {
  std::vector<std::pair<Secret, std::string>> all;
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::string text(1 + i * 7 % 5000, static_cast<char>('a' + i % 26));
    all.emplace_back(Secret(text), text);
    if (i % 3 == 0) all.erase(all.begin() + static_cast<std::ptrdiff_t>(i * 31 % all.size()));
  }
  for (const auto& [secret, text] : all) EXPECT_TRUE(secret.equals(text));
}

TEST(Secret, WipesAllThatATextHeld) {
  for (const std::size_t size : {3U, 15U, 16U, 4000U}) {
    std::string text(size, 's');
    text.resize(1);  // what stood behind is still there
    const char* const room = text.data();
    const std::size_t capacity = text.capacity();
    wipe(text);
    EXPECT_TRUE(text.empty());
    ASSERT_EQ(text.data(), room);
    text.resize(capacity, 'x');  // the same room: only the text's own end is written by this
    text.clear();
  }
  std::string text(100, 's');
  wipe(text);
  text.reserve(100);
  EXPECT_EQ(std::string(text.data(), 1), std::string(1, '\0'));
}

}  // namespace
}  // namespace tenon
