#include "platform/http/coding.h"

#include "base/bytes.h"
#include "platform/http/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <zlib.h>

namespace weft::http {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kMax = 5u << 20;
constexpr std::string_view kJson = R"({"a":1})";

/// `window_bits`: 31 gzip, 15 zlib, -15 bare.
std::string deflated(std::string_view text, int window_bits) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string zstd(std::string_view text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

std::string brotli() {  // of kJson
    return *from_hex("0b03807b2261223a317d03");
}

Result<Plain> decoded(std::string body, std::string header, std::size_t bytes_max = kMax) {
    auto codings = codings_of(Fields{{"Content-Encoding", std::move(header)}});
    if (!codings) return fail(codings.error());
    return decode_body(std::move(body), *codings, bytes_max);
}

TEST(Coding, EachKnownOneIsUndone) {
    EXPECT_EQ(decoded(deflated(kJson, 31), "gzip")->body, kJson);
    EXPECT_EQ(decoded(deflated(kJson, 31), " X-GZIP ")->body, kJson);
    EXPECT_EQ(decoded(deflated(kJson, 15), "deflate")->body, kJson);
    EXPECT_EQ(decoded(deflated(kJson, -15), "deflate")->body, kJson);
    EXPECT_EQ(decoded(brotli(), "br")->body, kJson);
    EXPECT_EQ(decoded(zstd(kJson), "zstd")->body, kJson);
    EXPECT_EQ(decoded(deflated(zstd(kJson), 31), "zstd, gzip")->body, kJson);
    EXPECT_EQ(decoded("", "gzip")->body, "");
}

TEST(Coding, MembersOfAGzipFileAndFramesOfZstdFollowEachOther) {
    EXPECT_EQ(decoded(deflated("one", 31) + deflated("two", 31) + "padding", "gzip")->body, "onetwo");
    EXPECT_EQ(decoded(zstd("one") + zstd("two"), "zstd")->body, "onetwo");
}

TEST(Coding, WhatIsNoCodingIsPassedOverAndNamed) {
    for (std::string_view header : {"utf-8", "aws-chunked", "none", "identity, UTF-8"}) {
        auto codings = codings_of(Fields{{"content-encoding", std::string(header)}});
        ASSERT_TRUE(codings);
        EXPECT_TRUE(codings->applied.empty());
        EXPECT_FALSE(codings->unknown.empty()) << header;
    }
    EXPECT_TRUE(codings_of(Fields{{"content-encoding", "identity"}})->unknown.empty());
    EXPECT_EQ(codings_of(Fields{{"content-encoding", std::string(999, 'x')}})->unknown.size(), 32u);
    EXPECT_EQ(decoded(deflated(kJson, 31), "aws-chunked, gzip")->body, kJson);
}

TEST(Coding, ABodyThatIsNotWhatItsLabelSaysIsTakenAsItIs) {
    for (const char* header : {"gzip", "zstd"}) {
        auto plain = decoded(std::string(kJson), header);
        ASSERT_TRUE(plain);
        EXPECT_EQ(plain->body, kJson);
        EXPECT_TRUE(plain->is_mislabelled);
    }
}

TEST(Coding, ADamagedOrShortBodyIsInvalid) {
    const std::string gzip = deflated(std::string(1'000, 'a') + "b", 31);
    std::string damaged = gzip;
    damaged[gzip.size() / 2] ^= 0x55;
    const auto cut = [](std::string text) { return text.substr(0, text.size() - 5); };
    for (const auto& [body, header] : std::initializer_list<std::pair<std::string, std::string>>{
             {damaged, "gzip"},
             {cut(gzip), "gzip"},
             {cut(zstd(kJson)), "zstd"},
             {cut(brotli()), "br"},
             {"{}", "br"},
             {cut(deflated("hello hello", 15)), "deflate"}
         }) {
        auto plain = decoded(body, header);
        ASSERT_FALSE(plain) << header;
        EXPECT_EQ(plain.error().code, Code::kInvalid) << header;
        EXPECT_THAT(plain.error().user, HasSubstr(header));
        EXPECT_EQ(plain.error().field, "body");
    }
}

TEST(Coding, ABombEndsAtTheLimitThatItPasses) {
    const std::string zeros(20u << 20, '\0');
    for (const auto& [body, header] : std::initializer_list<std::pair<std::string, std::string>>{
             {deflated(zeros, 31), "gzip"},
             {deflated(zeros, 15), "deflate"},
             {zstd(zeros), "zstd"},
             {*from_hex("5b3f428f5f02241e0b04f2731e00"), "br"},
             {deflated(deflated(zeros, 31), 31), "gzip, gzip"}
         }) {
        auto plain = decoded(body, header);
        ASSERT_FALSE(plain) << header;
        EXPECT_EQ(plain.error().code, Code::kLimit) << header;
        const bool is_by_ratio = decoded_bytes_max(body.size(), kMax) < kMax;
        EXPECT_THAT(plain.error().user, HasSubstr(is_by_ratio ? "200 times" : "5 MiB")) << header;
    }
}

TEST(Coding, TheLimitItselfIsAllowed) {
    std::string text;  // does not shrink to a 200th
    for (unsigned i = 0, x = 1; i < 300'000; ++i, x = x * 1'103'515'245 + 12'345)
        text += static_cast<char>('a' + x / 65'536 % 26);
    EXPECT_EQ(decoded(deflated(text, 31), "gzip", text.size())->body, text);
    EXPECT_EQ(decoded(deflated(text, 31), "gzip", text.size() - 1).error().code, Code::kLimit);
    EXPECT_EQ(decoded(zstd(text), "zstd", text.size())->body, text);
    EXPECT_EQ(decoded(zstd(text), "zstd", text.size() - 1).error().code, Code::kLimit);
}

TEST(Coding, MoreThanThreeAreRefused) {
    EXPECT_TRUE(codings_of(Fields{{"content-encoding", "gzip, gzip"}, {"content-encoding", "gzip"}}));
    EXPECT_FALSE(codings_of(Fields{{"content-encoding", "gzip, gzip, gzip, gzip"}}));
}

}  // namespace
}  // namespace weft::http
