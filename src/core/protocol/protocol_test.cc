#include "core/protocol/protocol.h"

#include "base/random.h"

#include <gtest/gtest.h>

namespace weft::protocol {
namespace {

template <class V>
std::string encoded(const V& message) {
    std::string out;
    EXPECT_TRUE(append(out, message));
    return out;
}

Request round_trip(const Request& request) {
    FrameReader reader;
    reader.feed(encoded(request));
    auto frame = reader.next();
    EXPECT_TRUE(frame && *frame);
    auto decoded = decode_request(**frame);
    EXPECT_TRUE(decoded);
    EXPECT_EQ(reader.pending(), 0u);
    return *decoded;
}

TEST(Protocol, RequestsSurviveTheWire) {
    const Request requests[] = {
        Begin{"{}", "{\"a\":1}", "null", "", 250},
        Put{"order", "#1.2", "success", "[1,2]", ""},
        Evaluate{
            "\"{{ true }}\"", "{\"x\":1}", {{"item", "1"}, {"index", "0"}}, Mode::kRequest, "lines", "#4"
        },
        Forget{"#1.2"},
        Code{"return 1", {{"input", "{}"}}, "", "#3", 10'000, 30'000},
    };
    for (const auto& request : requests) EXPECT_EQ(round_trip(request), request);
}

TEST(Protocol, RepliesSurviveTheWireInPieces) {
    const std::vector<Reply> replies = {
        Value{"{\"a\":\"\xc3\xa9\"}"},
        Skipped{},
        Failed{Failed::Kind::kLimit, "a.b[0]", 3, 14, "too slow"},
        Log{Level::kWarn, "hello", R"({"order":7})"}
    };
    std::string stream;
    for (const auto& reply : replies) ASSERT_TRUE(append(stream, reply));
    FrameReader reader;
    std::vector<Reply> seen;
    for (char c : stream) {
        reader.feed(std::string_view(&c, 1));
        auto frame = reader.next();
        ASSERT_TRUE(frame);
        if (*frame) seen.push_back(*decode_reply(**frame));
    }
    EXPECT_EQ(seen, replies);
}

TEST(Protocol, RefusesLengthsOutOfBounds) {
    FrameReader zero;
    zero.feed(std::string("\0\0\0\0\1", 5));
    EXPECT_FALSE(zero.next());
    FrameReader huge;
    huge.feed("\xff\xff\xff\xff");
    EXPECT_FALSE(huge.next());
}

TEST(Protocol, RefusesEveryTruncationAndTrailingBytes) {
    const std::string whole = encoded(Reply(Failed{Failed::Kind::kWorkflow, "f", 1, 2, "m"})).substr(4);
    const auto type = static_cast<std::uint8_t>(whole[0]);
    const std::string body = whole.substr(1);
    for (std::size_t size = 0; size < body.size(); ++size) {
        EXPECT_FALSE(decode_reply({type, std::string_view(body).substr(0, size)})) << size;
    }
    EXPECT_TRUE(decode_reply({type, body}));
    EXPECT_FALSE(decode_reply({type, body + "x"}));
}

TEST(Protocol, TheTwoDirectionsDoNotMix) {
    std::string body = encoded(Reply(Value{"1"})).substr(5);
    EXPECT_FALSE(decode_request({static_cast<std::uint8_t>(Type::kValue), body}));
    EXPECT_FALSE(decode_reply({static_cast<std::uint8_t>(Type::kPut), body}));
}

TEST(Protocol, RefusesTooManyBindingsAndLongLines) {
    Evaluate evaluate;
    evaluate.bindings.resize(kBindingsMax + 1);
    std::string frame = encoded(Request(evaluate));
    EXPECT_FALSE(decode_request({static_cast<std::uint8_t>(frame[4]), std::string_view(frame).substr(5)}));
    frame =
        encoded(Reply(Log{Level::kInfo, std::string(limits::kLogLineBytesMax + kLogMarginBytes + 1, 'x')}));
    EXPECT_FALSE(decode_reply({static_cast<std::uint8_t>(frame[4]), std::string_view(frame).substr(5)}));
}

TEST(Protocol, AFrameTooLargeLeavesTheBufferAlone) {
    std::string out = "kept";
    Begin begin;
    begin.input = std::string(limits::kPayloadBytesMax, ' ');
    begin.trigger = begin.input;
    auto result = append(out, Request(begin));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, weft::Code::kLimit);
    EXPECT_EQ(out, "kept");
}

TEST(Protocol, RandomBytesNeverDoHarm) {
    SeededRng rng(7);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(rng.next() % 40, '\0');
        for (char& c : bytes) c = static_cast<char>(rng.next() % 6);
        FrameReader reader(64);
        reader.feed(bytes);
        for (;;) {
            auto frame = reader.next();
            if (!frame || !*frame) break;
            (void)decode_reply({static_cast<std::uint8_t>(64 + (*frame)->type), (*frame)->body});
            (void)decode_request(**frame);
        }
        EXPECT_LE(reader.pending(), bytes.size());
    }
}

}  // namespace
}  // namespace weft::protocol
