// tenon-strain: connections that want to keep a port from its work. One thread, epoll.
//
// slow:  each connection does one of six things, by its number: a head byte by byte, a small body in drips, a
//        body that stops shortly before its end (by length, or in chunks), requests whose answers nobody
//        reads, a handshake that never goes on, and one whole request followed by a head byte by byte.
// flood: unsigned bodies, one after another, as fast as they are taken.
// `slow` come 1,000 a second. Whatever is closed comes again: `slow` after about --again-ms, `flood` at once.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "peer.hpp"

namespace {

using bench::Peer;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick{100};
constexpr std::size_t kNearlyWhole = 1024 * 1024 - 32 * 1024;
constexpr int kAddresses = 250;

struct Options {
  Peer::To to;
  std::string mode = "slow";
  std::string path = "/in/store";
  std::size_t connections = 2000;
  int addresses = 1;
  bool proxied = false;
  double seconds = 60;
  int again_ms = 5000;
  int only = -1;
  std::size_t body_bytes = 1024 * 1024;
};

enum class Way { head, drip, fat, deaf, handshake, guest, flood };
constexpr int kSlowWays = 6;

struct Stranger {
  Peer peer;
  Peer::To to;
  Way way = Way::head;
  bool chunked = false;
  std::string out;  ///< to send as fast as it is taken
  std::size_t written = 0;
  std::string in;
  bool answered = false;
  bool is_first_tick = true;
  Clock::time_point again{};  ///< closed: when it comes back
};

class Strain {
 public:
  explicit Strain(Options options)
      : options_(std::move(options)), epoll_(epoll_create1(0)), strangers_(options_.connections) {
    flood_ = head("Content-Length: " + std::to_string(options_.body_bytes));
    flood_.append(options_.body_bytes, 'x');
    for (std::size_t i = 0; i < strangers_.size(); ++i) {
      Stranger& s = strangers_[i];
      s.way = options_.mode == "flood"
                  ? Way::flood
                  : static_cast<Way>(options_.only < 0 ? static_cast<int>(i) % kSlowWays : options_.only);
      s.chunked = i / kSlowWays % 2 == 1;
      s.to = options_.to;
      const int which = static_cast<int>(i) % options_.addresses % kAddresses + 2;
      if (options_.proxied) {
        s.to.proxy_for = "198.51.100." + std::to_string(which);
      } else {
        s.to.source = "127.0.0." + std::to_string(which % 190 + 2);
      }
      if (s.way == Way::deaf) s.to.receive_buffer = 2048;
    }
  }

  int run() {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(options_.seconds));
    const auto first = Clock::now();
    for (std::size_t i = 0; i < strangers_.size(); ++i) {
      strangers_[i].again = options_.mode == "flood" ? first : first + milliseconds(i);
    }
    auto tick_at = Clock::now();
    while (Clock::now() < end) {
      epoll_event events[512];
      const int ready = epoll_wait(epoll_, events, 512, static_cast<int>(kTick.count()));
      for (int i = 0; i < ready; ++i) progress(strangers_[events[i].data.u64]);
      if (Clock::now() < tick_at) continue;
      tick_at = Clock::now() + kTick;
      tick();
    }
    report();
    return 0;
  }

 private:
  std::string head(const std::string& framing) const {
    return "POST " + options_.path + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + framing +
           "\r\n\r\n";
  }

  void begin(Stranger& s) {
    s.in.clear();
    s.out.clear();
    s.written = 0;
    s.answered = false;
    s.is_first_tick = true;
    Peer::To to = s.to;
    if (s.way == Way::handshake) to.tls = false;
    if (!s.peer.open(to, epoll_, static_cast<std::uint64_t>(&s - strangers_.data()))) return over(s);
    ++opened_;
    switch (s.way) {
      case Way::head:
        s.out = "POST " + options_.path + " HTTP/1.1\r\nHost: a\r\nX-Slow: ";
        break;
      case Way::drip:
        s.out = head("Content-Length: 100000");
        break;
      case Way::fat:
        s.out =
            s.chunked ? head("Transfer-Encoding: chunked") + "fffff\r\n" : head("Content-Length: 1048575");
        s.out.append(kNearlyWhole, 'x');
        break;
      case Way::deaf:
        for (int i = 0; i < 60; ++i) s.out += head("Content-Length: 2") + "{}";
        break;
      case Way::handshake:
        if (options_.to.tls) s.out.assign("\x16\x03\x01\x02\0\x01", 6);
        break;
      case Way::guest:
        s.out = head("Content-Length: 2") + "{}";
        break;
      case Way::flood:
        break;
    }
    progress(s);
  }

