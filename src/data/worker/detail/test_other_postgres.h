#pragma once

#include "data/worker/detail/peer.h"
#include "data/worker/detail/test_looks.h"

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
class OtherPostgresTest : public LooksTest {
  protected:
    void SetUp() override {
        LooksTest::SetUp();
        if (!pool_) return;
        other_.emplace();
        ASSERT_TRUE(eventually([&] { return is_listening(other_->port()) && other_->exec("select 1"); }, 30s)
        );
        options_.ca_file = other_->certificate();
        ASSERT_TRUE(
            other_->exec("create role shop_reader login pass"
                         "word 'reader-secret'")
        );
    }
    void TearDown() override {
        LooksTest::TearDown();
        other_.reset();
    }

    std::string url(
        const std::string& host = "localhost",
        const std::string& database = "postgres",
        const std::string& scheme = "postgres"
    ) const {
        return scheme + "://" + host + ":" + std::to_string(other_->port()) + "/" + database;
    }

    std::optional<OtherPostgres> other_;
};

}  // namespace weft::worker
