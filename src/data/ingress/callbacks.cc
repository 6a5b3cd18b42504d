#include "data/ingress/callbacks.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "data/ingress/detail/request.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/loop.h"
#include "store/audit/audit.h"
#include "store/files/send.h"
#include "store/waits/approvals.h"

#include <algorithm>
#include <memory>

namespace weft::ingress {

using store::waits::Target;

namespace {

constexpr std::size_t kCallbackTokenBytesMax = 128;  // longer than any of ours

constexpr std::size_t kDecisionBytesMax = 64u << 10;
constexpr std::size_t kNameBytesMax = 100;
constexpr auto kTransferTime = std::chrono::hours(1);  // as of files that people read

http::Response gone(const http::Request& head) {
    return http::problem(
        410, "gone", "Nobody waits for this any more: it was answered, or its time is over", head.id
    );
}

store::runs::WaitRef wait_of(const store::waits::Target& target) {
    return {target.step, target.iteration};
}

/// The answer's value; the body is JSON text already.
std::string answer_json(const http::Request& request, std::string_view body, Instant received_at) {
    const JsonObject about{
        {"timed_out", false},
        {"method", http::name(request.method)},
        {"query", detail::query_json(request)},
        {"received_at", rfc3339(received_at)},
    };
    std::string out = to_text(about);
    out.pop_back();
    return out.append(",\"body\":").append(body).append("}");
}

}  // namespace

void Callbacks::add_routes(http::Router& router) {
    http::RouteOptions options{
        .body_bytes_max = limits::kWebhookBodyBytesMax,
        .timeout = std::chrono::seconds(30),
        .gate = [this](const http::Request& head) { return admit(head); },
    };
    auto handler = [this](http::Request request) { return handle(std::move(request)); };
    for (auto method : {http::Method::kPost, http::Method::kGet, http::Method::kHead}) {
        router.add(method, "/callbacks/{token}", handler, options);
    }
    if (needs_.files == nullptr) return;
    options.timeout = kTransferTime;
    auto file = [this](http::Request request) { return send_file(std::move(request)); };
    router.add(http::Method::kGet, "/callbacks/{token}/files/{file}", file, options);
}

/// What is not there counts against the address, so that guessing soon costs no statement.
Result<http::Pass> Callbacks::refuse(const http::Request& head, http::Response answer) const {
    http::Pass pass;
    const bool is_one_too_many = needs_.strangers != nullptr && needs_.strangers->count(head.client);
    pass.refusal = is_one_too_many ? needs_.strangers->refusal(head) : std::move(answer);
    return pass;
}

rt::Task<Result<http::Pass>> Callbacks::admit(const http::Request& head) {
    http::Pass pass;
    if (needs_.strangers != nullptr && needs_.strangers->is_spent(head.client)) {
        pass.refusal = needs_.strangers->refusal(head);
        co_return pass;
    }
    const std::string token(head.param("token"));
    std::optional<Target> target;
    if (!token.empty() && token.size() <= kCallbackTokenBytesMax) {
        const std::string hash = crypto::sha256(token);
        CO_TRY(target, co_await store::waits::find_by_token(needs_.pool, hash, head.deadline));
        if (target && !equal_constant_time(target->token_hash, hash)) target.reset();
    }
    if (!target) {
        co_return refuse(head, http::problem(Error::not_found("Nobody waits at this address"), head.id));
    }
    if (!target->may_be_answered()) co_return refuse(head, gone(head));
    pass.share = target->tenant.text();
    pass.note = std::make_shared<const Target>(*std::move(target));
    co_return pass;
}

rt::Task<Result<http::Response>> Callbacks::show_approval(Target target, http::Request request) {
    const store::Db db(needs_.pool, target.tenant);
    CO_TRY(
        auto standing,
        co_await store::waits::find_approval(
            db, needs_.codec, target.tenant, target.run, wait_of(target), request.deadline
        )
    );
    // Who has the address learns what it is about; the rest is for those who sign in.
    const bool is_for_members = !standing.approval.approvers.empty();
    JsonObject out{
        {"title", standing.approval.title},
        {"description", is_for_members ? Json("") : Json(standing.approval.description)},
        {"until", rfc3339(standing.deadline_at)},
        {"is_for_members", is_for_members},
        {"run_id", target.run.text()},
        {"step_id", target.step},
        {"iteration", target.iteration},
    };
    out["form"] = is_for_members ? Json(nullptr) : standing.approval.form.value_or(Json(nullptr));
    JsonArray files;
    for (const FileId& id : standing.approval.files) {
        if (is_for_members || needs_.files == nullptr) break;
        auto found = co_await needs_.files->find_for_run(target.tenant, target.run, {id}, request.deadline);
        if (!found && found.error().code == Code::kNotFound) continue;
        if (!found) co_return fail(std::move(found).error());
        const store::files::File& file = found->front();
        files.push_back(
            JsonObject{{"id", file.id.text()}, {"name", file.name}, {"type", file.type}, {"size", file.size}}
        );
    }
    out["files"] = std::move(files);
    auto response = http::Response::json(200, to_text(out));
    response.headers.add("cache-control", "no-store");
    co_return response;
}

/// For whoever has the address of an approval that names nobody, as long as it may be answered.
rt::Task<Result<http::Response>> Callbacks::send_file(http::Request request) {
    if (request.note == nullptr) {
        CO_TRY(auto pass, co_await admit(request));
        if (pass.refusal) co_return std::move(*pass.refusal);
        request.note = std::move(pass.note);
    }
    const Target target = *std::static_pointer_cast<const Target>(request.note);
    if (target.kind != store::runs::WaitKind::kApproval)
        co_return fail(Error::not_found("Nobody shows files at this address"));
    const store::Db db(needs_.pool, target.tenant);
    CO_TRY(
        auto standing,
        co_await store::waits::find_approval(
            db, needs_.codec, target.tenant, target.run, wait_of(target), request.deadline
        )
    );
    if (!standing.approval.approvers.empty())
        co_return fail(Error::forbidden("Sign in to see this: it names who may"));
    const auto wanted = FileId::parse(request.param("file"));
    if (!wanted || std::ranges::find(standing.approval.files, *wanted) == standing.approval.files.end())
        co_return fail(Error::not_found("The approval shows no such file"));
    CO_TRY(
        auto found,
        co_await needs_.files->find_for_run(target.tenant, target.run, {*wanted}, request.deadline)
    );
    const TenantId tenant = target.tenant;
    auto response =
        co_await store::files::send(*needs_.files, tenant, std::move(found.front()), std::move(request));
    if (response) response->headers.set("cache-control", "no-store");
    co_return response;
}

rt::Task<Result<http::Response>> Callbacks::decide(Target target, http::Request request) {
    const rt::Deadline by = request.deadline;
    CO_TRY(Json said, parse_json(request.body, {.bytes_max = kDecisionBytesMax}));
    const Json* approved = said.is_object() ? said.get_object().if_contains("approved") : nullptr;
    if (approved == nullptr || !approved->is_bool())
        co_return fail(Error::invalid("approved is true or false", "approved"));
    const JsonObject& object = said.get_object();
    store::waits::Decision decision{
        .decider = std::string(store::waits::kByLink),
        .name = std::string(utf8::prefix(text_or(object, "name"), kNameBytesMax)),
        .is_approved = approved->get_bool(),
        .comment = std::string(text_or(object, "comment")),
        .form = std::nullopt,
    };
    if (decision.name.empty()) decision.name = "Somebody with the link";
    if (const Json* form = object.if_contains("form"); form != nullptr && !form->is_null())
        decision.form = *form;
    store::audit::Event event{
        .action = "approval.decide",
        .object_kind = "run",
        .object_id = target.run.uuid(),
        .detail =
            {{"step_id", target.step},
             {"iteration", target.iteration},
             {"approved", decision.is_approved},
             {"claimed_name", decision.name}},
        .request_id = request.id,
        .ip = request.client,
    };
    CO_TRY(auto transaction, co_await needs_.pool.begin(pg::Principal::tenant(target.tenant), by));
    const store::Db db(transaction);
    CO_TRY(
        auto standing,
        co_await store::waits::find_approval(db, needs_.codec, target.tenant, target.run, wait_of(target), by)
    );
    if (!standing.approval.approvers.empty())
        co_return fail(Error::forbidden("Sign in to decide this: it names who may"));
    auto decided =
        co_await store::waits::decide(db, needs_.codec, std::move(standing), std::move(decision), by);
    if (!decided && decided.error().code == Code::kConflict) co_return gone(request);
    if (!decided) co_return fail(std::move(decided).error());
    CO_CHECK_OK(co_await store::audit::append(db, target.tenant, std::move(event), by));
    CO_CHECK_OK(co_await transaction.commit(by));
    needs_.tell(store::notices::CancelAsked{});
    co_return http::Response::json(202, R"({"accepted":true})");
}

rt::Task<Result<http::Response>> Callbacks::handle(http::Request request) {
    if (request.note == nullptr) {
        CO_TRY(auto pass, co_await admit(request));
        if (pass.refusal) co_return std::move(*pass.refusal);
        request.note = std::move(pass.note);
    }
    if (request.method == http::Method::kHead) co_return http::Response::empty(200);
    const auto target = std::static_pointer_cast<const Target>(request.note);
    if (target->kind == store::runs::WaitKind::kApproval) {
        if (request.method == http::Method::kGet)
            co_return co_await show_approval(*target, std::move(request));
        co_return co_await decide(*target, std::move(request));
    }
    CO_TRY(auto codings, http::codings_of(request.headers));
    const std::size_t most = detail::reading_bytes_max(request, codings);
    if (request.body_lease) CO_CHECK_OK(request.body_lease->resize(most));
    auto work = [&] { return detail::read_delivery(request, codings); };
    CO_TRY(auto reading, co_await rt::offload(most, work));
    std::string json = answer_json(request, reading.input, needs_.clock.now());
    const rt::Deadline by = request.deadline;
    auto slot = store::runs::ValueSlot::answer_of(target->step, target->iteration);
    CO_TRY(
        auto value,
        co_await needs_.codec.seal(target->tenant, target->run, std::move(slot), std::move(json), by)
    );
    CO_TRY(
        const bool is_taken,
        co_await store::waits::answer(needs_.pool, *target, std::move(value), std::nullopt, by)
    );
    if (!is_taken) co_return gone(request);
    needs_.tell(store::notices::CancelAsked{});
    co_return http::Response::json(202, R"({"accepted":true})");
}

}  // namespace weft::ingress
