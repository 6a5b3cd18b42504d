#include "graphql/serve/detail/socket_protocol.h"

#include <gtest/gtest.h>

namespace weft::graphql::detail {
namespace {

using Kind = Conversation::Verdict::Kind;

Conversation::Verdict say(Conversation& to, std::string_view text) {
    auto message = read_message(to.dialect(), text);
    return message ? to.hear(*message) : to.hear_nonsense();
}

constexpr std::string_view kInit = R"({"type":"connection_init"})";
constexpr std::string_view kSubscribe = R"({"type":"subscribe","id":"a","payload":{"query":"{a}"}})";
constexpr std::string_view kStart = R"({"type":"start","id":"a","payload":{"query":"{a}"}})";

TEST(SocketProtocol, TakesTheFirstDialectThatItSpeaks) {
    EXPECT_EQ(choose_dialect("graphql-transport-ws"), Dialect::kTransportWs);
    EXPECT_EQ(choose_dialect("mqtt, graphql-ws ,graphql-transport-ws"), Dialect::kLegacy);
    EXPECT_EQ(choose_dialect("mqtt"), std::nullopt);
    EXPECT_EQ(choose_dialect(""), std::nullopt);
}

TEST(SocketProtocol, ClosesOnNonsense) {
    for (const std::string_view text :
         {"",
          "[]",
          "{",
          "1",
          R"({"type":1})",
          R"({"type":"start","id":"a","payload":{}})",
          R"({"type":"subscribe","id":1,"payload":{}})",
          R"({"type":"subscribe","id":"a","payload":[]})",
          R"({"type":"ping","payload":"x"})"}) {
        Conversation talk(Dialect::kTransportWs);
        const auto verdict = say(talk, text);
        EXPECT_EQ(verdict.kind, Kind::kClose) << text;
        EXPECT_EQ(verdict.close.code, 4400) << text;
    }
}

TEST(SocketProtocol, WantsTheAcknowledgementBeforeASubscription) {
    Conversation talk(Dialect::kTransportWs);
    EXPECT_EQ(say(talk, kSubscribe).close.code, 4401);
    EXPECT_EQ(say(talk, kInit).kind, Kind::kAuthenticate);
    EXPECT_EQ(say(talk, kSubscribe).close.code, 4401);
    talk.acknowledge();
    EXPECT_EQ(say(talk, kSubscribe).kind, Kind::kStart);
}

TEST(SocketProtocol, TakesOneInitAndOneUseOfAnIdAtATime) {
    Conversation talk(Dialect::kTransportWs);
    EXPECT_EQ(say(talk, kInit).kind, Kind::kAuthenticate);
    talk.acknowledge();
    EXPECT_EQ(say(talk, kSubscribe).kind, Kind::kStart);
    EXPECT_EQ(say(talk, kSubscribe).close.code, 4409);
    EXPECT_EQ(say(talk, R"({"type":"complete","id":"a"})").kind, Kind::kStop);
    EXPECT_EQ(say(talk, kSubscribe).kind, Kind::kStart);
    talk.finish("a");
    EXPECT_EQ(say(talk, kSubscribe).kind, Kind::kStart);
    EXPECT_EQ(say(talk, kInit).close.code, 4429);
}

TEST(SocketProtocol, AnswersPingsAtAnyTime) {
    Conversation talk(Dialect::kTransportWs);
    EXPECT_EQ(say(talk, R"({"type":"ping"})").kind, Kind::kPong);
    EXPECT_EQ(say(talk, R"({"type":"pong","payload":{"a":1}})").kind, Kind::kAlive);
    EXPECT_EQ(pong_message(Json(JsonObject{{"a", 1}})), R"({"type":"pong","payload":{"a":1}})");
    EXPECT_EQ(pong_message(Json()), R"({"type":"pong"})");
}

TEST(SocketProtocol, SpeaksTheOlderDialectWithItsManners) {
    Conversation talk(Dialect::kLegacy);
    EXPECT_EQ(say(talk, "nonsense").kind, Kind::kRefuse);
    EXPECT_EQ(say(talk, kSubscribe).kind, Kind::kRefuse);  // the other dialect's word
    EXPECT_EQ(say(talk, kStart).kind, Kind::kRefuse);
    EXPECT_EQ(say(talk, kInit).kind, Kind::kAuthenticate);
    talk.acknowledge();
    EXPECT_EQ(say(talk, kStart).kind, Kind::kStart);
    EXPECT_EQ(say(talk, kStart).kind, Kind::kRefuse);
    EXPECT_EQ(say(talk, R"({"type":"stop","id":"a"})").kind, Kind::kStop);
    EXPECT_EQ(say(talk, R"({"type":"connection_terminate"})").close.code, 1000);
}

TEST(SocketProtocol, WritesMessagesOfBothDialects) {
    constexpr std::string_view kErrors = R"({"errors":[{"message":"m"}]})";
    EXPECT_EQ(next_message(Dialect::kTransportWs, "a\"", "{}"), R"({"id":"a\"","type":"next","payload":{}})");
    EXPECT_EQ(next_message(Dialect::kLegacy, "a", "{}"), R"({"id":"a","type":"data","payload":{}})");
    EXPECT_EQ(
        error_message(Dialect::kTransportWs, "a", kErrors),
        R"({"id":"a","type":"error","payload":[{"message":"m"}]})"
    );
    EXPECT_EQ(
        error_message(Dialect::kLegacy, "a", kErrors),
        R"({"id":"a","type":"error","payload":{"errors":[{"message":"m"}]}})"
    );
    EXPECT_EQ(complete_message("a"), R"({"id":"a","type":"complete"})");
}

TEST(SocketProtocol, CutsAReasonBetweenCharacters) {
    const std::string long_text(130, 'x');
    EXPECT_EQ(socket_close(4403, long_text).reason.size(), 123U);
    std::string umlauts;
    for (int i = 0; i < 70; ++i) umlauts += "\xC3\xA4";
    EXPECT_EQ(socket_close(4403, umlauts).reason.size(), 122U);
}

}  // namespace
}  // namespace weft::graphql::detail
