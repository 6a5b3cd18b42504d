#include "core/connector/connector.h"
#include "data/egress/egress.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

namespace weft::broker {
namespace {

std::string part(CURLU* url, CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
    std::string out(text);
    curl_free(text);
    return out;
}

/// "scheme host port" as the client reads it.
std::string seen_by_the_client(const std::string& text) {
    CURLU* url = curl_url();
    const bool is_read = curl_url_set(url, CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS) == CURLUE_OK;
    std::string out = is_read ? part(url, CURLUPART_SCHEME) + " " + part(url, CURLUPART_HOST) + " " +
                                    part(url, CURLUPART_PORT)
                              : "refused";
    curl_url_cleanup(url);
    return out;
}

std::string seen_by_us(const std::string& text) {
    const auto origin = connector::origin_of(text);
    return origin ? fmt::format("{} {} {}", origin->scheme, origin->host, origin->port) : "refused";
}

/// Ways to write a host; each names the same one to who checks it and to who connects.
constexpr std::array kWritten{
    "https://example.com/x",
    "https:\\\\example.com\\@other.example/",
    "https://example.com\\.other.example/",
    "https:/\\example.com/",
    "https://example.com#@other.example/",
    "https://example.com?@other.example/",
    "https://example.com:443/",
    "https://EXAMPLE.com.:8443/",
    "https://exa\nmple.com/",
    "https://ex%61mple.com/",
    "https://bücher.example/",
    "https://ｅxample.com/",
    "https://faß.example/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://2130706433:8080/",
    "http://127.1/",
    "http://１２７．1/",
    "http://%31%32%37.1/",
    "http://[::ffff:127.0.0.1]/",
    "http://[0:0:0:0:0:0:0:1]:80/",
};

TEST(Urls, OurChecksAndTheClientSeeTheSameHost) {
    for (const char* written : kWritten) {
        Json with = {{"url", written}};
        const auto request = connector::build_http_request(with, nullptr);
        ASSERT_TRUE(request) << written << ": " << request.error().user;
        EXPECT_EQ(seen_by_the_client(request->url), seen_by_us(request->url)) << written;
        EXPECT_EQ(seen_by_us(written), seen_by_us(request->url)) << written;
    }
}

// The control: of what people write, the client sees other hosts, or none.
TEST(Urls, TheClientAloneWouldSeeOtherHosts) {
    int differing = 0;
    for (const char* written : kWritten) differing += seen_by_the_client(written) != seen_by_us(written);
    EXPECT_GT(differing, 5);
}

TEST(Urls, EverySpellingOfAPrivateAddressIsJudgedAsThatAddress) {
    const egress::Policy policy;
    for (const char* written : kWritten) {
        if (!std::string_view(written).starts_with("http://")) continue;
        std::string host = connector::origin_of(written)->host;
        std::erase_if(host, [](char c) { return c == '[' || c == ']'; });
        ASSERT_TRUE(egress::parse_address(host)) << written << " is " << host;
        EXPECT_FALSE(policy.check(host, 8080)) << written;
    }
    EXPECT_TRUE(policy.check("93.184.216.34", 443));
}

}  // namespace
}  // namespace weft::broker
