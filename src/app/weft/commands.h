#pragma once

#include "app/weft/settings.h"
#include "platform/pg/conninfo.h"
#include "store/quotas/quotas.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::app {

/// Exit codes of the program.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct ServeOptions {
    std::string data;  // the data folder
    int workers = 1;
    ProcessOptions process;
};

/// What `weft graphql` is told on its command line or by the environment.
struct GraphqlOptions {
    std::string database_url;
    std::string metadata;  // a file; none when empty
    std::string admin_secret;
    std::string unauthorized_role;
    std::string jwt_secret;
    std::string listen = "127.0.0.1:8080";
    std::vector<std::string> session_settings;                     // NAME=VARIABLE
    std::vector<std::string> cors_origins;                         // whose pages may use it
    std::vector<std::string> trusted_proxies;                      // whose X-Forwarded-* count
    std::map<std::string, std::string> limits = default_limits();  // by name; those that are `is_of_graphql`
    int bodies_mib = 256;                                          // of request bodies under way
    int connections = 8;
    bool stringify_numeric = false;
    bool has_allow_list = false;
    bool is_lenient = false;
    bool has_replication = false;
    bool infers_function_permissions = true;
};

/// `weft tenant quota`: a number, or "default"; what is empty stays as it is.
struct QuotaOptions {
    struct Limit {
        std::string_view name;
        std::string_view what;
        std::string QuotaOptions::* value;
        std::optional<std::int64_t> store::quotas::Limits::* limit;
        std::int64_t most;
    };
    static const std::array<Limit, 6> kLimits;

    std::string slug;
    std::string data;
    std::string due_runs;
    std::string running_runs;
    std::string waiting_runs;
    std::string triggers;
    std::string files_gib;
    std::string weight;
};

/// Each runs one subcommand until it is done or told to stop by SIGINT or SIGTERM, and returns the exit code.
/// They print their own errors, one sentence each.
int serve(const ServeOptions& options, const Environment& environment);
int api(const ProcessOptions& options, const Environment& environment);
int worker(const ProcessOptions& options, const Environment& environment);
int migrate(const Environment& environment);
int tenant_quota(const QuotaOptions& options, const Environment& environment);
int graphql(const GraphqlOptions& options, const Environment& environment);

/// As the operator: of WEFT_DATABASE_URL, else the private one of the data folder.
Result<pg::Conninfo> database_of(const std::string& data, const Environment& environment);

/// "weft: <sentence>" and, when there is one, the detail on a line of its own. Returns kExitFailed.
int complain(const Error& error);
/// The same, and ends the process at once: for one that has begun to work, whose tasks nobody will wait for.
[[noreturn]] void give_up(const Error& error);

}  // namespace weft::app
