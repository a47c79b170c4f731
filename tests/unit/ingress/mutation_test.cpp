// Valid requests, mutated at random by a seed, against the real server, the real routes and a journal.
#include <gmock/gmock.h>

#include "tests/unit/ingress/ingress_fixture.hpp"
#include "tests/unit/ingress/server_fixture.hpp"

namespace tenon::tests {
namespace {

/// splitmix64: the same mutations on every machine.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::size_t>(next() % limit); }

 private:
  std::uint64_t state_;
};

std::string mutated(std::string text, Chance& chance) {
  static const std::vector<std::string> kPieces = {"\r\n",
                                                   "\n",
                                                   "\r",
                                                   "\r\n\r\n",
                                                   std::string(1, '\0'),
                                                   "Content-Length: 5\r\n",
                                                   "Transfer-Encoding: chunked\r\n",
                                                   "Expect: 100-continue\r\n",
                                                   ": ",
                                                   " ",
                                                   "\t",
                                                   "0\r\n\r\n",
                                                   "ffffffff\r\n",
                                                   "webhook-id: msg_2\r\n",
                                                   "v1,",
                                                   "[[[[",
                                                   "\xff",
                                                   "HTTP/1.0",
                                                   "POST /in/store HTTP/1.1\r\nHost: a\r\n\r\n",
                                                   "webhook-timestamp: 1\r\n"};
  const std::size_t rounds = 1 + chance.below(4);
  for (std::size_t i = 0; i < rounds && !text.empty(); ++i) {
    const std::size_t at = chance.below(text.size());
    switch (chance.below(6)) {
      case 0:
        text[at] = static_cast<char>(chance.next());
        break;
      case 1:
        text[at] = static_cast<char>(text[at] ^ (1 << chance.below(8)));
        break;
      case 2:
        text.erase(at, 1 + chance.below(8));
        break;
      case 3:
        text.insert(at, kPieces[chance.below(kPieces.size())]);
        break;
      case 4:
        text.insert(at, text.substr(chance.below(text.size()), chance.below(60)));
        break;
      default:
        if (chance.below(4) == 0) text.resize(at);
        break;
    }
  }
  return text;
}

class Mutations : public ServerFixture {
 protected:
  void start_all() {
    manifest_.verify = shop_schemes();
    start({}, [this](ingress::Request request, ingress::Respond respond) {
      ingress_->handle(std::move(request), std::move(respond));
    });
    journal_ = journal::open_memory(*runtime_, {});
    ingress_ = std::make_unique<ingress::Ingress>(*runtime_, *journal_);
    plugin::ConnectionSpec connection;
    connection.name = "store";
    connection.secrets.emplace("client_secret", Secret(kRawKey));
    connection.verify = {{"signature", plugin::VerifyMode::required}};
    std::vector<ingress::Route> routes(1);
    routes[0].instance = std::make_unique<FakeSource>(connection);
    routes[0].connection = connection;
    routes[0].manifest = &manifest_;
    routes[0].wanted = {{"updated", {"one"}}};
    run_there([&] { ASSERT_TRUE(ingress_->set_routes(std::move(routes))); });
    stamp_ = std::to_string(runtime_->clock().wall_ms() / 1000);
  }
  void TearDown() override {
    run_there([this] { server_.reset(); });
    journal_->close();
    stop();
  }

  std::string valid(const std::string& body, bool chunked) const {
    std::string text = "POST /in/store HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    for (const auto& [name, value] : standard_headers(kRawKey, "msg_1", stamp_, body))
      text += name + ": " + value + "\r\n";
    if (!chunked) return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    char size[20];
    std::snprintf(size, sizeof size, "%zx", body.size());
    return text + "Transfer-Encoding: chunked\r\n\r\n" + size + "\r\n" + body + "\r\n0\r\n\r\n";
  }

  std::vector<journal::EventRow> rows() {
    std::promise<std::vector<journal::EventRow>> listed;
    journal::Query query;
    query.limit = 1000;
    journal_->list(query,
                   {&runtime_->ingress(), [&](auto found) { listed.set_value(std::move(found->rows)); }});
    return listed.get_future().get();
  }
  std::string data_of(journal::Seq seq) {
    std::promise<std::string> shown;
    journal_->show(std::to_string(seq),
                   {&runtime_->ingress(), [&](auto found) { shown.set_value((*found)->row.event.data); }});
    return shown.get_future().get();
  }

  std::unique_ptr<journal::Journal> journal_;
  plugin::ConnectorManifest manifest_;
  std::unique_ptr<ingress::Ingress> ingress_;
  std::string stamp_;
};

TEST_F(Mutations, OnlyWhatWasSignedIsJournalled) {
  start_all();
  const std::string body = R"({"type":"updated","key":"12908","text":"some more bytes to mutate"})";
  const std::string plain = valid(body, false);
  const std::string chunked = valid(body, true);
  Chance chance(20261124);
  std::size_t answered = 0;
  for (int i = 0; i < 10'000; ++i) {
    RawClient client(address_);
    client.send(mutated(i % 2 ? plain : chunked, chance));
    client.finish();
    if (client.read_answer().status != 0) ++answered;
  }
  EXPECT_GT(answered, 5'000u);
  // The control: the request itself passes.
  EXPECT_EQ(exchange(plain).status, 200);
  EXPECT_EQ(exchange(chunked).body, R"({"duplicate":true})");
  const auto found = rows();
  ASSERT_EQ(found.size(), 1u) << "some mutations leave what was signed alone; all of them are one delivery";
  EXPECT_EQ(found[0].event.id, "msg_1");
  EXPECT_EQ(data_of(found[0].seq), body) << "the fake source passes the bytes on";
}

}  // namespace
}  // namespace tenon::tests
