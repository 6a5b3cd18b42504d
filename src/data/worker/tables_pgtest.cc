#include "core/trigger/table.h"
#include "data/worker/detail/peer.h"
#include "data/worker/detail/world.h"
#include "store/vault/connections.h"

#include <fstream>

namespace weft::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kServers = "/usr/lib/postgresql/15/bin/";

/// A PostgreSQL of somebody else's: over TLS alone, with passwords.
class OtherPostgres {
  public:
    OtherPostgres() : folder_(make_peer_folder("postgres")), port_(free_port()) {
        if (::getuid() == 0) run_program({"chown", "-R", "nobody:nogroup", folder_});
        const std::string data = folder_ + "/data";
        run_program(
            {std::string(kServers) + "initdb",
             "-D",
             data,
             "-U",
             "owner",
             "-A",
             "trust",
             "-E",
             "UTF8",
             "--no-sync"},
            RunAs::kNobody
        );
        std::ofstream(data + "/pg_hba.conf")
            << "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        std::vector<std::string> command{std::string(kServers) + "postgres", "-D", data};
        const std::vector<std::string> settings{
            "listen_addresses=127.0.0.1",
            "port=" + std::to_string(port_),
            "unix_socket_directories=" + folder_,
            "ssl=on",
            "ssl_cert_file=" + folder_ + "/cert.pem",
            "ssl_key_file=" + folder_ + "/key.pem",
            "fsync=off"
        };
        for (const std::string& setting : settings) {
            command.emplace_back("-c");
            command.push_back(setting);
        }
        server_ = start_program(std::move(command), RunAs::kNobody);
    }
    ~OtherPostgres() {
        ::kill(server_, SIGINT);
        ::waitpid(server_, nullptr, 0);
        std::filesystem::remove_all(folder_);
    }
    OtherPostgres(const OtherPostgres&) = delete;
    OtherPostgres& operator=(const OtherPostgres&) = delete;

    bool exec(const std::string& sql) {
        return run_program(
                   {"psql",
                    "-qX",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-h",
                    folder_,
                    "-p",
                    std::to_string(port_),
                    "-U",
                    "owner",
                    "-d",
                    "postgres",
                    "-c",
                    sql}
               ) == 0;
    }
    std::string certificate() const { return folder_ + "/cert.pem"; }
    std::uint16_t port() const { return port_; }

  private:
    std::string folder_;
    std::uint16_t port_;
    pid_t server_ = -1;
};

class TablesTest : public WorkerTest {
  protected:
    void SetUp() override {
        WorkerTest::SetUp();
        if (!pool_) return;
        other_.emplace();
        ASSERT_TRUE(eventually([&] { return is_listening(other_->port()) && other_->exec("select 1"); }, 30s)
        );
        options_.ca_file = other_->certificate();
        ASSERT_TRUE(other_->exec(
            "create schema \"The \"\"shop\"; create table \"The \"\"shop\".\"orders; drop table x\" ("
            "id bigint primary key, \"updated at\" timestamptz not null default now(), total numeric, "
            "\"a\"\"b\" text);"
            "create table \"The \"\"shop\".secret (id int primary key);"
            "create role shop_reader login; grant usage on schema \"The \"\"shop\" to shop_reader;"
            "grant select on \"The \"\"shop\".\"orders; drop table x\" to shop_reader;"
            "alter role shop_reader pass"
            "word 'reader-secret'"
        ));
        flow_ = publish(R"({"name":"f","steps":[{"id":"a","uses":"core/map","with":{}}]})");
    }
    void TearDown() override {
        if (pool_) database().exec("delete from weft.trigger; delete from weft.connection");
        other_.reset();
        WorkerTest::TearDown();
    }

