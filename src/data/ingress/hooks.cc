#include "data/ingress/hooks.h"

#include "base/bytes.h"
#include "base/shares.h"
#include "core/trigger/trigger.h"
#include "data/ingress/detail/addresses.h"
#include "data/ingress/detail/callers.h"
#include "data/ingress/detail/input_schemas.h"
#include "data/ingress/detail/receiving.h"
#include "data/ingress/detail/replies.h"
#include "data/ingress/detail/request.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/loop.h"
#include "store/triggers/triggers.h"

#include <algorithm>
#include <optional>

namespace weft::ingress {

using store::triggers::RefusalReason;

namespace {

/// A trigger as the edge needs it, parsed once.
struct KnownTarget {
    static constexpr auto kKind = store::triggers::Kind::kWebhook;
    static Error unknown() { return Error::not_found("There is no active webhook at this address"); }
    static Error inactive() {
        return Error::conflict("The workflow of this webhook is inactive; nothing was accepted");
    }
    static Result<KnownTarget> of(store::triggers::WebhookTarget row) {
        TRY(auto webhook, trigger::parse_webhook(row.config));
        return KnownTarget{std::move(row), std::move(webhook)};
    }
    store::triggers::WebhookTarget row;
    trigger::Webhook webhook;
};

/// Longer than those that providers send.
constexpr std::size_t kChallengeBytesMax = 1'024;
/// Of multipart: boundaries, heads and fields around the files.
constexpr std::size_t kEnvelopeBytes = limits::kWebhookBodyBytesMax + (1u << 20);
constexpr std::size_t kFieldsMax = 1'000;

/// What a trigger's rate counts of a body. Of files the disk and the tenant's room are the limit.
std::size_t counted(std::size_t bytes) {
    return std::min(bytes, limits::kWebhookBodyBytesMax);
}

/// The input of a run whose delivery was one file.
std::string input_of_file(const detail::Received& received) {
    const auto& file = received.files.front();
    return to_text(JsonObject{{"file", file::to_json(file.handle())}, {"content_type", file.type}});
}

}  // namespace

/// What is told of a delivery that is refused.
struct Sent {
    explicit Sent(const http::Request& request)
        : client(request.client),
          content_type(request.headers.get("content-type")),
          size(std::max(request.body.size(), detail::stated_length(request))) {}
    std::string client;
    std::string content_type;
    std::size_t size;
};

struct Hooks::Impl {
    rt::Loop& loop;
    Ingest& ingest;
    pg::Pool& pool;
    store::vault::TenantKeys& keys;
    store::runs::Runs& runs;
    RunWatch& watch;
    const rt::Clock& clock;
    HookOptions options;
    rate::Limiter events;
    rate::Limiter bytes;
    detail::Addresses<KnownTarget> addresses{
        pool,
        clock,
        {.cache_max = options.cache_max,
         .cache_age = options.cache_age,
         .unknown_age = options.unknown_age,
         .strangers = options.strangers}
    };
    std::int64_t rejected = 0;
    SystemRng stand_ins{};
    detail::Callers callers{ingest, pool, runs, watch, clock, options};
    detail::InputSchemas schemas{pool};

