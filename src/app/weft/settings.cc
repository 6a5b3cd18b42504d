#include "app/weft/settings.h"

#include "app/weft/data_folder.h"
#include "base/bytes.h"
#include "core/alert/alert.h"
#include "platform/http/site.h"
#include "platform/http/smtp.h"
#include "platform/proc/proc.h"
#include "store/retention/retention.h"

#include <unistd.h>

#include <array>
#include <charconv>

namespace weft::app {

namespace {

constexpr uid_t kApiUid = 199'999;  // below the sandboxes' slots
constexpr uid_t kWorkerUid = 199'998;

Result<Secret> key_from_file(const Environment& environment, const std::string& variable) {
    std::string path(get(environment, variable));
    if (path.empty()) {
        return fail(Error::invalid(
            variable + " is not set. Set it to the path of the key file; `weft serve` makes one in keys/."
        ));
    }
    TRY(std::string text, read_file(path));
    return Secret(std::move(text));
}

Result<ProcessSecrets> from_environment(Plane plane, const Environment& environment) {
    ProcessSecrets secrets;
    secrets.database_url = Secret(std::string(get(environment, "WEFT_DATABASE_URL")));
    if (secrets.database_url.empty()) {
        return fail(Error::invalid(
            "WEFT_DATABASE_URL is not set. Set it to the database, with the login of this process, e.g. "
            "postgresql://weft_api:...@host/weft; or use `weft serve`, which brings its own."
        ));
    }
    TRY(secrets.shared_key, key_from_file(environment, "WEFT_SHARED_KEY_FILE"));
    if (plane == Plane::kWorker) {
        TRY(secrets.vault_key, key_from_file(environment, "WEFT_VAULT_KEY_FILE"));
        TRY(secrets.smtp_password, smtp_password(environment));
    }
    TRY(secrets.metrics_token, metrics_token(environment));
    return secrets;
}

// Parts of all bytes of bodies: the smallest setting still lets one address send a whole webhook body.
constexpr std::size_t kAddressPart = 8;
constexpr std::size_t kTenantPart = 4;
constexpr std::size_t kMetricsTokenBytesMin = 16;

constexpr std::array kLimits{
    LimitSetting{"address", "20/60", "Requests of one address without a valid credential", true},
    LimitSetting{"principal", "50/200", "API requests of one person or token", true},
    LimitSetting{"tenant", "200/800", "API requests of one tenant", false},
    LimitSetting{"cost", "50000/500000", "Rows that one person or token may ask GraphQL for", true},
    LimitSetting{"trigger", "100/500", "Webhook events of one trigger", false},
    LimitSetting{"trigger-bytes", "10485760/52428800", "Bytes of webhook events of one trigger", false},
    LimitSetting{"form", "5/50", "Submissions of one form", false},
    LimitSetting{"form-address", "0.2/10", "Submissions of one form by one address", false},
};

}  // namespace

std::optional<proc::Identity> own_identity(Plane plane) {
    if (::geteuid() != 0) return std::nullopt;
    auto api = proc::find_user("weft-api");
    if (!api) api = proc::Identity{.uid = kApiUid, .gid = kApiUid, .user = "api"};
    if (plane == Plane::kApi) return api;
    auto worker = proc::find_user("weft-worker");
    if (!worker) worker = proc::Identity{.uid = kWorkerUid, .gid = 0, .user = "worker"};
    worker->gid = api->gid;
    return worker;
}

std::span<const LimitSetting> limit_settings() {
    return kLimits;
}

std::map<std::string, std::string> default_limits() {
    std::map<std::string, std::string> out;
    for (const LimitSetting& each : kLimits) out.emplace(each.name, each.rate);
    return out;
}

Result<std::map<std::string, rate::Rate>> parse_limits(const std::map<std::string, std::string>& limits) {
    std::map<std::string, rate::Rate> out;
    for (const auto& [name, text] : limits) {
        auto rate = rate::Rate::parse(text);
        if (!rate) return fail(Error::invalid("--limit-" + name + ": " + rate.error().user));
        out.emplace(name, *rate);
    }
    return out;
}

http::BodyLimits body_limits(int bodies_mib) {
    const std::size_t bytes = static_cast<std::size_t>(bodies_mib) << 20;
    return {
        .bytes_max = bytes,
        .bytes_per_address_max = bytes / kAddressPart,
        .bytes_per_share_max = bytes / kTenantPart,
    };
}

Result<store::files::Options> options_of_files(const ProcessOptions& options) {
    TRY(const auto policy, store::retention::parse_policy(options.keep));
    return store::files::Options{
        .tenant_bytes_max = static_cast<std::int64_t>(options.files_gib) << 30, .keep = policy.files
    };
}

Result<store::quotas::Defaults> quotas_of(const ProcessOptions& options) {
    TRY(auto out, store::quotas::parse_defaults(options.quotas));
    out.file_bytes = static_cast<std::int64_t>(options.files_gib) << 30;
    return out;
}

Result<Secret> metrics_token(const Environment& environment) {
    const std::string path(get(environment, "WEFT_METRICS_TOKEN_FILE"));
    if (path.empty()) return Secret();
    TRY(std::string text, read_file(path));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    if (text.size() >= kMetricsTokenBytesMin) return Secret(std::move(text));
    return fail(Error::invalid(
        "The token in " + path + " is shorter than 16 characters; make one with: openssl rand -hex 32"
    ));
}

Result<Secret> smtp_password(const Environment& environment) {
    const std::string path(get(environment, "WEFT_SMTP_PASSWORD_FILE"));
    if (path.empty()) return Secret();
    TRY(std::string text, read_file(path));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return Secret(std::move(text));
}

Result<void> check_mail(const ProcessOptions& options) {
    if (options.smtp_url.empty()) return {};
    CHECK_OK(http::check_smtp_url(options.smtp_url, "smtp-url"));
    if (alert::parse_addresses({options.smtp_from})) return {};
    return fail(Error::invalid(
        "E-mail needs an address that it comes from: --smtp-from=weft@example.com", "smtp-from"
    ));
}

std::string_view get(const Environment& environment, const std::string& name, std::string_view fallback) {
    auto found = environment.find(name);
    return found == environment.end() || found->second.empty() ? fallback : std::string_view(found->second);
}

Result<ProcessSecrets> load_secrets(
    Plane plane, const ProcessOptions& options, const Environment& environment
) {
    if (options.secrets_fd < 0) return from_environment(plane, environment);
    TRY(std::string text, proc::read_sealed(options.secrets_fd));
    ::close(options.secrets_fd);
    auto parsed = parse_json(text);
    Secret::wipe(text);
    if (!parsed || !parsed->is_object())
        return fail(Error::internal("the secrets of weft serve are malformed"));
    const JsonObject& object = parsed->get_object();
    ProcessSecrets secrets;
    secrets.database_url = Secret(std::string(text_or(object, "database_url")));
    secrets.shared_key = Secret(std::string(text_or(object, "shared_key")));
    secrets.metrics_token = Secret(std::string(text_or(object, "metrics_token")));
    if (plane == Plane::kApi) return secrets;
    secrets.vault_key = Secret(std::string(text_or(object, "vault_key")));
    secrets.smtp_password = Secret(std::string(text_or(object, "smtp_password")));
    return secrets;
}

Secret pack_secrets(Plane plane, const ProcessSecrets& secrets) {
    JsonObject object;
    object["database_url"] = secrets.database_url.reveal();
    object["shared_key"] = secrets.shared_key.reveal();
    object["metrics_token"] = secrets.metrics_token.reveal();
    if (plane == Plane::kWorker) {
        object["vault_key"] = secrets.vault_key.reveal();
        object["smtp_password"] = secrets.smtp_password.reveal();
    }
    return Secret(to_text(object));
}

std::string Address::text() const {
    bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> parse_address(std::string_view text) {
    Error wrong = Error::invalid(
        "\"" + std::string(text) + "\" is not an address to listen on. Write host:port, e.g. 127.0.0.1:8080."
    );
    auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return fail(wrong);
    std::string_view host = text.substr(0, colon);
    std::string_view digits = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    Address address{.host = host.empty() ? "0.0.0.0" : std::string(host)};
    if (address.host == "localhost") address.host = "127.0.0.1";
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
    if (error != std::errc{} || end != digits.data() + digits.size()) return fail(wrong);
    return address;
}

Result<std::vector<std::string>> parse_origins(const std::vector<std::string>& texts) {
    std::vector<std::string> out;
    for (const std::string& text : texts) {
        TRY(out.emplace_back(), http::parse_origin(text));
    }
    return out;
}

void wait_for_gate(int gate_fd) {
    if (gate_fd < 0) return;
    char none = 0;
    while (::read(gate_fd, &none, 1) < 0 && errno == EINTR) {
    }
    ::close(gate_fd);
}

void report_ready(int notify_fd, const JsonObject& message) {
    std::string text = notify_fd >= 0 ? to_text(message) + "\n" : ready_text(message);
    // Shorter than PIPE_BUF, hence written whole; when nobody listens any more there is nobody to tell.
    (void)!::write(notify_fd >= 0 ? notify_fd : STDOUT_FILENO, text.data(), text.size());
}

std::string ready_text(const JsonObject& message) {
    std::string text;
    if (auto url = text_or(message, "url"); !url.empty()) text += "Weft is at " + std::string(url) + "\n";
    if (auto claim = text_or(message, "claim_url"); !claim.empty()) {
        text +=
            "Nobody owns it yet. Become its first owner (the link works once): " + std::string(claim) + "\n";
    }
    return text;
}

}  // namespace weft::app