    std::string url(
        const std::string& host = "localhost",
        const std::string& database = "postgres",
        const std::string& scheme = "postgres"
    ) const {
        return scheme + "://" + host + ":" + std::to_string(other_->port()) + "/" + database;
    }
    ConnectionId connect(const std::string& secret) {
        store::Db db(*api_pool_, tenant_);
        const AppId app = AppId::make(clock_.now(), rng_);
        const std::string name = "db-" + std::to_string(++apps_);
        database().exec(
            "insert into weft.app (tenant_id, id, key, name) values ('" + tenant_.text() + "', '" +
            app.text() + "', '" + name + "', 'D')"
        );
        const auto id = ConnectionId::make(clock_.now(), rng_);
        auto key = wait(store::vault::find_public_key(db, soon()));
        EXPECT_TRUE(key) << key.error().user;
        const std::map<std::string, Secret> fields{
            {"username", Secret("shop_reader")}, {"password", Secret(secret)}
        };
        store::vault::NewConnection row{
            .tenant = tenant_,
            .id = id,
            .app_id = app,
            .key = name,
            .name = "D",
            .auth_kind = "basic",
            .sealed = *store::vault::seal_fields(*key, {tenant_, id, 1}, fields),
            .key_id = key->id,
        };
        EXPECT_TRUE(wait(store::vault::add_connection(db, std::move(row), soon())));
        return id;
    }
    TriggerId look(
        const std::string& config, const std::string& at = "", const std::string& secret = "reader-secret"
    ) {
        auto settings = trigger::parse_table(*parse_json(config));
        EXPECT_TRUE(settings) << settings.error().user << settings.error().field;
        const Json compiled = JsonObject{
            {"connection", connect(secret).text()},
            {"manifest",
             JsonObject{{"base_url", at.empty() ? url() : at}, {"auth", JsonObject{{"kind", "basic"}}}}}
        };
        const TriggerId id = TriggerId::make(clock_.now(), rng_);
        database().scalar(
            "insert into weft.trigger (tenant_id, id, workflow_id, kind, name, state, config) "
            "values ($1::uuid, $2::uuid, $3::uuid, 'postgres', 'T', 'active', $4::json)",
            {tenant_.text(), id.text(), flow_.id.text(), to_text(trigger::to_json(*settings))}
        );
        database().scalar(
            "insert into weft.trigger_poll (tenant_id, trigger_id, compiled, due_at) values ($1::uuid, "
            "$2::uuid, $3, now())",
            {tenant_.text(), id.text(), to_text(compiled)}
        );
        database().exec("notify weft_trigger, '" + id.text() + "'");
        return id;
    }
    std::string orders(const std::string& more = "") {
        return R"({"connection":"db","schema":"The \"shop","table":"orders; drop table x","cursor":["updated at","id"])" +
               more + "}";
    }
    void add(int id, const std::string& at) {
        other_->exec(
            "insert into \"The \"\"shop\".\"orders; drop table x\" values (" + std::to_string(id) + ", " +
            at + ", 1.50, 'x')"
        );
    }
    std::string of(TriggerId id, const std::string& what) {
        return database().scalar(
            "select (" + what + ")::text from weft.trigger_poll where trigger_id = $1::uuid", {id.text()}
        );
    }
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
    std::vector<std::string> ids() {
        std::vector<std::string> out;
        const std::string runs = database().scalar(
            "select coalesce(string_agg(id::text, ' ' order by id), '') from weft.workflow_run where "
            "tenant_id = $1::uuid",
            {tenant_.text()}
        );
        for (std::size_t at = 0; at < runs.size(); at += 37) {
            last_ = *parse_json(value(RunId::parse(runs.substr(at, 36)).value(), "input"));
            out.push_back(to_text(last_.at("id")));
        }
        return out;
    }

    std::optional<OtherPostgres> other_;
    test::TestDatabase::Workflow flow_;
    Json last_;
    int apps_ = 0;
};

