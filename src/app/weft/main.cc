#include "app/weft/commands.h"

#include <CLI/CLI.hpp>

#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

extern char** environ;

namespace {

using namespace weft;

app::Environment take_environment() {
    app::Environment out;
    for (char** at = environ; *at; ++at) {
        std::string_view entry(*at);
        auto equals = entry.find('=');
        if (equals != std::string_view::npos) out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return out;
}

/// What every process of ours starts with: descriptors that no child inherits by accident, room for
/// connections, and a closed connection as an error instead of a death.
void settle() {
    ::syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
    ::signal(SIGPIPE, SIG_IGN);
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
}

void add_process_options(CLI::App& command, app::ProcessOptions& options) {
    command.add_option("--secrets-fd", options.secrets_fd)->group("");
    command.add_option("--notify-fd", options.notify_fd)->group("");
    command.add_option("--listen-fd", options.listen_fd)->group("");
}

void add_api_options(CLI::App& command, app::ProcessOptions& options) {
    command.add_option("--listen", options.listen, "Address and port; port 0 takes a free one")
        ->capture_default_str();
    command.add_option("--web", options.web, "Folder of the built user interface")->envname("WEFT_WEB");
    command.add_option("--public-url", options.public_url, "How people reach this server, for links")
        ->envname("WEFT_PUBLIC_URL");
}

void add_worker_options(CLI::App& command, app::ProcessOptions& options) {
    command
        .add_flag(
            "--allow-private-hosts",
            options.allow_private_hosts,
            "Let actions call loopback and private networks (development, or a trusted network)"
        )
        ->envname("WEFT_ALLOW_PRIVATE_HOSTS");
}

struct Commands {
    app::ServeOptions serve;
    app::ProcessOptions api;
    app::ProcessOptions worker;
};

int run(int argc, char** argv) {
    app::Environment environment = take_environment();
    Commands options;
    std::string home(app::get(environment, "HOME", "/root"));
    options.serve.data = std::string(app::get(environment, "WEFT_DATA", home + "/.local/share/weft"));
    options.worker.listen = "";

    CLI::App program("Weft: connects systems with workflows. Each run executes in its own sandbox.", "weft");
    program.set_version_flag("--version", std::string("weft ") + WEFT_VERSION);
    program.require_subcommand(1);
    program.failure_message(CLI::FailureMessage::simple);

    CLI::App* serve =
        program.add_subcommand("serve", "Run everything on this machine: database, api and worker");
    serve->add_option("--data", options.serve.data, "Folder that everything is kept in (WEFT_DATA)")
        ->capture_default_str();
    add_api_options(*serve, options.serve.process);
    add_worker_options(*serve, options.serve.process);
    CLI::App* api = program.add_subcommand("api", "Run one control plane process (needs WEFT_DATABASE_URL)");
    add_api_options(*api, options.api);
    add_process_options(*api, options.api);
    CLI::App* worker =
        program.add_subcommand("worker", "Run one data plane process (needs WEFT_DATABASE_URL)");
    add_worker_options(*worker, options.worker);
    add_process_options(*worker, options.worker);
    CLI::App* migrate =
        program.add_subcommand("migrate", "Bring the database of WEFT_DATABASE_URL to this version");

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? app::kExitOk : app::kExitUsage;
    }
    if (serve->parsed()) return app::serve(options.serve, environment);
    if (api->parsed()) return app::api(options.api, environment);
    if (worker->parsed()) return app::worker(options.worker, environment);
    if (migrate->parsed()) return app::migrate(environment);
    return app::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
    settle();
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "weft: a bug ended the program: %s. Please report it.\n", error.what());
        return app::kExitFailed;
    }
}