    using Target = detail::Addresses<KnownTarget>::Target;
    Result<std::optional<http::Response>> refuse_stranger(const http::Request& head, const Error& error);
    /// The answer to one event of this many bytes too many, which is noted; kSpend counts it.
    enum class Count { kLook, kSpend };
    std::optional<http::Response> over_rate(
        const KnownTarget& target, const http::Request& request, std::size_t size, Count how
    );
    rt::Task<Result<std::vector<Secret>>> secrets(Target target, rt::Deadline by);
    Result<trigger::Accepted> verify(
        const KnownTarget& target, const std::vector<Secret>& secrets, const http::Request& request
    );
    /// The answer to a request that only asks whether the address is the trigger's.
    Result<std::optional<http::Response>> challenged(
        const KnownTarget& target, const std::vector<Secret>& secrets, const http::Request& request
    );
    /// The body as the run sees it, and the files that it brought; the request's is taken.
    struct Body {
        std::string input;
        detail::Received received;
    };
    rt::Task<Result<Body>> read(Target target, http::Request& request);
    /// The same of one that is read, and verified, as it comes. `over` is the answer to one that is over the
    /// trigger's rate, if its length is known only by then.
    rt::Task<Result<Body>> receive(
        Target target,
        http::Request& request,
        detail::StreamedSignature& signature,
        std::optional<http::Response>& over
    );
    /// Gives the input back when it fits the workflow, or when that is the run's to say.
    rt::Task<Result<std::string>> check_input(Target target, std::string input, rt::Deadline by);
    rt::Task<Result<http::Response>> deliver(Target target, http::Request request);
    rt::Task<Result<http::Response>> deliver_files(Target target, http::Request request);
    rt::Task<Result<http::Response>> take(
        Target target, http::Request& request, Body body, std::string dedupe_key, Instant received_at
    );
    rt::Task<Result<http::Response>> begin(Target target, StartByEvent start, RequestId id, rt::Deadline by);
    detail::Receiving receiving(const KnownTarget& target) const {
        return {
            .files = *options.files,
            .tenant = target.row.tenant,
            .text_bytes_max = limits::kWebhookBodyBytesMax,
            .entries_max = kFieldsMax
        };
    }
    Result<http::Response> refuse_unverified(
        const KnownTarget& target, const http::Request& request, const Error& error
    );
    void note(std::string_view reason, const KnownTarget& target, RequestId id, std::string_view detail);
    void refused(RefusalReason reason, const KnownTarget& target, const Sent& sent, int status);
};

/// 429 once the address has asked for too much that is not there; else the error itself.
Result<std::optional<http::Response>> Hooks::Impl::refuse_stranger(
    const http::Request& head, const Error& error
) {
    if (!addresses.is_one_too_many(head, error)) return fail(error);
    return options.strangers->refusal(head);
}

std::optional<http::Response> Hooks::Impl::over_rate(
    const KnownTarget& target, const http::Request& request, std::size_t size, Count how
) {
    const std::string key = target.row.id.text();
    const auto decide = [&](rate::Limiter& limiter, const rate::Rate& rate, double cost) {
        const Steady now = clock.steady();
        return how == Count::kLook ? limiter.look(key, rate, cost, now) : limiter.take(key, rate, cost, now);
    };
    const http::Quota of_events{"trigger", options.events, decide(events, options.events, 1)};
    const auto refuse = [&](const http::Quota& quota, const std::string& what) {
        auto answer = http::quota_exceeded(
            quota, "This trigger gets more " + what + " than it may; slow down", request.id
        );
        note(name(RefusalReason::kRate), target, request.id, "");
        refused(RefusalReason::kRate, target, Sent(request), answer.status);
        return answer;
    };
    if (!of_events.verdict.is_allowed) return refuse(of_events, "events");
    const http::Quota of_bytes{
        "trigger-bytes", options.bytes, decide(bytes, options.bytes, static_cast<double>(counted(size)))
    };
    if (of_bytes.verdict.is_allowed) return std::nullopt;
    return refuse(of_bytes, "bytes");
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
    static const trigger::Hmac kSha1 = crypto::hmac_sha1;
    const std::vector<std::string> urls = detail::urls_of(options.public_url, request);
    trigger::Delivery delivery{.headers = headers, .body = request.body, .urls = urls, .hmac_sha1 = &kSha1};
    auto accepted =
        trigger::verify(target.webhook.signature, secrets, delivery, clock.now(), crypto::hmac_sha256);
    if (!accepted) ++rejected;
    return accepted;
}

Hooks::Hooks(
    rt::Loop& loop,
    Ingest& ingest,
    pg::Pool& pool,
    store::vault::TenantKeys& keys,
    store::runs::Runs& runs,
    RunWatch& watch,
    const rt::Clock& clock,
    Rng& rng,
    HookOptions options
)
    : impl_(std::make_unique<Impl>(
          loop, ingest, pool, keys, runs, watch, clock, options, rate::Limiter(rng), rate::Limiter(rng)
      )) {}

Hooks::~Hooks() = default;

void Hooks::add_routes(http::Router& router) {
    http::RouteOptions options{
        .body_bytes_max = limits::kWebhookBodyBytesMax,
        .timeout = impl_->options.sync_timeout + std::chrono::seconds(15),
        .gate = [this](const http::Request& head) { return admit(head); },
        .streaming =
            http::RouteOptions::Streaming{
                .wants = detail::brings_files,
                .body_bytes_max = static_cast<std::size_t>(file::kFileBytesMax) + kEnvelopeBytes,
                .timeout = detail::kTransferTimeout,
            },
    };
    auto handler = [this](http::Request request) { return handle(std::move(request)); };
    for (const auto word : trigger::kMethods)
        router.add(*http::parse_method(word), "/hooks/{token}", handler, options);
}

rt::Task<Result<http::Pass>> Hooks::admit(const http::Request& head) {
    http::Pass pass;
    auto target = co_await impl_->addresses.find(head);
    if (!target) {
        if (impl_->options.notices != nullptr) {
            impl_->options.notices->note(
                "unknown", http::address_key(head.client), {{"request_id", head.id}}
            );
        }
        CO_TRY(pass.refusal, impl_->refuse_stranger(head, target.error()));
        co_return pass;
    }
    const auto& row = (*target)->row;
    pass.share = row.tenant.text();
    const auto refuse = [&](RefusalReason reason, http::Response answer) {
        impl_->note(name(reason), **target, head.id, "");
        impl_->refused(reason, **target, Sent(head), answer.status);
        pass.refusal = std::move(answer);
    };
    const auto& networks = (*target)->webhook.networks;
    pass.refusal = impl_->over_rate(**target, head, detail::stated_length(head), Impl::Count::kLook);
    if (!pass.refusal && !row.is_workflow_active && !row.is_listening) {
        refuse(RefusalReason::kInactive, http::problem(KnownTarget::inactive(), head.id));
    } else if (!pass.refusal && !networks.empty() && !networks.contains(head.client)) {
        refuse(RefusalReason::kAddress, detail::from_elsewhere(head.id));
    }
    const auto wish = detail::wish_of((*target)->webhook, head);
    if (!pass.refusal && wish == detail::Wish::kNothing)
        refuse(RefusalReason::kMethod, detail::other_method((*target)->webhook, head.id));
    if (!pass.refusal && wish == detail::Wish::kEvent) {
        if (auto room = impl_->ingest.may_start(row.tenant); !room) {
            impl_->refused(
                refusal_reason(room.error()), **target, Sent(head), http_status(room.error().code)
            );
            co_return fail(std::move(room).error());
        }
    }
    pass.note = std::move(*target);
    co_return pass;
}

rt::Task<Result<http::Response>> Hooks::handle(http::Request request) {
    if (request.note == nullptr) {
        CO_TRY(auto pass, co_await admit(request));
        if (pass.refusal) co_return std::move(*pass.refusal);
        request.note = std::move(pass.note);
    }
    auto target = std::static_pointer_cast<const KnownTarget>(request.note);
    if (detail::wish_of(target->webhook, request) == detail::Wish::kLook)
        co_return http::Response::empty(200);
    const RequestId id = request.id;
    const Sent sent(request);
    auto answer = co_await impl_->deliver(target, std::move(request));
    const bool is_told = answer || answer.error().code == Code::kUnauthenticated;  // by who found it out
    if (!is_told) {
        const RefusalReason reason = refusal_reason(answer.error());
        impl_->note(name(reason), *target, id, answer.error().user);
        impl_->refused(reason, *target, sent, http_status(answer.error().code));
    }
    co_return answer;
}

Result<std::optional<http::Response>> Hooks::Impl::challenged(
    const KnownTarget& target, const std::vector<Secret>& secrets, const http::Request& request
) {
    const auto& challenge = target.webhook.challenge;
    if (!challenge) return std::nullopt;
    const auto value = request.target.query.find(challenge->parameter);
    if (!value) return std::nullopt;
    const bool is_asked = !challenge->token_parameter.empty();
    if (is_asked && !trigger::is_secret(request.target.query.get(challenge->token_parameter), secrets)) {
        return fail(Error::unauthenticated("The challenge was not accepted").with_detail("webhook: challenge")
        );
    }
    const bool is_good = value->size() <= kChallengeBytesMax &&
                         std::ranges::all_of(*value, [](char c) { return c >= ' ' && c <= '~'; });
    if (!is_good) return fail(Error::invalid("A challenge is at most 1024 printable characters", "query"));
    return detail::echo(std::string(*value));
}

rt::Task<Result<Hooks::Impl::Body>> Hooks::Impl::read(Target target, http::Request& request) {
    CO_TRY(auto codings, http::codings_of(request.headers));
    const std::size_t most = detail::reading_bytes_max(request, codings);
    if (request.body_lease) CO_CHECK_OK(request.body_lease->resize(most));
    auto work = [&] { return detail::read_delivery(request, codings); };
    CO_TRY(auto reading, co_await rt::offload(most, work));
    request.drop_body();
    const std::string charset = reading.charset.substr(0, 64);
    if (!codings.unknown.empty()) note("coding", *target, request.id, codings.unknown);
    if (reading.is_mislabelled) note("coding", *target, request.id, "not coded as it says");
    if (!charset.empty()) note("charset", *target, request.id, charset);
    if (reading.has_broken_text) note("text", *target, request.id, "bytes that are none in its charset");
    if (!reading.bytes) co_return Body{std::move(reading.input), {}};
    if (options.files == nullptr) co_return fail(Error::invalid("This server keeps no files", "body"));
    store::files::What what{.name = "file", .type = std::string(request.headers.get("content-type"))};
    what.origin = store::files::Origin::kWebhook;
    auto how = receiving(*target);
    CO_TRY(
        auto received,
        co_await detail::receive_bytes(
            *std::move(reading.bytes), std::move(what), std::move(how), request.deadline
        )
    );
    std::string input = input_of_file(received);
    co_return Body{std::move(input), std::move(received)};
}

rt::Task<Result<Hooks::Impl::Body>> Hooks::Impl::receive(
    Target target,
    http::Request& request,
    detail::StreamedSignature& signature,
    std::optional<http::Response>& over
) {
    if (options.files == nullptr) co_return fail(Error::invalid("This server keeps no files", "body"));
    auto how = receiving(*target);
    how.hear = [&signature](std::string_view piece) { signature.add(piece); };
    how.admit = [&](std::size_t so_far) -> Result<void> {
        if (detail::stated_length(request) == 0) over = over_rate(*target, request, so_far, Count::kLook);
        if (over) return fail(Error::limit("The body is over the trigger's rate", "body"));
        return {};
    };
    if (!detail::is_multipart(request)) {
        CO_TRY(auto received, co_await detail::receive_file(request, std::move(how), request.deadline));
        std::string input = input_of_file(received);
        co_return Body{std::move(input), std::move(received)};
    }
    CO_TRY(auto received, co_await detail::receive_multipart(request, std::move(how), request.deadline));
    JsonObject fields;
    for (auto& [name, value] : received.entries) detail::put(fields, name, std::move(value));
    std::string input = to_text(Json(std::move(fields)));
    co_return Body{std::move(input), std::move(received)};
}

Result<http::Response> Hooks::Impl::refuse_unverified(
    const KnownTarget& target, const http::Request& request, const Error& error
) {
    if (error.code != Code::kUnauthenticated) return fail(error);
    note(name(RefusalReason::kSignature), target, request.id, error.detail);
    refused(RefusalReason::kSignature, target, Sent(request), http_status(error.code));
    auto refusal = refuse_stranger(request, error);
    if (refusal) return std::move(**refusal);
    if (trigger::bare_status(target.webhook.signature)) return http::Response::empty(401);
    if (target.webhook.signature.scheme != trigger::Scheme::kBasic) return fail(error);
    // Some senders give name and password only when they are asked.
    auto asking = http::problem(error, request.id);
    asking.headers.add("www-authenticate", "Basic realm=\"webhook\", charset=\"UTF-8\"");
    return asking;
}

rt::Task<Result<http::Response>> Hooks::Impl::deliver(Target target, http::Request request) {
    if (request.incoming != nullptr) co_return co_await deliver_files(target, std::move(request));
    const auto received_at = clock.now();
    const auto by = request.deadline;
    CO_TRY(auto known, co_await secrets(target, by));
    auto asked = challenged(*target, known, request);
    if (!asked) co_return refuse_unverified(*target, request, asked.error());
    if (*asked) co_return std::move(**asked);
    auto check = [&] { return verify(*target, known, request); };
    auto delivery = co_await rt::offload(request.body.size(), check);
    if (!delivery) co_return refuse_unverified(*target, request, delivery.error());
    const auto& signature = target->webhook.signature;
    if (auto asked_of = trigger::handshake(signature, known, request.body, crypto::hmac_sha256))
        co_return detail::answer_to(std::move(*asked_of));
    if (auto over = over_rate(*target, request, request.body.size(), Count::kSpend))
        co_return std::move(*over);
    CO_TRY(Body body, co_await read(target, request));
    co_return co_await take(target, request, std::move(body), std::move(delivery->dedupe_key), received_at);
}

/// A body that is verified as it comes: nothing of it counts before its end.
rt::Task<Result<http::Response>> Hooks::Impl::deliver_files(Target target, http::Request request) {
    const auto received_at = clock.now();
    CO_TRY(auto known, co_await secrets(target, request.deadline));
    std::vector<std::string> urls = detail::urls_of(options.public_url, request);
    std::string stand_in = hex(crypto::random_bytes(stand_ins, 32).reveal());
    auto signature = detail::StreamedSignature::begin(
        target->webhook.signature,
        std::move(known),
        request,
        std::move(urls),
        received_at,
        std::move(stand_in)
    );
    if (!signature) {
        ++rejected;
        co_return refuse_unverified(*target, request, signature.error());
    }
    std::optional<http::Response> over;
    auto body = co_await receive(target, request, *signature, over);
    if (over) co_return std::move(*over);
    if (!body) co_return fail(std::move(body).error());
    auto delivery = signature->finish();
    if (!delivery) {
        ++rejected;
        co_return refuse_unverified(*target, request, delivery.error());
    }
    over = over_rate(*target, request, body->received.body_bytes, Count::kSpend);
    if (over) co_return std::move(*over);
    auto& key = delivery->dedupe_key;
    co_return co_await take(target, request, *std::move(body), std::move(key), received_at);
}

/// A delivery that was verified and read begins a run, which is given its files first.
rt::Task<Result<http::Response>> Hooks::Impl::take(
    Target target, http::Request& request, Body body, std::string dedupe_key, Instant received_at
) {
    const rt::Deadline by = request.deadline;
    const TenantId tenant = target->row.tenant;
    std::string input = std::move(body.input);
    std::string about = detail::trigger_of(
        KnownTarget::kKind, request, target->row, target->webhook.signature.signature_header, received_at
    );
    CO_TRY(const Capture captured, co_await ingest.capture(target->row, input, about, by));
    if (captured == Capture::kUnwanted)
        co_return fail(target->row.is_active ? KnownTarget::inactive() : KnownTarget::unknown());
    if (captured == Capture::kKept) {
        auto& uploads = body.received.uploads;
        if (!uploads.empty()) CO_CHECK_OK(co_await options.files->keep(std::move(uploads), std::nullopt, by));
        co_return detail::done_with(target->webhook, R"({"captured":true})");
    }
    if (target->webhook.filter) {
        auto look = [&] { return detail::passes(*target->webhook.filter, input, about); };
        if (!co_await rt::offload(input.size(), look)) {
            auto answer = detail::done_with(target->webhook, R"({"filtered":true})");
            refused(RefusalReason::kFiltered, *target, Sent(request), answer.status);
            co_return answer;
        }
    }
    if (target->webhook.on_invalid_input == trigger::OnInvalidInput::kRefuse) {
        CO_TRY(input, co_await check_input(target, std::move(input), by));
    }
    const RunId run = ingest.make_id();
    const std::vector<FileId> files = body.received.ids();
    if (!files.empty()) CO_CHECK_OK(co_await options.files->keep(std::move(body.received.uploads), run, by));
    StartByEvent start{
        .tenant = tenant,
        .trigger_id = target->row.id,
        .dedupe_key = std::move(dedupe_key),
        .run = run,
        .input = std::move(input),
        .trigger = std::move(about),
    };
    std::chrono::seconds refused_for{0};
    start.refused_for = &refused_for;
    auto answer = co_await begin(target, std::move(start), request.id, by);
    const bool is_repeat = answer && answer->headers.get("x-weft-run-id", run.text()) != run.text();
    if (is_repeat || (!answer && detail::has_begun_nothing(answer.error())))
        for (const FileId& file : files) (void)co_await options.files->drop(tenant, file, by);
    if (answer || refused_for.count() == 0) co_return answer;
    refused(RefusalReason::kRate, *target, Sent(request), http_status(answer.error().code));
    co_return detail::refused_for(answer.error(), refused_for, request.id);
}

rt::Task<Result<std::string>> Hooks::Impl::check_input(Target target, std::string input, rt::Deadline by) {
    constexpr int kTriesMax = 3;  // a version may be published meanwhile
    const TenantId tenant = target->row.tenant;
    std::optional<WorkflowVersionId> version = target->row.published;
    Result<void> fits;
    for (int tries = 0; version && tries < kTriesMax; ++tries) {
        CO_TRY(auto inputs, co_await schemas.of(tenant, *version, by));
        if (!*inputs) co_return input;
        auto check = [&]() -> Result<void> {
            TRY(Json tree, parse_json(input, {.bytes_max = limits::kPayloadBytesMax}));
            return (*inputs)->validate(tree, "input");
        };
        fits = co_await rt::on_pool(check, rt::Pool::kTenants);
        // One that is too much work to check is no sender's mistake: the run says so.
        if (fits || fits.error().code == Code::kLimit) co_return input;
        // What the cache knows may be some seconds old.
        CO_TRY(auto newest, co_await store::triggers::find_published(pool, tenant, target->row.workflow, by));
        if (newest == version) break;
        version = newest;
    }
    if (fits || !version) co_return input;
    Error why = std::move(fits).error();
    if (!why.user.starts_with(why.field)) why.user = why.field + " " + why.user;
    why.user = "The delivery does not fit the workflow's input: " + why.user;
    co_return fail(std::move(why));
}

rt::Task<Result<http::Response>> Hooks::Impl::begin(
    Target target, StartByEvent start, RequestId id, rt::Deadline by
) {
    if (target->webhook.mode == trigger::Mode::kSync)
        co_return co_await callers.start_and_wait(std::move(start), id, by);
    CO_TRY(Started started, co_await ingest.start_by_event(std::move(start), by));
    const auto status = trigger::bare_status(target->webhook.signature);
    if (!status) co_return detail::accepted(started);
    auto answer = http::Response::empty(*status);
    answer.headers.add("x-weft-run-id", started.run.text());
    co_return answer;
}

void Hooks::Impl::note(
    std::string_view reason, const KnownTarget& target, RequestId id, std::string_view detail
) {
    if (options.notices == nullptr) return;
    options.notices->note(
        reason,
        target.row.id.text(),
        {{"request_id", id},
         {"tenant_id", target.row.tenant},
         {"trigger_id", target.row.id},
         {"detail", detail}}
    );
}

void Hooks::Impl::refused(RefusalReason reason, const KnownTarget& target, const Sent& sent, int status) {
    if (options.refusals == nullptr) return;
    options.refusals->note({
        .tenant = target.row.tenant,
        .trigger = target.row.id,
        .reason = reason,
        .status = status,
        .size = sent.size,
        .content_type = sent.content_type,
        .address = masked_address(sent.client),
    });
}

void Hooks::forget(TriggerId trigger) {
    impl_->addresses.forget(trigger);
}

void Hooks::forget_all() {
    impl_->addresses.forget_all();
}

Hooks::Stats Hooks::stats() const {
    return {
        .cached = impl_->addresses.cached(),
        .lookups = impl_->addresses.lookups(),
        .rejected = impl_->rejected,
        .waiting = impl_->callers.waiting(),
    };
}

}  // namespace weft::ingress
