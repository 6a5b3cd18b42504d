#pragma once

#include "base/bytes.h"
#include "data/broker/broker.h"
#include "platform/crypto/crypto.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "store/vault/circuits.h"
#include "store/vault/connections.h"
#include "store/vault/keys.h"
#include "support/pg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

/// A broker with a real PostgreSQL and a real upstream, for this module's tests.
namespace weft::broker {

using Outcome = Response::Outcome;
using runstate::Effect;
using runstate::FailureKind;

inline constexpr std::string_view kToken = "canary-token-4711";

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
        circuits.emplace(pool, *vault, clock, rng, [this](TenantId, ConnectionId id) { tell(id); });
        Deps deps{*vault, *egress, clock, metrics, nullptr, &*uses, nullptr, &*circuits};
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
        if (request.path() == "/held") (void)co_await released.wait(request.deadline);
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

    /// As a notice does.
    void tell(ConnectionId id) {
        vault->forget(id);
        for (auto* other : others) other->forget(id);
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
    std::optional<store::vault::Circuits> circuits;
    std::vector<store::vault::Vault*> others;  // of other workers
    rt::Signal released{loop};                 // what /held waits for
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

}  // namespace weft::broker
