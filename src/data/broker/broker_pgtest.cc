#include "base/bytes.h"
#include "data/broker/broker.h"
#include "platform/crypto/crypto.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "store/vault/connections.h"
#include "store/vault/keys.h"
#include "support/pg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace weft::broker {
namespace {

using Outcome = Response::Outcome;
using runstate::Effect;
using runstate::FailureKind;
using testing::HasSubstr;

constexpr std::string_view kToken = "canary-token-4711";

class BrokerTest : public testing::Test {
  protected:
    BrokerTest()
        : pool(loop, {.url = database.worker_url(), .connections_max = 2}),
          api_pool(loop, {.url = database.api_url(), .connections_max = 2}),
          server(loop, router, clock, rng),
          client(loop) {
        EXPECT_TRUE(crypto::init());
        folder = (std::filesystem::temp_directory_path() / "weft-broker-XXXXXX").string();
        folder = mkdtemp(folder.data());
        master = *crypto::make_key_wrapper(*crypto::read_key_file(folder + "/vault.key", rng));
        vault.emplace(pool, *master, clock, rng);
        router.add(http::Method::kGet, "/{rest...}", [this](http::Request r) {
            return answer(std::move(r));
        });
        router.add(http::Method::kPost, "/{rest...}", [this](http::Request r) {
            return answer(std::move(r));
        });
        base = "http://127.0.0.1:" + std::to_string(server.listen_tcp("127.0.0.1", 0).value_or(0));
        egress.emplace(client, *egress::Policy::parse({"127.0.0.1"}));
        uses.emplace(pool, steady, [this](TenantId, ConnectionId id) { changed.push_back(id); });
        Deps deps{*vault, *egress, clock, metrics, nullptr, &*uses};
        broker.emplace(deps);
        app = make_app(base);
        action = make_action();
        tenant = database.create_tenant();
        connection = make_connection(tenant);
    }
    ~BrokerTest() override {
        loop.run_until_done(server.stop(rt::Deadline::in(100ms)));
        loop.run_until_done(pool.close());
        loop.run_until_done(api_pool.close());
        std::filesystem::remove_all(folder);
    }

    rt::Task<Result<http::Response>> answer(http::Request request) {
        requests.push_back(request);
        if (request.path() == "/slow") (void)co_await rt::sleep_for(30s, request.deadline);
        http::Response out = http::Response::json(status, body);
        if (!retry_after.empty()) out.headers.add("retry-after", retry_after);
        co_return out;
    }
    static connector::App make_app(const std::string& base_url) {
        auto manifest = parse_json(R"({"base_url":")" + base_url + R"(","auth":{"kind":"bearer"}})");
        return *connector::parse_app(*manifest);
    }
    static connector::Action make_action() {
        auto text =
            parse_json(R"({"key":"get","name":"Get","method":"POST","path":"/orders","effect":"keyed"})");
        return *connector::parse_action(*text);
    }
    ConnectionId make_connection(TenantId owner) {
        const rt::Deadline by = rt::Deadline::in(10s);
        EXPECT_TRUE(loop.run_until_done(vault->ensure_keys(by)));
        auto key = loop.run_until_done(store::vault::find_public_key({api_pool, owner}, by));
        EXPECT_TRUE(key.has_value());
        ConnectionId id = ConnectionId::make(clock.now(), rng);
        AppId app_id = AppId::make(clock.now(), rng);
        database.exec(
            "insert into weft.app (tenant_id, id, key, name) values ('" + owner.text() + "', '" +
            app_id.text() + "', 'shop', 'Shop')"
        );
        std::map<std::string, Secret> fields{{"token", Secret(std::string(kToken))}};
        auto sealed = store::vault::seal_fields(*key, {owner, id, 1}, fields);
        EXPECT_TRUE(sealed.has_value());
        store::vault::NewConnection row{
            .tenant = owner,
            .id = id,
            .app_id = app_id,
            .key = "main",
            .name = "Main",
            .auth_kind = "bearer",
            .sealed = *sealed,
            .key_id = key->id
        };
        store::Db db(api_pool, owner);
        EXPECT_TRUE(loop.run_until_done(store::vault::add_connection(db, row, by)));
        return id;
    }
    Request request_to(const std::string& path, Effect effect = Effect::kKeyed) {
        Request out;
        out.http = {.method = "POST", .url = base + path, .headers = {}, .body = "{}"};
        out.action = &action;
        out.effect = effect;
        out.idempotency_key = "key-1";
        out.connection = ConnectionRef{connection, &app};
        return out;
    }
    Response perform(Request request, Steady::duration within = 10s) {
        Principal who{tenant, RunId(), WorkflowVersionId()};
        return loop.run_until_done(broker->perform(who, std::move(request), rt::Deadline::in(within)));
    }

    /// state, last error and whether it was used, of the connection's row.
    std::string row() {
        using Which = store::vault::Uses::Which;
        EXPECT_TRUE(loop.run_until_done(uses->write(Which::kDue, rt::Deadline::in(10s))));
        return database.scalar(
            "select concat_ws(' ', state, last_error_status, last_error_at is not null, last_used_at is not "
            "null) "
            "from weft.connection where id = $1",
            {connection.text()}
        );
    }

    rt::SystemClock clock;
    SystemRng rng;
    rt::Loop loop;
    telemetry::Metrics metrics;
    test::TestDatabase database;
    pg::Pool pool;
    pg::Pool api_pool;
    std::string folder;
    std::unique_ptr<crypto::KeyWrapper> master;
    std::optional<store::vault::Vault> vault;
    http::Router router;
    http::Server server;
    http::Client client;
    std::optional<egress::Egress> egress;
    rt::ManualClock steady{clock.now()};
    std::optional<store::vault::Uses> uses;
    std::vector<ConnectionId> changed;
    std::optional<Broker> broker;
    std::string base;
    connector::App app;
    connector::Action action;
    TenantId tenant;
    ConnectionId connection;
    std::vector<http::Request> requests;
    int status = 200;
    std::string body = R"({"ok":true})";
    std::string retry_after;
};

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
