// What a secret cannot do is shown by the compiler.
#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <type_traits>

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
