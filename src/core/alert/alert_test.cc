#include "core/alert/alert.h"

#include "base/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::alert {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Instant at(std::string_view text) {
    return *calendar::moment_of(*calendar::read(text), calendar::Zone());
}

Quiet quiet(std::string_view json) {
    auto out = parse_quiet(*parse_json(json));
    EXPECT_TRUE(out) << out.error().field << ": " << out.error().user;
    return out.value_or(Quiet{});
}

std::string until(const Quiet& hours, std::string_view now) {
    const auto end = quiet_until(hours, at(now));
    return end ? rfc3339(*end) : "loud";
}

TEST(Quiet, HoursOverMidnightBelongToTheDayTheyBeginOn) {
    // Mondays to Fridays; 2026-12-04 is a Friday.
    const Quiet hours =
        quiet(R"({"from":"22:00","to":"07:00","days":["mon","tue","wed","thu","fri"],"zone":"UTC"})");
    EXPECT_EQ(until(hours, "2026-12-04T21:59:59Z"), "loud");
    EXPECT_EQ(until(hours, "2026-12-04T22:00:00Z"), "2026-12-05T07:00:00.000Z");
    EXPECT_EQ(until(hours, "2026-12-05T06:59:59Z"), "2026-12-05T07:00:00.000Z") << "Friday's, on Saturday";
    EXPECT_EQ(until(hours, "2026-12-05T07:00:00Z"), "loud");
    EXPECT_EQ(until(hours, "2026-12-05T23:00:00Z"), "loud") << "Saturday";
    EXPECT_EQ(until(hours, "2026-12-07T03:00:00Z"), "loud") << "Sunday's, on Monday";
}

TEST(Quiet, HoursThatFollowEachOtherAreOne) {
    const Quiet weekend = quiet(R"({"from":"00:00","to":"24:00","days":["sat","sun"]})");
    EXPECT_EQ(until(weekend, "2026-12-05T10:00:00Z"), "2026-12-07T00:00:00.000Z");
    EXPECT_EQ(until(weekend, "2026-12-06T23:59:59Z"), "2026-12-07T00:00:00.000Z");
    EXPECT_EQ(until(weekend, "2026-12-07T00:00:00Z"), "loud");
}

/// Madrid: 2026-03-29 02:00 -> 03:00, 2026-10-25 03:00 -> 02:00.
TEST(Quiet, ClocksThatChangeInBetween) {
    const Quiet night = quiet(R"({"from":"22:00","to":"07:00","zone":"Europe/Madrid"})");
    EXPECT_EQ(until(night, "2026-03-28T21:00:00Z"), "2026-03-29T05:00:00.000Z") << "an hour less";
    EXPECT_EQ(until(night, "2026-10-24T20:00:00Z"), "2026-10-25T06:00:00.000Z") << "an hour more";
    // Ends in the hour that comes twice: the second one. Ends in the hour that never comes: behind it.
    const Quiet twice = quiet(R"({"from":"22:00","to":"02:30","zone":"Europe/Madrid"})");
    EXPECT_EQ(until(twice, "2026-10-25T00:45:00Z"), "2026-10-25T01:30:00.000Z") << "the first 02:45 is quiet";
    EXPECT_EQ(until(twice, "2026-10-25T01:30:00Z"), "loud");
    EXPECT_EQ(until(twice, "2026-03-29T00:30:00Z"), "2026-03-29T01:30:00.000Z");
    // Begins there: with the first one.
    const Quiet begins = quiet(R"({"from":"02:30","to":"07:00","zone":"Europe/Madrid"})");
    EXPECT_EQ(until(begins, "2026-10-25T00:20:00Z"), "loud");
    EXPECT_EQ(until(begins, "2026-10-25T00:30:00Z"), "2026-10-25T06:00:00.000Z");
}

TEST(Quiet, WhatIsWrongIsNamed) {
    for (const auto& [json, field] : std::vector<std::pair<std::string, std::string>>{
             {R"({"to":"07:00"})", "quiet.from"},
             {R"({"from":"7:00","to":"08:00"})", "quiet.from"},
             {R"({"from":"24:00","to":"08:00"})", "quiet.from"},
             {R"({"from":"07:00","to":"24:01"})", "quiet.to"},
             {R"({"from":"07:00","to":"08:00","zone":"Mars/Base"})", "quiet.zone"},
             {R"({"from":"07:00","to":"08:00","days":[]})", "quiet.days"},
             {R"({"from":"07:00","to":"08:00","days":["monday"]})", "quiet.days"},
             {R"({"from":"07:00","to":"08:00","then":"shout"})", "quiet.then"},
             {R"({"from":"07:00","to":"08:00","until":"x"})", "quiet.until"},
         }) {
        auto out = parse_quiet(*parse_json(json));
        ASSERT_FALSE(out) << json;
        EXPECT_EQ(out.error().field, field);
    }
    const Json written =
        to_json(quiet(R"({"from":"22:00","to":"24:00","days":["sun","mon"],"then":"drop"})"));
    EXPECT_EQ(
        to_text(written), R"({"from":"22:00","to":"24:00","zone":"UTC","days":["mon","sun"],"then":"drop"})"
    );
    EXPECT_EQ(to_text(to_json(*parse_quiet(written))), to_text(written));
}