TEST_F(TablesTest, RowsThatAreNewOrChangedBeginRunsWhateverTheirNames) {
    add(1, "now() - interval '1 hour'");
    start_worker();
    const TriggerId id = look(orders());
    ASSERT_TRUE(asked(id, 1));
    EXPECT_EQ(of(id, "coalesce(problem, 'none')"), "none");
    EXPECT_THAT(ids(), IsEmpty());
    // Two of one instant are two, however the next look falls between them.
    add(3, "'2030-01-01 00:00:00.000001+00'");
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(ids(), ElementsAre("3"));
    EXPECT_EQ(
        to_text(last_), R"({"id":3,"updated at":"2030-01-01T00:00:00.000001+00:00","total":1.50,"a\"b":"x"})"
    );
    add(2, "'2030-01-01 00:00:00.000001+00'");
    add(4, "'2030-01-01 00:00:00.000001+00'");
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(ids(), UnorderedElementsAre("3", "2", "4")) << "the one below the cursor, too";
    // What was written before and is there later is in the stretch that is looked at again.
    add(5, "'2029-12-31 23:59:30+00'");
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(ids(), UnorderedElementsAre("3", "2", "4", "5"));
    other_->exec(
        "update \"The \"\"shop\".\"orders; drop table x\" set \"updated at\" = '2030-01-01 00:00:01+00' "
        "where id = 1"
    );
    ASSERT_TRUE(ask_again(id));
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(ids(), UnorderedElementsAre("3", "2", "4", "5", "1"));
}

TEST_F(TablesTest, AllOfThemWithTheColumnsThatAreNamed) {
    ASSERT_TRUE(
        other_->exec("insert into \"The \"\"shop\".\"orders; drop table x\" select n, now(), 1.50, 'x' "
                     "from generate_series(1, 450) n")
    );
    start_worker();
    const TriggerId id = look(orders(
        R"(,"start":"all","columns":["id","a\"b"],"filter":{"path":"input.id","is":"at-most","value":449})"
    ));
    ASSERT_TRUE(asked(id, 3));
    EXPECT_EQ(of(id, "fired || ' ' || filtered"), "449 1");
    EXPECT_EQ(
        database().scalar(
            "select count(*) from weft.workflow_run where tenant_id = $1::uuid", {tenant_.text()}
        ),
        "449"
    );
}

TEST_F(TablesTest, WhatCannotBeAskedIsSaid) {
    start_worker();
    const auto problem = [&](const std::string& config,
                             const std::string& at = "",
                             const std::string& secret = "reader-secret") {
        const TriggerId id = look(config, at, secret);
        EXPECT_TRUE(asked(id, 1));
        return of(id, "coalesce(problem, 'none')");
    };
    EXPECT_THAT(
        problem(R"({"connection":"db","schema":"The \"shop","table":"none","cursor":["id"]})"),
        HasSubstr("no table")
    );
    EXPECT_THAT(
        problem(R"({"connection":"db","schema":"The \"shop","table":"secret","cursor":["id"]})"),
        HasSubstr("permission denied")
    );
    EXPECT_THAT(
        problem(
            R"({"connection":"db","schema":"The \"shop","table":"orders; drop table x","cursor":["nope"]})"
        ),
        HasSubstr("no column nope")
    );
    EXPECT_THAT(
        problem(
            R"({"connection":"db","schema":"The \"shop","table":"orders; drop table x","cursor":["updated at"]})"
        ),
        HasSubstr("unique")
    );
    EXPECT_THAT(problem(orders(), "postgres-plain://10.1.2.3/x"), HasSubstr("--egress-allow=10.1.2.3:5432"));
    EXPECT_THAT(problem(orders(), "", "wrong"), HasSubstr("does not take this name and password"));
    EXPECT_THAT(problem(orders(), url("127.0.0.1")), HasSubstr("certificate"));
    EXPECT_THAT(
        problem(orders(), url("localhost", "postgres", "postgres-plain")), HasSubstr("no encryption")
    );
    EXPECT_THAT(problem(orders(), url("localhost", "user=owner%20host=x")), HasSubstr("does not exist"));
    EXPECT_THAT(problem(orders(), base_), HasSubstr("The connection is for http"));
    EXPECT_THAT(ids(), IsEmpty());
}

}  // namespace
}  // namespace weft::worker
