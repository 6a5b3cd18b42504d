#include "core/trigger/trigger.h"

#include "base/bytes.h"

#include <gtest/gtest.h>
#include <sodium.h>

namespace weft::trigger {
namespace {

Json json(std::string_view text) {
    return parse_json(text).value();
}

std::string hmac(std::string_view key, std::string_view message) {
    auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes(key), key.size());
    crypto_auth_hmacsha256_update(&state, bytes(message), message.size());
    std::string out(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(out.data()));
    return out;
}

const std::int64_t kNow = 1'800'000'000;
const Secret kSecret(std::string("whsec-current"));
const Secret kOld(std::string("whsec-previous"));

struct Sent {
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body = R"({"order":7})";

    static Sent signed_at(std::int64_t at, std::string_view id = "", const Secret& secret = kSecret) {
        Sent sent;
        sent.headers = {{"x-weft-timestamp", std::to_string(at)}};
        if (!id.empty()) sent.headers.emplace_back("X-Weft-Delivery", id);
        sent.headers.emplace_back("X-Weft-Signature", sign(secret, id, at, sent.body, hmac));
        return sent;
    }
    std::string& header(std::string_view name) {
        for (auto& [key, value] : headers)
            if (key == name) return value;
        return headers.emplace_back(name, "").second;
    }
};

Result<Accepted> check(const Sent& sent, std::vector<Secret> secrets = {kSecret}, Signature signature = {}) {
    std::vector<std::pair<std::string_view, std::string_view>> headers(
        sent.headers.begin(), sent.headers.end()
    );
    return verify(signature, secrets, {headers, sent.body}, Instant{Micros(kNow * 1'000'000)}, hmac);
}
bool is_refused(const Result<Accepted>& result) {
    return !result && result.error().code == Code::kUnauthenticated &&
           result.error().user == "The delivery was not accepted";
}

TEST(Webhook, AcceptsAProperDelivery) {
    auto accepted = check(Sent::signed_at(kNow, "d-1"));
    ASSERT_TRUE(accepted) << accepted.error().detail;
    EXPECT_EQ(accepted->dedupe_key, "id:d-1");
    auto without_id = check(Sent::signed_at(kNow));
    ASSERT_TRUE(without_id);
    EXPECT_EQ(without_id->dedupe_key, "sig:" + Sent::signed_at(kNow).header("X-Weft-Signature").substr(7));
}

// The message's form is a contract with every sender.
TEST(Webhook, SignsTimestampDotBody) {
    Sent sent;
    sent.headers = {
        {"X-Weft-Timestamp", std::to_string(kNow)},
        {"X-Weft-Signature", "sha256=" + hex(hmac("whsec-current", "1800000000." + sent.body))}
    };
    EXPECT_TRUE(check(sent));
    sent.header("X-Weft-Delivery") = "d-1";
    sent.header("X-Weft-Signature") = "sha256=" + hex(hmac("whsec-current", "d-1.1800000000." + sent.body));
    EXPECT_TRUE(check(sent));
}

TEST(Webhook, ReadsTheThreeFormsAndSeveralAtOnce) {
    Sent sent = Sent::signed_at(kNow);
    std::string digest = *from_hex(sent.header("X-Weft-Signature").substr(7));
    for (const std::string& form : {
             "sha256=" + hex(digest),
             "v1=" + hex(digest),
             "v1," + base64(digest),
             "v1," + base64(std::string(32, 'x')) + " v1," + base64(digest),
             "v1a,AAAA, sha256=" + hex(digest),
             "t=1800000000,v1=" + hex(digest),
         }) {
        sent.header("X-Weft-Signature") = form;
        EXPECT_TRUE(check(sent)) << form;
    }
}

TEST(Webhook, AcceptsThePreviousSecretWhileRotating) {
    EXPECT_TRUE(check(Sent::signed_at(kNow, "", kOld), {kSecret, kOld}));
    EXPECT_TRUE(is_refused(check(Sent::signed_at(kNow, "", kOld), {kSecret})));
}

TEST(Webhook, RefusesEveryForgery) {
    auto broken = [](auto change) {
        Sent sent = Sent::signed_at(kNow, "d-1");
        change(sent);
        return is_refused(check(sent));
    };
    EXPECT_FALSE(broken([](Sent&) {}));  // the control
    for (std::size_t i = 0; i < Sent().body.size(); ++i)
        EXPECT_TRUE(broken([&](Sent& s) { s.body[i] = static_cast<char>(s.body[i] ^ 1); })) << i;
    EXPECT_TRUE(broken([](Sent& s) { s.body = R"({"order": 7})"; }));  // re-encoded
    EXPECT_TRUE(broken([](Sent& s) { s.body += "x"; }));
    EXPECT_TRUE(broken([](Sent& s) { s.header("x-weft-timestamp") = std::to_string(kNow + 1); }));
    EXPECT_TRUE(broken([](Sent& s) { s.header("X-Weft-Delivery") = "d-2"; }));
    EXPECT_TRUE(broken([](Sent& s) {
        std::erase_if(s.headers, [](auto& h) { return h.first == "X-Weft-Delivery"; });
    }));
    EXPECT_TRUE(broken([](Sent& s) { s.header("X-Weft-Signature") = ""; }));
    EXPECT_TRUE(broken([](Sent& s) { s.header("X-Weft-Signature").pop_back(); }));
    EXPECT_TRUE(broken([](Sent& s) { s.header("X-Weft-Signature").resize(7 + 32); }));
    EXPECT_TRUE(broken([](Sent& s) { s.header("X-Weft-Signature").replace(0, 6, "sha1"); }));
    EXPECT_TRUE(broken([](Sent& s) { s.header("X-Weft-Signature") = "none"; }));
    EXPECT_TRUE(broken([](Sent& s) { s.headers.emplace_back("x-weft-signature", "sha256=00"); }));
    EXPECT_TRUE(broken([](Sent& s) { s.headers.emplace_back("X-Weft-Timestamp", "1"); }));
    EXPECT_TRUE(broken([](Sent& s) { s.headers.clear(); }));
}

// A captured delivery, its signed text cut at other places: each would verify if only the HMAC were looked
// at.
TEST(Webhook, SignedTextHasOneReading) {
    auto resplit = [](std::string id,
                      std::string_view time,
                      std::string_view body,
                      std::string_view signed_text) {
        Sent sent;
        sent.body = body;
        sent.headers = {{"x-weft-timestamp", std::string(time)}};
        if (!id.empty()) sent.headers.emplace_back("X-Weft-Delivery", std::move(id));
        sent.headers.emplace_back("X-Weft-Signature", "sha256=" + hex(hmac("whsec-current", signed_text)));
        return check(sent);
    };
    constexpr std::string_view kOther = "1800000001";
    // Without an id, of a body that begins like a time: the control, then read as if it had an id.
    EXPECT_TRUE(resplit("", "1800000000", "1800000001.{}", "1800000000.1800000001.{}"));
    EXPECT_TRUE(is_refused(resplit("1800000000", kOther, "{}", "1800000000.1800000001.{}")));
    // With an id that holds a dot: a shorter id and the id's rest as the time.
    EXPECT_TRUE(is_refused(resplit("msg.1800000001", "1800000000", "{}", "msg.1800000001.1800000000.{}")));
    EXPECT_TRUE(resplit("msg", kOther, "1800000000.{}", "msg.1800000001.1800000000.{}"));
    for (std::string_view time : {"01800000000", "+1800000000", "-0"})
        EXPECT_TRUE(is_refused(resplit("", time, "{}", std::string(time) + ".{}"))) << time;
}

TEST(Webhook, TheTimestampCountsToBothSides) {
    EXPECT_TRUE(check(Sent::signed_at(kNow - 300)));
    EXPECT_TRUE(check(Sent::signed_at(kNow + 300)));
    EXPECT_TRUE(is_refused(check(Sent::signed_at(kNow - 301))));
    EXPECT_TRUE(is_refused(check(Sent::signed_at(kNow + 301))));
    for (std::string_view text : {"", "soon", "1800000000.0", "-5", "99999999999999999999"}) {
        Sent sent = Sent::signed_at(kNow);
        sent.header("x-weft-timestamp") = text;
        sent.header("X-Weft-Signature") =
            "sha256=" + hex(hmac("whsec-current", std::string(text) + "." + sent.body));
        EXPECT_TRUE(is_refused(check(sent))) << text;
    }
}

TEST(Webhook, FailsClosedWithoutASecret) {
    EXPECT_TRUE(is_refused(check(Sent::signed_at(kNow), {})));
    // An empty secret is no secret, though anyone can sign with it.
    EXPECT_TRUE(is_refused(check(Sent::signed_at(kNow, "", Secret()), {Secret()})));
}

TEST(Webhook, SchemeNoneAcceptsAnythingAndDedupesByIdOnly) {
    Signature none{.scheme = Scheme::kNone};
    EXPECT_EQ(check(Sent(), {}, none)->dedupe_key, "");
    EXPECT_EQ(check(Sent::signed_at(1, "d-9"), {}, none)->dedupe_key, "id:d-9");
    EXPECT_EQ(check(Sent::signed_at(1, "2.50"), {}, none)->dedupe_key, "id:2.50") << "nothing is signed";
    Sent bad;
    bad.header("X-Weft-Delivery") = std::string(300, 'x');
    EXPECT_TRUE(is_refused(check(bad, {}, none)));
}

TEST(Webhook, HeaderNamesCanBeChosen) {
    Signature custom = *parse_signature(json(
        R"({"scheme":"hmac-sha256","signature_header":"X-Sig","timestamp_header":"X-Time","tolerance":"10s"})"
    ));
    Sent sent;
    sent.headers = {{"x-time", std::to_string(kNow)}, {"x-sig", sign(kSecret, "", kNow, sent.body, hmac)}};
    EXPECT_TRUE(check(sent, {kSecret}, custom));
    EXPECT_TRUE(is_refused(check(sent, {kSecret}, Signature{})));
}

TEST(Webhook, ATokenIsTheSecretInTheHeaderThatWasChosen) {
    Signature token = *parse_signature(json(R"({"scheme":"token","signature_header":"X-Gitlab-Token"})"));
    auto sent = [](std::string name, std::string value) {
        Sent out;
        out.headers = {{std::move(name), std::move(value)}};
        return out;
    };
    EXPECT_EQ(check(sent("x-gitlab-token", "whsec-current"), {kSecret}, token)->dedupe_key, "");
    EXPECT_TRUE(check(sent("X-Gitlab-Token", "whsec-previous"), {kSecret, kOld}, token));
    for (const Sent& wrong :
         {sent("X-Gitlab-Token", "whsec-previous"),
          sent("X-Gitlab-Token", "whsec-curren"),
          sent("X-Gitlab-Token", ""),
          sent("X-Gitlab-Token", "Bearer whsec-current"),
          sent("X-Other", "whsec-current"),
          Sent()})
        EXPECT_TRUE(is_refused(check(wrong, {kSecret}, token)));
    Sent twice = sent("X-Gitlab-Token", "whsec-current");
    twice.headers.emplace_back("x-gitlab-token", "whsec-current");
    EXPECT_TRUE(is_refused(check(twice, {kSecret}, token)));
    EXPECT_TRUE(is_refused(check(sent("X-Gitlab-Token", "whsec-current"), {}, token))) << "no secret";
    EXPECT_TRUE(is_refused(check(sent("X-Gitlab-Token", ""), {Secret()}, token)))
        << "an empty secret is none";
    Sent named = sent("X-Gitlab-Token", "whsec-current");
    named.headers.emplace_back("X-Weft-Delivery", "7");
    EXPECT_EQ(check(named, {kSecret}, token)->dedupe_key, "id:7") << "nothing is signed";
}

TEST(Webhook, ATokenInAuthorizationMayBeABearer) {
    Signature token = *parse_signature(json(R"({"scheme":"token","signature_header":"Authorization"})"));
    for (const char* value : {"Bearer whsec-current", "bearer  whsec-current", "whsec-current"}) {
        Sent sent;
        sent.headers = {{"Authorization", value}};
        EXPECT_TRUE(check(sent, {kSecret}, token)) << value;
    }
    Sent basic;
    basic.headers = {{"Authorization", "Basic " + base64("whsec-current")}};
    EXPECT_TRUE(is_refused(check(basic, {kSecret}, token)));
}

TEST(Webhook, BasicIsNameAndPasswordAsTheSecret) {
    Signature basic = *parse_signature(json(R"({"scheme":"basic"})"));
    const Secret pair(std::string("ann:long:secret-word"));
    auto with = [&](std::string value) {
        Sent sent;
        sent.headers = {{"authorization", std::move(value)}};
        return check(sent, {pair}, basic);
    };
    EXPECT_TRUE(with("Basic " + base64("ann:long:secret-word")));
    EXPECT_TRUE(with("basic " + base64("ann:long:secret-word")));
    EXPECT_TRUE(is_refused(with("Basic " + base64("ann:long:secret-wore"))));
    EXPECT_TRUE(is_refused(with("Basic ann:long:secret-word")));
    EXPECT_TRUE(is_refused(with("Basic")));
    EXPECT_TRUE(is_refused(with("")));
    EXPECT_TRUE(is_refused(check(Sent(), {pair}, basic)));
    EXPECT_TRUE(is_refused(with("Basic " + base64("long:secret-word"))));
    auto any_user = [&](std::string credential) {
        Sent sent;
        sent.headers = {{"authorization", "Basic " + base64(credential)}};
        return check(sent, {kSecret}, basic);
    };
    EXPECT_TRUE(any_user("ann:whsec-current"));
    EXPECT_TRUE(any_user(":whsec-current"));
    EXPECT_TRUE(is_refused(any_user("whsec-current:")));
    EXPECT_TRUE(is_refused(any_user("ann:")));
}

TEST(WebhookConfig, StaticSchemesSayWhatTheyUse) {
    auto field = [](std::string_view text) {
        auto parsed = parse_signature(json(text));
        return parsed ? "accepted" : parsed.error().field;
    };
    EXPECT_EQ(field(R"({"scheme":"token"})"), "signature.signature_header");
    EXPECT_EQ(field(R"({"scheme":"token","signature_header":"X Token"})"), "signature.signature_header");
    EXPECT_EQ(
        field(R"({"scheme":"token","signature_header":"X-T","tolerance":"1m"})"), "signature.tolerance"
    );
    EXPECT_EQ(field(R"({"scheme":"basic","signature_header":"X-T"})"), "signature.signature_header");
    EXPECT_EQ(field(R"({"scheme":"basic","timestamp_header":"X-T"})"), "signature.timestamp_header");
    EXPECT_EQ(field(R"({"scheme":"basic","id_header":"authorization"})"), "signature");
    for (const char* text :
         {R"({"signature":{"scheme":"token","signature_header":"X-T"}})",
          R"({"signature":{"scheme":"basic"},"challenge":{"parameter":"c","token_parameter":"t"}})"}) {
        Webhook parsed = *parse_webhook(json(text));
        EXPECT_EQ(*parse_webhook(to_json(parsed)), parsed);
    }
}

TEST(WebhookConfig, AChallengeNamesItsParameters) {
    auto field = [](std::string_view challenge, std::string_view scheme = "none") {
        auto parsed = parse_webhook(json(
            R"({"signature":{"scheme":")" + std::string(scheme) + R"("},"challenge":)" +
            std::string(challenge) + "}"
        ));
        return parsed ? "accepted" : parsed.error().field;
    };
    EXPECT_EQ(field(R"({"parameter":"hub.challenge"})"), "accepted");
    EXPECT_EQ(field(R"({"parameter":"c","token_parameter":"t"})", "hmac-sha256"), "accepted");
    EXPECT_EQ(field(R"({"parameter":"c","token_parameter":"t"})"), "config.challenge.token_parameter");
    EXPECT_EQ(
        field(R"({"parameter":"c","token_parameter":""})", "basic"), "config.challenge.token_parameter"
    );
    EXPECT_EQ(field("{}"), "config.challenge.parameter");
    EXPECT_EQ(field(R"({"parameter":"c","token":"t"})"), "config.challenge.token");
    EXPECT_EQ(field("7"), "config.challenge");
}

TEST(WebhookConfig, ReadsBackAndNamesTheFieldAtFault) {
    Webhook parsed =
        *parse_webhook(json(R"({"signature":{"scheme":"hmac-sha256","tolerance":"1m"},"mode":"sync"})"));
    EXPECT_EQ(parsed.mode, Mode::kSync);
    EXPECT_EQ(parsed.signature.tolerance, Millis(60'000));
    EXPECT_EQ(*parse_webhook(to_json(parsed)), parsed);
    Webhook open = *parse_webhook(json(R"({"signature":{"scheme":"none"}})"));
    EXPECT_EQ(*parse_webhook(to_json(open)), open);
    EXPECT_EQ(open.on_invalid_input, OnInvalidInput::kFail);
    Webhook strict = *parse_webhook(json(R"({"signature":{"scheme":"none"},"on_invalid_input":"refuse"})"));
    EXPECT_EQ(strict.on_invalid_input, OnInvalidInput::kRefuse);
    EXPECT_EQ(*parse_webhook(to_json(strict)), strict);
    auto field = [](std::string_view text) { return parse_webhook(json(text)).error().field; };
    EXPECT_EQ(
        field(R"({"signature":{"scheme":"none"},"on_invalid_input":"drop"})"), "config.on_invalid_input"
    );
    EXPECT_EQ(field("{}"), "config.signature");
    EXPECT_EQ(field(R"({"signature":{}})"), "config.signature.scheme");
    EXPECT_EQ(field(R"({"signature":{"scheme":"None"}})"), "config.signature.scheme");
    EXPECT_EQ(field(R"({"signature":{"scheme":"none","id_header":"a b"}})"), "config.signature.id_header");
    EXPECT_EQ(field(R"({"signature":{"scheme":"none","id_header":5}})"), "config.signature.id_header");
    EXPECT_EQ(field(R"({"signature":{"scheme":"none","id_header":"x-weft-signature"}})"), "config.signature");
    EXPECT_EQ(field(R"({"signature":{"scheme":"none","tolerance":"2h"}})"), "config.signature.tolerance");
    EXPECT_EQ(field(R"({"signature":{"scheme":"none"},"mode":"later"})"), "config.mode");
    EXPECT_EQ(field(R"({"signature":{"scheme":"none"},"secret":"x"})"), "config.secret");
}

TEST(WebhookConfig, MethodsAndPathAreChosenOrUsual) {
    const auto with = [](std::string_view more) {
        return parse_webhook(json(R"({"signature":{"scheme":"none"},)" + std::string(more) + "}"));
    };
    const Webhook usual = *parse_webhook(json(R"({"signature":{"scheme":"none"}})"));
    EXPECT_EQ(usual.methods.text(), "GET, POST");
    EXPECT_FALSE(to_json(usual).get_object().contains("methods"));
    const Webhook chosen = *with(R"("methods":["DELETE","HEAD","PUT"],"path":"order-paid")");
    EXPECT_EQ(chosen.methods.text(), "HEAD, PUT, DELETE");
    EXPECT_FALSE(chosen.methods.has(Method::kPost));
    EXPECT_EQ(*parse_webhook(to_json(chosen)), chosen);
    for (std::string_view wrong :
         {"[]", "\"GET\"", R"(["get"])", R"(["OPTIONS"])", R"(["PUT","PUT"])", "[7]"})
        EXPECT_EQ(with(R"("methods":)" + std::string(wrong)).error().field, "config.methods") << wrong;
    for (std::string_view wrong : {R"("ab")", R"("Order")", R"("-a-b")", R"("a/b/c")", R"("whk_abc")", "7"})
        EXPECT_EQ(with(R"("path":)" + std::string(wrong)).error().field, "config.path") << wrong;
}

}  // namespace
}  // namespace weft::trigger
