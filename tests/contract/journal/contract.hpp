// The suite that every backend runs.
#pragma once

#include "rig.hpp"

namespace tenon::journal::test {

enum class Backend { memory, sqlite };

class JournalContract : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (GetParam() == Backend::memory) {
      rig.journal = open_memory(rig.runtime, rig.options());
      return;
    }
    auto opened = open_sqlite(rig.runtime, folder.path(), rig.options());
    ASSERT_TRUE(opened) << opened.error().text();
    rig.journal = std::move(*opened);
  }

  TempFolder folder;
  Rig rig;
};

}  // namespace tenon::journal::test
