#include "data/ingress/detail/edge_for_test.h"

#include <gmock/gmock.h>

#include <zlib.h>

namespace weft::ingress::testing {
namespace {

using ::testing::HasSubstr;

/// What senders really write: each delivery becomes a run, or is refused with the reason.
class SendersTest : public IngressTest {
  protected:
    SendersTest() : hook_(edge_.hook(tenant_, flow_, kOpen)) {}

    /// The run's input.
    std::string input(std::string type, std::string body, http::Fields headers = {}) {
        auto request = edge_.request(hook_, std::move(body));
        request.headers.remove("Content-Type");
        if (!type.empty()) request.headers.set("Content-Type", std::move(type));
        for (const auto& [key, value] : headers) request.headers.add(key, value);
        auto answer = edge_.body(std::move(request));
        return to_text(edge_.value(tenant_, std::string(text_or(answer, "run_id")), "input"));
    }
    http::Response refusal(std::string type, std::string body, std::string coding = "") {
        auto request = edge_.request(hook_, std::move(body));
        request.headers.set("Content-Type", std::move(type));
        if (!coding.empty()) request.headers.set("Content-Encoding", std::move(coding));
        const RequestId id = request.id;
        auto answer = edge_.wait(edge_.hooks_.handle(std::move(request)));
        return answer ? *answer : http::problem(answer.error(), id);
    }

