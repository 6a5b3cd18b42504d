#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/secret.h"
#include "core/schema/schema.h"
#include "core/tenancy/tenancy.h"
#include "platform/http/http.h"
#include "platform/http/leases.h"
#include "platform/http/quota.h"
#include "platform/http/site.h"
#include "platform/pg/pg.h"
#include "platform/rt/budget.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "platform/telemetry/log.h"
#include "store/db/db.h"
#include "store/idempotency/idempotency.h"
#include "store/notices/notices.h"
#include "store/quotas/quotas.h"
#include "store/tenants/tenants.h"
#include "store/vault/keys.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::http {
class Router;
}

/// The one table of operations and what carries a request through it. REST routes and the OpenAPI document
/// are made from the table; handlers know no transport.
namespace weft::control {

/// Who may call an operation. One that says nothing is refused at start.
class Access {
  public:
    Access() = default;
    static Access publicly() { return Access(Kind::kPublic, {}); }
    /// Any signed-in person or token.
    static Access member() { return Access(Kind::kMember, {}); }
    static Access with(tenancy::Permission permission) { return Access(Kind::kPermission, permission); }

    bool is_declared() const { return kind_ != Kind::kNone; }
    bool is_public() const { return kind_ == Kind::kPublic; }
    std::optional<tenancy::Permission> permission() const {
        return kind_ == Kind::kPermission ? permission_ : std::nullopt;
    }

  private:
    enum class Kind { kNone, kPublic, kMember, kPermission };
    Access(Kind kind, std::optional<tenancy::Permission> permission) : kind_(kind), permission_(permission) {}
    Kind kind_ = Kind::kNone;
    std::optional<tenancy::Permission> permission_;
};

/// Who is calling, and what they may do now.
struct Principal {
    store::tenants::Identity identity;
    tenancy::Role role = tenancy::Role::kViewer;
    tenancy::Permissions permissions;   // of the role, narrowed by a token's scopes
    std::optional<Instant> expires_at;  // of the credential, by this process's clock

    /// May do, and is, the same.
    bool is_same(const Principal& other) const;
    /// As limits and revocations of streams know it.
    http::Holder holder() const;
};

/// What the process lends to all handlers; outlives them.
struct Environment {
    rt::Loop& loop;
    pg::Pool& pool;
    const rt::Clock& clock;
    Rng& rng;
    store::vault::TenantKeys& keys;
    store::notices::Tell notify;
    telemetry::Logger log;
    /// Of the hashes by which a repeated request is known: the same in every api process.
    Secret request_key = Secret();
    store::quotas::Defaults quotas{};
    std::optional<telemetry::Counter> over_triggers = std::nullopt;  // that the quota refused
};

/// One call of an operation: what the handler may know, and what it leaves behind for the executor.
struct Context {
    // given
    Environment* env = nullptr;
    std::optional<Principal> principal;  // set for every operation that is not public
    RequestId request_id;
    std::string ip;
    std::string device;  // cookie of a browser that has logged in before; see LoginLimit
    rt::Deadline deadline = rt::Deadline::at(Steady::max());
    pg::Transaction* transaction = nullptr;  // of a kWrite operation
    std::optional<std::string> idempotency_key;
    std::optional<store::idempotency::Once> once;  // of a kOwn operation with a key: taken where it commits
    const http::Request* request = nullptr;        // of a raw operation, until its handler returns
    /// Looks the caller's credential up again and compares: for streams, which outlive the first look.
    http::Renew renew;

    // left behind
    std::vector<store::notices::Notice> notify_after_commit;
    /// Awaited after them, before the answer goes: somebody else does what was asked. Of kWrite operations.
    std::function<rt::Task<void>()> settle;
    std::optional<Uuid> object;  // for the audit row
    JsonObject audit_detail;     // never a secret
    /// Members of the answer that are JSON texts: they join the object that the handler gives, unparsed,
    /// since a tree takes ten times the memory. Of kRead operations.
    std::vector<std::pair<std::string_view, std::string>> texts;
    /// The memory that the answer takes; kept until it has been sent.
    std::shared_ptr<rt::Budget::Charge> room;
    JsonObject problem;                 // extra members of the problem when the handler fails
    std::optional<Secret> new_session;  // the transport hands it to the caller
    std::optional<Secret> new_device;   // likewise
    std::optional<http::Quota> quota;   // the limit that a kLimit is about; else the caller's
    bool is_session_ended = false;
    bool is_repeat = false;  // of a kOwn operation: `once` was taken before, nothing was done now

