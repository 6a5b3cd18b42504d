#include "app/weft/doctor.h"

#include "app/weft/commands.h"
#include "app/weft/data_folder.h"
#include "data/isolation/isolation.h"
#include "platform/pg/conninfo.h"
#include "platform/pg/pg.h"
#include "platform/proc/proc.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"

#include <fmt/format.h>

#include <link.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace weft::app {

namespace {

namespace fs = std::filesystem;
using Level = Finding::Level;

constexpr auto kDatabaseTimeout = 5s;
constexpr auto kToolTimeout = 2min;     // apt-get reads all its lists
constexpr double kSkewWarnSeconds = 1;  // leases and schedules go by the database's clock, tokens by ours
constexpr double kSkewFailSeconds = 30;
constexpr std::uint64_t kDiskFailBytes = std::uint64_t{256} << 20;  // one checkpoint's write-ahead log
constexpr std::uint64_t kDiskWarnBytes = std::uint64_t{2} << 30;    // max_wal_size of the private PostgreSQL
constexpr rlim_t kFilesWarn = 8'192;  // thousands of waiting webhooks and watching browsers
constexpr const char* kDatabaseFacts =
    "select current_setting('server_version_num'), date_part('epoch', clock_timestamp())";

/// First releases without a hole that was known when this was written (2025-08-14, CVE-2025-8713 to -8715).
struct Minimum {
    int major;
    int minor;
};
constexpr auto kPostgresMinimum = std::to_array<Minimum>({{15, 14}, {16, 10}, {17, 6}});

Finding ok(std::string what) {
    return {Level::kOk, std::move(what), ""};
}
Finding warn(std::string what, std::string advice) {
    return {Level::kWarn, std::move(what), std::move(advice)};
}
Finding bad(std::string what, std::string advice) {
    return {Level::kFail, std::move(what), std::move(advice)};
}

/// What the checks share, looked up once.
struct Patient {
    const DoctorOptions& options;
    const Environment& environment;
    Result<isolation::Tier> tier;
    rt::Loop loop = {};
};

void check_isolation(Patient& patient, std::vector<Finding>& out) {
    if (!patient.tier) {
        out.push_back(bad("isolation: none", patient.tier.error().user));
    } else if (*patient.tier == isolation::Tier::kFull) {
        out.push_back(ok("isolation: full, each run has namespaces and a user of its own"));
    } else {
        out.push_back(warn(
            fmt::format("isolation: {}", isolation::name(*patient.tier)),
            "start Weft as root (or grant CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID) for tier full"
        ));
    }
}

void check_user(Patient&, std::vector<Finding>& out) {
    if (::geteuid() == 0) {
        out.push_back(ok("user: root starts; PostgreSQL, api and worker become users of their own"));
    } else {
        out.push_back(warn(
            fmt::format("user: all processes run as user {}, whose files hold every key", ::geteuid()),
            "start `weft serve` as root to keep them from each other"
        ));
    }
}

void check_folder(Patient& patient, std::vector<Finding>& out) {
    const std::string& data = patient.options.data;
    if (!fs::exists(data + "/lock")) {
        out.push_back(
            warn("data folder: nothing at " + data + " yet", "start `weft serve`, or name it with --data")
        );
        return;
    }
    std::string open;
    int private_ones = 0;
    for (const char* part : {"keys", "secrets"}) {
        std::error_code ec;
        for (const auto& entry : fs::directory_iterator(data + "/" + part, ec)) {
            struct stat info{};
            ++private_ones;
            if (::stat(entry.path().c_str(), &info) != 0 || (info.st_mode & 077) != 0)
                open += " " + entry.path().string();
        }
        if (ec) open += " " + data + "/" + part;
    }
    if (open.empty()) {
        out.push_back(ok(fmt::format("data folder: {} keys and passwords, private", private_ones)));
    } else {
        out.push_back(
            bad("data folder: others may read" + open, "chmod 600" + open + ", and renew what they protect")
        );
    }
}

rt::Task<Result<pg::ScriptAnswer>> ask_database(rt::Loop& loop, std::string url) {
    pg::Pool pool(loop, {.url = std::move(url), .application_name = "weft-doctor", .search_path = ""});
    auto answer =
        co_await pool.script(kDatabaseFacts, pg::Pool::Access::kReadOnly, rt::Deadline::in(kDatabaseTimeout));
    co_await pool.close();
    co_return answer;
}

void check_database(Patient& patient, std::vector<Finding>& out) {
    auto database = database_of(patient.options.data, patient.environment);
    auto answer =
        database
            ? patient.loop.run_until_done(ask_database(patient.loop, std::string(database->text().reveal())))
            : Result<pg::ScriptAnswer>(fail(database.error()));
    if (!answer || answer->rows.empty()) {
        std::string why = answer ? "" : answer.error().user;
        out.push_back(
            warn("database: does not answer (" + why + ")", "start `weft serve`, or check WEFT_DATABASE_URL")
        );
        return;
    }
    const auto& row = answer->rows.front();
    const double now = static_cast<double>(rt::SystemClock().now().time_since_epoch() / Millis(1)) / 1e3;
    out.push_back(judge_postgres(std::atoi(row.at(0).value_or("0").c_str())));
    out.push_back(judge_clock(std::strtod(row.at(1).value_or("0").c_str(), nullptr) - now));
}

void check_disk(Patient& patient, std::vector<Finding>& out) {
    struct statvfs info{};
    const std::string& data = patient.options.data;
    if (::statvfs(fs::exists(data) ? data.c_str() : "/", &info) != 0) return;
    out.push_back(
        judge_disk(std::uint64_t{info.f_bavail} * info.f_frsize, std::uint64_t{info.f_blocks} * info.f_frsize)
    );
}

void check_files(Patient&, std::vector<Finding>& out) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    const std::string what = fmt::format("open files: {} for each process", files.rlim_max);
    out.push_back(
        files.rlim_max >= kFilesWarn
            ? ok(what)
            : warn(
                  what,
                  fmt::format("raise the limit to {} (LimitNOFILE= of systemd, or ulimit -Hn)", kFilesWarn)
              )
    );
}

