#pragma once

#include "app/weft/data_folder.h"
#include "base/error.h"
#include "base/secret.h"
#include "platform/pg/conninfo.h"
#include "platform/proc/proc.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::app {

/// A PostgreSQL cluster of our own in the data folder: unix socket only, passwords required, durable, never
/// run as root. Made on first use.
class PrivatePostgres {
  public:
    struct Options {
        std::string programs = "/usr/lib/postgresql/15/bin";
    };
    /// Finds the programs and the user to run them as, and makes the cluster unless it exists (about 2 s).
    /// Errors are sentences that say what to install or do.
    static rt::Task<Result<std::unique_ptr<PrivatePostgres>>> prepare(
        rt::Loop& loop, DataFolder& folder, Options options, rt::Deadline by
    );

    /// How to run the server; for a Keeper. Its log is log/postgres.log.
    const proc::Spec& server() const { return spec_; }
    /// Before each start: ends what an earlier, killed `weft serve` has left running on the cluster.
    rt::Task<Result<void>> clear_remains();
    /// Waits until the server with this process id accepts connections. Errors: kTimeout, kCancelled.
    rt::Task<Result<void>> wait_ready(const proc::Keeper& keeper, rt::Deadline by);
    /// Creates the database `weft` unless it exists; the server runs.
    rt::Task<Result<void>> ensure_database(rt::Deadline by);

    /// How the superuser of this cluster connects, for migrations.
    pg::Conninfo admin() const;
    /// Once neither `ensure_database` nor `admin` is needed any more.
    void forget_password() { password_ = Secret(); }

  private:
    PrivatePostgres(rt::Loop& loop, DataFolder& folder, Options options)
        : loop_(loop), folder_(folder), options_(std::move(options)) {}

    Result<void> choose_user();
    rt::Task<Result<void>> make_cluster(rt::Deadline by);
    Result<void> write_configuration();
    Result<void> write_owned(const std::string& name, std::string_view content);
    Result<void> open_log();
    /// A program of PostgreSQL's, run as its user, with `data` at the returned path.
    proc::Spec tool(const std::string& program, const std::string& data, std::string& path_there) const;
    /// Process id and readiness as postmaster.pid tells them; nothing when there is no such file.
    struct Postmaster {
        pid_t pid = 0;
        bool is_ready = false;
    };
    std::optional<Postmaster> postmaster() const;
    /// True when the process works in the cluster's folder, as every process of PostgreSQL's does.
    bool runs_here(pid_t pid) const;
    std::vector<pid_t> processes_here() const;

    rt::Loop& loop_;
    DataFolder& folder_;
    Options options_;
    std::optional<proc::Identity> user_;  // none: as this process
    std::string socket_folder_;
    Secret password_;
    proc::Fd log_;
    proc::Spec spec_;
};

}  // namespace weft::app
