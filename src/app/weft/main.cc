#include "app/demo/show.h"
#include "app/import/import.h"
#include "app/weft/commands.h"
#include "app/weft/doctor.h"

#include <CLI/CLI.hpp>

#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

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

/// Our databases are named by our own settings alone: libpq's variables of the caller's shell (PGPORT,
/// PGOPTIONS, PGDATESTYLE...) would change which one a connection string means, and what its bytes mean.
void forget_libpq() {
    std::vector<std::string> names;
    for (char** at = environ; *at; ++at) {
        if (std::string_view entry(*at); entry.starts_with("PG"))
            names.emplace_back(entry.substr(0, entry.find('=')));
    }
    for (const std::string& name : names) ::unsetenv(name.c_str());
}

/// Overwrites what /proc/<pid>/environ would show for as long as we run; whoever needs it has a copy by now.
void forget_secrets_of_environment() {
    for (char** at = environ; *at; ++at) {
        std::string_view entry(*at);
        auto name = entry.substr(0, entry.find('='));
        bool is_secret =
            name.ends_with("DATABASE_URL") || name.ends_with("PASSWORD") || name.ends_with("SECRET");
        if (is_secret) ::explicit_bzero(*at + name.size(), entry.size() - name.size());
    }
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

/// As environment variables are named.
std::string upper(std::string text) {
    for (char& c : text) c = c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return text;
}

void add_metrics_option(CLI::App& command, app::ProcessOptions& options) {
    command
        .add_option(
            "--metrics-listen",
            options.metrics_listen,
            "A listener of its own for /metrics, e.g. 127.0.0.1:9464; workers of `serve` take the ports after"
        )
        ->envname("WEFT_METRICS_LISTEN");
}

void add_process_options(CLI::App& command, app::ProcessOptions& options) {
    command
        .add_option(
            "--blobs", options.blobs, "Folder of large values, shared by all api and worker processes"
        )
        ->envname("WEFT_BLOBS");
    add_metrics_option(command, options);
    command.add_option("--name", options.name)->group("");
    command.add_option("--number", options.number)->group("");
    command.add_option("--secrets-fd", options.secrets_fd)->group("");
    command.add_option("--notify-fd", options.notify_fd)->group("");
    command.add_option("--gate-fd", options.gate_fd)->group("");
    command.add_option("--listen-fd", options.listen_fd)->group("");
    command.add_option("--runner-fd", options.runner_fd)->group("");
    command.add_option("--disk", options.disks, "A place whose disk is watched; may be repeated");
}

using Limits = std::map<std::string, std::string>;

void add_limit_option(CLI::App& command, const app::LimitSetting& limit, Limits& limits) {
    const std::string name(limit.name);
    const std::string what =
        std::string(limit.what) + ": a second/at once, or off [" + std::string(limit.rate) + "]";
    command.add_option("--limit-" + name, limits[name], what)->envname("WEFT_LIMIT_" + upper(name));
}

void add_bodies_option(CLI::App& command, int& mib) {
    command.add_option("--bodies-mib", mib, "Request bodies under way at the same time, in MiB")
        ->envname("WEFT_BODIES_MIB")
        ->check(CLI::Range(64, 65'536))
        ->capture_default_str();
}

void add_proxy_option(CLI::App& command, std::vector<std::string>& proxies) {
    command.add_option("--trusted-proxy", proxies, "Address of a proxy whose X-Forwarded-* headers count")
        ->envname("WEFT_TRUSTED_PROXIES")
        ->delimiter(',');
}

void add_public_url_option(CLI::App& command, app::ProcessOptions& options) {
    command.add_option("--public-url", options.public_url, "How people reach this server, for links")
        ->envname("WEFT_PUBLIC_URL");
}

void add_smtp_url_option(CLI::App& command, app::ProcessOptions& options) {
    command
        .add_option(
            "--smtp-url",
            options.smtp_url,
            "The mail server of alerts: smtp://host:587 (STARTTLS) or smtps://host"
        )
        ->envname("WEFT_SMTP_URL");
}

/// Of what sends; the password is in the file that WEFT_SMTP_PASSWORD_FILE names.
void add_mail_options(CLI::App& command, app::ProcessOptions& options) {
    command.add_option("--smtp-from", options.smtp_from, "The address that alerts come from")
        ->envname("WEFT_SMTP_FROM");
    command.add_option("--smtp-user", options.smtp_user, "Our name at the mail server")
        ->envname("WEFT_SMTP_USER");
    command
        .add_option(
            "--smtp-ca", options.smtp_ca, "File of the authorities that the mail server is trusted by"
        )
        ->envname("WEFT_SMTP_CA")
        ->check(CLI::ExistingFile);
    command
        .add_flag(
            "--smtp-plain", options.is_smtp_plain, "Without TLS: for a mail server on this machine only"
        )
        ->envname("WEFT_SMTP_PLAIN");
}

void add_api_options(CLI::App& command, app::ProcessOptions& options) {
    command.add_option("--listen", options.listen, "Address and port; port 0 takes a free one")
        ->capture_default_str();
    command.add_option("--web", options.web, "Folder of the built user interface")->envname("WEFT_WEB");
    add_public_url_option(command, options);
    add_smtp_url_option(command, options);
    add_proxy_option(command, options.trusted_proxies);
    command
        .add_option(
            "--cors-origin",
            options.cors_origins,
            "A web origin, e.g. https://app.example.com, whose pages may use /v1/graphql with a token"
        )
        ->envname("WEFT_CORS_ORIGINS")
        ->delimiter(',');
    command
        .add_flag(
            "--insecure-cookies",
            options.has_insecure_cookies,
            "There is no TLS anywhere: session cookies that browsers send over plain http"
        )
        ->envname("WEFT_INSECURE_COOKIES");
    for (const app::LimitSetting& each : app::limit_settings())
        add_limit_option(command, each, options.limits);
    add_bodies_option(command, options.bodies_mib);
}

/// Of both kinds of process.
void add_disk_options(CLI::App& command, app::ProcessOptions& options) {
    command
        .add_option(
            "--keep",
            options.keep,
            "How long: runs, values, files, events, logs, usage or deliveries, e.g. runs=30d or logs=12h; "
            "may "
            "be repeated"
        )
        ->envname("WEFT_KEEP")
        ->delimiter(',');
    command
        .add_option(
            "--quota",
            options.quotas,
            "What a tenant may have whom `weft tenant quota` has given no limit: due-runs, waiting-runs or "
            "triggers, e.g. waiting-runs=100000; may be repeated"
        )
        ->envname("WEFT_QUOTA")
        ->delimiter(',');
    command.add_option("--files-gib", options.files_gib, "Files that are kept for one tenant, in GiB")
        ->envname("WEFT_FILES_GIB")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command.add_option("--disk-low", options.disk_low, "Percent free below which old things go at once")
        ->check(CLI::Range(0.0, 100.0))
        ->capture_default_str();
    command.add_option("--disk-full", options.disk_full, "Percent free below which nothing new is taken in")
        ->check(CLI::Range(0.0, 100.0))
        ->capture_default_str();
}

void add_worker_options(CLI::App& command, app::ProcessOptions& options) {
    add_mail_options(command, options);
    command
        .add_option(
            "--egress-allow",
            options.egress_allow,
            "A private network that actions may call, e.g. 10.1.0.0/16 or 127.0.0.1:8080; may be repeated"
        )
        ->envname("WEFT_EGRESS_ALLOW")
        ->delimiter(',');
    command.add_option("--lease-ms", options.lease_ms, "After how long a silent worker loses its runs")
        ->check(CLI::Range(500, 600'000))
        ->capture_default_str();
    command.add_option("--runs-max", options.runs_max, "Runs at the same time in one worker")
        ->check(CLI::Range(1, 1'000))
        ->capture_default_str();
    command
        .add_option("--answers-mib", options.answers_mib, "Memory of one worker for answers of other systems")
        ->check(CLI::Range(32, 65'536))
        ->capture_default_str();
    command
        .add_option(
            "--code-cpu-max", options.code_cpu_max, "Seconds of CPU time that a code step may ask for"
        )
        ->check(CLI::Range(1, 600))
        ->capture_default_str();
    command
        .add_option(
            "--shared-tenant",
            options.shared_tenants,
            "A tenant, by its slug, whose runs of one workflow version may follow each other in one sandbox "
            "process: "
            "faster, and weaker between those runs (docs/operators.md); may be repeated"
        )
        ->envname("WEFT_SHARED_TENANTS")
        ->delimiter(',');
    command
        .add_option(
            "--isolation-floor",
            options.isolation_floor,
            "The least isolation to start with: full (root), rootless (user namespaces) or process "
            "(Landlock, seccomp)"
        )
        ->check(CLI::IsMember({"full", "rootless", "process"}))
        ->capture_default_str();
}

void add_graphql_options(CLI::App& command, app::GraphqlOptions& options) {
    command.add_option("--database-url", options.database_url, "The database: a postgresql:// URL")
        ->envname("WEFT_GRAPHQL_DATABASE_URL");
    command.add_option("--metadata", options.metadata, "File of metadata (version 3), YAML or JSON");
    command.add_option("--admin-secret", options.admin_secret, "What x-hasura-admin-secret must say")
        ->envname("WEFT_GRAPHQL_ADMIN_SECRET");
    command.add_option(
        "--unauthorized-role", options.unauthorized_role, "Role of requests without a credential"
    );
    command
        .add_option(
            "--jwt-secret", options.jwt_secret, R"(How tokens are checked: {"type": "HS256", "key": ...})"
        )
        ->envname("WEFT_GRAPHQL_JWT_SECRET");
    command.add_option("--listen", options.listen, "Address and port; port 0 takes a free one")
        ->capture_default_str();
    command.add_option(
        "--session-setting",
        options.session_settings,
        "NAME=VARIABLE: set for each transaction, e.g. app.tenant=x-hasura-tenant-id; may be repeated"
    );
    command.add_option(
        "--cors-origin",
        options.cors_origins,
        "A web origin, e.g. https://app.example.com, whose pages may use the API; may be repeated"
    );
    add_proxy_option(command, options.trusted_proxies);
    for (const app::LimitSetting& each : app::limit_settings()) {
        if (each.is_of_graphql) add_limit_option(command, each, options.limits);
    }
    add_bodies_option(command, options.bodies_mib);
    command.add_option("--connections", options.connections, "To the database, at most")
        ->check(CLI::Range(1, 500))
        ->capture_default_str();
    command.add_flag(
        "--stringify-numeric", options.stringify_numeric, "bigint, numeric, ... as JSON strings"
    );
    command.add_flag(
        "--infer-function-permissions{true},!--no-infer-function-permissions",
        options.infers_function_permissions,
        "Query functions are open to whoever may select from their table (the default); else they name roles"
    );
    command.add_flag(
        "--enable-allow-list", options.has_allow_list, "Only queries of the allow-list, but for the admin"
    );
    command.add_flag("--lenient", options.is_lenient, "Allow unused variables and fragments");
    command.add_flag(
        "--replication", options.has_replication, "Follow changes by logical replication, for subscriptions"
    );
}

CLI::App* add_graphql(CLI::App& program, app::GraphqlOptions& options) {
    CLI::App* graphql = program.add_subcommand(
        "graphql", "Serve any PostgreSQL database as a GraphQL API, with Hasura's conventions"
    );
    add_graphql_options(*graphql, options);
    return graphql;
}

CLI::App* add_import(CLI::App& program, app::ImportOptions& options) {
    CLI::App* import = program.add_subcommand("import", "Bring workflows of other products");
    import->require_subcommand(1);
    CLI::App* n8n = import->add_subcommand("n8n", "Of n8n: says for each node what becomes of it");
    n8n->add_option("files", options.files, "As n8n exports them (JSON)")->required();
    n8n->add_option("--zone", options.zone, "Time zone of workflows that name none, e.g. Europe/Madrid");
    n8n->add_option("--out", options.out, "Folder that the definitions are written to");
    n8n->add_flag("--json", options.is_json, "Definition, triggers and report as JSON");
    n8n->add_flag(
        "--save", options.saves, "Make drafts and triggers in the installation of WEFT_URL, with WEFT_TOKEN"
    );
    return n8n;
}

app::ImportOptions with_server(app::ImportOptions options, const app::Environment& environment) {
    options.url = app::get(environment, "WEFT_URL", "");
    options.token = Secret(std::string(app::get(environment, "WEFT_TOKEN", "")));
    return options;
}

CLI::App* add_tenant(CLI::App& program, app::QuotaOptions& options) {
    CLI::App* tenant = program.add_subcommand("tenant", "What the operator decides for one tenant");
    tenant->require_subcommand(1);
    CLI::App* quota = tenant->add_subcommand(
        "quota", "Show or change what it may have, in the database of WEFT_DATABASE_URL or of --data"
    );
    quota->add_option("slug", options.slug, "The tenant's short name")->required();
    quota->add_option("--data", options.data, "Folder of `weft serve` (WEFT_DATA)")->capture_default_str();
    for (const app::QuotaOptions::Limit& each : app::QuotaOptions::kLimits) {
        quota->add_option("--" + std::string(each.name), options.*each.value, std::string(each.what))
            ->type_name("NUMBER|default");
    }
    return quota;
}

struct Commands {
    app::GraphqlOptions graphql;
    app::ServeOptions serve;
    demo::ShowOptions demo;
    app::ProcessOptions api;
    app::ProcessOptions worker;
    app::DoctorOptions doctor;
    app::ImportOptions import_n8n;
    app::QuotaOptions quota;
};

int run(int argc, char** argv) {
    app::Environment environment = take_environment();
    forget_libpq();
    Commands options;
    std::string home(app::get(environment, "HOME", "/root"));
    options.serve.data = std::string(app::get(environment, "WEFT_DATA", home + "/.local/share/weft"));
    options.doctor.data = options.quota.data = options.serve.data;
    options.api.name = "api";
    options.worker.name = "worker";
    options.api.blobs = options.worker.blobs = options.serve.data + "/blobs";
    CLI::App program("Weft: connects systems with workflows. Each run executes in its own sandbox.", "weft");
    program.set_version_flag("--version", std::string("weft ") + WEFT_VERSION);
    program.require_subcommand(1);
    program.failure_message(CLI::FailureMessage::simple);

    CLI::App* serve =
        program.add_subcommand("serve", "Run everything on this machine: database, api and worker");
    serve->add_option("--data", options.serve.data, "Folder that everything is kept in (WEFT_DATA)")
        ->capture_default_str();
    serve->add_option("--workers", options.serve.workers, "How many workers")->check(CLI::Range(1, 16));
    add_api_options(*serve, options.serve.process);
    add_worker_options(*serve, options.serve.process);
    add_metrics_option(*serve, options.serve.process);
    add_disk_options(*serve, options.serve.process);
    CLI::App* api = program.add_subcommand("api", "Run one control plane process (needs WEFT_DATABASE_URL)");
    add_api_options(*api, options.api);
    add_process_options(*api, options.api);
    add_disk_options(*api, options.api);
    CLI::App* worker =
        program.add_subcommand("worker", "Run one data plane process (needs WEFT_DATABASE_URL)");
    add_worker_options(*worker, options.worker);
    add_public_url_option(*worker, options.worker);
    add_smtp_url_option(*worker, options.worker);
    add_process_options(*worker, options.worker);
    add_disk_options(*worker, options.worker);
    CLI::App* migrate =
        program.add_subcommand("migrate", "Bring the database of WEFT_DATABASE_URL to this version");
    CLI::App* graphql = add_graphql(program, options.graphql);
    CLI::App* doctor =
        program.add_subcommand("doctor", "Look at this host and installation, and say what to do");
    doctor->add_option("--data", options.doctor.data, "Folder that everything is kept in (WEFT_DATA)")
        ->capture_default_str();
    add_api_options(*doctor, options.doctor.process);
    CLI::App* demo =
        program.add_subcommand("demo", "Show a real run on a throw-away installation, then serve it");
    demo->add_option("--web", options.demo.web_dir, "Folder of the built user interface")
        ->envname("WEFT_WEB");
    CLI::App* quota = add_tenant(program, options.quota);
    CLI::App* import_n8n = add_import(program, options.import_n8n);
    demo->add_flag("--exit", options.demo.exits_after, "Stop once the run has been shown");

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? app::kExitOk : app::kExitUsage;
    }
    forget_secrets_of_environment();
    if (serve->parsed()) return app::serve(options.serve, environment);
    if (api->parsed()) return app::api(options.api, environment);
    if (worker->parsed()) return app::worker(options.worker, environment);
    if (migrate->parsed()) return app::migrate(environment);
    if (graphql->parsed()) return app::graphql(options.graphql, environment);
    if (doctor->parsed()) return app::doctor(options.doctor, environment);
    if (quota->parsed()) return app::tenant_quota(options.quota, environment);
    if (import_n8n->parsed()) return app::import_n8n(with_server(options.import_n8n, environment));
    if (demo->parsed()) {
        options.demo.binary = std::filesystem::read_symlink("/proc/self/exe").string();
        return demo::show(options.demo);
    }
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