void check_address(Patient& patient, std::vector<Finding>& out) {
    out.push_back(judge_address(patient.options.process));
}

/// The libraries in this process, by both of the names that a merged /usr gives them, and what we start.
std::vector<std::string> files_we_run(const Environment& environment) {
    std::vector<std::string> out;
    const auto add = [](dl_phdr_info* info, std::size_t, void* to) {
        const std::string path = info->dlpi_name;
        if (!path.starts_with('/')) return 0;
        auto& paths = *static_cast<std::vector<std::string>*>(to);
        std::error_code ec;
        paths.push_back(path);
        paths.push_back(fs::canonical(path, ec).string());
        paths.push_back(path.starts_with("/usr/") ? path.substr(4) : "/usr" + path);
        return 0;
    };
    ::dl_iterate_phdr(add, &out);
    out.push_back(
        std::string(get(environment, "WEFT_POSTGRES_BIN", "/usr/lib/postgresql/15/bin")) + "/postgres"
    );
    return out;
}

/// A tool of Debian's, without a shell and in plain English.
Result<std::string> output_of(Patient& patient, std::vector<std::string> argv) {
    proc::Spec spec{.name = argv.front(), .argv = std::move(argv)};
    spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
    return patient.loop.run_until_done(
        proc::run(patient.loop, std::move(spec), rt::Deadline::in(kToolTimeout))
    );
}

bool has_package_lists() {
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator("/var/lib/apt/lists", ec)) {
        if (entry.path().filename().string().find("_Packages") != std::string::npos) return true;
    }
    return false;
}

void check_updates(Patient& patient, std::vector<Finding>& out) {
    const auto unknown = [&out](const std::string& why) {
        out.push_back(warn("updates: not known, " + why, "see to it that the libraries in use are renewed"));
    };
    if (!fs::exists("/etc/debian_version")) return unknown("this is not Debian");
    if (!has_package_lists()) return unknown("there are no package lists (apt-get update)");
    std::vector<std::string> search = {"/usr/bin/dpkg-query", "--search"};
    for (std::string& path : files_we_run(patient.environment)) search.push_back(std::move(path));
    // Its exit code tells that one of the names is nobody's, which one of each pair is.
    const auto owners = output_of(patient, std::move(search));
    const auto packages = packages_in(owners ? *owners : owners.error().detail);
    if (packages.empty()) return unknown("dpkg-query names no package");
    const auto plan =
        output_of(patient, {"/usr/bin/apt-get", "--simulate", "-o", "Debug::NoLocking=true", "upgrade"});
    if (!plan) return unknown("apt-get does not answer (" + plan.error().user + ")");
    std::string pending;
    for (const std::string& package : security_updates_in(*plan, packages)) pending += " " + package;
    if (pending.empty()) {
        out.push_back(
            ok(fmt::format("updates: no security update waits for the {} packages in use", packages.size()))
        );
    } else {
        out.push_back(
            bad("updates: security updates wait for" + pending,
                "apt-get install --only-upgrade" + pending + ", and restart Weft")
        );
    }
}

/// In the order of the lines.
constexpr auto kChecks = std::to_array<void (*)(Patient&, std::vector<Finding>&)>({
    check_isolation,
    check_user,
    check_folder,
    check_database,
    check_address,
    check_disk,
    check_files,
    check_updates,
});

