#include "app/weft/private_postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <sstream>

namespace weft::app {

namespace {

namespace fs = std::filesystem;

constexpr const char* kCluster = "postgres";
constexpr const char* kUnfinished = "postgres.new";
/// Where the cluster appears for PostgreSQL when its user may not search the way to the data folder (/root).
constexpr const char* kMountPoint = "/mnt";
constexpr std::uintmax_t kLogBytesMax = 10u << 20;
constexpr auto kPoll = 2ms;

/// Settings that a few hundred runs a second on a small machine want; local.conf may override each.
constexpr const char* kConfiguration =
    R"(# Written by `weft serve` at each start. Put your own settings into local.conf beside this file.
listen_addresses = ''
unix_socket_permissions = 0777      # passwords guard it, not file modes: api and worker are different users
max_connections = 60
password_encryption = scram-sha-256

fsync = on                          # an acknowledged event is never lost
synchronous_commit = on
full_page_writes = on
wal_compression = lz4
min_wal_size = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9

shared_buffers = 256MB
work_mem = 8MB
maintenance_work_mem = 64MB
effective_cache_size = 1GB
random_page_cost = 1.1
jit = off                           # statements are short; compiling them costs more than it saves
max_locks_per_transaction = 256     # history is partitioned by day
autovacuum_naptime = 15s            # the job table turns over quickly

log_line_prefix = '%m [%p] %q%u '
log_min_messages = warning
log_statement = none
log_parameter_max_length_on_error = 0   # values never reach the log
timezone = 'UTC'
log_timezone = 'UTC'
include 'local.conf'
)";

std::string cannot(const std::string& what, const std::string& path) {
    std::string why = std::strerror(errno);
    return "Could not " + what + " " + path + ": " + why + ".";
}

}  // namespace

rt::Task<Result<std::unique_ptr<PrivatePostgres>>> PrivatePostgres::prepare(
    rt::Loop& loop, DataFolder& folder, Options options, rt::Deadline by
) {
    std::unique_ptr<PrivatePostgres> cluster(new PrivatePostgres(loop, folder, std::move(options)));
    std::string program = cluster->options_.programs + "/postgres";
    if (::access(program.c_str(), X_OK) != 0) {
        co_return fail(Error::unavailable(
            "PostgreSQL 15 is not at " + program +
            ". Install Debian's postgresql-15, or set WEFT_DATABASE_URL to a server of your own."
        ));
    }
    CO_CHECK_OK(cluster->choose_user());
    CO_TRY(cluster->password_, folder.password("postgres"));
    CO_TRY(cluster->socket_folder_, folder.socket_folder(cluster->user_ ? &*cluster->user_ : nullptr));
    CO_CHECK_OK(cluster->open_log());
    if (!fs::exists(folder.at(kCluster) + "/PG_VERSION")) CO_CHECK_OK(co_await cluster->make_cluster(by));
    CO_CHECK_OK(cluster->write_configuration());

    std::string data;
    cluster->spec_ = cluster->tool("postgres", folder.at(kCluster), data);
    cluster->spec_.name = "PostgreSQL";
    cluster->spec_.argv.insert(
        cluster->spec_.argv.end(), {"-D", data, "-c", "unix_socket_directories=" + cluster->socket_folder_}
    );
    cluster->spec_.stdout_fd = cluster->log_.get();
    cluster->spec_.stderr_fd = cluster->log_.get();
    // Immediate shutdown: at once, and recovered from the log at the next start.
    cluster->spec_.death_signal = SIGQUIT;
    co_return cluster;
}

Result<void> PrivatePostgres::choose_user() {
    if (::geteuid() != 0) return {};
    user_ = proc::find_user("weft");
    if (!user_) user_ = proc::find_user("postgres");
    if (user_) return {};
    return fail(
        Error::unavailable("PostgreSQL must not run as root, and there is no system user for it. Create one: "
                           "useradd --system weft")
    );
}

proc::Spec PrivatePostgres::tool(const std::string& program, const std::string& data, std::string& path_there)
    const {
    proc::Spec spec;
    spec.name = program;
    spec.argv = {options_.programs + "/" + program};
    spec.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8"};
    spec.identity = user_;
    path_there = data;
    if (user_ && !proc::can_reach(*user_, data)) {
        spec.binds = {proc::BindMount{.source = data, .target = kMountPoint}};
        path_there = kMountPoint;
    }
    return spec;
}

/// In a folder beside the final one, renamed when complete, so that a crash leaves nothing half made.
rt::Task<Result<void>> PrivatePostgres::make_cluster(rt::Deadline by) {
    std::string fresh = folder_.at(kUnfinished);
    std::error_code ec;
    fs::remove_all(fresh, ec);
    CO_CHECK_OK(make_folder(fresh, 0700));
    if (user_ && ::chown(fresh.c_str(), user_->uid, user_->gid) != 0) {
        co_return fail(Error::unavailable(cannot("give away", fresh)));
    }
    CO_TRY(proc::Fd password, proc::sealed_file("password", password_.reveal()));
    // initdb opens it by name, hence as its user.
    if (user_ && ::fchown(password.get(), user_->uid, user_->gid) != 0) {
        co_return fail(Error::unavailable(cannot("give away", "a password file")));
    }
    std::string data;
    proc::Spec spec = tool("initdb", fresh, data);
    std::vector<std::string> arguments = {
        "--pgdata=" + data,
        "--username=postgres",
        "--pwfile=/proc/self/fd/3",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--data-checksums",
        "--no-instructions",
    };
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.fds = {{password.get(), 3}};
    CO_CHECK_OK(co_await proc::run(loop_, std::move(spec), by));
    fs::rename(fresh, folder_.at(kCluster), ec);
    if (ec) co_return fail(Error::unavailable("Could not rename " + fresh + ": " + ec.message() + "."));
    co_return Result<void>{};
}

