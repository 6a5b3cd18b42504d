#pragma once

#include "data/worker/detail/peer.h"
#include "data/worker/detail/world.h"
#include "store/vault/connections.h"

#include <fstream>

namespace weft::worker {

inline constexpr const char* kServers = "/usr/lib/postgresql/15/bin/";

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

/// A worker, and a database of others that a trigger's connection leads to.
class OtherPostgresTest : public WorkerTest {
  protected:
    void SetUp() override {
        WorkerTest::SetUp();
        if (!pool_) return;
        other_.emplace();
        ASSERT_TRUE(eventually([&] { return is_listening(other_->port()) && other_->exec("select 1"); }, 30s)
        );
        options_.ca_file = other_->certificate();
        ASSERT_TRUE(
            other_->exec("create role shop_reader login pass"
                         "word 'reader-secret'")
        );
        flow_ = publish(R"({"name":"f","steps":[{"id":"a","uses":"core/map","with":{}}]})");
    }
    void TearDown() override {
        if (pool_) database().exec("delete from weft.trigger; delete from weft.connection");
        stop_worker();
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
    std::string of(TriggerId id, const std::string& what) {
        return database().scalar(
            "select (" + what + ")::text from weft.trigger_poll where trigger_id = $1::uuid", {id.text()}
        );
    }

    std::optional<OtherPostgres> other_;
    test::TestDatabase::Workflow flow_;
    int apps_ = 0;
};

}  // namespace weft::worker
