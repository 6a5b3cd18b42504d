#pragma once

#include "control/alerts/alerts.h"
#include "control/api/api.h"
#include "control/live/live.h"
#include "control/runs/runs.h"
#include "control/scripts/scripts.h"
#include "platform/crypto/crypto.h"
#include "platform/crypto/password.h"
#include "store/files/files.h"
#include "store/notices/notices.h"
#include "store/quotas/quotas.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::control {

struct ApiOptions {
    std::string public_url;  // "https://weft.example.com"; empty: relative webhook addresses
    std::vector<std::string> trusted_proxies;  // see RestOptions
    std::vector<std::string> cors_origins;     // whose pages may use GraphQL with a token; see http::SiteRule
    std::string web_folder;                    // the built UI; empty: none is served
    std::string version = "0.1.0";
    AlertOptions alerts;
    LiveOptions live;
    http::LeaseOptions leases;
    ApiRates rates;
    store::quotas::Defaults quotas;                   // of tenants without their own
    std::optional<telemetry::Counter> over_triggers;  // triggers that the quota refused
    http::Strangers* strangers = nullptr;             // shared with the webhooks; null: nobody counts
    bool has_plain_cookies = false;                   // see RestOptions
};

/// Borrowed for the life of the Api; all on one loop.
struct ApiParts {
    rt::Loop& loop;
    pg::Pool& pool;  // of weft_api
    const rt::Clock& clock;
    Rng& rng;
    crypto::PasswordHasher& hasher;
    crypto::KeyWrapper& shared_master;  // wraps data and ingress keys
    Secret device_key;                  // see LoginLimit
    Secret request_key;                 // see Environment
    store::vault::TenantKeys& keys;     // of Reader::kApi, with the same wrapper
    store::runs::Runs& runs;
    store::runs::PayloadCodec& codec;
    store::files::Files& files;
    store::notices::Tell notify;
    StartRun start_run;
    telemetry::Logger log;
    scripts::Checker& checker;  // of definitions' JavaScript
};

/// The control plane: every operation, the live stream and the UI, behind one router.
class Api {
  public:
    /// Fails when an operation is wrong (for one, declares no permission) or the UI's folder is: the process
    /// must not start then.
    static Result<std::unique_ptr<Api>> make(ApiParts parts, ApiOptions options);
    ~Api();
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;

    void mount(http::Router& router);

    /// See Auth::ensure_claim_link.
    rt::Task<Result<std::optional<Secret>>> ensure_claim_link(rt::Deadline by);

    /// Reads the database's catalog for GraphQL; until then its requests are refused. See GraphqlApi::load.
    rt::Task<Result<void>> load_graphql(rt::Deadline by);

    /// Adds what it must hear of; call `on_listening` whenever the listener has connected.
    void listen(store::notices::Ears& ears);
    void on_listening();
    /// Ends sockets and subscriptions; before the loop ends.
    rt::Task<void> close();

    const Table& table() const;
    Live& live();
    http::Leases& leases();
    /// See GraphqlApi::load_now.
    std::size_t graphql_answer_bytes() const;
    std::size_t graphql_answers_waiting() const;
    std::uint64_t graphql_notes() const;

  private:
    struct Impl;
    explicit Api(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::control
