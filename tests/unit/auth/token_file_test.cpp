// Token files: what is written can be read, and what was touched is refused by name.
#include "auth/token_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "auth/login.hpp"
#include "base/digest.hpp"
#include "runtime/files.hpp"
#include "runtime/secure_random.hpp"

namespace tenon::auth {
namespace {

namespace fs = std::filesystem;

class TokenFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "tenon-tokens-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Tokens some() {
    Tokens out;
    out.version = 42;
    out.client = "client https://login.example.com/token";
    out.access = Secret("access-canary-0123456789");
    out.refresh = Secret("refresh-canary-\"\\\xc3\xa9");
    out.previous_refresh = Secret("previous-canary");
    out.scope = "offline a b";
    out.obtained_ms = 1'767'225'600'000;
    out.lifetime_ms = 86'400'000;
    out.refreshing = true;
    out.needs_reauth = "because";
    return out;
  }
  std::string folder_;
  const Secret key_ = Secret(std::string(32, 'k'));
  const std::string sealed_ = seal_tokens(key_, "desk", some());
};

TEST_F(TokenFile, HoldsWhatWasWrittenAndShowsNoneOfIt) {
  TokenFiles store(folder_ + "/tokens", key_);
  ASSERT_TRUE(store.read("desk"));
  EXPECT_FALSE(*store.read("desk"));
  ASSERT_TRUE(store.write("desk", some()));
  const auto read = store.read("desk");
  ASSERT_TRUE(read) << read.error().text();
  const Tokens& tokens = **read;
  EXPECT_EQ(tokens.version, 42U);
  EXPECT_EQ(tokens.client, some().client);
  EXPECT_TRUE(tokens.access.equals(some().access.reveal()));
  EXPECT_TRUE(tokens.refresh.equals(some().refresh.reveal()));
  EXPECT_TRUE(tokens.previous_refresh.equals("previous-canary"));
  EXPECT_EQ(tokens.scope, "offline a b");
  EXPECT_EQ(tokens.expires_ms(), 1'767'225'600'000 + 86'400'000);
  EXPECT_TRUE(tokens.refreshing);
  EXPECT_EQ(tokens.needs_reauth, "because");
  const std::string bytes = *runtime::read_file(folder_ + "/tokens/desk");
  EXPECT_TRUE(bytes.starts_with("tenon-tokens 1 "));
  for (const char* word : {"canary", "client", "offline", "version"})
    EXPECT_EQ(bytes.find(word), std::string::npos) << word;
  struct stat info {};
  ASSERT_EQ(::stat((folder_ + "/tokens/desk").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((folder_ + "/tokens").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(TokenFile, TwoOfTheSameTokensDiffer) { EXPECT_NE(seal_tokens(key_, "desk", some()), sealed_); }

TEST_F(TokenFile, EveryBitIsGuarded) {
  ASSERT_TRUE(open_tokens(key_, "desk", sealed_));
  for (std::size_t i = 0; i < sealed_.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = sealed_;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const auto read = open_tokens(key_, "desk", flipped);
      ASSERT_FALSE(read) << i << ":" << bit;
      const std::string& code = read.error().code;
      EXPECT_TRUE(code == "token_damaged" || code == "token_newer" || code == "token_key_wrong") << code;
    }
  }
}

TEST_F(TokenFile, EveryLengthButTheWholeIsRefused) {
  for (std::size_t size = 0; size < sealed_.size(); ++size) {
    const auto read = open_tokens(key_, "desk", std::string_view(sealed_).substr(0, size));
    ASSERT_FALSE(read) << size;
  }
  EXPECT_EQ(open_tokens(key_, "desk", sealed_ + "x").error().code, "token_damaged");
  EXPECT_EQ(open_tokens(key_, "desk", std::string(100'000, '\0')).error().code, "token_damaged");
}

TEST_F(TokenFile, AWrongKeyIsToldFromADamagedFile) {
  const auto read = open_tokens(Secret(std::string(32, 'j')), "desk", sealed_);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, "token_key_wrong");
}

TEST_F(TokenFile, AFileDoesNotPassForAnotherConnections) {
  EXPECT_EQ(open_tokens(key_, "store", sealed_).error().code, "token_damaged");
}

TEST_F(TokenFile, ANewerFormatIsRefusedAndLeftUntouched) {
  std::string newer = sealed_;
  newer.replace(newer.find(" 1 "), 3, " 2 ");
  fs::create_directory(folder_ + "/tokens");
  fs::permissions(folder_ + "/tokens", fs::perms::owner_all);
  ASSERT_TRUE(runtime::write_private_file(folder_ + "/tokens/desk", newer));
  TokenFiles store(folder_ + "/tokens", key_);
  EXPECT_EQ(store.read("desk").error().code, "token_newer");
  EXPECT_EQ(*runtime::read_file(folder_ + "/tokens/desk"), newer);
}

TEST_F(TokenFile, AFileThatOthersCanReadIsRefused) {
  TokenFiles store(folder_ + "/tokens", key_);
  ASSERT_TRUE(store.write("desk", some()));
  fs::permissions(folder_ + "/tokens/desk", fs::perms::owner_read | fs::perms::others_read);
  EXPECT_EQ(store.read("desk").error().code, "secret_exposed");
}

TEST_F(TokenFile, WithoutAKeyNothingIsReadOrWritten) {
  TokenFiles store(folder_ + "/tokens", Error("token_key_missing", "none"));
  EXPECT_EQ(store.read("desk").error().code, "token_key_missing");
  EXPECT_EQ(store.write("desk", some()).error().code, "token_key_missing");
  EXPECT_FALSE(fs::exists(folder_ + "/tokens"));
}

TEST_F(TokenFile, OneAtATimeHoldsTheLock) {
  TokenFiles store(folder_ + "/tokens", key_);
  TokenFiles other(folder_ + "/tokens", key_);
  auto held = store.lock("desk");
  ASSERT_TRUE(held) << held.error().text();
  EXPECT_EQ(other.lock("desk").error().code, "locked");
  EXPECT_TRUE(other.lock("store"));
  held->reset();
  EXPECT_TRUE(other.lock("desk"));
}

TEST(TokenKey, IsThirtyTwoBytesInBase64OrHexadecimal) {
  const std::string bytes(32, '\x07');
  EXPECT_TRUE(parse_token_key(to_base64(bytes) + "\n")->equals(bytes));
  EXPECT_TRUE(parse_token_key(to_hex(bytes))->equals(bytes));
  for (const std::string& bad : {std::string(), std::string("secret"), to_base64(std::string(31, 'a')),
                                 to_base64(std::string(33, 'a')), std::string(64, 'x')})
    EXPECT_EQ(parse_token_key(bad).error().code, "token_key_invalid") << bad;
}

// --- login

plugin::OAuth2 app() {
  plugin::OAuth2 out;
  out.client_id = "the client";
  out.authorize_url = "https://login.example.com/authorize?tenant=1";
  out.token_url = "https://login.example.com/token";
  out.scopes = {"offline", "a:b"};
  return out;
}

std::string parameter(const std::string& url, const std::string& name) {
  const auto at = url.find("&" + name + "=") + name.size() + 2;
  return url.substr(at, url.find('&', at) - at);
}

TEST(LoginTest, AsksByCodeWithStateAndChallenge) {
  const plugin::OAuth2 oauth2 = app();
  const Login login(oauth2, "http://127.0.0.1:9/callback");
  const std::string url = login.url();
  EXPECT_TRUE(
      url.starts_with("https://login.example.com/authorize?tenant=1&response_type=code&client_id=the%20client"
                      "&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback&scope=offline%20a%3Ab&state="))
      << url;
  EXPECT_EQ(parameter(url, "state").size(), 43U);
  EXPECT_NE(parameter(url, "state"), parameter(Login(oauth2, "http://127.0.0.1:9/callback").url(), "state"));
  // The challenge is the digest of the verifier that goes with the code.
  const auto request = login.exchange(Secret("the-code"));
  const std::string verifier = parameter(request.body, "code_verifier");
  EXPECT_EQ(parameter(url, "code_challenge"), to_base64_url(bytes_of(sha256(verifier))));
  EXPECT_EQ(parameter(request.body, "client_id"), "the%20client") << "a public client names itself";
}

TEST(LoginTest, TakesOnlyWhatKnowsTheState) {
  const plugin::OAuth2 oauth2 = app();
  const Login login(oauth2, "http://127.0.0.1:9/callback");
  using Kind = Login::Arrival::Kind;
  const std::string state = parameter(login.url(), "state");
  const auto kind = [&](const std::string& target, const char* method = "GET") {
    return login.arrived(method, target).kind;
  };
  EXPECT_EQ(kind("/callback?code=abc&state=" + state), Kind::code);
  EXPECT_TRUE(login.arrived("GET", "/callback?state=" + state + "&code=a%2Bb").code.equals("a+b"));
  EXPECT_EQ(kind("/callback?error=access_denied&state=" + state), Kind::refused);
  for (const std::string& other :
       {std::string("/callback?code=abc"), std::string("/callback?code=abc&state=" + state + "x"),
        std::string("/callback?error=access_denied&state=x"), std::string("/other?code=abc&state=" + state),
        std::string("/callback"), std::string("/callback?state=" + state), std::string("/favicon.ico"),
        std::string("/callback?code=%zz&state=" + state),
        std::string("/callback?code=a&code=b&state=" + state),
        std::string("/callback?code=" + std::string(5000, 'a') + "&state=" + state)})
    EXPECT_EQ(kind(other), Kind::not_ours) << other;
  EXPECT_EQ(kind("/callback?code=abc&state=" + state, "POST"), Kind::not_ours);
}

TEST(LoginTest, WantsARefreshToken) {
  const plugin::OAuth2 oauth2 = app();
  const Login login(oauth2, "http://127.0.0.1:9/callback");
  TokenAnswer answer;
  answer.kind = TokenAnswer::Kind::issued;
  answer.access = Secret("a");
  EXPECT_EQ(login.tokens(answer, std::nullopt, 5).error().code, "login_refused");
  answer.refresh = Secret("r");
  EXPECT_EQ(login.tokens(answer, std::nullopt, 5)->version, 1U);
  Tokens former;
  former.version = 9;
  former.needs_reauth = "x";
  const auto next = login.tokens(answer, former, 5);
  EXPECT_EQ(next->version, 10U);
  EXPECT_TRUE(next->needs_reauth.empty());
  answer.kind = TokenAnswer::Kind::invalid_grant;
  EXPECT_EQ(login.tokens(answer, std::nullopt, 5).error().code, "login_refused");
}

}  // namespace
}  // namespace tenon::auth
