#include "platform/pg/conninfo.h"
#include "support/pg.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace weft::test {

namespace {

constexpr const char* kBin = "/usr/lib/postgresql/15/bin/";

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "test support: %s: %s\n", what.c_str(), std::strerror(errno));
    std::abort();
}

/// PostgreSQL refuses to run as root: become its own user for good.
void drop_root() {
    if (geteuid() != 0) return;
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) _exit(90);
    if (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) _exit(91);
}

/// Runs in a forked child: one thread, nothing allocated that matters.
[[noreturn]] void become(const std::vector<std::string>& command, const std::string& log) {
    int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (out < 0 || in < 0) _exit(92);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    std::vector<char*> arguments;
    for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(93);
}

int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

int run_to_end(const std::vector<std::string>& command, const std::string& log) {
    pid_t pid = fork();
    if (pid == 0) become(command, log);
    return wait_for(pid);
}

std::vector<std::string> server_command(const std::string& folder) {
    std::vector<std::string> command{std::string(kBin) + "postgres", "-D", folder + "/data"};
    for (std::string setting :
         {"listen_addresses=",
          "fsync=off",
          "full_page_writes=off",
          "max_connections=300",
          "shared_buffers=64MB",
          "max_wal_size=256MB",
          "wal_level=logical",  // for readers of the log
          "autovacuum_naptime=5min",
          "log_min_messages=warning"}) {
        command.emplace_back("-c");
        command.push_back(std::move(setting));
    }
    command.emplace_back("-c");
    command.push_back("unix_socket_directories=" + folder);
    return command;
}

/// The guardian: a child in its own session that starts the server when told 's', kills it when told 'k', and
/// on end of file (its parent is gone, in whatever way) stops it and removes the folder. Answers each with a
/// byte.
class Guardian {
  public:
    Guardian(std::string folder, int control) : folder_(std::move(folder)), control_(control) {}

    [[noreturn]] void run() {
        setsid();
        signal(SIGPIPE, SIG_IGN);
        prctl(PR_SET_NAME, "weft-test-guard");
        char order = 0;
        for (;;) {
            auto got = read(control_, &order, 1);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) break;
            if (order == 's') start();
            if (order == 'k') stop(SIGQUIT);  // waits for all backends, unlike a SIGKILL of the postmaster
            answer();
        }
        stop(SIGQUIT);
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
        _exit(0);
    }

  private:
    void answer() {
        int pid = server_;
        (void)!write(control_, &pid, sizeof pid);
    }
    void start() {
        stop(SIGQUIT);
        server_ = fork();
        if (server_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGQUIT);
            become(server_command(folder_), folder_ + "/log");
        }
        for (int i = 0; i < 3'000 && !is_ready(); ++i) {
            if (waitpid(server_, nullptr, WNOHANG) == server_) {
                server_ = -1;
                return;
            }
            usleep(10'000);
        }
    }
    /// The postmaster writes "ready" into its lock file once it takes connections.
    bool is_ready() const {
        char text[4096];
        int file = open((folder_ + "/data/postmaster.pid").c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0) return false;
        auto size = read(file, text, sizeof text - 1);
        close(file);
        if (size <= 0) return false;
        text[size] = '\0';
        return std::atoi(text) == server_ && std::strstr(text, "\nready") != nullptr;
    }
    void stop(int how) {
        if (server_ <= 0) return;
        kill(server_, how);
        wait_for(server_);
        server_ = -1;
    }

    std::string folder_;
    int control_;
    pid_t server_ = -1;
};

std::string make_folder() {
    std::string path = (std::filesystem::temp_directory_path() / "weft-pg-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) give_up("mkdtemp");
    if (geteuid() == 0) {
        const passwd* user = getpwnam("postgres");
        if (user == nullptr) give_up("no user postgres; install postgresql-15");
        if (chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) give_up("chown");
    }
    chmod(path.c_str(), 0755);
    return path;
}

int order(int control, char what) {
    int pid = -1;
    if (write(control, &what, 1) != 1) return -1;
    ssize_t got = 0;
    while ((got = read(control, &pid, sizeof pid)) < 0 && errno == EINTR) {
    }
    return got == sizeof pid ? pid : -1;
}

}  // namespace

Cluster::Cluster() : folder_(make_folder()) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) give_up("socketpair");
    guardian_ = fork();
    if (guardian_ < 0) give_up("fork");
    if (guardian_ == 0) {
        close(ends[0]);
        drop_root();
        int made = run_to_end(
            {std::string(kBin) + "initdb",
             "-D",
             folder_ + "/data",
             "-U",
             "weft_test",
             "-A",
             "trust",
             "-E",
             "UTF8",
             "--locale=C",
             "--no-sync",
             "--no-instructions"},
            folder_ + "/log"
        );
        if (made != 0) _exit(94);
        Guardian(folder_, ends[1]).run();
    }
    close(ends[1]);
    control_ = ends[0];
    pg::Conninfo made;
    made.set("host", folder_);
    made.set("dbname", "postgres");
    made.set("user", "weft_test");
    url_ = made.text().reveal();
    start_server();
}

void Cluster::start_server() {
    if (order(control_, 's') <= 0) give_up("PostgreSQL did not start; see " + folder_ + "/log");
}

void Cluster::kill_server() {
    order(control_, 'k');
}

Cluster::~Cluster() {
    close(control_);
    wait_for(guardian_);
}

int Cluster::postmaster_pid() const {
    return order(control_, '?');
}

}  // namespace weft::test
