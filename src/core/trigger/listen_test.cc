#include "core/trigger/listen.h"

#include <gtest/gtest.h>

namespace weft::trigger {
namespace {

TEST(Listen, SettingsAreReadWrittenAndCompared) {
    const Json config = *parse_json(
        R"({"connection":"db","channel":"Orders","filter":{"path":"input.payload.id","is":"at-most","value":3}})"
    );
    const auto listen = parse_listen(config);
    ASSERT_TRUE(listen) << listen.error().user;
    EXPECT_EQ(to_json(*listen), config);
    const auto other = parse_listen(*parse_json(R"({"connection":"db","channel":"orders"})"));
    ASSERT_TRUE(other);
    EXPECT_TRUE(is_other_source(*listen, *other));
    EXPECT_FALSE(is_other_source(*listen, *listen));
}

TEST(Listen, WhatIsWrongIsNamed) {
    const auto field = [](const char* text) { return parse_listen(*parse_json(text)).error().field; };
    EXPECT_EQ(field(R"({"channel":"a"})"), "config.connection");
    EXPECT_EQ(field(R"({"connection":"a"})"), "config.channel");
    EXPECT_EQ(field(R"({"connection":"a","channel":"\u0000"})"), "config.channel");
    EXPECT_EQ(field(R"({"connection":"a","channel":"b","every":"1m"})"), "config.every");
    const std::string longer = R"({"connection":"a","channel":")" + std::string(64, 'x') + R"("})";
    EXPECT_EQ(field(longer.c_str()), "config.channel");
}

TEST(Listen, APayloadThatIsJsonIsJson) {
    EXPECT_EQ(notified("c", R"({"id": 1.50})"), R"({"channel":"c","payload":{"id":1.50}})");
    EXPECT_EQ(notified("c", "7"), R"({"channel":"c","payload":7})");
    EXPECT_EQ(notified("c", ""), R"({"channel":"c","payload":""})");
    EXPECT_EQ(notified("c", "not {json"), R"({"channel":"c","payload":"not {json"})");
    EXPECT_EQ(notified("c", R"({"a":1,"a":2})").starts_with(R"({"channel":"c","payload":)"), true);
}

}  // namespace
}  // namespace weft::trigger
