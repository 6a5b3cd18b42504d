// Which deliveries a trigger wants: filters, networks of senders, and signatures of our address.
#include "data/ingress/detail/edge_for_test.h"
#include "data/ingress/forms.h"

#include <gmock/gmock.h>

namespace weft::ingress::testing {
namespace {

using ::testing::HasSubstr;

class WantedTest : public IngressTest {
  protected:
    std::string kinds() {
        return db_.scalar(
            "select coalesce(string_agg(reason || ' ' || status || ' ' || deliveries, ', ' order by reason), "
            "'') from weft.refused_delivery"
        );
    }
};

TEST_F(WantedTest, AFilterLetsThroughWhatItWants) {
    Edge edge(db_);
    const auto tenant = edge.tenant();
    const auto flow = db_.create_workflow(tenant, "flow").id;
    const auto hook = edge.hook(
        tenant,
        flow,
        R"({"signature": {"scheme": "none"}, "filter": {"all": [
            {"path": "input.state", "value": "paid"},
            {"path": "trigger.headers.x-topic", "is": "starts-with", "value": "order"}]}})"
    );
    const auto sent = [&](std::string body, std::string topic) {
        auto request = edge.request(hook, std::move(body));
        request.headers.add("X-Topic", std::move(topic));
        return request;
    };
    EXPECT_TRUE(edge.body(sent(R"({"state": "paid"})", "orders")).contains("run_id"));
    EXPECT_EQ(to_text(edge.body(sent(R"({"state": "open"})", "orders"))), R"({"filtered":true})");
    EXPECT_EQ(edge.status(sent(R"({"state": "paid"})", "carts")), 202);
    EXPECT_EQ(edge.status(sent("{", "orders")), 422) << "what is nothing is refused, not filtered";
    EXPECT_EQ(count("weft.workflow_run"), "1");
    edge.wait(edge.refusals_.flush(Edge::by()));
    EXPECT_EQ(kinds(), "body 422 1, filtered 202 2");
    // What a provider demands of an answer, and a caller that waits, hear nothing else.
    const auto xero = edge.hook(
        tenant, flow, R"({"signature": {"scheme": "xero"}, "filter": {"path": "input.a", "value": 1}})"
    );
    auto signed_by = edge.request(xero, R"({"events": [{}]})");
    signed_by.headers.add(
        "x-xero-signature", base64(crypto::hmac_sha256(xero.secret.reveal(), signed_by.body))
    );
    auto answer = edge.wait(edge.hooks_.handle(std::move(signed_by)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "");
}

TEST_F(WantedTest, TakesTheMethodsThatAreChosen) {
    Edge edge(db_);
    const auto tenant = edge.tenant();
    const auto flow = db_.create_workflow(tenant, "flow").id;
    const auto sent = [&](const Edge::Hook& hook, http::Method method, std::string_view query = "") {
        auto request = edge.request(hook, "{}");
        request.method = method;
        if (!query.empty()) request.target.query.add(std::string(query), "asked");
        return edge.wait(edge.hooks_.handle(std::move(request)));
    };
    const auto usual = edge.hook(tenant, flow, R"({"signature": {"scheme": "none"}})");
    EXPECT_EQ(sent(usual, http::Method::kHead)->status, 200) << "a look";
    const auto refused = sent(usual, http::Method::kPut);
    EXPECT_EQ(refused->status, 405);
    EXPECT_EQ(refused->headers.get("allow"), "GET, POST");
    EXPECT_EQ(count("weft.workflow_run"), "0");
    const auto chosen = edge.hook(
        tenant,
        flow,
        R"({"signature": {"scheme": "none"}, "methods": ["HEAD", "PUT", "PATCH", "DELETE"],
            "challenge": {"parameter": "hub.challenge"}})"
    );
    for (auto method : {http::Method::kHead, http::Method::kPut, http::Method::kPatch, http::Method::kDelete})
        EXPECT_EQ(sent(chosen, method)->status, 202) << http::name(method);
    EXPECT_EQ(count("weft.workflow_run"), "4");
    EXPECT_EQ(sent(chosen, http::Method::kPost)->status, 405);
    EXPECT_EQ(sent(chosen, http::Method::kGet)->status, 405);
    EXPECT_EQ(sent(chosen, http::Method::kGet, "hub.challenge")->body, "asked") << "it asks, and is no event";
    EXPECT_EQ(count("weft.workflow_run"), "4");
    edge.wait(edge.refusals_.flush(Edge::by()));
    EXPECT_EQ(kinds(), "method 405 1, method 405 2");
}

TEST_F(WantedTest, AFormsFilterThanksAndStartsNothing) {
    Edge edge(db_);
    const auto tenant = edge.tenant();
    const auto flow =
        db_.create_workflow(tenant, "flow", R"({"format": "weft-compiled/1", "inputs": {"type": "object",
            "properties": {"age": {"type": "integer"}}}})")
            .id;
    Forms forms(
        edge.loop_,
        edge.ingest_,
        edge.pool_,
        edge.clock_,
        edge.rng_,
        edge.metrics_,
        {.refusals = &edge.refusals_}
    );
    const auto form = edge.hook(
        tenant,
        flow,
        R"({"filter": {"path": "input.age", "is": "at-least", "value": 18}})",
        Edge::Sealed::kNo,
        Edge::Kind::kForm
    );
    const auto send = [&](std::string body) {
        auto request = edge.request(form, std::move(body));
        request.headers.set("Content-Type", "application/x-www-form-urlencoded");
        auto answer = edge.wait(forms.handle(std::move(request)));
        EXPECT_TRUE(answer);
        return answer ? std::to_string(answer->status) + std::string(answer->headers.get("location")) : "";
    };
    const std::string thanks = send("age=17");
    EXPECT_THAT(thanks, HasSubstr("303?"));
    EXPECT_EQ(count("weft.workflow_run"), "0");
    EXPECT_EQ(send("age=18"), thanks) << "nobody is told a difference";
    EXPECT_EQ(count("weft.workflow_run"), "1");
    edge.wait(edge.refusals_.flush(Edge::by()));
    EXPECT_EQ(kinds(), "filtered 303 1");
}

