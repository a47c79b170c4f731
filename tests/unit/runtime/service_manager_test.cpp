// The service manager's two protocols, with this process in the part of a service.
#include "runtime/service_manager.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace tenon::runtime {
namespace {

class ServiceManager : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET"}) unsetenv(name);
  }
  static void say(const char* count, const char* names = nullptr,
                  const std::string& pid = std::to_string(getpid())) {
    setenv("LISTEN_PID", pid.c_str(), 1);
    setenv("LISTEN_FDS", count, 1);
    if (names != nullptr) setenv("LISTEN_FDNAMES", names, 1);
  }
};

TEST_F(ServiceManager, NoneWithoutVariables) { EXPECT_TRUE(passed_sockets().value().empty()); }

TEST_F(ServiceManager, NamesAndDescriptorsBelongTogether) {
  // Descriptors 3 and 4 are open here or made so; they are only marked, never closed.
  int opened[2] = {-1, -1};
  for (int i = 0; i < 2; ++i) {
    if (fcntl(3 + i, F_GETFD) < 0) opened[i] = dup2(0, 3 + i);
  }
  say("2", "http:admin");
  const auto sockets = passed_sockets().value();
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(sockets[0].descriptor, 3);
  EXPECT_EQ(sockets[0].name, "http");
  EXPECT_EQ(sockets[1].descriptor, 4);
  EXPECT_EQ(sockets[1].name, "admin");
  EXPECT_NE(fcntl(3, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(getenv("LISTEN_FDS"), nullptr) << "a child must not take them for its own";
  for (const int each : opened) {
    if (each >= 0) close(each);
  }
}

TEST_F(ServiceManager, AnotherProcessIsMeant) {
  say("1", nullptr, "1");
  EXPECT_TRUE(passed_sockets().value().empty());
  say("1", nullptr, "x");
  EXPECT_TRUE(passed_sockets().value().empty());
}

TEST_F(ServiceManager, ContradictionsAreErrors) {
  for (const char* count : {"-1", "65", "x", "1x", ""}) {
    say(count);
    EXPECT_EQ(passed_sockets().error().code, "listen_failed") << count;
  }
  say("1", "a:b");
  EXPECT_EQ(passed_sockets().error().code, "listen_failed");
  say("64");
  EXPECT_EQ(passed_sockets().error().code, "listen_failed") << "not that many are open";
}

TEST_F(ServiceManager, TellsAFileAndAnAbstractName) {
  const std::string folder = (std::filesystem::temp_directory_path() / "tenon-notify-XXXXXX").string();
  std::string made = folder;
  ASSERT_NE(mkdtemp(made.data()), nullptr);
  for (const std::string& name : {made + "/notify", "@tenon-notify-" + std::to_string(getpid())}) {
    const int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    ASSERT_EQ(bind(manager, reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
              0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    notify_service_manager("READY=1");
    char text[32] = "";
    EXPECT_EQ(recv(manager, text, sizeof text, MSG_DONTWAIT), 7) << name;
    EXPECT_STREQ(text, "READY=1");
    close(manager);
  }
  std::filesystem::remove_all(made);
}

TEST_F(ServiceManager, NobodyToTellIsNoHarm) {
  notify_service_manager("READY=1");
  for (const char* name : {"", "relative", "/nonexistent/notify"}) {
    setenv("NOTIFY_SOCKET", name, 1);
    notify_service_manager("READY=1");
  }
}

}  // namespace
}  // namespace tenon::runtime
