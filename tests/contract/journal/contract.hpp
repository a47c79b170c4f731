// The suite that every backend runs.
#pragma once

#include "fault_vfs.hpp"
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

  FaultVfs no_waiting;  ///< no faults, and no real syncs either: the suite is about the contract
  TempFolder folder;
  Rig rig;
};

}  // namespace tenon::journal::test