  void over(Stranger& s) {
    s.peer.close();
    ++closed_;
    std::string().swap(s.out);
    // Not all at the same time.
    const int again =
        options_.again_ms / 2 + static_cast<int>(random_() % static_cast<unsigned>(options_.again_ms));
    s.again = Clock::now() + milliseconds(s.way == Way::flood ? 1 : again);
  }

  std::string_view rest(const Stranger& s) const {
    return std::string_view(s.way == Way::flood ? flood_ : s.out).substr(s.written);
  }

  void progress(Stranger& s) {
    if (!s.peer.is_open()) return;
    const bool raw = s.way == Way::handshake;
    while (!rest(s).empty()) {
      const long n = raw ? s.peer.write_raw(rest(s)) : s.peer.write(rest(s));
      if (n < 0) break;
      if (n == 0) return over(s);
      s.written += static_cast<std::size_t>(n);
      sent_ += static_cast<std::size_t>(n);
    }
    if (s.way != Way::flood && rest(s).empty() && !s.out.empty()) {
      std::string().swap(s.out);
      s.written = 0;
    }
    if (s.way == Way::deaf) return;
    char buffer[4096];
    for (;;) {
      const long n = raw ? s.peer.read_raw(buffer, sizeof buffer) : s.peer.read(buffer, sizeof buffer);
      if (n == 0) return over(s);
      if (n < 0) break;
      s.in.append(buffer, static_cast<std::size_t>(n));
    }
    take_answer(s);
  }

  void take_answer(Stranger& s) {
    const auto end = s.in.find("\r\n\r\n");
    if (end == std::string::npos) return;
    ++statuses_[std::atoi(s.in.c_str() + 9)];
    s.answered = true;
    const bool closes = s.in.find("Connection: close") < end;
    s.in.clear();  // bodies of answers are short: they came with their head
    if (closes) return over(s);
    if (s.way != Way::flood) return;
    s.written = 0;
    progress(s);
  }

  void tick() {
    const auto now = Clock::now();
    ++ticks_;
    for (std::size_t i = 0; i < strangers_.size(); ++i) {
      Stranger& s = strangers_[i];
      if (!s.peer.is_open()) {
        if (now >= s.again) begin(s);
        continue;
      }
      // Each has its turn once a second.
      if ((ticks_ + i) % 10 != 0 || !rest(s).empty()) continue;
      if (s.way == Way::drip || (s.way == Way::fat && !s.answered)) s.out.assign(700, 'x');
      if (s.way == Way::head) s.out = "y";
      if (s.way == Way::guest && s.answered) {
        s.out = s.is_first_tick ? "POST " : "y";
        s.is_first_tick = false;
      }
      if (!s.out.empty()) progress(s);
    }
    std::size_t open = 0;
    for (const Stranger& s : strangers_) open += s.peer.is_open() ? 1 : 0;
    open_sum_ += open;
  }

  void report() {
    std::string statuses;
    for (const auto& [status, count] : statuses_) {
      statuses += (statuses.empty() ? "\"" : ",\"") + std::to_string(status) + "\":" + std::to_string(count);
    }
    std::printf("{\"opened\":%zu,\"closed\":%zu,\"open_mean\":%zu,\"sent_mib\":%zu,\"statuses\":{%s}}\n",
                opened_, closed_, ticks_ == 0 ? 0 : open_sum_ / ticks_, sent_ / 1024 / 1024,
                statuses.c_str());
  }

  Options options_;
  int epoll_;
  std::vector<Stranger> strangers_;
  std::string flood_;
  std::minstd_rand random_;
  std::map<int, std::size_t> statuses_;
  std::size_t opened_ = 0, closed_ = 0, sent_ = 0, ticks_ = 0, open_sum_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Connections that want to keep a port from its work."};
  app.add_option("--port", options.to.port)->required();
  app.add_flag("--tls", options.to.tls);
  app.add_option("--source", options.to.source, "Own address, of all");
  app.add_option("--mode", options.mode)->check(CLI::IsMember({"slow", "flood"}));
  app.add_option("--path", options.path);
  app.add_option("--connections", options.connections);
  app.add_option("--addresses", options.addresses, "From 127.0.0.2 on, or 198.51.100.2 behind a proxy");
  app.add_flag("--proxied", options.proxied, "As a proxy that speaks for these addresses");
  app.add_option("--seconds", options.seconds);
  app.add_option("--again-ms", options.again_ms)->check(CLI::PositiveNumber);
  app.add_option("--only", options.only, "All do the same of the six, 0 to 5")
      ->check(CLI::Range(0, kSlowWays - 1));
  app.add_option("--body-bytes", options.body_bytes, "Of the flood");
  CLI11_PARSE(app, argc, argv);
  Peer::begin();
  return Strain(std::move(options)).run();
}
