// Every limit of the server, turned down so that nothing waits.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/ingress/server_fixture.hpp"

namespace tenon::tests {
namespace {

using std::chrono::milliseconds;
using Limits = ServerFixture;

const std::string kPost = "POST /in/a HTTP/1.1\r\nHost: a\r\n";

std::string post(std::string_view body) {
  return kPost + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

TEST_F(Limits, DeclaredBody) {
  start();
  const RawAnswer over = exchange(kPost + "Content-Length: 1048577\r\n\r\n");
  EXPECT_EQ(over.status, 413);
  EXPECT_TRUE(over.closed);
  EXPECT_EQ(exchange(post(std::string(1048576, 'x'))).status, 200) << "the limit itself passes";
  EXPECT_EQ(requests().size(), 1u);
}

TEST_F(Limits, AnswerToABodyThatNobodyReadsArrives) {
  start();
  // The refusal comes while the client is still sending; it must not be lost to a reset.
  const RawAnswer over = exchange(kPost + "Content-Length: 2000000\r\n\r\n" + std::string(2000000, 'x'));
  EXPECT_EQ(over.status, 413);
  EXPECT_TRUE(over.closed);
}

TEST_F(Limits, ChunkedBody) {
  start();
  std::string bytes = kPost + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 17; ++i) bytes += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  const RawAnswer over = exchange(bytes + "0\r\n\r\n");
  EXPECT_EQ(over.status, 413);
  EXPECT_TRUE(over.closed);
  EXPECT_TRUE(requests().empty());
}

TEST_F(Limits, EndlessChunkLine) {
  start();
  const RawAnswer answer =
      exchange(kPost + "Transfer-Encoding: chunked\r\n\r\n2;a=" + std::string(100'000, 'b'));
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(answer.closed);
}

TEST_F(Limits, EndlessTrailers) {
  start();
  std::string bytes = kPost + "Transfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 5000; ++i) bytes += "X-A: some trailer\r\n";
  const RawAnswer answer = exchange(bytes);
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(answer.closed);
}

TEST_F(Limits, Head) {
  start();
  const RawAnswer large = exchange(kPost + "X-A: " + std::string(64 * 1024, 'a') + "\r\n\r\n");
  EXPECT_EQ(large.status, 431);
  EXPECT_TRUE(large.closed);
  const RawAnswer unfinished = exchange(kPost + "X-A: " + std::string(17 * 1024, 'a'));
  EXPECT_EQ(unfinished.status, 431);
  std::string many = kPost;
  for (int i = 0; i < 1000; ++i) many += "X-A: b\r\n";
  const RawAnswer lines = exchange(many + "\r\n");
  EXPECT_EQ(lines.status, 431);
  EXPECT_TRUE(lines.closed);
  std::string most = kPost;
  for (int i = 0; i < 63; ++i) most += "X-A: b\r\n";
  EXPECT_EQ(exchange(most + "\r\n").status, 200) << "64 fields pass";
  EXPECT_EQ(exchange(most + "X-A: b\r\n\r\n").status, 431) << "65 do not";
}

TEST_F(Limits, Target) {
  start();
  const auto request = [](std::size_t size) {
    return "POST /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  const RawAnswer large = exchange(request(16 * 1024));
  EXPECT_EQ(large.status, 414);
  EXPECT_TRUE(large.closed);
  EXPECT_EQ(exchange(request(4096)).status, 200);
  EXPECT_EQ(exchange(request(4097)).status, 414);
  EXPECT_EQ(exchange("POST /" + std::string(8000, 'a')).status, 414) << "not waited for to the end";
}

TEST_F(Limits, SlowHead) {
  ingress::ServerLimits limits;
  limits.head_time = milliseconds(40);
  start(limits);
  RawClient client(address_);
  client.send("POST / HT");
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_TRUE(answer.closed);
}

TEST_F(Limits, SlowBody) {
  ingress::ServerLimits limits;
  limits.body_time = milliseconds(40);
  start(limits);
  const RawAnswer answer = exchange(kPost + "Content-Length: 100\r\n\r\nx");
  EXPECT_EQ(answer.status, 408);
  EXPECT_TRUE(answer.closed);
}

TEST_F(Limits, BodyBelowTheLeastRate) {
  ingress::ServerLimits limits;
  limits.body_rate = 1'000'000;
  limits.body_rate_grace = milliseconds(40);
  start(limits);
  const RawAnswer answer = exchange(kPost + "Content-Length: 100000\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_EQ(answer.status, 408);
  EXPECT_TRUE(answer.closed);
}

TEST_F(Limits, IdleConnectionsAreClosed) {
  ingress::ServerLimits limits;
  limits.idle = milliseconds(40);
  start(limits);
  RawClient fresh(address_);
  EXPECT_TRUE(fresh.at_end()) << "without a word";
  RawClient used(address_);
  used.send(post("x"));
  EXPECT_EQ(used.read_answer().status, 200);
  EXPECT_TRUE(used.at_end());
}

TEST_F(Limits, RequestsPerConnection) {
  ingress::ServerLimits limits;
  limits.requests_per_connection = 3;
  start(limits);
  RawClient client(address_);
  for (int i = 1; i <= 3; ++i) {
    client.send(post("x"));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.closed, i == 3) << i;
  }
}

TEST_F(Limits, Connections) {
  ingress::ServerLimits limits;
  limits.connections = 2;
  start(limits);
  RawClient first(address_);
  first.send(post("x"));
  EXPECT_EQ(first.read_answer().status, 200);
  RawClient second(address_);
  second.send(post("x"));
  EXPECT_EQ(second.read_answer().status, 200);
  RawClient third(address_);
  EXPECT_TRUE(third.at_end()) << "closed at once";
  second.close();
  // The end of the second connection is seen before anything that comes later.
  for (RawAnswer answer; answer.status == 0;) answer = exchange(post("x"));
}

TEST_F(Limits, WhoBringsNothingMakesRoom) {
  ingress::ServerLimits limits;
  limits.connections = 3;
  start(limits);
  RawClient served(address_);
  served.send(post("x"));
  EXPECT_EQ(served.read_answer().status, 200);
  RawClient silent(address_);
  RawClient slow(address_);
  slow.send("POST / HTTP/1.1\r\n");
  RawClient fourth(address_);
  fourth.send(post("x"));
  EXPECT_EQ(fourth.read_answer().status, 200);
  EXPECT_TRUE(silent.at_end()) << "the oldest";
  RawClient fifth(address_);
  fifth.send(post("x"));
  EXPECT_EQ(fifth.read_answer().status, 200);
  EXPECT_TRUE(slow.at_end());
  served.send(post("x"));
  EXPECT_EQ(served.read_answer().status, 200) << "who has brought something stays";
}

TEST_F(Limits, WhoWasRefusedHasBroughtNothing) {
  ingress::ServerLimits limits;
  limits.connections = 2;
  start(limits, [](ingress::Request request, ingress::Respond respond) {
    ingress::Answer answer;
    answer.status = request.body == "good" ? 200 : 401;
    respond(std::move(answer));
  });
  RawClient refused(address_);
  refused.send(post("bad"));
  EXPECT_EQ(refused.read_answer().status, 401);
  RawClient served(address_);
  served.send(post("good"));
  EXPECT_EQ(served.read_answer().status, 200);
  RawClient third(address_);
  third.send(post("good"));
  EXPECT_EQ(third.read_answer().status, 200);
  EXPECT_TRUE(refused.at_end());
}

TEST_F(Limits, WithoutGivingWayNobodyMore) {
  ingress::ServerLimits limits;
  limits.connections = 1;
  limits.nobody_gives_way = true;
  start(limits);
  RawClient silent(address_);
  RawClient second(address_);
  EXPECT_TRUE(second.at_end()) << "the positive control of the two before";
}

TEST_F(Limits, ALargeBodyThatStillArrivesGivesWay) {
  for (const bool nobody_gives_way : {false, true}) {
    ingress::ServerLimits limits;
    limits.bytes_arriving = 1000;
    limits.nobody_gives_way = nobody_gives_way;
    start(limits);
    RawClient large(address_);
    large.send(kPost + "Content-Length: 900\r\n\r\n" + std::string(800, 'x'));
    std::size_t held = 0;
    while (held != 800) run_there([&] { held = server_->counts().bytes_in_flight; });
    RawClient small(address_);
    small.send(post(std::string(300, 'y')));
    EXPECT_EQ(small.read_answer().status, nobody_gives_way ? 503 : 200);
    if (!nobody_gives_way) {
      EXPECT_EQ(large.read_answer().status, 503);
    }
    stop();
  }
}

TEST_F(Limits, ConnectionsPerAddress) {
  ingress::ServerLimits limits;
  limits.connections_per_address = 1;
  limits.cap_loopback = true;
  start(limits);
  RawClient first(address_);
  first.send(post("x"));
  EXPECT_EQ(first.read_answer().status, 200);
  RawClient second(address_);
  EXPECT_TRUE(second.at_end());
}

TEST_F(Limits, ThisMachineIsNotCappedPerAddress) {
  ingress::ServerLimits limits;
  limits.connections_per_address = 1;
  start(limits);
  RawClient first(address_);
  RawClient second(address_);
  first.send(post("x"));
  EXPECT_EQ(first.read_answer().status, 200);
  second.send(post("x"));
  EXPECT_EQ(second.read_answer().status, 200);
}

TEST_F(Limits, ManyIdleConnections) {
  ingress::ServerLimits limits;
  limits.connections_per_address = 500;
  limits.cap_loopback = true;
  start(limits);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 800; ++i) {
    clients.push_back(std::make_unique<RawClient>(address_));
    ASSERT_TRUE(clients.back()->connected());
  }
  for (std::size_t i = 500; i < clients.size(); ++i) ASSERT_TRUE(clients[i]->at_end()) << i;
  clients[0]->send(post("x"));
  EXPECT_EQ(clients[0]->read_answer().status, 200) << "who is in is served";
  std::size_t open = 0;
  run_there([&] { open = server_->counts().connections; });
  EXPECT_EQ(open, 500u);
}

TEST_F(Limits, BytesInFlight) {
  ingress::ServerLimits limits;
  limits.bytes_in_flight = 1000;
  std::vector<ingress::Respond> waiting;
  std::promise<void> arrived;
  start(limits, [&](ingress::Request, ingress::Respond respond) {
    waiting.push_back(std::move(respond));
    if (waiting.size() == 1) arrived.set_value();
  });
  RawClient first(address_);
  first.send(post(std::string(600, 'x')));
  arrived.get_future().wait();
  const RawAnswer declared = exchange(post(std::string(500, 'x')));
  EXPECT_EQ(declared.status, 503);
  EXPECT_TRUE(declared.closed);
  EXPECT_THAT(declared.head, testing::HasSubstr("Retry-After: "));
  const RawAnswer chunked =
      exchange(kPost + "Transfer-Encoding: chunked\r\n\r\n1f4\r\n" + std::string(500, 'x') + "\r\n");
  EXPECT_EQ(chunked.status, 503);
  run_there([&] { waiting[0]({}); });
  EXPECT_EQ(first.read_answer().status, 200);
  std::size_t bytes = 1;
  run_there([&] { bytes = server_->counts().bytes_in_flight; });
  EXPECT_EQ(bytes, 0u) << "given back";
}

TEST_F(Limits, HandlerThatNeverAnswers) {
  ingress::ServerLimits limits;
  limits.answer_time = milliseconds(40);
  std::vector<ingress::Respond> waiting;
  start(limits, [&](ingress::Request, ingress::Respond respond) { waiting.push_back(std::move(respond)); });
  const RawAnswer answer = exchange(post("x"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(answer.closed);
  run_there([&] {
    waiting[0]({});  // late: ignored
    waiting.clear();
  });
}

TEST_F(Limits, SlowReaderGetsItsAnswer) {
  start();
  RawClient client(address_);
  client.send(post(std::string(1'000'000, 'x')));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.body.size(), 1'000'000u);
}

TEST_F(Limits, ReaderThatNeverReadsIsClosed) {
  ingress::ServerLimits limits;
  limits.write_time = milliseconds(40);
  std::promise<void> answered;
  start(limits, [&answered](ingress::Request, ingress::Respond respond) {
    ingress::Answer answer;
    answer.body.assign(16 * 1024 * 1024, 'x');
    respond(std::move(answer));
    answered.set_value();
  });
  RawClient client(address_);
  client.send(post("x"));
  answered.get_future().wait();
  std::size_t open = 1;
  while (open != 0) run_there([&] { open = server_->counts().connections; });
}

TEST_F(Limits, SecondAnswerIsIgnored) {
  start({}, [](ingress::Request request, ingress::Respond respond) {
    ingress::Answer answer;
    answer.body = request.body;
    respond(answer);
    answer.body = "again";
    respond(answer);
  });
  RawClient client(address_);
  for (const char* body : {"a", "b"}) {
    client.send(post(body));
    EXPECT_EQ(client.read_answer().body, body);
  }
}

TEST_F(Limits, SocketFile) {
  const std::string folder = testing::TempDir() + "/tenon-ingress-" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/s.sock";
  start({}, {}, "unix:" + path);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(exchange(post("hello")).body, "hello");
  EXPECT_EQ(requests().at(0).remote, "unix");
  const auto second = server_->listen("unix:" + path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "listen_failed") << "somebody listens";
  stop();
  EXPECT_FALSE(std::filesystem::exists(path)) << "removed at the end";

  // What a killed process leaves behind is replaced; what is no socket is not.
  const int left = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un file{};
  file.sun_family = AF_UNIX;
  std::strncpy(file.sun_path, path.c_str(), sizeof file.sun_path - 1);
  ASSERT_EQ(bind(left, reinterpret_cast<sockaddr*>(&file), sizeof file), 0);
  close(left);
  requests_.clear();
  start({}, {}, "unix:" + path);
  EXPECT_EQ(exchange(post("again")).body, "again");
  std::ofstream(folder + "/file") << "mine";
  EXPECT_FALSE(server_->listen("unix:" + folder + "/file"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/file"));
  stop();
  std::filesystem::remove_all(folder);
}

TEST_F(Limits, AddressesThatAreNone) {
  start();
  for (const char* address : {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000",
                              "[::1:80", "example.org:80", "unix:", "127.0.0.1:80 "}) {
    const auto bound = server_->listen(address);
    ASSERT_FALSE(bound) << address;
    EXPECT_EQ(bound.error().code, "bad_address") << address;
  }
  const auto taken = server_->listen(address_);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, "listen_failed");
  const auto six = server_->listen("[::1]:0");
  if (six) {
    EXPECT_THAT(*six, testing::StartsWith("[::1]:"));
  }
}

TEST_F(Limits, StopAnswersWhatHasBegun) {
  std::vector<ingress::Respond> waiting;
  std::promise<void> arrived;
  start({}, [&](ingress::Request, ingress::Respond respond) {
    waiting.push_back(std::move(respond));
    arrived.set_value();
  });
  RawClient idle(address_);
  RawClient busy(address_);
  busy.send(post("x"));
  arrived.get_future().wait();
  std::promise<void> stopped;
  auto has_stopped = stopped.get_future();
  server_->stop(std::chrono::seconds(30), [&] { stopped.set_value(); });
  EXPECT_TRUE(idle.at_end());
  EXPECT_FALSE(RawClient(address_).connected()) << "nobody listens any more";
  EXPECT_EQ(has_stopped.wait_for(milliseconds(0)), std::future_status::timeout);
  run_there([&] { waiting[0]({}); });
  const RawAnswer answer = busy.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.closed);
  busy.close();
  has_stopped.wait();
}

TEST_F(Limits, StopEndsInTime) {
  std::vector<ingress::Respond> waiting;
  std::promise<void> arrived;
  start({}, [&](ingress::Request, ingress::Respond respond) {
    waiting.push_back(std::move(respond));
    arrived.set_value();
  });
  RawClient busy(address_);
  busy.send(post("x"));
  arrived.get_future().wait();
  std::promise<void> stopped;
  server_->stop(milliseconds(20), [&] { stopped.set_value(); });
  stopped.get_future().wait();
  EXPECT_TRUE(busy.at_end());
  run_there([&] { waiting.clear(); });
}

}  // namespace
}  // namespace tenon::tests
