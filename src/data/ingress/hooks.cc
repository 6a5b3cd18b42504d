#include "data/ingress/hooks.h"

#include "core/trigger/trigger.h"
#include "core/workflow/workflow.h"
#include "data/ingress/detail/request.h"
#include "data/ingress/detail/target_cache.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/loop.h"
#include "platform/rt/sync.h"
#include "store/triggers/inbox.h"
#include "store/triggers/triggers.h"

#include <unordered_map>

namespace weft::ingress {

namespace {

using detail::KnownTarget;
using detail::TargetCache;

/// Longer than any token of ours; a longer one is not looked for.
constexpr std::size_t kTokenBytesMax = 128;
/// A lost notification costs a synchronous caller this much.
constexpr auto kSyncPoll = std::chrono::seconds(1);

Error unknown_hook() {
    return Error::not_found("There is no active webhook at this address");
}

template <class Line>
void each_line(std::string_view text, Line line) {
    while (!text.empty()) {
        auto end = text.find('\n');
        line(text.substr(0, end));
        text = end == std::string_view::npos ? "" : text.substr(end + 1);
    }
}

http::Response accepted(const Started& started) {
    JsonObject body;
    body["run_id"] = started.run.text();
    body["duplicate"] = started.is_duplicate;
    return http::Response::json(202, to_text(body));
}

bool has_ended(const store::runs::Run& run) {
    return run.state == "success" || run.state == "failed" || run.state == "canceled";
}

}  // namespace

// ---- RunWatch ---------------------------------------------------------------------------------------------

struct RunWatch::Impl {
    struct Watched {
        explicit Watched(rt::Loop& loop) : changed(loop) {}
        rt::Signal changed;
        std::uint64_t changes = 0;
        int watchers = 0;
    };
    rt::Loop& loop;
    std::unordered_map<RunId, Watched> runs{};
};

RunWatch::RunWatch(rt::Loop& loop) : impl_(std::make_unique<Impl>(loop)) {}
RunWatch::~RunWatch() = default;

void RunWatch::on_notify(std::string_view payload) {
    if (impl_->runs.empty()) return;
    each_line(payload, [this](std::string_view line) {
        auto first = line.find(':');
        if (first == std::string_view::npos) return;
        auto rest = line.substr(first + 1);
        auto id = RunId::parse(rest.substr(0, rest.find(':')));
        if (!id) return;
        auto found = impl_->runs.find(*id);
        if (found == impl_->runs.end()) return;
        ++found->second.changes;
        found->second.changed.notify_all();
    });
}

RunWatch::Watcher::Watcher(RunWatch& watch, RunId run) : watch_(watch), run_(run) {
    auto at = watch_.impl_->runs.try_emplace(run_, watch_.impl_->loop).first;
    ++at->second.watchers;
    seen_ = at->second.changes;
}

RunWatch::Watcher::~Watcher() {
    auto at = watch_.impl_->runs.find(run_);
    if (--at->second.watchers == 0) watch_.impl_->runs.erase(at);
}

rt::Task<Result<void>> RunWatch::Watcher::next(rt::Deadline by) {
    Impl::Watched& watched = watch_.impl_->runs.at(run_);
    while (seen_ == watched.changes) CO_CHECK_OK(co_await watched.changed.wait(by));
    seen_ = watched.changes;
    co_return Result<void>{};
}

// ---- Hooks ------------------------------------------------------------------------------------------------

struct Hooks::Impl {
    rt::Loop& loop;
    Ingest& ingest;
    pg::Pool& pool;
    store::vault::TenantKeys& keys;
    store::runs::Runs& runs;
    RunWatch& watch;
    const rt::Clock& clock;
    HookOptions options;
    TargetCache cache{options.cache_max, options.cache_age, options.unknown_age};
    std::int64_t lookups = 0;
    std::int64_t rejected = 0;

