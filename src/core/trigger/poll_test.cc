#include "core/trigger/poll.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::trigger {
namespace {

using testing::HasSubstr;

Json value_of(std::string_view text) {
    auto read = parse_json(text);
    EXPECT_TRUE(read) << text;
    return read.value_or(Json());
}

Poll poll_with(std::string_view more) {
    auto out = parse_poll(value_of(R"({"with": {"url": "https://x.example"}, )" + std::string(more) + "}"));
    EXPECT_TRUE(out) << out.error().user << out.error().field;
    return out.value_or(Poll{});
}

TEST(Path, FollowsNamesAndNumbers) {
    const Json value = value_of(R"({"a": {"b.c": [10, {"d": null}]}, "7": 1})");
    const auto at = [&](std::string_view text) {
        const auto path = Path::parse(text, "f");
        EXPECT_TRUE(path) << text;
        const Json* found = path->find(value);
        return found == nullptr ? "nothing" : to_text(*found);
    };
    EXPECT_EQ(at(R"(a."b.c".0)"), "10");
    EXPECT_EQ(at(R"(a."b.c".1.d)"), "null");
    EXPECT_EQ(at(R"(a."b.c".2)"), "nothing");
    EXPECT_EQ(at(R"(a."b.c".-1)"), "nothing");
    EXPECT_EQ(at("7"), "1");
    EXPECT_EQ(at("a.b.c"), "nothing");
    EXPECT_EQ(at("7.x"), "nothing");
    EXPECT_EQ(at(""), to_text(value));
    for (const std::string_view wrong : {".", "a.", ".a", "a..b", "\"a", "\"a\"b", "\"\"", "a\"b"})
        EXPECT_FALSE(Path::parse(wrong, "f")) << wrong;
    EXPECT_FALSE(Path::parse(std::string(257, 'a'), "f"));
    EXPECT_FALSE(Path::parse("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q", "f"));
}

TEST(Poll, SettingsSurviveTheirText) {
    const Poll all = poll_with(
        R"("uses": "shop/list@1", "connection": "c", "items": "a.b", "id": "x", "cursor": {"of": "answer",
        "path": "next"}, "every": "90s", "start": "all", "batch": true)"
    );
    EXPECT_EQ(parse_poll(to_json(all)).value(), all);
    EXPECT_EQ(parse_poll(to_json(poll_with(R"("every": "7d")"))).value(), poll_with(R"("every": "7d")"));
}

TEST(Poll, ItemsAreToldApartByTheirIds) {
    const Json answer = value_of(R"({"l": [{"id": 1}, {"id": "1"}, {"id": 1}, {"id": 1.5}]})");
    const auto read = read_answer(poll_with(R"("items": "l", "id": "id")"), answer, Json());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->items.size(), 3u) << "a number is no text, and what comes twice is one";
    EXPECT_EQ(read->items[0].key.size(), 32u);
    const auto whole =
        read_answer(poll_with(R"("items": "l")"), value_of(R"({"l": [1, 1, {"a": 1}]})"), Json());
    EXPECT_EQ(whole->items.size(), 2u);
}

TEST(Poll, WhatIsNoListOrHasNoIdIsSaid) {
    const Poll settings = poll_with(R"("items": "l", "id": "id")");
    const auto why = [&](std::string_view text) {
        const auto read = read_answer(settings, value_of(text), Json());
        return read ? "" : read.error().user;
    };
    EXPECT_THAT(why(R"({})"), HasSubstr("\"l\""));
    EXPECT_THAT(why(R"({"l": {}})"), HasSubstr("\"l\""));
    EXPECT_THAT(why(R"({"l": [{"id": 1}, {}]})"), HasSubstr("Item 2"));
    EXPECT_THAT(why(R"({"l": [{"id": {}}]})"), HasSubstr("\"id\""));
    EXPECT_THAT(why(R"({"l": [{"id": ")" + std::string(3'000, 'x') + "\"}]}"), HasSubstr("2048 bytes"));
    JsonArray many(kPollItemsMax + 1, Json(1));
    const auto read = read_answer(settings, JsonObject{{"l", std::move(many)}}, Json());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::kLimit);
}

TEST(Poll, TheCursorIsTheGreatestAndNeverGoesBack) {
    const Poll settings = poll_with(R"("cursor": {"path": "at"})");
    const auto cursor = [&](std::string_view items, std::string_view before) -> std::string {
        const auto read = read_answer(settings, value_of(items), value_of(before));
        if (!read) return read.error().user;
        return read->cursor ? to_text(*read->cursor) : "as before";
    };
    EXPECT_EQ(cursor(R"([{"at": 9}, {"at": 10.5}, {"at": 2}])", "null"), "10.5");
    EXPECT_EQ(cursor(R"([{"at": 9}])", "10"), "as before");
    EXPECT_EQ(cursor("[]", "10"), "as before");
    EXPECT_EQ(cursor(R"([{"at": "b"}, {"at": null}, {}])", "\"a\""), "\"b\"");
    EXPECT_EQ(
        cursor(R"([{"at": "2026-01-01T12:00:00+05:00"}, {"at": "2026-01-01T08:00:00Z"}])", "null"),
        "\"2026-01-01T08:00:00Z\""
    );
    EXPECT_THAT(cursor(R"([{"at": 1}, {"at": "x"}])", "null"), HasSubstr("a number in one"));
    EXPECT_THAT(cursor(R"([{"at": [1]}])", "null"), HasSubstr("a text or a number"));
    const Poll said = poll_with(R"("items": "l", "cursor": {"of": "answer", "path": "next"})");
    EXPECT_EQ(
        to_text(*read_answer(said, value_of(R"({"l": [], "next": {"p": 2}})"), Json())->cursor), R"({"p":2})"
    );
    EXPECT_FALSE(read_answer(said, value_of(R"({"l": []})"), value_of("7"))->cursor);
}

TEST(Poll, FailuresMakeItRarer) {
    const Poll often = poll_with(R"("every": "1m")");
    EXPECT_EQ(poll_pause(often.every, 0), 60s);
    EXPECT_EQ(poll_pause(often.every, 2), 240s);
    EXPECT_EQ(poll_pause(often.every, 60), 3'600s);
    EXPECT_EQ(poll_pause(poll_with(R"("every": "1d")").every, 5), 86'400s);
}

}  // namespace
}  // namespace weft::trigger