    TenantId tenant() const { return principal->identity.tenant_id; }
    UserId user() const { return principal->identity.user_id; }
    /// The transaction if there is one, else the pool, as the caller's tenant.
    store::Db db() const;
};

using Handler = std::function<rt::Task<Result<Json>>(Context&, Json input)>;
/// For what is no JSON document: streams, the OpenAPI file.
using RawHandler = std::function<rt::Task<Result<http::Response>>(Context&, Json input)>;

enum class Mode {
    kRead,   // statements of their own
    kWrite,  // one transaction: the change, its audit row and the stored answer commit together
    kOwn,  // commits elsewhere, with the key if there is one (starts of runs, logins); the audit row follows
};
enum class Replay { kNo, kYes };  // kYes: honours Idempotency-Key

struct Operation {
    std::string_view name;  // "apps.create"; stable
    http::Method method = http::Method::kGet;
    std::string_view path;     // below /api/v1; {names} are members of the input
    std::string_view summary;  // one line for OpenAPI
    /// JSON Schema of the one input object: path, query and body members together. Unknown members are
    /// refused.
    /// `#/definitions/{id,key,name,text,limit,after}` exist, and `{manifest,action_definition,
    /// workflow_definition}`.
    std::string_view input = "{}";
    /// What it answers: a name of Table::define. Empty: nothing (204), or by `raw`.
    std::string_view answer = "";
    bool is_page = false;  // {"items": [...], "next"} of it; the input takes `limit` and `after`
    std::string_view media = "application/json";
    Access access;
    Mode mode = Mode::kRead;
    Replay replay = Replay::kNo;
    /// A key the handler will seal with: fetched before the transaction, which must not wait for a second
    /// connection.
    std::optional<store::vault::KeyClass> key;
    /// Member of the answer that is a secret, when there is one: no other answer shows it, it is never
    /// stored, and a repetition is told to make a new one.
    std::string_view shown_once = "";
    /// Of a kOwn operation with Replay: its answer, from the object that its key was taken with.
    std::function<Json(const Uuid&)> answer_from = {};
    int status = 200;                    // of success
    std::string audit_action = "";       // "app.create"; empty: no audit row
    std::string_view audit_object = "";  // "app"
    std::size_t body_bytes_max = limits::kApiBodyBytesMax;
    bool is_body_raw = false;  // of a raw operation: bytes that it reads from Context::request as they come
    Steady::duration timeout = std::chrono::seconds(30);
    Handler handler;
    RawHandler raw;  // instead of handler
};

/// The operations, checked: unique names and routes, a declared access, schemas that compile and cover the
/// path, and answers that are defined.
class Table {
  public:
    /// Adds an operation; problems are collected for `check`.
    void add(Operation operation);
    /// What answers named `name` look like, a member a line: `name type`, where the type is id, time, text,
    /// int, bool, json (any), object, `a|b` (one of these texts), another name, or one of them in brackets (a
    /// list); `?` behind it: or null. `*` behind the name: may be absent. ` = ` and an example may follow.
    void define(std::string_view name, std::string_view members);
    /// kInternal naming every operation that is wrong: the server must not start.
    Result<void> check() const;

    struct Entry {
        Operation operation;
        std::optional<schema::Schema> input;
        Json input_schema;
    };
    const std::vector<std::unique_ptr<Entry>>& entries() const { return entries_; }
    const Entry* find(std::string_view name) const;
    /// By name; they refer to each other as inputs do, below `#/definitions/`.
    const JsonObject& answers() const { return answers_; }
    /// The schema of what an operation with an answer answers; refers to definitions of inputs and answers.
    JsonObject answer_schema(const Operation& operation) const;

  private:
    std::vector<std::unique_ptr<Entry>> entries_;
    JsonObject answers_;
    std::vector<std::string> problems_;
};

struct Described {
    std::string version;
    std::string session_cookie;  // its name
};
/// The OpenAPI 3.1 document of the table, as JSON text.
std::string openapi(const Table& table, const Described& described);

/// Runs one operation for a caller who has been identified: authorization, validation, transaction,
/// idempotency, audit. All transports come through here.
class Executor {
  public:
    explicit Executor(Environment& env) : env_(env) {}

    struct Answer {
        int status = 200;
        std::string body;  // JSON text; empty for 204
        bool is_replay = false;
        std::shared_ptr<rt::Budget::Charge> room = nullptr;  // as Context's
    };
    rt::Task<Result<Answer>> run(const Table::Entry& entry, Context& context, Json input);
    /// The same for a kWrite operation inside a transaction that the caller commits: the change, its audit
    /// row and the stored answer are part of it. The caller sends `notify_after_commit` after its commit.
    rt::Task<Result<Answer>> run_within(
        const Table::Entry& entry, Context& context, Json input, pg::Transaction& transaction
    );
    /// The two checks that precede a handler, for transports that do work of their own in between. `run` does
    /// both.
    Result<void> authorize(const Table::Entry& entry, const Context& context) const;
    Result<void> validate(const Table::Entry& entry, const Json& input) const;

