#include "base/bytes.h"
#include "core/trigger/trigger.h"

#include <gtest/gtest.h>
#include <sodium.h>

namespace weft::trigger {
namespace {

std::string hmac_of(std::string_view key, std::string_view message) {
    auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes(key), key.size());
    crypto_auth_hmacsha256_update(&state, bytes(message), message.size());
    std::string out(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(out.data()));
    return out;
}

/// A delivery as the provider's documentation prints it, or, where it prints none, as Python's hmac signs it.
struct SentVector {
    std::string_view scheme, secret;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    std::string_view body;
    std::int64_t at;
    std::string_view key;  // of a repeat
};

const std::vector<SentVector>& sent_vectors() {
    static const std::vector<SentVector> all{
        {"github",
         "It's a Secret to Everybody",
         {{"X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
          {"X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"}},
         "Hello, World!",
         1'700'000'000,
         "id:72d3162e-cc78-11e3-81ab-4c9367dc0958"},
        {"slack",
         "8f742231b10e8888abcd99yyyzzz85a5",
         {{"X-Slack-Request-Timestamp", "1531420618"},
          {"X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}},
         "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
         "channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
         "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
         "96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
         1'531'420'618,
         "sig:a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"},
        {"standard-webhooks",
         "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
         {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
          {"webhook-timestamp", "1614265330"},
          {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,AAAA"}},
         R"({"test": 2432232314})",
         1'614'265'330,
         "id:msg_p5jXN8AQM9LWM0D4loKWxJek"},
        {"stripe",
         "shared-secret-of-the-test",
         {{"Stripe-Signature",
           "t=1700000000,v1=0000000000000000000000000000000000000000000000000000000000000000,v1="
           "a67825bf6777a5aad2783d40551d60b0c8dd7fffc5092b11afc5e86ad7b41054,v0="
           "1111111111111111111111111111111111111111111111111111111111111111"}},
         R"({"id":"evt_1NG8Du2eZvKYlo2CUI79vXWy","object":"event"})",
         1700000000,
         "id:evt_1NG8Du2eZvKYlo2CUI79vXWy"},
        {"shopify",
         "shared-secret-of-the-test",
         {{"X-Shopify-Hmac-Sha256", "uuIDzMKg/jTEYMIvfN5/eLMuM6tdLgy+ddQ3w1s6SGk="},
          {"X-Shopify-Event-Id", "98880550-7158-44d4-b7cd-2c97c8a091b5"}},
         R"({"order":1})",
         1700000000,
         "id:98880550-7158-44d4-b7cd-2c97c8a091b5"},
        {"zoom",
         "shared-secret-of-the-test",
         {{"x-zm-request-timestamp", "1700000000"},
          {"x-zm-signature", "v0=85613ef54db0e20ab52b7bb52035e70830b3df375b8f268173a725c2529063a5"}},
         R"({"order":1})",
         1700000000,
         "body:799aa36ef2997035896c3a59872502063727f7fa97575e56c7f56e292a22c746"},
        {"jira",
         "shared-secret-of-the-test",
         {{"X-Hub-Signature", "sha256=bae203ccc2a0fe34c460c22f7cde7f78b32e33ab5d2e0cbe75d437c35b3a4869"}},
         R"({"order":1})",
         1700000000,
         "sig:bae203ccc2a0fe34c460c22f7cde7f78b32e33ab5d2e0cbe75d437c35b3a4869"},
        {"xero",
         "shared-secret-of-the-test",
         {{"x-xero-signature", "uuIDzMKg/jTEYMIvfN5/eLMuM6tdLgy+ddQ3w1s6SGk="}},
         R"({"order":1})",
         1700000000,
         "sig:bae203ccc2a0fe34c460c22f7cde7f78b32e33ab5d2e0cbe75d437c35b3a4869"},
        {"quickbooks",
         "shared-secret-of-the-test",
         {{"intuit-signature", "uuIDzMKg/jTEYMIvfN5/eLMuM6tdLgy+ddQ3w1s6SGk="}},
         R"({"order":1})",
         1700000000,
         "sig:bae203ccc2a0fe34c460c22f7cde7f78b32e33ab5d2e0cbe75d437c35b3a4869"},

    };
    return all;
}

Result<Accepted> verified(
    const SentVector& vector, std::string_view body, std::int64_t at, std::string_view secret
) {
    const Signature signature = parse_signature(JsonObject{{"scheme", vector.scheme}}).value();
    const std::vector<Secret> secrets{Secret(std::string("another")), Secret(std::string(secret))};
    return verify(signature, secrets, {vector.headers, body}, Instant{Micros(at * 1'000'000)}, hmac_of);
}

TEST(Recipes, TakeWhatProvidersSign) {
    for (const SentVector& vector : sent_vectors()) {
        const auto accepted = verified(vector, vector.body, vector.at, vector.secret);
        ASSERT_TRUE(accepted) << vector.scheme << ": " << accepted.error().detail;
        EXPECT_EQ(accepted->dedupe_key, vector.key) << vector.scheme;
    }
}

TEST(Recipes, RefuseOtherBodiesSecretsTimesAndHeaders) {
    for (const SentVector& vector : sent_vectors()) {
        const std::string other = std::string(vector.body) + " ";
        EXPECT_FALSE(verified(vector, other, vector.at, vector.secret)) << vector.scheme;
        EXPECT_FALSE(verified(vector, vector.body, vector.at, "c2VjcmV0LW9mLW5vYm9keQ==")) << vector.scheme;
        EXPECT_FALSE(verified(vector, vector.body, vector.at, "")) << vector.scheme;
        const Json settings = to_json(parse_signature(JsonObject{{"scheme", vector.scheme}}).value());
        const bool is_timed = settings.get_object().contains("tolerance");
        for (const std::int64_t late : {-301, 301})
            EXPECT_EQ(!verified(vector, vector.body, vector.at + late, vector.secret), is_timed)
                << vector.scheme;
        for (std::size_t i = 0; i < vector.headers.size(); ++i) {
            SentVector fewer = vector;
            fewer.headers.erase(fewer.headers.begin() + static_cast<std::ptrdiff_t>(i));
            const bool is_id = !is_timed &&
                               vector.headers[i].first.find("ignature") == std::string_view::npos &&
                               vector.headers[i].first != "X-Shopify-Hmac-Sha256";
            EXPECT_EQ(!verified(fewer, vector.body, vector.at, vector.secret), !is_id) << vector.scheme << i;
            SentVector twice = vector;
            twice.headers.push_back(vector.headers[i]);
            EXPECT_FALSE(verified(twice, vector.body, vector.at, vector.secret)) << vector.scheme << i;
        }
    }
}

TEST(Recipes, TellARepeatThatIsSignedAnewByItsBody) {
    const auto key_at = [](std::int64_t at, std::string_view body) {
        const std::string time = std::to_string(at);
        const std::string signature = "v0=" + hex(hmac_of("k", "v0:" + time + ":" + std::string(body)));
        const SentVector sent{
            "zoom", "k", {{"x-zm-request-timestamp", time}, {"x-zm-signature", signature}}, body, at, ""
        };
        return verified(sent, body, at, "k").value().dedupe_key;
    };
    EXPECT_EQ(key_at(1'700'000'000, "{}"), key_at(1'700'000'300, "{}"));
    EXPECT_NE(key_at(1'700'000'000, "{}"), key_at(1'700'000'000, "[]"));
}

TEST(Recipes, RefuseSecretsThatTheyCannotUse) {
    const auto check = [](std::string_view scheme, std::string_view secret) {
        return check_secret(parse_signature(JsonObject{{"scheme", scheme}}).value(), secret);
    };
    EXPECT_TRUE(check("standard-webhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    EXPECT_TRUE(check("standard-webhooks", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    for (std::string_view wrong : {"0123456789abcdef0123", "whsec_!!!!", "whsec_", "a secret of 16 b"}) {
        ASSERT_FALSE(check("standard-webhooks", wrong)) << wrong;
        EXPECT_EQ(check("standard-webhooks", wrong).error().field, "secret");
        EXPECT_TRUE(check("github", wrong));
    }
}

TEST(Recipes, SayWhatTheSenderWantsOfAnAnswer) {
    const auto status = [](std::string_view scheme) {
        return bare_status(parse_signature(JsonObject{{"scheme", scheme}}).value());
    };
    EXPECT_EQ(status("xero"), 200);
    EXPECT_EQ(status("zoom"), 204);
    EXPECT_FALSE(status("github"));
    EXPECT_FALSE(status("none"));
    EXPECT_FALSE(parse_webhook(parse_json(R"({"signature":{"scheme":"xero"},"mode":"sync"})").value()));
    EXPECT_TRUE(parse_webhook(parse_json(R"({"signature":{"scheme":"xero"},"mode":"async"})").value()));
}

TEST(Recipes, SayWhereThingsStandThemselves) {
    for (std::string_view wrong :
         {R"({"scheme": "github", "signature_header": "X"})",
          R"({"scheme": "github", "tolerance": "5m"})",
          R"({"scheme": "stripe", "tolerance": "2h"})",
          R"({"scheme": "stripe", "id_header": "X"})",
          R"({"scheme": "hubspot"})"})
        EXPECT_FALSE(parse_signature(parse_json(wrong).value())) << wrong;
    const auto stripe = parse_signature(parse_json(R"({"scheme": "stripe", "tolerance": "10m"})").value());
    ASSERT_TRUE(stripe);
    EXPECT_EQ(to_text(to_json(*stripe)), R"({"scheme":"stripe","tolerance":"10m"})");
    EXPECT_EQ(parse_signature(to_json(*stripe)).value(), *stripe);
}

TEST(Recipes, AnswerWhoAsksWhetherTheAddressIsOurs) {
    const std::vector<Secret> secrets{Secret(std::string("a secret of 16 b"))};
    auto asked = [&](std::string_view scheme, std::string_view body) {
        return handshake(parse_signature(JsonObject{{"scheme", scheme}}).value(), secrets, body, hmac_of);
    };
    constexpr std::string_view kSlack = R"({"type": "url_verification", "challenge": "3eZbrw1aB"})";
    constexpr std::string_view kZoom =
        R"({"event": "endpoint.url_validation", "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}})";
    EXPECT_EQ(asked("slack", kSlack).value().body, "3eZbrw1aB");
    EXPECT_EQ(
        asked("zoom", kZoom).value().body,
        R"({"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"77f8cdb6033d286d06ebbba4a3c83ad7cb46b3fe2b7fd49b4c98392c8c68fb90"})"
    );
    EXPECT_TRUE(asked("zoom", kZoom)->is_json);
    constexpr std::string_view kXero =
        R"({"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3r4Nd0mt3xt"})";
    EXPECT_EQ(asked("xero", kXero).value().body, "");
    EXPECT_FALSE(asked("xero", R"({"events":[{"resourceId":"1"}],"entropy":"x"})"));
    EXPECT_FALSE(asked("xero", R"({"events":{}})"));
    EXPECT_FALSE(asked("slack", std::string(5'000, ' ') + std::string(kSlack))) << "no probe is so long";
    EXPECT_FALSE(asked("github", kSlack));
    EXPECT_FALSE(asked("zoom", kSlack));
    EXPECT_FALSE(asked("slack", R"({"type": "event_callback", "text": "url_verification"})"));
    EXPECT_FALSE(asked("slack", "url_verification"));
}

}  // namespace
}  // namespace weft::trigger