/// By doing, as the worker does; first of all, since it must fork before there is a thread.
Result<isolation::Tier> probe_isolation() {
    isolation::Options options;
    options.floor = isolation::Tier::kProcess;
    TRY(auto zygote, isolation::Zygote::spawn(std::move(options)));
    return zygote->tier();
}

}  // namespace

std::string Finding::line() const {
    constexpr std::array kNames = {"ok  ", "warn", "fail"};
    return std::string(kNames.at(static_cast<std::size_t>(level))) + "  " + what +
           (advice.empty() ? "" : " - " + advice);
}

Finding judge_postgres(int version_num) {
    const int major = version_num / 10'000;
    const int minor = version_num % 10'000;
    const std::string what = fmt::format("database: PostgreSQL {}.{}", major, minor);
    if (major < kPostgresMinimum.front().major) return bad(what, "Weft needs PostgreSQL 15 or later");
    for (const Minimum& minimum : kPostgresMinimum) {
        if (major == minimum.major && minor < minimum.minor)
            return bad(
                what + " has known holes", fmt::format("install {}.{} or later", major, minimum.minor)
            );
    }
    return ok(what);
}

Finding judge_clock(double database_ahead_seconds) {
    const double off = std::abs(database_ahead_seconds);
    const std::string what = fmt::format("clock: {:.1f} s from the database's", off);
    if (off < kSkewWarnSeconds) return ok(what);
    const char* advice = "let both machines follow a time server (systemd-timesyncd, chrony)";
    return off < kSkewFailSeconds ? warn(what, advice) : bad(what, advice);
}

Finding judge_disk(std::uint64_t free_bytes, std::uint64_t total_bytes) {
    const double gib = 1u << 30;
    const std::string what = fmt::format(
        "disk: {:.1f} of {:.1f} GiB free",
        static_cast<double>(free_bytes) / gib,
        static_cast<double>(total_bytes) / gib
    );
    const char* advice = "make room where the data folder is: without it, events are refused";
    if (free_bytes < kDiskFailBytes) return bad(what, advice);
    return free_bytes < kDiskWarnBytes ? warn(what, advice) : ok(what);
}

Finding judge_address(const ProcessOptions& options) {
    if (options.public_url.starts_with("https://")) return ok("address: people reach it through TLS");
    auto address = parse_address(options.listen);
    const bool is_local = address && (address->host == "127.0.0.1" || address->host == "::1");
    if (options.public_url.empty() && is_local) return ok("address: only this machine reaches it");
    return bad(
        "address: passwords and sessions cross the network in clear",
        "put a proxy with TLS in front and say so with --public-url=https://..., which makes cookies Secure"
    );
}

std::set<std::string> packages_in(std::string_view dpkg_output) {
    std::set<std::string> out;
    while (!dpkg_output.empty()) {
        const auto end = std::min(dpkg_output.find('\n'), dpkg_output.size() - 1);
        const std::string_view line = dpkg_output.substr(0, end + 1);
        dpkg_output.remove_prefix(end + 1);
        // "dpkg-query: no path found ..." and "diversion by ..." name no package.
        const auto name = line.substr(0, line.find(':'));
        if (line.find(": /") != line.npos && name.find(' ') == name.npos && name != "dpkg-query")
            out.emplace(name);
    }
    return out;
}

std::vector<std::string> security_updates_in(
    std::string_view apt_output, const std::set<std::string>& packages
) {
    std::vector<std::string> out;
    while (!apt_output.empty()) {
        const auto end = std::min(apt_output.find('\n'), apt_output.size() - 1);
        std::string_view line = apt_output.substr(0, end + 1);
        apt_output.remove_prefix(end + 1);
        // "Inst libssl3 [3.0.17-1] (3.0.18-1 Debian-Security:12/stable-security [amd64])"
        if (!line.starts_with("Inst ") || line.find("Debian-Security:") == line.npos) continue;
        line.remove_prefix(5);
        std::string name(line.substr(0, line.find_first_of(" :")));
        if (packages.contains(name)) out.push_back(std::move(name));
    }
    return out;
}

int doctor(const DoctorOptions& options, const Environment& environment) {
    auto tier = probe_isolation();
    Patient patient{.options = options, .environment = environment, .tier = std::move(tier)};
    std::vector<Finding> findings;
    for (const auto check : kChecks) check(patient, findings);
    bool has_failed = false;
    for (const Finding& finding : findings) {
        std::printf("%s\n", finding.line().c_str());
        has_failed = has_failed || finding.level == Level::kFail;
    }
    return has_failed ? kExitFailed : kExitOk;
}

}  // namespace weft::app
