// tenon-load: sends signed webhooks over keep-alive connections and measures acknowledgements. One thread,
// epoll.
//
// Closed loop (--rate 0): each connection sends as soon as it is answered. Open loop: requests are due at a
// steady rate, and a latency counts from the moment a request was due, so that a stall is not hidden by the
// requests it delays.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/epoll.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "peer.hpp"

namespace {

using bench::Peer;
using Clock = std::chrono::steady_clock;

struct Options {
  Peer::To to;
  std::string path = "/in/store";
  std::string secret;
  std::size_t events = 10'000;
  std::size_t first = 0;
  std::size_t connections = 64;
  double rate = 0;
  bool fresh = false;
  std::size_t body_bytes = 600;
  std::string sent_file;
};

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string base64(const unsigned char* data, std::size_t size) {
  std::string out(4 * ((size + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), data, static_cast<int>(size));
  return out;
}

/// One signed request: a full event of about `body_bytes`.
std::string make_request(const Options& options, std::size_t number) {
  std::string body =
      R"({"type":"bigcommerce.created","timestamp":"2026-11-24T10:00:00Z","data":{"id":"bigcommerce_)" +
      std::to_string(number) + R"(","status":"created","email":"user)" + std::to_string(number) +
      R"(@example.com","name":"Ann Lee","amount":69.80,"note":")";
  const std::string end = "\"}}";
  if (body.size() + end.size() < options.body_bytes) {
    body.append(options.body_bytes - body.size() - end.size(), 'n');
  }
  body += end;
  const std::string id = "msg_" + std::to_string(number);
  const std::string now = std::to_string(wall_ms() / 1000);
  const std::string text = id + "." + now + "." + body;
  unsigned char mac[32];
  unsigned size = sizeof mac;
  HMAC(EVP_sha256(), options.secret.data(), static_cast<int>(options.secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return "POST " + options.path +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nwebhook-id: " + id +
         "\r\nwebhook-timestamp: " + now + "\r\nwebhook-signature: v1," + base64(mac, size) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Connection {
  Peer peer;
  std::string out;
  std::size_t written = 0;
  std::string in;
  bool busy = false;
  Clock::time_point due;
};

class Load {
 public:
  explicit Load(Options options)
      : options_(std::move(options)), epoll_(epoll_create1(0)), connections_(options_.connections) {
    latencies_.reserve(options_.events);
    sent_.resize(options_.events);
  }

  int run() {
    for (std::size_t i = 0; i < connections_.size() && !options_.fresh; ++i) {
      if (!connect(i)) return 1;
    }
    started_ = Clock::now();
    while (done_ < options_.events) {
      feed();
      epoll_event events[256];
      const int ready = epoll_wait(epoll_, events, 256, options_.rate > 0 ? 1 : 1000);
      for (int i = 0; i < ready; ++i) {
        if (!progress(connections_[events[i].data.u64])) return 1;
      }
    }
    report();
    return 0;
  }

 private:
  bool connect(std::size_t index) {
    Connection& c = connections_[index];
    c.in.clear();
    c.out.clear();
    c.written = 0;
    ++opened_;
    if (c.peer.open(options_.to, epoll_, index)) return true;
    std::perror("connect");
    return false;
  }

  /// Hands out what is due to free connections.
  void feed() {
    const auto now = Clock::now();
    for (std::size_t tried = 0; tried < connections_.size() && next_ < options_.events; ++tried) {
      Connection& c = connections_[turn_++ % connections_.size()];
      if (c.busy) continue;
      c.due = now;
      if (options_.rate > 0) {
        c.due = started_ + std::chrono::nanoseconds(
                               static_cast<std::int64_t>(1e9 * static_cast<double>(next_) / options_.rate));
        if (c.due > now) return;
      }
      sent_[next_] = wall_ms();
      c.out = make_request(options_, options_.first + next_++);
      c.written = 0;
      c.busy = true;
      if (!c.peer.is_open()) {
        std::string out = std::move(c.out);
        if (!connect(static_cast<std::size_t>(&c - connections_.data()))) std::exit(1);
        c.out = std::move(out);
      }
      flush(c);
    }
  }

  void flush(Connection& c) {
    while (c.written < c.out.size()) {
      const long n = c.peer.write(std::string_view(c.out).substr(c.written));
      if (n <= 0) return;  // the next wake-up writes on
      c.written += static_cast<std::size_t>(n);
    }
  }

  bool progress(Connection& c) {
    flush(c);
    char buffer[4096];
    bool over = false;
    for (;;) {
      const long n = c.peer.read(buffer, sizeof buffer);
      over = n == 0;
      if (n <= 0) break;
      c.in.append(buffer, static_cast<std::size_t>(n));
    }
    const auto head = c.in.find("\r\n\r\n");
    if (head == std::string::npos) return over ? reconnect(c) : true;
    const auto at = c.in.find("ontent-Length: ");
    const std::size_t length =
        at == std::string::npos || at > head ? 0 : std::strtoul(c.in.c_str() + at + 15, nullptr, 10);
    if (c.in.size() < head + 4 + length) return over ? reconnect(c) : true;
    const int status = std::atoi(c.in.c_str() + 9);
    if (status == 200) {
      latencies_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - c.due).count());
    } else {
      ++refused_;
      last_status_ = status;
    }
    const bool closes = c.in.find("Connection: close") < head;
    c.in.erase(0, head + 4 + length);
    c.busy = false;
    ++done_;
    return closes || over || options_.fresh ? reconnect(c) : true;
  }

  bool reconnect(Connection& c) {
    c.peer.close();
    if (c.busy) ++lost_, ++done_, c.busy = false;
    return options_.fresh || connect(static_cast<std::size_t>(&c - connections_.data()));
  }

  void report() {
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double share) {
      return latencies_.empty()
                 ? 0.0
                 : latencies_[std::min(
                       latencies_.size() - 1,
                       static_cast<std::size_t>(share * static_cast<double>(latencies_.size())))];
    };
    std::printf(
        "{\"acked\":%zu,\"refused\":%zu,\"last_status\":%d,\"lost\":%zu,\"opened\":%zu,\"seconds\":%.3f,"
        "\"per_second\":%.0f,"
        "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
        latencies_.size(), refused_, last_status_, lost_, opened_, seconds,
        static_cast<double>(latencies_.size()) / seconds, at(0.5), at(0.99), at(1.0));
    if (options_.sent_file.empty()) return;
    if (FILE* file = std::fopen(options_.sent_file.c_str(), "w")) {
      for (const auto ms : sent_) std::fprintf(file, "%lld\n", static_cast<long long>(ms));
      std::fclose(file);
    }
  }

  Options options_;
  int epoll_;
  std::vector<Connection> connections_;
  std::vector<double> latencies_;
  std::vector<std::int64_t> sent_;
  Clock::time_point started_;
  std::size_t next_ = 0, done_ = 0, turn_ = 0, refused_ = 0, lost_ = 0, opened_ = 0;
  int last_status_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Sends signed webhooks and measures acknowledgements."};
  app.add_option("--port", options.to.port)->required();
  app.add_flag("--tls", options.to.tls);
  app.add_option("--source", options.to.source, "Own address");
  app.add_option("--proxy-for", options.to.proxy_for, "Begin as a proxy that speaks for this address");
  app.add_flag("--fresh", options.fresh, "A new connection for each event");
  app.add_option("--path", options.path);
  app.add_option("--secret", options.secret)->required();
  app.add_option("--events", options.events);
  app.add_option("--first", options.first, "Number of the first event");
  app.add_option("--connections", options.connections);
  app.add_option("--rate", options.rate, "Per second; 0: as fast as answered");
  app.add_option("--body-bytes", options.body_bytes);
  app.add_option("--sent-file", options.sent_file, "Writes when each event was sent, Unix milliseconds");
  CLI11_PARSE(app, argc, argv);
  Peer::begin();
  return Load(std::move(options)).run();
}
