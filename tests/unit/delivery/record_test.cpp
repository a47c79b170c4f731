#include "delivery/record.hpp"

#include <gtest/gtest.h>

namespace tenon::delivery {
namespace {

journal::IdentityKey key(const std::string& natural_key) { return {"desk", "customer", natural_key}; }

TEST(Record, WhatIsLockedIsSortedAndKnowsNoCase) {
  EXPECT_EQ(lock_keys({key("external_id=7"), key("email=Ann@Example.com")}),
            (std::vector{key("email=ann@example.com"), key("external_id=7")}));
  EXPECT_EQ(lock_keys({key("email=ANN@example.com")}), lock_keys({key("email=ann@EXAMPLE.com")}));
}

TEST(Record, WhatIsUniqueByOneFieldIsNotWithoutIt) {
  plugin::Operation operation;
  operation.capabilities.unique_conflict = true;
  EXPECT_TRUE(promises_for(operation, {key("external_id=7")}).unique_conflict) << "by each";
  operation.capabilities.unique_fields = {"email"};
  EXPECT_FALSE(promises_for(operation, {key("external_id=7")}).unique_conflict);
  EXPECT_FALSE(promises_for(operation, {key("email_2=x")}).unique_conflict);
  EXPECT_TRUE(promises_for(operation, {key("external_id=7"), key("email=a@b")}).unique_conflict);
}

}  // namespace
}  // namespace tenon::delivery
