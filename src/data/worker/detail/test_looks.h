#pragma once

#include "data/worker/detail/world.h"
#include "store/vault/connections.h"

namespace weft::worker {

/// A worker, and triggers of `flow_` that look by themselves for what begins runs.
class LooksTest : public WorkerTest {
  protected:
    void SetUp() override {
        WorkerTest::SetUp();
        if (pool_) flow_ = publish(R"({"name":"f","steps":[{"id":"a","uses":"core/map","with":{}}]})");
    }
    void TearDown() override {
        if (pool_) database().exec("delete from weft.trigger; delete from weft.connection");
        WorkerTest::TearDown();
    }

    /// An active one that is due, made as control/triggers makes one.
    TriggerId add_trigger(
        const std::string& kind, const Json& config, const Json& compiled, bool is_held = false
    ) {
        const TriggerId id = TriggerId::make(clock_.now(), rng_);
        database().scalar(
            "insert into weft.trigger (tenant_id, id, workflow_id, kind, name, state, config) "
            "values ($1::uuid, $2::uuid, $3::uuid, $4, 'T', 'active', $5::json)",
            {tenant_.text(), id.text(), flow_.id.text(), kind, to_text(config)}
        );
        database().scalar(
            "insert into weft.trigger_poll (tenant_id, trigger_id, compiled, due_at, is_held) "
            "values ($1::uuid, $2::uuid, $3, now(), $4::boolean)",
            {tenant_.text(), id.text(), to_text(compiled), is_held ? "true" : "false"}
        );
        database().exec("notify weft_trigger, '" + id.text() + "'");
        return id;
    }
    /// What a poll of another system is compiled to: a connection with a name and a password, at `url`.
    Json login_at(const std::string& url, const std::string& user, const std::string& password) {
        return JsonObject{
            {"connection", connect(user, password).text()},
            {"manifest", JsonObject{{"base_url", url}, {"auth", JsonObject{{"kind", "basic"}}}}}
        };
    }

    std::string of(TriggerId id, const std::string& what) {
        return database().scalar(
            "select (" + what + ")::text from weft.trigger_poll where trigger_id = $1::uuid", {id.text()}
        );
    }
    /// Whether it has looked so often.
    bool asked(TriggerId id, int times) {
        return eventually(
            [&] { return std::stoi(of(id, "polls")) >= times && of(id, "lease_until is null") == "true"; },
            30s
        );
    }
    bool ask_again(TriggerId id) {
        const int before = std::stoi(of(id, "polls"));
        database().scalar(
            "update weft.trigger_poll set due_at = now() where trigger_id = $1::uuid", {id.text()}
        );
        database().exec("notify weft_trigger, '" + id.text() + "'");
        return asked(id, before + 1);
    }
    /// Of the runs so far, in the order in which they began.
    std::vector<std::string> inputs() {
        std::vector<std::string> out;
        const std::string runs = database().scalar(
            "select coalesce(string_agg(id::text, ' ' order by id), '') from weft.workflow_run "
            "where tenant_id = $1::uuid",
            {tenant_.text()}
        );
        for (std::size_t at = 0; at < runs.size(); at += 37)
            out.push_back(value(RunId::parse(runs.substr(at, 36)).value(), "input"));
        return out;
    }

    test::TestDatabase::Workflow flow_;

  private:
    ConnectionId connect(const std::string& user, const std::string& password) {
        store::Db db(*api_pool_, tenant_);
        const AppId app = AppId::make(clock_.now(), rng_);
        const std::string name = "app-" + std::to_string(++apps_);
        database().exec(
            "insert into weft.app (tenant_id, id, key, name) values ('" + tenant_.text() + "', '" +
            app.text() + "', '" + name + "', 'App')"
        );
        const auto id = ConnectionId::make(clock_.now(), rng_);
        auto key = wait(store::vault::find_public_key(db, soon()));
        EXPECT_TRUE(key) << key.error().user;
        const std::map<std::string, Secret> fields{
            {"username", Secret(user)}, {"password", Secret(password)}
        };
        store::vault::NewConnection row{
            .tenant = tenant_,
            .id = id,
            .app_id = app,
            .key = name,
            .name = "App",
            .auth_kind = "basic",
            .sealed = *store::vault::seal_fields(*key, {tenant_, id, 1}, fields),
            .key_id = key->id,
        };
        EXPECT_TRUE(wait(store::vault::add_connection(db, std::move(row), soon())));
        return id;
    }

    int apps_ = 0;
};

}  // namespace weft::worker
