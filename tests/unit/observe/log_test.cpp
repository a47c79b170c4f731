#include "observe/log.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/json.hpp"
#include "base/secret.hpp"

namespace tenon {
namespace {

static_assert(!std::is_constructible_v<log::Field, std::string_view, Secret>, "no log line takes a secret");
static_assert(std::is_constructible_v<log::Field, std::string_view, std::string>, "the control");

class Log : public ::testing::Test {
 protected:
  void open(bool json, log::Level level = log::Level::debug) {
    log::Options options;
    options.level = level;
    options.json = json;
    options.sink = [this](std::string_view line) { lines_.emplace_back(line); };
    options.now_ms = [this] { return now_ms_; };
    log::configure(std::move(options));
  }
  void TearDown() override { log::configure({}); }

  /// Without the time stamp.
  std::string last() const { return lines_.empty() ? "" : lines_.back().substr(lines_.back().find(' ') + 1); }
  std::vector<std::string> lines_;
  std::int64_t now_ms_ = 1000;
};

TEST_F(Log, ALineForPeople) {
  open(false);
  log::warn(codes::kTimeout, "no answer",
            {{"host", "a.example"}, {"ms", 1500}, {"left", -1}, {"ok", false}, {"rate", 0.5}});
  EXPECT_EQ(last(), "warning timeout: no answer host=a.example ms=1500 left=-1 ok=false rate=0.5");
  log::info("started", {{"text", "two words"}, {"none", ""}});
  EXPECT_EQ(last(), "info started text=\"two words\" none=\"\"");
  EXPECT_EQ(lines_.back().substr(4, 1), "-");
  EXPECT_EQ(lines_.back().substr(23, 2), "Z ");
}

TEST_F(Log, ALineForMachines) {
  open(true);
  log::error(codes::kTimeout, "no \"answer\"", {{"host", "a\nb"}, {"ms", 1500U}, {"ok", true}});
  const auto line = parse_json(lines_.back());
  ASSERT_TRUE(line) << lines_.back();
  EXPECT_NE(
      lines_.back().find(
          R"("level":"error","code":"timeout","message":"no \"answer\"","host":"a\nb","ms":1500,"ok":true})"),
      std::string::npos)
      << lines_.back();
}

TEST_F(Log, NoValueForgesALine) {
  for (const bool json : {false, true}) {
    open(json);
    int number = 0;
    for (const std::string& value :
         {std::string("a\nerror forged: x"), std::string("a\r\nb"), std::string("a\0b", 3),
          std::string("\x1b[2J"), std::string("\x9b"), std::string("\xc2\x9b"), std::string("\xe2\x80\xae"),
          std::string("\xe2\x80\xa8"), std::string("\xe2\x81\xa6"), std::string("\xff\xfe"),
          std::string("x\" level=\"error"), std::string("\x7f"), std::string("{}\"},{\""),
          std::string(100'000, 'x')}) {
      lines_.clear();
      log::info("message", {{"value", value}, {"n", ++number}});
      ASSERT_EQ(lines_.size(), 1U);
      for (const char c : lines_[0])
        EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7f) << number;
      EXPECT_EQ(lines_[0].find("\xc2\x9b"), std::string::npos);
      EXPECT_EQ(lines_[0].find("\xe2\x80"), std::string::npos);
      EXPECT_EQ(lines_[0].find("\xe2\x81"), std::string::npos);
      EXPECT_TRUE(!json || parse_json(lines_[0])) << lines_[0];
      lines_.clear();
      log::warn(value, value);
      for (const char c : lines_.at(0))
        EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7f) << number;
      now_ms_ += 20'000;
    }
  }
  lines_.clear();
  log::info("message", {{"value", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\x89"}});
  EXPECT_NE(lines_[0].find("gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\x89"), std::string::npos)
      << "text stays readable";
}

TEST_F(Log, RepeatsAreCountedAndToldOnce) {
  open(false);
  for (int i = 0; i < 5; ++i) log::warn(codes::kTimeout, "no answer", {{"host", "a"}, {"try", i}});
  log::warn(codes::kTimeout, "no answer", {{"host", "b"}});
  log::warn(codes::kTlsFailed, "no answer", {{"host", "a"}});
  ASSERT_EQ(lines_.size(), 3U);
  now_ms_ += 9'999;
  log::tell_repeats();
  EXPECT_EQ(lines_.size(), 3U);
  now_ms_ += 1;
  log::tell_repeats();
  ASSERT_EQ(lines_.size(), 4U);
  EXPECT_EQ(last(), "warning timeout: repeated 4 times subject=\"a\"");
  log::warn(codes::kTimeout, "no answer", {{"host", "a"}});
  EXPECT_EQ(lines_.size(), 5U) << "a new incident, a new line";
  log::warn(codes::kTimeout, "no answer", {{"host", "a"}});
  log::flush();
  EXPECT_EQ(last(), "warning timeout: repeated 1 times subject=\"a\"");
}

TEST_F(Log, ANextLineTellsOldRepeatsToo) {
  open(true);
  for (int i = 0; i < 3; ++i) log::warn(codes::kTimeout, "no answer", {{"host", "a"}});
  now_ms_ += 10'000;
  log::error(codes::kInternal, "other");
  ASSERT_EQ(lines_.size(), 3U);
  EXPECT_NE(lines_[1].find(R"("message":"repeated 2 times","repeats":2,"subject":"a"})"), std::string::npos)
      << lines_[1];
}

TEST_F(Log, RepeatsTellHowManyRemotesThereWere) {
  open(false);
  const auto refuse = [](const std::string& remote) {
    log::warn(codes::kWebhookRefused, "not authentic", {{"connection", "store"}, {"remote", remote}});
  };
  for (const char* remote : {"192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3", "192.0.2.4"}) refuse(remote);
  log::flush();
  EXPECT_EQ(last(),
            "warning webhook_refused: repeated 4 times subject=\"store\" remotes=4 "
            "first=192.0.2.1,192.0.2.2,192.0.2.3");
  for (int i = 0; i < 3000; ++i) refuse("198.51.100." + std::to_string(i));
  log::flush();
  EXPECT_NE(last().find("repeated 2999 times subject=\"store\" remotes=1000+ first=198.51.100.0,"),
            std::string::npos)
      << last();
}

TEST_F(Log, ManySubjectsDoNotFillTheMemory) {
  open(false);
  for (int i = 0; i < 5000; ++i) log::warn(codes::kTimeout, "no answer", {{"host", i}});
  EXPECT_EQ(lines_.size(), 5000U);
}

TEST_F(Log, LinesWithoutACodeAreNeverFolded) {
  open(false);
  for (int i = 0; i < 3; ++i) log::info("tick");
  EXPECT_EQ(lines_.size(), 3U);
}

TEST_F(Log, TheLevelHolds) {
  open(false, log::Level::warn);
  log::info("quiet");
  log::debug("quiet");
  log::warn(codes::kTimeout, "loud");
  EXPECT_EQ(lines_.size(), 1U);
  log::set_level(log::Level::off);
  log::error(codes::kInternal, "quiet");
  EXPECT_EQ(lines_.size(), 1U);
  log::Level level = log::Level::off;
  EXPECT_TRUE(log::parse_level("debug", level));
  EXPECT_EQ(level, log::Level::debug);
  EXPECT_FALSE(log::parse_level("loud", level));
}

TEST_F(Log, ThreadsDoNotMixTheirLines) {
  open(false);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 500; ++i) log::info("a line of some length", {{"i", i}});
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(lines_.size(), 2000U);
}

TEST(ErrorCodes, AreSortedWordsWithAMeaningAndAdvice) {
  std::string_view before;
  for (const ErrorCode& row : codes::kAll) {
    EXPECT_LT(before, row.code);
    before = row.code;
    EXPECT_EQ(row.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos)
        << row.code;
    EXPECT_EQ(row.meaning.back(), '.') << row.code;
    EXPECT_FALSE(row.advice.empty()) << row.code;
    EXPECT_EQ(find_error_code(row.code)->meaning, row.meaning);
  }
  EXPECT_EQ(find_error_code("no_such_code"), nullptr);
}

}  // namespace
}  // namespace tenon