Result<void> PrivatePostgres::write_configuration() {
    CHECK_OK(write_owned("postgresql.conf", kConfiguration));
    if (fs::exists(folder_.at(kCluster) + "/local.conf")) return {};
    return write_owned("local.conf", "# Your own settings; they win over postgresql.conf.\n");
}

Result<void> PrivatePostgres::write_owned(const std::string& name, std::string_view content) {
    std::string file = std::string(kCluster) + "/" + name;
    // Written only when it differs: it waits for the disk, and most starts change nothing.
    if (read_file(folder_.at(file)) != content) CHECK_OK(folder_.write(file, content, 0600));
    if (user_ && ::lchown(folder_.at(file).c_str(), user_->uid, user_->gid) != 0) {
        return fail(Error::unavailable(cannot("give away", folder_.at(file))));
    }
    return {};
}

Result<void> PrivatePostgres::open_log() {
    std::string path = folder_.at("log/postgres.log");
    std::error_code ec;
    if (fs::file_size(path, ec) > kLogBytesMax && !ec) fs::rename(path, path + ".1", ec);
    log_ = proc::Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!log_) return fail(Error::unavailable(cannot("open", path)));
    return {};
}

std::optional<PrivatePostgres::Postmaster> PrivatePostgres::postmaster() const {
    auto text = read_file(folder_.at(kCluster) + "/postmaster.pid");
    if (!text) return std::nullopt;
    // Line 1 is the process id, line 8 the state (src/include/utils/pidfile.h of PostgreSQL).
    std::istringstream lines(*text);
    std::string line;
    Postmaster found;
    for (int number = 1; std::getline(lines, line); ++number) {
        if (number == 1) found.pid = static_cast<pid_t>(std::strtol(line.c_str(), nullptr, 10));
        if (number == 8) found.is_ready = line.starts_with("ready");
    }
    return found.pid > 0 ? std::optional(found) : std::nullopt;
}

/// A process id may have been given to another program since; the working folder tells.
bool PrivatePostgres::runs_here(pid_t pid) const {
    struct stat theirs{};
    struct stat ours{};
    std::string folder = "/proc/" + std::to_string(pid) + "/cwd";
    return ::stat(folder.c_str(), &theirs) == 0 && ::stat(folder_.at(kCluster).c_str(), &ours) == 0 &&
           theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

std::vector<pid_t> PrivatePostgres::processes_here() const {
    std::vector<pid_t> found;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator("/proc", ec)) {
        auto pid = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
        if (pid > 0 && runs_here(pid)) found.push_back(pid);
    }
    return found;
}

rt::Task<Result<void>> PrivatePostgres::clear_remains() {
    if (!postmaster()) co_return Result<void>{};  // it was shut down in order
    auto polite = rt::Deadline::in(5s);
    auto patience = rt::Deadline::in(10s);
    // Not only the server: its children outlive a killed one by a moment, and hold its shared memory.
    for (auto left = processes_here(); !left.empty(); left = processes_here()) {
        if (patience.is_over()) {
            co_return fail(Error::unavailable(
                "An earlier PostgreSQL (process " + std::to_string(left.front()) + ") still runs on " +
                folder_.at(kCluster) + " and does not stop. End it and start again."
            ));
        }
        for (pid_t pid : left) ::kill(pid, polite.is_over() ? SIGKILL : SIGQUIT);
        (void)co_await rt::sleep_for(kPoll, patience);
    }
    // These files alone would stop the server if another program, or a zombie, has that process id now.
    std::error_code ec;
    fs::remove(folder_.at(kCluster) + "/postmaster.pid", ec);
    for (const char* name : {"/.s.PGSQL.5432", "/.s.PGSQL.5432.lock"}) fs::remove(socket_folder_ + name, ec);
    co_return Result<void>{};
}

rt::Task<Result<void>> PrivatePostgres::wait_ready(const proc::Keeper& keeper, rt::Deadline by) {
    for (;;) {
        auto found = postmaster();
        if (found && found->is_ready && found->pid == keeper.pid()) co_return Result<void>{};
        auto slept = co_await rt::sleep_for(kPoll, by);
        if (slept) continue;
        co_return fail(Error::unavailable(
            "PostgreSQL did not become ready. " + folder_.at("log/postgres.log") + " says why."
        ));
    }
}

rt::Task<Result<void>> PrivatePostgres::ensure_database(rt::Deadline by) {
    constexpr const char* kMark = "secrets/database-made";
    if (fs::exists(folder_.at(kMark))) co_return Result<void>{};
    std::string unused;
    proc::Spec spec = tool("createdb", folder_.at(kCluster), unused);
    spec.identity.reset();  // a client: needs the password file, not the cluster
    spec.binds.clear();
    spec.argv.insert(
        spec.argv.end(), {"--host=" + socket_folder_, "--username=postgres", "--no-password", "weft"}
    );
    CO_TRY(
        proc::Fd passwords,
        proc::sealed_file("passwords", "*:*:*:postgres:" + std::string(password_.reveal()) + "\n")
    );
    spec.environment.push_back("PGPASSFILE=/proc/self/fd/3");
    spec.fds = {{passwords.get(), 3}};
    auto made = co_await proc::run(loop_, std::move(spec), by);
    bool is_there = made || made.error().detail.find("already exists") != std::string::npos;
    if (!is_there) co_return fail(std::move(made).error());
    co_return folder_.write(kMark, "", 0600);
}

pg::Conninfo PrivatePostgres::admin() const {
    pg::Conninfo out;
    out.set("host", socket_folder_);
    out.set("dbname", "weft");
    out.set("user", "postgres");
    out.set("password", password_.reveal());
    return out;
}

}  // namespace weft::app