    Edge edge_{db_};
    TenantId tenant_ = edge_.tenant();
    WorkflowId flow_ = db_.create_workflow(tenant_, "flow").id;
    Edge::Hook hook_;
};

std::string gzip(std::string_view text) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY);
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

TEST_F(SendersTest, CharsetsAndByteOrderMarksBecomeUtf8) {
    EXPECT_EQ(input("application/json; charset=utf-8", "\xEF\xBB\xBF{\"a\":1}"), R"({"a":1})");
    EXPECT_EQ(input("application/json; charset=iso-8859-1", "{\"a\":\"\xF6\"}"), R"({"a":"ö"})");
    EXPECT_EQ(
        input(
            "application/json",
            std::string(
                "\xFF\xFE[\0"
                "1\0]\0",
                8
            )
        ),
        "[1]"
    );
    EXPECT_EQ(input("application/json", "\xEF\xBB\xBF"), "null");
    EXPECT_EQ(input("", "\xEF\xBB\xBF[1]"), "[1]");
    EXPECT_EQ(input("application/json; charset=nonsense", R"(["ö"])"), R"(["ö"])");
    EXPECT_EQ(input("application/json", "[\"\xFF\"]"), "[\"\xEF\xBF\xBD\"]");
    EXPECT_EQ(
        input("text/plain; charset=latin1", "K\xF6ln"), R"({"text":"Köln","content_type":"text/plain"})"
    );
    EXPECT_EQ(
        input("text/xml", "<?xml version='1.0' encoding='latin1'?><a>\xF6</a>"),
        R"({"text":"<?xml version='1.0' encoding='latin1'?><a>ö</a>","content_type":"text/xml"})"
    );
    EXPECT_THAT(input("image/png; charset=utf-8", "\x89PNG"), HasSubstr(R"("type":"image/png","size":4)"));
}

TEST_F(SendersTest, FormsAreReadAsBrowsersWriteThem) {
    const std::string form = "application/x-www-form-urlencoded";
    EXPECT_EQ(input(form, "load=90% on db&x=1"), R"({"load":"90% on db","x":"1"})");
    EXPECT_EQ(input(form, "name=Smith%u010D"), R"({"name":"Smith%u010D"})");
    EXPECT_EQ(input(form, "empty=&bare"), R"({"empty":"","bare":""})");
    EXPECT_EQ(input(form + "; charset=windows-1252", "city=K%F6ln"), R"({"city":"Köln"})");
    EXPECT_EQ(input(form, "city=K%F6ln"), "{\"city\":\"K\xEF\xBF\xBDln\"}");
    std::string many;
    for (int i = 0; i < 1'000; ++i) many += "&field_" + std::to_string(i) + "=v";
    EXPECT_THAT(input(form, many), HasSubstr("field_999"));
    const auto over = refusal(form, many + "&one=more");
    EXPECT_EQ(over.status, 413);
    EXPECT_THAT(over.body, HasSubstr("more than 1000 fields"));
}

TEST_F(SendersTest, CodedBodiesAreUndoneAfterTheSignatureWasCheckedOverTheBytesAsSent) {
    auto signed_hook = edge_.hook(tenant_, flow_, kSigned);
    auto request = edge_.signed_request(signed_hook, "coded-1", gzip(R"({"a":1})"));
    request.headers.add("Content-Encoding", "gzip");
    auto forged = request;
    forged.body = gzip(R"({"a":2})");
    auto answer = edge_.body(std::move(request));
    EXPECT_EQ(to_text(edge_.value(tenant_, std::string(text_or(answer, "run_id")), "input")), R"({"a":1})");
    EXPECT_EQ(edge_.status(std::move(forged)), 401);
    EXPECT_EQ(input("application/json", "[1]", {{"content-encoding", "utf-8"}}), "[1]");
    EXPECT_EQ(input("application/json", "[1]", {{"content-encoding", "gzip"}}), "[1]");
    EXPECT_EQ(
        input("application/json; charset=latin1", gzip("[\"\xF6\"]"), {{"content-encoding", "gzip"}}),
        R"(["ö"])"
    );
}

TEST_F(SendersTest, ABombEndsAtALimitThatIsNamed) {
    const auto bomb = refusal("application/json", gzip(std::string(20u << 20, ' ')), "gzip");
    EXPECT_EQ(bomb.status, 413);
    EXPECT_THAT(bomb.body, HasSubstr("more than"));
    EXPECT_FALSE(bomb.headers.find("retry-after"));
    const auto cut = refusal("application/json", gzip("[1,2,3,4,5,6]").substr(0, 20), "gzip");
    EXPECT_EQ(cut.status, 422);
}

TEST_F(SendersTest, JsonBeyondALimitIsNotAskedToComeAgain) {
    const auto deep = refusal("application/json", std::string(70, '[') + std::string(70, ']'));
    EXPECT_EQ(deep.status, 413);
    EXPECT_THAT(deep.body, HasSubstr("nested"));
    EXPECT_EQ(refusal("application/json", "{").status, 422);
}

TEST_F(SendersTest, HeadersAndQueriesMayBeOfAnyBytes) {
    auto request = edge_.request(hook_, "{}");
    request.headers.add("X-City", "K\xF6ln");
    request.headers.add("X-Empty", "");
    request.target.query = http::Target::parse("/?d=10%&x=%F6&e=")->query;
    auto answer = edge_.body(std::move(request));
    auto trigger = edge_.value(tenant_, std::string(text_or(answer, "run_id")), "trigger");
    EXPECT_EQ(trigger.at("headers").at("x-city"), Json("Köln"));
    EXPECT_EQ(trigger.at("headers").at("x-empty"), Json(""));
    EXPECT_EQ(to_text(trigger.at("query")), "{\"d\":\"10%\",\"x\":\"\xEF\xBF\xBD\",\"e\":\"\"}");
}

TEST_F(SendersTest, GetIsADeliveryAndHeadOnlyLooks) {
    auto get = edge_.request(hook_, "");
    get.method = http::Method::kGet;
    EXPECT_EQ(edge_.status(std::move(get)), 202);
    EXPECT_EQ(count("workflow_run"), "1");
    auto head = edge_.request(hook_, "");
    head.method = http::Method::kHead;
    EXPECT_EQ(edge_.status(std::move(head)), 200);
    EXPECT_EQ(count("workflow_run"), "1");
    Edge::Hook unknown{tenant_, hook_.id, "no-such-token", {}};
    auto absent = edge_.request(unknown, "");
    absent.method = http::Method::kHead;
    EXPECT_EQ(edge_.status(std::move(absent)), 404);
}

TEST_F(SendersTest, AChallengeIsAnsweredAndStartsNothing) {
    auto hook = edge_.hook(
        tenant_,
        flow_,
        R"({"signature":{"scheme":"hmac-sha256"},"challenge":{"parameter":"hub.challenge","token_parameter":"hub.verify_token"}})"
    );
    auto ask = [&](std::string challenge, std::string token) {
        auto request = edge_.request(hook, "");
        request.method = http::Method::kGet;
        request.target.query = {
            {"hub.challenge", std::move(challenge)}, {"hub.verify_token", std::move(token)}
        };
        const RequestId id = request.id;
        auto answer = edge_.wait(edge_.hooks_.handle(std::move(request)));
        return answer ? *answer : http::problem(answer.error(), id);
    };
    const std::string secret(hook.secret.reveal());
    const auto answer = ask("1158201444", secret);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "1158201444");
    EXPECT_THAT(std::string(answer.headers.get("content-type")), HasSubstr("text/plain"));
    EXPECT_EQ(answer.headers.get("x-content-type-options"), "nosniff");
    EXPECT_EQ(ask("1158201444", "guess").status, 401);
    EXPECT_EQ(ask("1158201444", "").status, 401);
    EXPECT_EQ(ask(std::string(2'000, 'x'), secret).status, 422);
    EXPECT_EQ(ask("a\r\nb", secret).status, 422);
    EXPECT_EQ(count("workflow_run"), "0");
}

TEST_F(SendersTest, StaticSecretsOpenAndBasicIsAskedFor) {
    auto token =
        edge_.hook(tenant_, flow_, R"({"signature":{"scheme":"token","signature_header":"X-Gitlab-Token"}})");
    auto send = [&](const Edge::Hook& hook, std::string name, std::string value) {
        auto request = edge_.request(hook, "{}");
        request.headers.add(std::move(name), std::move(value));
        const RequestId id = request.id;
        auto answer = edge_.wait(edge_.hooks_.handle(std::move(request)));
        return answer ? *answer : http::problem(answer.error(), id);
    };
    const std::string secret(token.secret.reveal());
    EXPECT_EQ(send(token, "x-gitlab-token", secret).status, 202);
    EXPECT_EQ(send(token, "x-gitlab-token", secret + "x").status, 401);
    EXPECT_EQ(send(token, "x-other", secret).status, 401);
    auto basic = edge_.hook(tenant_, flow_, R"({"signature":{"scheme":"basic"}})");
    EXPECT_EQ(send(basic, "Authorization", "Basic " + base64(basic.secret.reveal())).status, 202);
    const auto asked = send(basic, "X-A", "b");
    EXPECT_EQ(asked.status, 401);
    EXPECT_THAT(std::string(asked.headers.get("www-authenticate")), HasSubstr("Basic"));
}

/// `secret` is made by Edge::hook: signed as the provider would.
TEST_F(SendersTest, ProvidersSignTheirWayAndAskTheirWay) {
    const auto slack = edge_.hook(tenant_, flow_, R"({"signature": {"scheme": "slack"}})");
    auto signed_by_slack = [&](std::string body) {
        auto request = edge_.request(slack, std::move(body));
        const auto at = std::chrono::floor<std::chrono::seconds>(edge_.clock_.now().time_since_epoch());
        const std::string time = std::to_string(at.count());
        const std::string message = "v0:" + time + ":" + request.body;
        request.headers.add("X-Slack-Request-Timestamp", time);
        request.headers.add(
            "X-Slack-Signature", "v0=" + hex(crypto::hmac_sha256(slack.secret.reveal(), message))
        );
        return request;
    };
    constexpr const char* kAsk = R"({"type": "url_verification", "challenge": "3eZbrw1aB"})";
    EXPECT_EQ(edge_.status(edge_.request(slack, kAsk)), 401) << "whoever asks must have signed";
    auto asked = edge_.wait(edge_.hooks_.handle(signed_by_slack(kAsk)));
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->status, 200);
    EXPECT_EQ(asked->body, "3eZbrw1aB");
    EXPECT_EQ(count("workflow_run"), "0");
    constexpr const char* kEvent = R"({"type": "event_callback", "event_id": "Ev1"})";
    for (int i = 0; i < 2; ++i) EXPECT_EQ(edge_.status(signed_by_slack(kEvent)), 202);
    EXPECT_EQ(count("workflow_run"), "1") << "told by event_id";
}

TEST_F(SendersTest, ProvidersGetTheAnswerThatTheyWant) {
    const auto xero = edge_.hook(tenant_, flow_, R"({"signature": {"scheme": "xero"}})");
    auto send = [&](std::string body, std::string_view key) {
        auto request = edge_.request(xero, std::move(body));
        request.headers.add("x-xero-signature", base64(crypto::hmac_sha256(key, request.body)));
        const RequestId id = request.id;
        auto answer = edge_.wait(edge_.hooks_.handle(std::move(request)));
        return answer ? *answer : http::problem(answer.error(), id);
    };
    const auto expect = [](const http::Response& answer, int status) {
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.body, "");
    };
    constexpr const char* kIntent = R"({"events":[],"entropy":"S0m3r4Nd0mt3xt"})";
    expect(send(kIntent, xero.secret.reveal()), 200);
    expect(send(kIntent, "another key"), 401);
    EXPECT_EQ(count("workflow_run"), "0") << "an intent to receive is no event";
    expect(send(R"({"events":[{"resourceId":"1"}]})", xero.secret.reveal()), 200);
    EXPECT_EQ(count("workflow_run"), "1");
}

}  // namespace
}  // namespace weft::ingress::testing
