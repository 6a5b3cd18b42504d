#pragma once

#include "base/id.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weft::test {

/// A private PostgreSQL 15 in a temporary folder: unix socket only, its own user when started as root, not
/// durable (fsync off). A guardian process stops it and removes the folder however this process ends.
class Cluster {
  public:
    Cluster();
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    /// libpq connection string of the superuser, database postgres.
    const std::string& superuser_url() const { return url_; }
    /// The postmaster, for tests that kill the server. `restart` brings it back after that.
    int postmaster_pid() const;
    /// Immediate stop: all backends die in the middle, nothing is flushed; recovery on the next start.
    void kill_server();
    void start_server();

  private:
    std::string url_;
    std::string folder_;
    int control_ = -1;
    int guardian_ = -1;
};

/// The cluster all TestDatabases of this process live in: the server of WEFT_TEST_DATABASE_URL (a superuser's
/// URL; `weft-test-pg` sets it for many programs at once), or a private one started on first use.
const std::string& shared_superuser_url();

/// A fresh, migrated database; dropped at the end. Aborts the test program, with the reason, when it cannot
/// be made.
class TestDatabase {
  public:
    TestDatabase();
    /// On a server of one's own (tests that kill it).
    explicit TestDatabase(const Cluster& cluster);
    ~TestDatabase();
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    /// libpq connection strings to this database.
    const std::string& api_url() const { return api_url_; }
    const std::string& worker_url() const { return worker_url_; }
    const std::string& superuser_url() const { return superuser_url_; }

    /// Runs SQL as superuser (row security does not apply); aborts on an error.
    void exec(const std::string& sql) const;
    /// First column of the first row, or "" (also for null). Text parameters.
    std::string scalar(const std::string& sql, const std::vector<std::string>& params = {}) const;
    /// SQLSTATE of running `sql` with the connection string `url`, "00000" when it works.
    std::string sqlstate_of(const std::string& url, const std::string& sql) const;

    /// A tenant with its row in the queue.
    TenantId create_tenant(std::string_view name = "Tenant") const;
    /// An owner of `tenant`; the password hash is not one that anybody can log in with.
    UserId create_user(TenantId tenant, std::string_view role = "owner") const;

    struct Workflow {
        WorkflowId id;
        WorkflowVersionId version;
    };
    /// A published workflow whose version 1 has this compiled form (JSON text).
    Workflow create_workflow(TenantId tenant, std::string_view key, std::string_view compiled = "{}") const;

  private:
    void make(const std::string& server_url);
    std::string server_url_;
    std::string name_;
    std::string api_url_;
    std::string worker_url_;
    std::string superuser_url_;
};

/// `url` with another database, user and password (empty: unchanged), as a keyword connection string.
std::string with(
    const std::string& url,
    std::string_view database,
    std::string_view user = "",
    std::string_view password = ""
);

}  // namespace weft::test
