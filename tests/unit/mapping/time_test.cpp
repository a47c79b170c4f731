// $time. tests/differential/times.py holds its zones to Python's zoneinfo.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "evaluate.hpp"
#include "mapping/jsonata/zone.hpp"

namespace tenon::mapping {
namespace {

std::string shown(std::string_view text) { return evaluated("$time(" + json_string(text) + ")"); }

TEST(Time, ReadsWhatSystemsWrite) {
  const std::string expected = R"("2021-01-07T13:00:00.000Z")";
  for (const std::string_view text :
       {"2021-01-07T13:00:00", "2021-01-07T13:00:00+00:00", "2021-01-07 13:00:00+00:00",
        "2021-01-07T13:00:00Z", "2021-01-07T15:00+0200", "2021-01-07T13:00:00.000+00", "2021-01-07t13:00:00z",
        " 2021-01-07 13:00 ", "Thu, 07 Jan 2021 13:00:00 +0000", "Thu, 7 Jan 2021 13:00:00 GMT",
        "7 Jan 2021 08:00:00 EST", "Thu, 07 Jan 2021 13:00 +0000 (UTC)", "07 January 21 13:00:00",
        "Thursday, 07-Jan-21 13:00:00 GMT", "1610024400", "1610024400000"}) {
    EXPECT_EQ(shown(text), expected) << text;
  }
  EXPECT_EQ(evaluated("$time(1610024400)"), expected);
  EXPECT_EQ(evaluated("$time(1610024400000)"), expected);
  EXPECT_EQ(evaluated("$time(1610024400.25)"), R"("2021-01-07T13:00:00.250Z")");
  EXPECT_EQ(shown("2021-01-07T13:00:00.123456"), R"("2021-01-07T13:00:00.123Z")");
  EXPECT_EQ(shown("2021-01-07 13:00:00.123456+00:00"), R"("2021-01-07T13:00:00.123Z")");
  EXPECT_EQ(shown("2021-01-07"), R"("2021-01-07T00:00:00.000Z")");
  EXPECT_EQ(shown("2020-02-29T24:00:00Z"), R"("2020-03-01T00:00:00.000Z")");
  EXPECT_EQ(shown("1 Jan 70 00:00:00 +0000"), R"("1970-01-01T00:00:00.000Z")");
}

TEST(Time, ShowsZonesAndPictures) {
  EXPECT_EQ(evaluated("$time('2021-07-01T12:00:00Z', 'Europe/Berlin')"),
            R"("2021-07-01T14:00:00.000+02:00")");
  EXPECT_EQ(evaluated("$time('2021-01-01T12:00:00Z', 'Europe/Berlin')"),
            R"("2021-01-01T13:00:00.000+01:00")");
  EXPECT_EQ(evaluated("$time('2021-03-28T00:59:59Z', 'Europe/Berlin')"),
            R"("2021-03-28T01:59:59.000+01:00")");
  EXPECT_EQ(evaluated("$time('2021-03-28T01:00:00Z', 'Europe/Berlin')"),
            R"("2021-03-28T03:00:00.000+02:00")");
  EXPECT_EQ(evaluated("$time('2121-07-01T12:00:00Z', 'America/New_York')"),
            R"("2121-07-01T08:00:00.000-04:00")");
  EXPECT_EQ(evaluated("$time(0, 'Asia/Kathmandu', '[H01]:[m01] [Z]')"), R"("05:30 +05:30")");
  EXPECT_EQ(evaluated("'2021-07-01' ~> $time('UTC', '[D] [MNn] [Y]')"), R"("1 July 2021")");
  EXPECT_EQ(evaluated("$map([0, 86400], $time)"),
            R"(["1970-01-01T00:00:00.000Z","1970-01-02T00:00:00.000Z"])");
}

TEST(Time, NothingGivesNothing) {
  EXPECT_EQ(evaluated("$time(x)"), "missing");
  EXPECT_EQ(evaluated("$time(null)"), "missing");
  EXPECT_EQ(evaluated("$time('  ')"), "missing");
}

TEST(Time, WhatIsNoTimeIsAnError) {
  for (const std::string_view text :
       {"x",
        "2021",
        "20210107",
        "2021-13-01",
        "2021-02-29",
        "2021-04-31T00:00:00Z",
        "2021-00-10",
        "2021-01-00",
        "2021-01-07T",
        "2021-01-07T13",
        "2021-01-07T13:60:00",
        "2021-01-07T25:00:00Z",
        "2021-01-07T24:00:01Z",
        "2021-01-07T13:00:60Z",
        "2021-01-07T13:00:00.Z",
        "2021-01-07T13:00:00+",
        "2021-01-07T13:00:00+1",
        "2021-01-07T13:00:00+99:00",
        "2021-01-07T13:00:00Zx",
        "2021-01-07T13:00:00 CET",
        "7 Foo 2021 10:00:00",
        "Foo, 7 Jan 2021 10:00:00",
        "7 Jan 2021",
        "32 Jan 2021 10:00:00 GMT",
        "7 Jan 2021 10:00:00 CEST",
        "-1610024400",
        "99999999999999999",
        "12:00",
        "tomorrow",
        "\xE2\x80\x8F"
        "2021-01-07",
        "2021-01-07\n13:00:00",
        "2021-01-07T13:00:00Z2021-01-07T13:00:00Z2021-01-07T13:00:00Z2021-01-07T13:00:00Z"}) {
    EXPECT_EQ(shown(text), "!time") << text;
  }
  EXPECT_EQ(shown(std::string("2021-01-07T13:00:00\0Z", 21)), "!time");
  EXPECT_EQ(evaluated("$time(true)"), "!time");
  EXPECT_EQ(evaluated("$time([1, 2])"), "!time");
  EXPECT_EQ(evaluated("$time(1e300)"), "!time");
  EXPECT_EQ(evaluated("$time(0/0)"), "!time");
}

TEST(Time, AZoneMustBeOne) {
  for (const std::string_view zone : {"Europe/Berlim", "", "/etc/passwd", "../../../etc/passwd", "Europe",
                                      "CEST", "Europe/Berlin\\u0000", "tzdata.zi", "+0100"}) {
    EXPECT_EQ(evaluated("$time(0, '" + std::string(zone) + "')"), "!unknown_zone") << zone;
    EXPECT_EQ(evaluated("($z := '" + std::string(zone) + "'; $time(0, $z))"), "!time_zone") << zone;
  }
  EXPECT_EQ(evaluated("0 ~> $time('Europe/Berlim')"), "!unknown_zone");
}

TEST(Time, DamagedZoneFilesAreRefusedOrRead) {
  std::ifstream file("/usr/share/zoneinfo/America/Sao_Paulo", std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ASSERT_TRUE(jsonata::Zone::read(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(jsonata::Zone::read(std::string_view(good).substr(0, size))) << size;
  }
  std::uint64_t state = 3;
  for (int round = 0; round < 20'000; ++round) {
    std::string bad = good;
    for (int edits = 0; edits < 3; ++edits) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      bad[(state >> 33) % bad.size()] = static_cast<char>(state >> 20);
    }
    if (const auto zone = jsonata::Zone::read(bad)) (void)zone->offset_at(4'000'000'000);
  }
}

}  // namespace
}  // namespace tenon::mapping
