#pragma once

#include "base/bytes.h"
#include "control/server/server.h"
#include "core/schema/schema.h"
#include "platform/http/router.h"
#include "platform/rt/scope.h"
#include "store/runs/runs.h"
#include "store/vault/open.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Tests only: the whole control plane over a real database, called through its router without a socket.
namespace weft::control::testing {

struct Reply {
    int status = 0;
    Json body;
    http::Fields headers;
    http::StreamProducer stream;
    std::optional<std::uint64_t> stream_length;

    std::string text(std::string_view member) const {
        return body.is_object() ? std::string(text_or(body.get_object(), member)) : "";
    }
    std::string id() const { return text("id"); }
};

/// Who calls: a session cookie (with the header against forged requests) or a token.
struct Caller {
    TenantId tenant;
    UserId user;
    std::string cookie;
    std::string token;
    http::Fields extra = {};

    Caller with(std::string name, std::string value) const {
        Caller out = *this;
        out.extra.add(std::move(name), std::move(value));
        return out;
    }
};

/// An address and body with which an operation can be called.
struct Call {
    http::Method method = http::Method::kGet;
    std::string target;
    std::optional<Json> body;
};

class TestApi {
  public:
    /// No rates, unless `options` says so: tests call as fast as they can.
    explicit TestApi(
        ApiOptions options = without_rates(),
        std::int64_t value_bytes = 128 << 20,
        std::unique_ptr<scripts::Checker> scripts = scripts::Checker::absent()
    );
    static ApiOptions without_rates();
    ~TestApi();

    Reply call(const Caller& caller, http::Method method, std::string target, std::optional<Json> body = {});
    Reply get(const Caller& caller, std::string target) {
        return call(caller, http::Method::kGet, std::move(target));
    }
    Reply post(const Caller& caller, std::string target, Json body = JsonObject()) {
        return call(caller, http::Method::kPost, std::move(target), std::move(body));
    }
    /// The request as a task, for calls at the same time.
    rt::Task<Result<http::Response>> request(
        Caller caller, http::Method method, std::string target, std::optional<Json> body
    );
    Reply read(Result<http::Response> response) const;

    /// A tenant with all keys.
    TenantId make_tenant(std::string_view name);
    /// A member with a session.
    Caller member(TenantId tenant, std::string_view role);
    /// The same person with a token.
    Caller token_of(const Caller& person, std::string_view role, std::string scopes = "null");
    static Caller nobody() { return {}; }

    /// A run of a published workflow with input {"n": 1}, ended as `state` unless that is live.
    RunId make_run(TenantId tenant, const std::string& workflow, std::string state);
    /// A run that has failed for good, at the step `two`.
    RunId make_letter(TenantId tenant, const std::string& workflow);
    /// Keeps a value of a run as a worker would, in the blob store when it is large.
    void add_value(TenantId tenant, RunId run, std::string slot, std::string json);

    template <class T>
    T run(rt::Task<T> task) {
        return loop.run_until_done(std::move(task));
    }
    rt::Deadline soon() { return rt::Deadline::in(std::chrono::seconds(20)); }
    std::string claim_token();

    std::unique_ptr<scripts::Checker> checker;
    test::TestDatabase db;
    rt::Loop loop;
    rt::ManualClock clock{rt::SystemClock().now()};
    SystemRng rng;
    std::filesystem::path folder;
    std::unique_ptr<crypto::KeyWrapper> shared_master;
    std::unique_ptr<crypto::KeyWrapper> vault_master;
    crypto::PasswordHasher hasher{{.memory_bytes = 1u << 20, .passes = 1}};
    std::unique_ptr<pg::Pool> pool;
    std::unique_ptr<pg::Pool> worker;
    std::unique_ptr<store::vault::TenantKeys> keys;
    std::unique_ptr<store::vault::Vault> vault;
    std::unique_ptr<blob::Store> blobs;
    std::unique_ptr<store::runs::PayloadCodec> codec;
    std::unique_ptr<blob::Streams> streams;
    std::unique_ptr<store::files::Files> files;
    rt::Budget values;
    std::unique_ptr<store::runs::Runs> runs;
    std::unique_ptr<Api> api;
    http::Router router;
    std::vector<store::notices::Notice> notified;
    std::vector<StartRequest> started;
    std::chrono::seconds rate_limit_passes{0};  // more than none: starts are refused until then

    /// What is wrong with the answer of an operation, by what the table says of it; empty: nothing.
    std::string complaint(const Table::Entry& entry, const Reply& reply);

  private:
    rt::Task<Result<StartedRun>> start(StartRequest request, rt::Deadline by);

    std::map<std::string, schema::Schema, std::less<>> answers_;  // compiled once
};

/// What a tenant can have: one of everything, made through the API.
struct World {
    std::map<std::string, std::string> ids;  // app, app_version, action, connection, workflow, ...
};
/// An app with a published version and an action, a draft version with one, a connection, a published
/// workflow that uses them, a workflow with a draft, a trigger, a token, an ended and a live run.
World make_world(TestApi& api, const Caller& owner);

/// One call of every operation on the objects of `world`, by operation name.
std::map<std::string, Call> calls_on(const World& world);

}  // namespace weft::control::testing
