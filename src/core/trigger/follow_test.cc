#include "core/trigger/follow.h"

#include <gtest/gtest.h>

namespace weft::trigger {
namespace {

std::string read(std::string_view text) {
    auto follow = parse_follow(parse_json(text).value());
    return follow ? to_text(to_json(*follow)) : follow.error().field;
}

TEST(Follow, SaysWhoseEndsAndWhich) {
    EXPECT_EQ(read("{}"), R"({"on":["failed"]})");
    EXPECT_EQ(
        read(R"({"on":["success","canceled","success"],"workflows":["orders","orders","bills"]})"),
        R"({"on":["success","canceled"],"workflows":["orders","bills"]})"
    );
}

TEST(Follow, NamesWhatIsWrong) {
    EXPECT_EQ(read(R"({"on":[]})"), "config.on");
    EXPECT_EQ(read(R"({"on":["running"]})"), "config.on");
    EXPECT_EQ(read(R"({"on":"failed"})"), "config.on");
    EXPECT_EQ(read(R"({"workflows":[7]})"), "config.workflows");
    EXPECT_EQ(read(R"({"state":"failed"})"), "config.state");
}

}  // namespace
}  // namespace weft::trigger
