#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/secret.h"
#include "platform/http/server.h"
#include "platform/proc/proc.h"
#include "platform/rate/rate.h"
#include "store/files/files.h"
#include "store/quotas/quotas.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::app {

/// A snapshot of the environment, taken once in main: nothing else in the program reads it.
using Environment = std::map<std::string, std::string>;
std::string_view get(const Environment& environment, const std::string& name, std::string_view fallback = "");

/// One of the rates that an operator may set: --limit-<name> and WEFT_LIMIT_<NAME>.
struct LimitSetting {
    std::string_view name;
    std::string_view rate;  // the default, as rate::Rate::parse reads it
    std::string_view what;  // for --help
    bool is_of_graphql;     // `weft graphql` has it, too
};
std::span<const LimitSetting> limit_settings();
std::map<std::string, std::string> default_limits();
/// kInvalid names the option that is wrong.
Result<std::map<std::string, rate::Rate>> parse_limits(const std::map<std::string, std::string>& limits);

/// Of request bodies under way at the same time in a process.
http::BodyLimits body_limits(int bodies_mib);

/// What `weft api` and `weft worker` are told on their command line.
struct ProcessOptions {
    std::string name;  // in logs and in messages to the parent; "api", "worker", "worker-2"
    std::string listen = "127.0.0.1:8080";     // api: where people reach it
    std::string metrics_listen;                // a listener of its own for /metrics; none when empty
    std::string web;                           // api: folder of the built user interface; none when empty
    std::vector<std::string> trusted_proxies;  // api: whose X-Forwarded-* count
    std::vector<std::string> cors_origins;     // api: whose pages may use GraphQL with a token
    std::string public_url;  // api: as people reach us, for links; http://<listen> when empty
    std::string
        smtp_url;  // the mail server of alerts; none when empty. The api only asks whether there is one
    std::string smtp_from;  // worker: the address that alerts come from
    std::string smtp_user;  // worker: the password is WEFT_SMTP_PASSWORD_FILE's
    std::string smtp_ca;  // worker: file of authorities that the mail server is trusted by, not the system's
    bool is_smtp_plain = false;  // worker: without TLS
    std::string blobs;           // folder of large values, shared by all processes
    // worker: private networks that actions may call, e.g. 10.1.0.0/16 or 127.0.0.1:8080
    std::vector<std::string> egress_allow;
    std::map<std::string, std::string> limits = default_limits();  // api: by name, see limit_settings
    bool has_insecure_cookies = false;                             // api: there is no TLS anywhere
    int bodies_mib = 256;                                          // api: of request bodies under way
    int lease_ms = static_cast<int>(std::chrono::milliseconds(limits::kLease).count());
    int runs_max = 64;                        // worker: at the same time
    int answers_mib = 256;                    // worker: memory for answers of other systems
    int code_cpu_max = 30;                    // worker: seconds of CPU time that a code step may ask for
    std::vector<std::string> shared_tenants;  // worker: slugs, whose runs may share sandboxes
    std::vector<std::string> disks;           // watched beside that of `blobs`
    double disk_low = 10;             // percent free: below, what is older than its policy goes at once
    std::vector<std::string> keep;    // how long, e.g. runs=30d (store/retention); the rest by default
    std::vector<std::string> quotas;  // of tenants without their own, e.g. waiting-runs=100000 (store/quotas)
    int files_gib = 20;               // of the files that are kept for one tenant
    double disk_full = 5;             // percent free: below, nothing new is taken in
    std::string isolation_floor = "rootless";  // worker: the least that will do; full, rootless or process
    int number = 0;       // worker: its place on this machine, from 0; users of sandboxes do not overlap
    int listen_fd = -1;   // api: a socket that listens on `listen` already
    int runner_fd = -1;   // weft-runner's file; -1: the one beside this program
    int secrets_fd = -1;  // a sealed file from `weft serve`; -1: read the environment
    int notify_fd = -1;   // where to report readiness; -1: standard output
    int gate_fd = -1;     // a pipe that `weft serve` closes once the database is ready; -1: it is
};

/// The secrets of one process, as `weft serve` hands them over or as the environment names them
/// (WEFT_DATABASE_URL, WEFT_SHARED_KEY_FILE and, worker only, WEFT_VAULT_KEY_FILE).
struct ProcessSecrets {
    Secret database_url;
    Secret shared_key;     // text of the master key file: api and worker
    Secret vault_key;      // likewise; worker only, empty for the api
    Secret metrics_token;  // of WEFT_METRICS_TOKEN_FILE; empty: none
    Secret smtp_password;  // of WEFT_SMTP_PASSWORD_FILE; worker only
};

/// How files are kept, of both kinds of process. Errors: kInvalid names the option.
Result<store::files::Options> options_of_files(const ProcessOptions& options);
/// What tenants may have to whom the operator has given no limits. Likewise.
Result<store::quotas::Defaults> quotas_of(const ProcessOptions& options);

enum class Plane : std::uint8_t { kApi, kWorker };

/// Whom root starts this process for: the system user weft-api or weft-worker, else an unnamed one without
/// rights. Both have the api's group, to which the blobs folder belongs, and different users, so that neither
/// can look into the other. Nothing when we are not root: then there is nobody to become.
std::optional<proc::Identity> own_identity(Plane plane);

/// The token in the file that WEFT_METRICS_TOKEN_FILE names; empty when it names none.
Result<Secret> metrics_token(const Environment& environment);
/// Likewise, of WEFT_SMTP_PASSWORD_FILE.
Result<Secret> smtp_password(const Environment& environment);
/// Is there all that e-mail needs? kInvalid names the option that is missing or wrong.
Result<void> check_mail(const ProcessOptions& options);
/// Errors are sentences that say which setting is missing or wrong.
Result<ProcessSecrets> load_secrets(
    Plane plane, const ProcessOptions& options, const Environment& environment
);
/// The text that `load_secrets` reads from a secrets_fd. The vault key is left out for the api.
Secret pack_secrets(Plane plane, const ProcessSecrets& secrets);

struct Address {
    std::string host;
    std::uint16_t port = 0;
    std::string text() const;
};
/// "127.0.0.1:8080", "[::1]:8080" or ":8080" (every address).
Result<Address> parse_address(std::string_view text);

/// Web origins as browsers write them. Errors: a sentence about the first that is none.
Result<std::vector<std::string>> parse_origins(const std::vector<std::string>& texts);

/// Returns when the database may be used. A process gets ready while PostgreSQL starts, up to its first
/// statement; with nobody at the other end (a restart) it goes on at once.
void wait_for_gate(int gate_fd);

/// Tells the parent (or the person at the terminal) that this process is ready, e.g. {"from": "api", "url":
/// "http://127.0.0.1:8080", "claim_url": "..."}; claim_url is present only while nobody has claimed the
/// server.
void report_ready(int notify_fd, const JsonObject& message);
/// The lines for a person that say the same; empty when there is nothing to tell.
std::string ready_text(const JsonObject& message);

}  // namespace weft::app
