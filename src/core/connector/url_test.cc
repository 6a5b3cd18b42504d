#include "core/connector/connector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace weft::connector {
namespace {

std::string sent_to(std::string_view url) {
    Json with = {{"url", url}};
    auto request = build_http_request(with, nullptr);
    return request ? request->url : "refused: " + request.error().user;
}

struct Spelling {
    std::string_view written;
    std::string_view sent;
};

TEST(HttpStep, TakesUrlsAsPeopleWriteThem) {
    static constexpr std::array kSpellings{
        Spelling{
            "https://a.b/r?$where=d between '2015-01-01'&n=5",
            "https://a.b/r?$where=d%20between%20%272015-01-01%27&n=5"
        },
        Spelling{"https://a.b/straße?q=ü", "https://a.b/stra%C3%9Fe?q=%C3%BC"},
        Spelling{"https://a.b/s?a=1|2&f[x]=1", "https://a.b/s?a=1|2&f[x]=1"},
        Spelling{"  https://a.b/x\n", "https://a.b/x"},
        Spelling{"https://a.b/x\r\n/y\tz", "https://a.b/x/yz"},
        Spelling{"HTTPS://A.B:443/X", "https://a.b/X"},
        Spelling{"http://a.b:0080/", "http://a.b/"},
        Spelling{"https:\\\\a.b\\c\\d?e\\f", "https://a.b/c/d?e\\f"},
        Spelling{"https:/a.b/c", "https://a.b/c"},
        Spelling{"https://a.b/100%?d=10%&e=%zz", "https://a.b/100%?d=10%&e=%zz"},
        Spelling{"https://a.b/x%2Fy?z=%26", "https://a.b/x%2Fy?z=%26"},
        Spelling{"https://a.b/{id}/<x>/\"y\"?\"q\"", "https://a.b/%7Bid%7D/%3Cx%3E/%22y%22?%22q%22"},
        Spelling{"https://a.b/x#part", "https://a.b/x"},
        Spelling{"https://a.b//x//", "https://a.b//x//"},
        Spelling{"https://a.b/?q=", "https://a.b/?q="},
        Spelling{"https://bücher.example/", "https://xn--bcher-kva.example/"},
        Spelling{"https://BÜCHER.example/", "https://xn--bcher-kva.example/"},
        Spelling{"https://faß.example/", "https://xn--fa-hia.example/"},
        Spelling{"https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"},
        Spelling{"https://ａ.b/", "https://a.b/"},
        Spelling{"https://a%2Eb/", "https://a.b/"},
        Spelling{"https://my_host.b/", "https://my_host.b/"},
        Spelling{"http://0x7f.1:8080/", "http://127.0.0.1:8080/"},
        Spelling{"http://2130706433/", "http://127.0.0.1/"},
        Spelling{"http://0177.0.0.1/", "http://127.0.0.1/"},
        Spelling{"http://１２７。0.0.1/", "http://127.0.0.1/"},
        Spelling{"http://[0:0::1]:80/", "http://[::1]/"},
    };
    for (const Spelling& spelling : kSpellings) {
        EXPECT_EQ(sent_to(spelling.written), spelling.sent) << spelling.written;
        EXPECT_EQ(sent_to(spelling.sent), spelling.sent) << "once more";
    }
}

TEST(HttpStep, SaysWhichPartOfAUrlIsWrongAndShowsItUnlessItMayBeSecret) {
    static constexpr std::array kWrong{
        Spelling{"a.b/x", "starts with https://"},
        Spelling{"https:///", "names no host"},
        Spelling{"https://a b/", "host 'a b' has a character"},
        Spelling{"https://a<b/", "host 'a<b'"},
        Spelling{"https://1.2.3.4.5/", "host '1.2.3.4.5' ends in a number"},
        Spelling{"https://256.1.1.1/", "host '256.1.1.1'"},
        Spelling{"https://[::g]/", "host '[::g]' is no IPv6"},
        Spelling{"https://[fe80::1%25eth0]/", "is no IPv6"},
        Spelling{"https://xn--a/", "host 'xn--a'"},
        Spelling{"https://a.b:8x/", "port '8x'"},
        Spelling{"https://a.b:65536/", "port '65536'"},
        Spelling{"https://a.b/../c", ". or .."},
        Spelling{"https://a.b\\..\\c", ". or .."},
        Spelling{"https://a.b/%0A", "control character"},
        Spelling{"https://ann:hush@a.b/?key=hush", "user name"},
    };
    for (const Spelling& wrong : kWrong) {
        EXPECT_THAT(sent_to(wrong.written), ::testing::StartsWith("refused")) << wrong.written;
        EXPECT_THAT(sent_to(wrong.written), ::testing::HasSubstr(wrong.sent)) << wrong.written;
        EXPECT_THAT(sent_to(wrong.written), ::testing::Not(::testing::HasSubstr("hush")));
    }
}

}  // namespace
}  // namespace weft::connector
