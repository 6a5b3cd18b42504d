#include "base/bytes.h"
#include "core/connector/connector.h"

#include <gtest/gtest.h>

namespace weft::connector {
namespace {

Json tree_of(std::string_view text) {
    return parse_json(text).value();
}
App redacting(std::string_view auth) {
    return parse_app(Json{{"base_url", "https://api.example.com"}, {"auth", tree_of(auth)}}).value();
}
std::map<std::string, Secret> secrets(std::initializer_list<std::pair<const char*, const char*>> list) {
    std::map<std::string, Secret> out;
    for (auto [name, value] : list) out.emplace(name, Secret(std::string(value)));
    return out;
}

std::string capitals(std::string text) {
    for (char& c : text)
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

TEST(Redactor, RemovesEveryFormOfASecret) {
    std::string secret = "p\"ä s+/?canary";
    const App basic = redacting(R"({"kind":"basic"})");
    Redactor redactor(basic.auth, secrets({{"username", "ann"}, {"password", secret.c_str()}}));
    for (const std::string& form :
         {secret,
          base64(secret),
          base64url(secret),
          percent_encode(secret),
          base64("ann:" + secret),
          to_text(Json(secret)),
          hex(secret),
          capitals(hex(secret))}) {
        std::string out = redactor.redact("<" + form + ">");
        EXPECT_EQ(out.find("canary"), std::string::npos) << out;
        EXPECT_LE(out.size(), 20u) << out;  // nothing else of it is left
        EXPECT_NE(out.find("[redacted]"), std::string::npos) << form;
    }
    EXPECT_EQ(redactor.redact(std::string("by ann")), "by ann");
}

/// What is cut to a length is cut after that: half a secret is found by nobody.
TEST(Redactor, ASecretAtTheEndOfWhatIsToldLeavesNothingOfItself) {
    const std::string secret = "canary-0123456789-abcdefghijklmnopqrstuvwxyz";
    const Redactor redactor(redacting(R"({"kind":"bearer"})").auth, secrets({{"token", secret.c_str()}}));
    for (const std::string& form : {secret, base64(secret), hex(secret), percent_encode(secret)}) {
        for (std::size_t before = 300 - form.size(); before <= 300; ++before) {
            const Json body(JsonObject{{"message", std::string(before, '.') + form}});
            const std::string told = failure_message(401, redactor.redact(body));
            EXPECT_EQ(told.find(form.substr(0, 4)), std::string::npos) << before << told;
        }
    }
    // The control: the other way round a part of it is told.
    const Json body(JsonObject{{"message", std::string(290, '.') + secret}});
    EXPECT_NE(redactor.redact(failure_message(401, body)).find("canary"), std::string::npos);
}

TEST(Redactor, WalksTreesAndKeepsTheRest) {
    Redactor redactor(redacting(R"({"kind":"bearer"})").auth, secrets({{"token", "canary-1"}}));
    EXPECT_EQ(
        redactor.redact(tree_of(R"({"a":["x canary-1",7],"canary-1":true})")),
        tree_of(R"({"a":["x [redacted]",7],"[redacted]":true})")
    );
}

TEST(Redactor, LeavesVeryShortSecretsOrEveryDigitWouldGo) {
    Redactor redactor(redacting(R"({"kind":"bearer"})").auth, secrets({{"token", "7"}}));
    EXPECT_TRUE(redactor.empty());
    EXPECT_EQ(redactor.redact(std::string("7 7 7")), "7 7 7");
}

}  // namespace
}  // namespace weft::connector
