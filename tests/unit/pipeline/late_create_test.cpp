// Creates that land beyond the quiet time their sink promises: nothing can prevent them, each is told of.
#include <filesystem>

#include "notes_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(ResolveHost, ACreateThatLandsBeyondTheQuietTimeIsToldOf) {
  const auto before = told();
  notes_.lag = seconds(1);
  notes_.fault = [](int n) { return Notes::Fault{n == 1, false, seconds(300)}; };
  begin("put_plain");
  send("msg_1", "7");
  runtime_.advance(minutes(10));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(notes_.notes.size(), 2U) << "nothing can prevent it: the sink broke what its plugin promises";
  EXPECT_EQ(told(), before + 1);
}

// Beyond its quiet time a sink has broken its promise, and nothing can be prevented; but each is told of.
TEST_F(ResolveHost, EachOfManyCreatesThatLandBeyondTheQuietTimeIsToldOf) {
  constexpr int kEvents = 200;
  const auto before = told();
  notes_.lag = seconds(1);
  notes_.fault = [](int n) {
    // From just behind the second create to most of a day.
    return Notes::Fault{n <= kEvents, false, seconds(300) + seconds(n * n * 2)};
  };
  begin("put_plain");
  for (int i = 0; i < kEvents; ++i) send("msg_" + std::to_string(i), std::to_string(i));
  runtime_.advance(hours(26));
  EXPECT_EQ(notes_.notes.size(), 2U * kEvents) << "each landed, late";
  EXPECT_EQ(told(), before + kEvents);
  for (int i = 0; i < kEvents; ++i) {
    const std::string id = "msg_" + std::to_string(i);
    EXPECT_EQ(state(id), "delivered");
    EXPECT_TRUE(note_of(id).starts_with("duplicate_at_sink: ")) << id;
  }
  EXPECT_EQ(watched(), 0U);
}

class LateCreate : public ResolveHost {
 protected:
  void SetUp() override {
    ResolveHost::SetUp();
    before_ = told();
    notes_.lag = seconds(1);
    notes_.fault = [](int n) { return Notes::Fault{n == 1, false, seconds(300)}; };
  }
  std::uint64_t before_ = 0;
};

TEST_F(LateCreate, IsToldOfByTheNextStart) {
  const std::string folder = ::testing::TempDir() + "resolve_late";
  std::filesystem::remove_all(folder);
  reopen(folder);
  begin("put_plain");
  send("msg_1", "7");
  deliver("msg_1");
  stop();
  EXPECT_EQ(told(), before_);
  EXPECT_EQ(watched(), 1U);
  reopen(folder);
  begin("put_plain");
  runtime_.advance(minutes(10));
  EXPECT_EQ(notes_.notes.size(), 2U);
  EXPECT_EQ(told(), before_ + 1);
  EXPECT_EQ(note_of("msg_1"), "duplicate_at_sink: 1, 2");
  EXPECT_EQ(watched(), 0U);
  stop();
  reopen(folder);
  begin("put_plain");
  runtime_.advance(minutes(10));
  EXPECT_EQ(told(), before_ + 1) << "once";
  host_.reset();
  journal_->close();
  journal_.reset();
  std::filesystem::remove_all(folder);
}

TEST_F(LateCreate, IsToldOfThoughTheSinkDoesNotAnswerForHours) {
  begin("put_plain");
  send("msg_1", "7");
  deliver("msg_1");
  runtime_.network().on_request([](const runtime::HttpRequest&) -> runtime::ScriptedAnswer {
    return {503, "", {}};
  });
  runtime_.advance(hours(3));
  EXPECT_EQ(told(), before_);
  runtime_.network().on_request(
      [this](const runtime::HttpRequest& request) { return notes_.answer(runtime_, request); });
  runtime_.advance(hours(2));
  EXPECT_EQ(told(), before_ + 1);
  EXPECT_EQ(watched(), 0U);
}

TEST_F(LateCreate, IsGivenUpAfterADayAndThatIsSaid) {
  begin("put_plain");
  send("msg_1", "7");
  deliver("msg_1");
  runtime_.network().on_request([](const runtime::HttpRequest&) -> runtime::ScriptedAnswer {
    return {503, "", {}};
  });
  runtime_.advance(hours(27));
  EXPECT_TRUE(note_of("msg_1").starts_with("duplicate_unchecked: ")) << note_of("msg_1");
  EXPECT_EQ(watched(), 0U);
}

TEST_F(LateCreate, IsToldOfThroughTheConnectionOfAReload) {
  begin("put_plain");
  send("msg_1", "7");
  deliver("msg_1");
  std::optional<Result<Host::Changes>> applied;
  host_->apply(load_all({pipeline_of("put_plain", "https://other.test")}), false,
               [&](Result<Host::Changes> got) { applied = std::move(got); });
  while (!applied && runtime_.step()) {
  }
  ASSERT_TRUE(*applied) << applied->error().text();
  runtime_.advance(minutes(10));
  EXPECT_EQ(told(), before_ + 1);
}

TEST_F(ResolveHost, ACreateThatWasAloneIsLookedAfterInSilence) {
  const auto before = told();
  notes_.fault = [](int n) { return Notes::Fault{n == 1, true}; };
  begin("put_plain");
  send("msg_1", "7");
  deliver("msg_1");
  EXPECT_EQ(watched(), 1U);
  runtime_.advance(hours(25));
  EXPECT_EQ(told(), before);
  EXPECT_EQ(note_of("msg_1"), "");
  EXPECT_EQ(watched(), 0U);
  send("msg_2", "8");
  runtime_.advance(seconds(1));
  EXPECT_EQ(watched(), 0U) << "of a first create nothing is kept";
}

}  // namespace
}  // namespace tenon::pipeline