TEST_F(WantedTest, OnlyItsNetworksMaySend) {
    Edge edge(db_);
    const auto tenant = edge.tenant();
    const auto hook = edge.hook(
        tenant,
        db_.create_workflow(tenant, "flow").id,
        R"({"signature": {"scheme": "none"}, "networks": ["203.0.113.0/24", "2001:db8::/32"]})"
    );
    const auto from = [&](std::string address) {
        auto request = edge.request(hook, "{}");
        request.client = std::move(address);  // the peer, or whom a trusted proxy names
        auto answer = edge.wait(edge.hooks_.handle(std::move(request)));
        return answer ? answer->status : http_status(answer.error().code);
    };
    EXPECT_EQ(from("203.0.113.9"), 202);
    EXPECT_EQ(from("2001:db8:1::1"), 202);
    EXPECT_EQ(from("198.51.100.1"), 403);
    EXPECT_EQ(from("unix"), 403);
    EXPECT_EQ(from(""), 403) << "nobody knows whence: no";
    EXPECT_EQ(count("weft.workflow_run"), "2");
    edge.wait(edge.refusals_.flush(Edge::by()));
    EXPECT_THAT(kinds(), HasSubstr("address 403"));
}

// ---- Twilio

constexpr const char* kForm = "application/x-www-form-urlencoded; charset=UTF-8";

/// The delivery that its documentation signs.
Result<trigger::Accepted> documented(std::string_view signature, std::string_view body, std::string url) {
    const Secret secret("12345");
    const trigger::Signature twilio =
        trigger::parse_signature(*parse_json(R"({"scheme": "twilio"})")).value();
    const std::vector<std::pair<std::string_view, std::string_view>> headers{
        {"X-Twilio-Signature", signature}, {"Content-Type", kForm}
    };
    const trigger::Hmac sha1 = crypto::hmac_sha1;
    const std::vector<std::string> urls{"https://other.example/", std::move(url)};
    const trigger::Delivery delivery{.headers = headers, .body = body, .urls = urls, .hmac_sha1 = &sha1};
    return trigger::verify(twilio, {&secret, 1}, delivery, Instant{}, crypto::hmac_sha256);
}

TEST_F(WantedTest, TwiliosSignatureIsReadAsItsDocumentationSays) {
    constexpr const char* kSignature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    constexpr const char* kUrl = "https://mycompany.com/myapp.php?foo=1&bar=2";
    constexpr const char* kBody =
        "To=%2B18005551212&Digits=1234&CallSid=CA1234567890ABCDE&From=%2B14158675309&Caller=%2B14158675309";
    const auto good = documented(kSignature, kBody, kUrl);
    ASSERT_TRUE(good) << good.error().detail;
    EXPECT_EQ(good->dedupe_key, "sig:4523980ede13d5c51374ad4f0ddf77fd556bf01f");
    EXPECT_TRUE(documented(kSignature, std::string(kBody) + "&Digits=1234", kUrl)) << "twice the same is one";
    EXPECT_FALSE(documented(kSignature, std::string(kBody) + "&Digits=1235", kUrl));
    EXPECT_FALSE(documented(kSignature, kBody, "https://mycompany.com/myapp.php?foo=1"));
    EXPECT_FALSE(documented("RSOYDt4T1cUTdK1PDd93/VVr8B9=", kBody, kUrl));
    EXPECT_FALSE(documented("", kBody, kUrl));
}

TEST_F(WantedTest, TwilioSignsTheAddressThatItKnows) {
    HookOptions options;
    options.public_url = "https://weft.example.com/a";
    Edge edge(db_, {}, options);
    const auto tenant = edge.tenant();
    const auto hook =
        edge.hook(tenant, db_.create_workflow(tenant, "flow").id, R"({"signature": {"scheme": "twilio"}})");
    const auto send = [&](std::string target, std::string type, std::string body, std::string signed_text) {
        auto request = edge.request(hook, std::move(body));
        request.raw_target = std::move(target);
        request.headers.set("Content-Type", std::move(type));
        request.headers.add("Host", "proxy.internal");
        request.headers.add(
            "X-Twilio-Signature", base64(crypto::hmac_sha1(hook.secret.reveal(), signed_text))
        );
        return edge.status(std::move(request));
    };
    const std::string at = "/hooks/" + hook.token;
    const std::string url = options.public_url + at;
    EXPECT_EQ(send(at, kForm, "b=2&a=1+x", url + "a1 xb2"), 204) << "an empty answer, which it takes for one";
    EXPECT_EQ(send(at, kForm, "b=2&a=1", "https://proxy.internal" + at + "a1b2"), 401);
    EXPECT_EQ(send(at, kForm, "b=2&a=1", url), 401) << "entries that are not signed";
    const std::string json = R"({"x":1})";
    const std::string digest = hex(crypto::sha256(json));
    EXPECT_EQ(
        send(at + "?bodySHA256=" + digest, "application/json", json, url + "?bodySHA256=" + digest), 204
    );
    EXPECT_EQ(
        send(at + "?bodySHA256=" + digest, "application/json", "{}", url + "?bodySHA256=" + digest), 401
    );
    EXPECT_EQ(send(at, "application/json", json, url), 401) << "a body that nothing signs";
    EXPECT_EQ(count("weft.workflow_run"), "2");
}

}  // namespace
}  // namespace weft::ingress::testing