  private:
    Result<void> check(const Table::Entry& entry, Context& context, const Json& input) const;
    rt::Task<Result<Answer>> call_in_transaction(const Table::Entry& entry, Context& context, Json input);
    rt::Task<Result<Answer>> call_within(
        const Table::Entry& entry, Context& context, Json input, pg::Transaction& transaction
    );
    rt::Task<Result<Answer>> call_own(const Table::Entry& entry, Context& context, Json input);
    rt::Task<Result<void>> warm_keys(const Table::Entry& entry, Context& context);
    rt::Task<Result<Answer>> replay(
        const Table::Entry& entry,
        Context& context,
        store::idempotency::Once once,
        store::idempotency::Stored stored
    );
    rt::Task<Result<store::idempotency::Stored>> to_store(
        const Table::Entry& entry, Context& context, store::idempotency::Once once, Answer answer
    );
    rt::Task<Result<void>> audit(const Table::Entry& entry, Context& context, store::Db db);

    Environment& env_;
};

/// What a caller presented; nothing when there was nothing.
struct Credential {
    enum class Kind { kSession, kToken };
    Kind kind = Kind::kSession;
    Secret token;
};
/// Who that is; nothing for an unknown, expired or revoked credential. Errors: kUnavailable.
using Authenticate = std::function<rt::Task<Result<std::optional<Principal>>>(Credential, rt::Deadline)>;

/// How often one person or token, and one tenant, may call.
struct ApiRates {
    rate::Rate principal{.per_second = 50, .burst = 200};
    rate::Rate tenant{.per_second = 200, .burst = 800};
    rate::Rate cost{.per_second = 50'000, .burst = 500'000};  // rows of GraphQL, by tenant and role
};

class Entrance;

struct RestOptions {
    http::SiteRule site;
    /// There is no TLS anywhere on the way: cookies without Secure and the prefix __Host-.
    bool has_plain_cookies = false;
};

/// Mounts the table under /api/v1. Cookie or bearer token in, problem+json out; cross-site requests are
/// refused. Everything borrowed lives as long as the router.
class Rest {
  public:
    Rest(Environment& env, const Table& table, Executor& executor, Entrance& entrance, RestOptions options);
    void mount(http::Router& router);
    std::string session_cookie() const;  // its name

    /// Who asks, for transports beside REST, which may change things; nothing without a credential.
    /// `authorization` is what a socket's first message presented, instead of the header. A cookie is refused
    /// where it may not speak (http::may_carry_cookie), and without x-weft-csrf, which a socket can't have.
    /// kLimit: the caller, its tenant or its address comes too often; never of a renewal.
    rt::Task<Result<std::optional<Principal>>> identify(
        std::shared_ptr<const http::Handshake> handshake,
        std::optional<std::string> authorization,
        http::Look look,
        rt::Deadline by
    );

  private:
    struct Caller;
    /// The gate of a route: everything that the head decides.
    rt::Task<Result<http::Pass>> admit(const Table::Entry& entry, const http::Request& head);
    rt::Task<Result<http::Response>> serve(const Table::Entry& entry, http::Request request);
    rt::Task<Result<http::Response>> answer(
        const Table::Entry& entry, Context& context, const http::Request& request, Json input
    );
    http::Response refuse(const Error& error, const Context& context) const;
    Result<void> check_site(const http::Request& request, const Operation& operation, bool by_cookie) const;
    Result<std::optional<Credential>> credential_of(const http::Fields& headers) const;
    std::string cookie_name(std::string_view name) const;
    void set_cookies(http::Response& response, const Context& context) const;
    void set_cookie(
        http::Response& response, std::string_view name, std::string_view value, std::string_view seconds
    ) const;

    Environment& env_;
    const Table& table_;
    Executor& executor_;
    Entrance& entrance_;
    RestOptions options_;
};

// ---- for handlers
// --------------------------------------------------------------------------------------------

/// Readers for an input that its schema has accepted.
template <class IdType>
IdType id_in(const Json& input, std::string_view member = "id") {
    return *IdType::parse(text_or(input.get_object(), member));
}
std::string text_in(const Json& input, std::string_view member, std::string_view fallback = "");
std::optional<std::string> maybe_text_in(const Json& input, std::string_view member);
std::optional<int> maybe_int_in(const Json& input, std::string_view member);
/// Of a member with `format: date-time`.
std::optional<Instant> maybe_time_in(const Json& input, std::string_view member);
/// The member itself, or null.
const Json* member_in(const Json& input, std::string_view member);
/// `limit` and `after`. kInvalid for a cursor that is not one.
Result<store::PageRequest> page_in(const Json& input);

/// {"items": [...], "next": cursor or null}
template <class T, class ToJson>
Json page_json(const store::Page<T>& page, ToJson to_json) {
    JsonArray items;
    for (const T& item : page.items) items.push_back(to_json(item));
    Json next = page.next ? Json(page.next->text()) : Json(nullptr);
    return JsonObject{{"items", std::move(items)}, {"next", std::move(next)}};
}
/// What is wrong with a definition, as member `problems` of a refusal: [{"field", "message"}].
JsonArray problems_json(const std::vector<Error>& problems);
Json time_json(Instant at);
Json time_json(std::optional<Instant> at);
template <class IdType>
Json id_json(const std::optional<IdType>& id) {
    return id ? Json(id->text()) : Json(nullptr);
}

}  // namespace weft::control
