#include "store/db/db.h"

#include <gtest/gtest.h>

namespace weft::store {
namespace {

TEST(Violates, GoesByTheNameThatTheServerGaveNotByATextThatHoldsIt) {
    Error taken = Error::conflict("taken");
    taken.database = std::make_shared<const DatabaseFault>(DatabaseFault{.constraint = "app_key_key"});
    EXPECT_TRUE(violates(taken, "app_key_key"));
    EXPECT_FALSE(violates(taken, "app_key")) << "a part of a name is another constraint";
    Error quoted = Error::conflict("taken").with_detail("add_app: 23505 (constraint app_key_key)");
    EXPECT_FALSE(violates(quoted, "app_key_key"));
    EXPECT_TRUE(violates(std::move(taken).during("add an app"), "app_key_key"));
}

}  // namespace
}  // namespace weft::store