TEST(Target, OnlyTheHostOfAnAddressIsShown) {
    auto slack = parse_url("https://hooks.slack.com/services/T0/B0/secret");
    ASSERT_TRUE(slack);
    EXPECT_EQ(slack->shown, "hooks.slack.com");
    EXPECT_EQ(slack->sealed, "https://hooks.slack.com/services/T0/B0/secret");
    for (std::string_view wrong :
         {"", "ftp://x.example/", "https://", "https://u:p@x.example/", "not a url"}) {
        auto out = parse_url(wrong);
        ASSERT_FALSE(out) << wrong;
        EXPECT_EQ(out.error().field, "url");
    }
    EXPECT_FALSE(parse_url("https://x.example/" + std::string(2'100, 'a')));
}

TEST(Target, AddressesOfMailEndNoHeader) {
    EXPECT_EQ(
        parse_addresses({"a@example.com", "b+c@mail.example.com"})->sealed,
        "a@example.com,b+c@mail.example.com"
    );
    for (const char* wrong :
         {"",
          "a",
          "@example.com",
          "a@example",
          "a@.example.com",
          "a@example..com",
          "a b@example.com",
          "a@example.com\r\nBcc: c@example.com",
          "a@example.com,b@example.com",
          "<a@example.com>"}) {
        auto out = parse_addresses({"ok@example.com", wrong});
        ASSERT_FALSE(out) << wrong;
        EXPECT_EQ(out.error().field, "to[1]");
    }
    EXPECT_FALSE(parse_addresses({}));
    EXPECT_FALSE(parse_addresses(std::vector<std::string>(kAddressesMax + 1, "a@example.com")));
}

Message hostile() {
    Ended end{
        .run = *RunId::parse("01890000-0000-7000-8000-000000000001"),
        .workflow = *WorkflowId::parse("01890000-0000-7000-8000-000000000002"),
        .workflow_key = "orders",
        .workflow_name = "@channel <!here> [free](https://evil.example)\r\nBcc: x@example.com",
        .failure_kind = runstate::FailureKind::kProvider,
        .step = "call",
        .message = "line one\nline two & `code`\xff \xe2\x80\xae reversed",
        .ended_at = at("2026-12-01T08:00:00Z"),
    };
    return {
        .id = "msg_1",
        .rule = {},
        .rule_name = "Night\r\nX-Evil: 1",
        .made_at = at("2026-12-01T08:01:00Z"),
        .named = {end},
        .ends = 41,
        .public_url = "https://weft.example.com",
    };
}

TEST(Messages, ChatsAreNotCalledAndLinesAreOurs) {
    const Json body = *parse_json(slack_body(hostile()));
    const std::string text(text_or(body.get_object(), "text"));
    EXPECT_THAT(text, Not(HasSubstr("@channel")));
    EXPECT_THAT(text, Not(HasSubstr("<!here>")));
    EXPECT_THAT(text, Not(HasSubstr("](")));
    EXPECT_THAT(text, Not(HasSubstr("`code`")));
    EXPECT_THAT(text, HasSubstr("line one line two &amp; "));
    EXPECT_THAT(text, HasSubstr("https://weft.example.com/runs/01890000-0000-7000-8000-000000000001"));
    EXPECT_THAT(text, HasSubstr("and 40 more"));
    EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
    EXPECT_EQ(std::ranges::count(text, '\n'), 4) << text;
}

TEST(Messages, ATestSaysThatItIsOne) {
    Message test = hostile();
    test.named.clear();
    test.ends = 0;
    EXPECT_THAT(webhook_body(test), HasSubstr(R"("type":"test")"));
    EXPECT_THAT(slack_body(test), HasSubstr("Test of the alert"));
}

TEST(Messages, AWebhookGetsDataAsItIs) {
    Message message = hostile();
    message.named.front().message = "<b>\"quoted\"</b>";
    const Json body = *parse_json(webhook_body(message));
    const JsonObject& data = body.at("data").get_object();
    EXPECT_EQ(int_or(data, "count", 0), 41);
    EXPECT_EQ(body.at("data").at("runs").get_array().size(), 1u);
    EXPECT_EQ(text_or(body.at("data").at("alert").get_object(), "name"), "Night\r\nX-Evil: 1");
}

TEST(Messages, MailHasTheHeadersThatWeGaveIt) {
    const std::string mail =
        mail_text(hostile(), "weft@example.com", "a@example.com,b@example.com", "weft.example.com");
    const std::string head = mail.substr(0, mail.find("\r\n\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("Bcc")));
    EXPECT_THAT(head, Not(HasSubstr("X-Evil")));
    EXPECT_THAT(head, HasSubstr("To: a@example.com,\r\n b@example.com\r\n"));
    EXPECT_THAT(head, HasSubstr("Date: Tue, 01 Dec 2026 08:01:00 +0000"));
    EXPECT_THAT(head, HasSubstr("Message-ID: <msg_1@weft.example.com>"));
    for (std::size_t at = 0, end = 0; end != std::string::npos; at = end + 2) {
        end = mail.find("\r\n", at);
        EXPECT_LE((end == std::string::npos ? mail.size() : end) - at, 78u);
    }
    std::string coded = mail.substr(mail.find("\r\n\r\n") + 4);
    std::erase_if(coded, [](char c) { return c == '\r' || c == '\n'; });
    EXPECT_THAT(*from_base64(coded), HasSubstr("41 runs failed\r\n"));
}

TEST(Backoff, DoublesUpToAnHour) {
    EXPECT_EQ(backoff(1, 10s), 10s);
    EXPECT_EQ(backoff(2, 10s), 20s);
    EXPECT_EQ(backoff(9, 10s), 2'560s);
    EXPECT_EQ(backoff(10, 10s), 1h);
    EXPECT_EQ(backoff(1'000, 10s), 1h);
}

}  // namespace
}  // namespace weft::alert