    using Target = std::shared_ptr<const KnownTarget>;  // shared with the cache
    rt::Task<Result<Target>> find(std::string token, rt::Deadline by);
    rt::Task<Result<std::vector<Secret>>> secrets(Target target, rt::Deadline by);
    Result<trigger::Accepted> verify(
        const KnownTarget& target, const std::vector<Secret>& secrets, const http::Request& request
    );
    rt::Task<Result<http::Response>> answer_of_run(
        TenantId tenant, Started started, RequestId id, rt::Deadline by
    );
    rt::Task<Result<std::optional<http::Response>>> look(
        TenantId tenant, RunId run, RequestId id, rt::Deadline by
    );
};

rt::Task<Result<Hooks::Impl::Target>> Hooks::Impl::find(std::string token, rt::Deadline by) {
    if (token.empty() || token.size() > kTokenBytesMax) co_return fail(unknown_hook());
    std::string hash = crypto::sha256(token);
    if (auto cached = cache.find(hash, clock.steady())) {
        if (cached->target == nullptr) co_return fail(unknown_hook());
        co_return cached->target;
    }
    auto version = cache.version();
    ++lookups;
    CO_TRY(auto row, co_await store::triggers::find_by_token(pool, hash, by));
    if (!row) {
        cache.keep(hash, nullptr, version, clock.steady());
        co_return fail(unknown_hook());
    }
    CO_TRY(auto webhook, trigger::parse_webhook(row->config));
    Target target = std::make_shared<const KnownTarget>(std::move(*row), std::move(webhook));
    cache.keep(hash, target, version, clock.steady());
    co_return target;
}

rt::Task<Result<std::vector<Secret>>> Hooks::Impl::secrets(Target target, rt::Deadline by) {
    if (target->webhook.signature.scheme == trigger::Scheme::kNone || !target->row.sealed_secret) {
        co_return std::vector<Secret>{};
    }
    CO_TRY(Uuid key_id, crypto::key_id_of(*target->row.sealed_secret));
    CO_TRY(auto key, co_await keys.by_id(target->row.tenant, TenantKeyId(key_id), by));
    CO_TRY(
        auto opened,
        store::triggers::open_secrets(*key, target->row.tenant, target->row.id, *target->row.sealed_secret)
    );
    co_return store::triggers::valid_at(opened, clock.now());
}

Result<trigger::Accepted> Hooks::Impl::verify(
    const KnownTarget& target, const std::vector<Secret>& secrets, const http::Request& request
) {
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    for (const auto& [key, value] : request.headers) headers.emplace_back(key, value);
    trigger::Delivery delivery{.headers = headers, .body = request.body};
    auto accepted =
        trigger::verify(target.webhook.signature, secrets, delivery, clock.now(), crypto::hmac_sha256);
    if (!accepted) ++rejected;
    return accepted;
}

/// The run's answer if it has one by now.
rt::Task<Result<std::optional<http::Response>>> Hooks::Impl::look(
    TenantId tenant, RunId run, RequestId id, rt::Deadline by
) {
    // The state first: when it is final, the values read after it are complete.
    CO_TRY(auto state, co_await runs.get(tenant, run, by));
    std::vector<std::string> slots{"response", "output"};
    CO_TRY(auto values, co_await runs.values(tenant, run, std::move(slots), by));
    if (values[0]) {
        CO_TRY(Json with, parse_json(*values[0]));
        CO_TRY(auto given, workflow::response_of(with));
        auto response = http::Response::text(given.status, std::move(given.body), given.content_type);
        for (auto& header : given.headers) response.headers.add(header.name, header.value);
        co_return response;
    }
    if (!has_ended(state)) co_return std::nullopt;
    if (state.state == "success") co_return http::Response::json(200, values[1].value_or("null"));
    co_return http::problem(502, "run-" + state.state, "The run has " + state.state, id);
}

rt::Task<Result<http::Response>> Hooks::Impl::answer_of_run(
    TenantId tenant, Started started, RequestId id, rt::Deadline by
) {
    RunWatch::Watcher watcher(watch, started.run);
    while (!by.is_over()) {
        CO_TRY(auto response, co_await look(tenant, started.run, id, by));
        if (response) {
            response->headers.add("x-weft-run-id", started.run.text());
            co_return std::move(*response);
        }
        (void)co_await watcher.next(by.at_most(kSyncPoll));
    }
    co_return accepted(started);
}

Hooks::Hooks(
    rt::Loop& loop,
    Ingest& ingest,
    pg::Pool& pool,
    store::vault::TenantKeys& keys,
    store::runs::Runs& runs,
    RunWatch& watch,
    const rt::Clock& clock,
    HookOptions options
)
    : impl_(std::make_unique<Impl>(loop, ingest, pool, keys, runs, watch, clock, options)) {}

Hooks::~Hooks() = default;

void Hooks::add_routes(http::Router& router) {
    http::RouteOptions options{
        .body_bytes_max = limits::kWebhookBodyBytesMax,
        .timeout = impl_->options.sync_timeout + std::chrono::seconds(15),
    };
    auto handler = [this](http::Request request) { return handle(std::move(request)); };
    router.add(http::Method::kPost, "/hooks/{token}", handler, options);
}

rt::Task<Result<http::Response>> Hooks::handle(http::Request request) {
    auto received_at = impl_->clock.now();
    auto by = request.deadline;
    CO_TRY(auto target, co_await impl_->find(std::string(request.param("token")), by));
    CO_TRY(auto secrets, co_await impl_->secrets(target, by));
    auto verify = [&] { return impl_->verify(*target, secrets, request); };
    CO_TRY(auto delivery, co_await rt::offload(request.body.size(), verify));
    auto read = [&] { return detail::input_of(request); };
    CO_TRY(std::string input, co_await rt::offload(request.body.size(), read));
    StartByEvent start{
        .tenant = target->row.tenant,
        .trigger_id = target->row.id,
        .dedupe_key = std::move(delivery.dedupe_key),
        .input = std::move(input),
        .trigger = detail::trigger_of(request, target->row, target->webhook.signature, received_at),
    };
    CO_TRY(Started started, co_await impl_->ingest.start_by_event(std::move(start), by));
    if (target->webhook.mode == trigger::Mode::kAsync) co_return accepted(started);
    auto patience = by.at_most(impl_->options.sync_timeout);
    auto answer = co_await impl_->answer_of_run(target->row.tenant, started, request.id, patience);
    // The event is accepted, whatever became of the waiting: a failure here must not make the sender repeat
    // it.
    co_return answer ? std::move(*answer) : accepted(started);
}

void Hooks::on_trigger_changed(std::string_view payload) {
    each_line(payload, [this](std::string_view line) {
        if (auto id = TriggerId::parse(line)) {
            impl_->cache.forget(*id);
        } else {
            impl_->cache.forget_all();
        }
    });
    if (payload.empty()) impl_->cache.forget_all();
}

void Hooks::forget_all() {
    impl_->cache.forget_all();
}

Hooks::Stats Hooks::stats() const {
    return {.cached = impl_->cache.size(), .lookups = impl_->lookups, .rejected = impl_->rejected};
}

}  // namespace weft::ingress
