#include "data/broker/detail/broker_for_test.h"

namespace weft::broker {
namespace {

using testing::HasSubstr;

TEST_F(BrokerTest, SignsForTheConnectionsOriginAndSendsTheSameKeyEachTime) {
    for (int i = 0; i < 2; ++i) {
        Response response = perform(request_to("/orders"));
        ASSERT_EQ(response.outcome, Outcome::kOk) << response.message;
        EXPECT_NE(response.output.find(R"("body":{"ok":true})"), std::string::npos) << response.output;
    }
    ASSERT_EQ(requests.size(), 2u);
    for (const auto& seen : requests) {
        EXPECT_EQ(seen.headers.get("authorization"), "Bearer " + std::string(kToken));
        EXPECT_EQ(seen.headers.get("idempotency-key"), "key-1");
    }
}

TEST_F(BrokerTest, RefusesAnotherOriginBeforeAnythingIsSent) {
    app = make_app("http://127.0.0.1:1");  // the connection's own app lives elsewhere
    Response response = perform(request_to("/orders"));
    EXPECT_EQ(response.outcome, Outcome::kError);
    EXPECT_EQ(response.kind, FailureKind::kWorkflow);
    EXPECT_FALSE(response.is_retryable);
    EXPECT_TRUE(requests.empty());
}

TEST_F(BrokerTest, ABlockedAddressSaysWhatWhyAndWhomToAsk) {
    egress.emplace(client, egress::Policy());
    Response response = perform(request_to("/orders"));
    EXPECT_EQ(response.outcome, Outcome::kError);
    EXPECT_EQ(response.kind, FailureKind::kPlatform);
    EXPECT_FALSE(response.is_retryable);
    const std::string where = base.substr(std::string_view("http://").size());
    EXPECT_THAT(response.message, HasSubstr("The call to " + where + " is blocked"));
    EXPECT_THAT(response.message, HasSubstr("Ask whoever operates this Weft server"));
    EXPECT_THAT(response.message, HasSubstr("--egress-allow=" + where));
    EXPECT_TRUE(requests.empty());
}

TEST_F(BrokerTest, RefusesAnotherTenantsConnection) {
    TenantId mine = tenant;
    tenant = database.create_tenant("Stranger");
    Response response = perform(request_to("/orders"));
    EXPECT_EQ(response.outcome, Outcome::kError);
    EXPECT_EQ(response.kind, FailureKind::kWorkflow);
    EXPECT_TRUE(requests.empty());
    tenant = mine;  // the control
    EXPECT_EQ(perform(request_to("/orders")).outcome, Outcome::kOk);
}

TEST_F(BrokerTest, TakesTheCredentialOutOfWhatComesBack) {
    const std::string token(kToken);
    body = R"({"echo":"Bearer )" + token + R"(","coded":")" + base64(token) + R"("})";
    Response ok = perform(request_to("/orders"));
    ASSERT_EQ(ok.outcome, Outcome::kOk);
    EXPECT_EQ(ok.output.find(token), std::string::npos);
    EXPECT_EQ(ok.output.find(base64(token)), std::string::npos);
    EXPECT_NE(ok.output.find("Bearer "), std::string::npos);

    status = 400;
    body = R"({"message":")" + std::string(290, 'x') + token + R"("})";  // where messages are cut
    Response refused = perform(request_to("/orders"));
    EXPECT_EQ(refused.outcome, Outcome::kError);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.message.find(token.substr(0, 6)), std::string::npos) << refused.message;
}

TEST_F(BrokerTest, ClassifiesAnswers) {
    status = 429;
    retry_after = "7";
    Response limited = perform(request_to("/orders", Effect::kUnsafe));
    EXPECT_EQ(limited.outcome, Outcome::kError);
    EXPECT_TRUE(limited.is_retryable);
    EXPECT_EQ(limited.retry_after, Millis(7'000));
    retry_after.clear();
    status = 404;
    EXPECT_FALSE(perform(request_to("/orders")).is_retryable);
    status = 500;
    EXPECT_TRUE(perform(request_to("/orders")).is_retryable);
    EXPECT_EQ(perform(request_to("/orders", Effect::kUnsafe)).outcome, Outcome::kUnknown);
    status = 302;
    const std::size_t before = requests.size();
    Response moved = perform(request_to("/orders"));
    EXPECT_EQ(moved.outcome, Outcome::kError);
    EXPECT_FALSE(moved.is_retryable);
    EXPECT_EQ(requests.size(), before + 1);  // not followed
}

TEST_F(BrokerTest, ARefusedSecretIsSaidAndMarked) {
    EXPECT_EQ(row(), "untested f f");
    status = 500;
    (void)perform(request_to("/orders"));
    EXPECT_EQ(row(), "untested f t") << "tells nothing of the secret";
    status = 401;
    body = R"({"message": "bad token"})";
    const Response refused = perform(request_to("/orders"));
    const std::string host = base.substr(base.find("//") + 2);
    EXPECT_EQ(
        refused.message,
        "The connection \"Main\" was refused by " + host +
            " (401). Renew its secret. The provider answered 401: bad token"
    );
    EXPECT_EQ(row(), "untested f t") << "written a moment ago";
    steady.advance(5s);
    EXPECT_EQ(row(), "failing 401 t t") << "a change does not wait a minute";
    EXPECT_EQ(changed, std::vector<ConnectionId>{connection});
    status = 403;
    EXPECT_NE(perform(request_to("/orders")).message.find("(403). Give it the right"), std::string::npos);
    steady.advance(30s);
    EXPECT_EQ(row(), "failing 401 t t") << "no change: once a minute";
    steady.advance(30s);
    EXPECT_EQ(row(), "failing 403 t t");
    status = 200;
    EXPECT_EQ(perform(request_to("/orders")).outcome, Outcome::kOk);
    steady.advance(5s);
    EXPECT_EQ(row(), "ok 403 t t");
    // What is said of the secret before this one marks nothing.
    database.exec("update weft.connection set revision = 2, state = 'untested'");
    status = 401;
    (void)perform(request_to("/orders"));
    steady.advance(1min);
    EXPECT_EQ(row(), "untested 403 t t");
}

TEST_F(BrokerTest, ATimeoutAfterSendingIsUnknownForUnsafeCallsOnly) {
    Response keyed = perform(request_to("/slow"), 200ms);
    EXPECT_EQ(keyed.outcome, Outcome::kError);
    EXPECT_EQ(keyed.kind, FailureKind::kLimit);
    EXPECT_TRUE(keyed.is_retryable);
    EXPECT_EQ(perform(request_to("/slow", Effect::kUnsafe), 200ms).outcome, Outcome::kUnknown);
}

TEST_F(BrokerTest, ARefusedConnectIsRetryableAndDefinite) {
    loop.run_until_done(server.stop(rt::Deadline::in(1s)));
    Response response = perform(request_to("/orders", Effect::kUnsafe));
    EXPECT_EQ(response.outcome, Outcome::kError);
    EXPECT_EQ(response.kind, FailureKind::kProvider);
    EXPECT_TRUE(response.is_retryable);
}

TEST_F(BrokerTest, ACoreHttpCallWithoutConnectionCarriesAKeyAndNoCredential) {
    Request request = request_to("/x");
    request.action = nullptr;
    request.connection.reset();
    EXPECT_EQ(perform(request).outcome, Outcome::kOk);
    request.http.headers.push_back({"idempotency-key", "mine"});
    EXPECT_EQ(perform(request).outcome, Outcome::kOk);
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].headers.get("idempotency-key"), "key-1");
    EXPECT_EQ(requests[0].headers.get("authorization"), "");
    EXPECT_EQ(requests[1].headers.count("idempotency-key"), 1u);
    EXPECT_EQ(requests[1].headers.get("idempotency-key"), "mine");
}

}  // namespace
}  // namespace weft::broker
