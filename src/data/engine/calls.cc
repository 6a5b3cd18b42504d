#include "data/engine/detail/calls.h"

#include <utility>

namespace weft::engine {

namespace {

constexpr std::size_t kSmallRequestBytes = 64u << 10;  // as much as the rest of a waiting run

}  // namespace

void Calls::start(Index step, int attempt, broker::Request request, Instant by) {
    auto& scope = scopes_[static_cast<std::size_t>(step)];
    scope = std::make_unique<rt::Scope>(run_.deps.loop);
    const rt::Deadline until = scope->deadline(run_.steady_of(by) - run_.deps.clock.steady());
    scope->spawn(call(step, attempt, std::move(request), until));
}

bool Calls::abort(Index step) {
    auto& scope = scopes_[static_cast<std::size_t>(step)];
    if (scope) scope->cancel(rt::CancelReason::kUser);
    return scope != nullptr;
}

rt::Task<void> Calls::join(Index step) {
    auto& scope = scopes_[static_cast<std::size_t>(step)];
    if (!scope) co_return;
    co_await scope->join();
    scope.reset();
}

rt::Task<void> Calls::close() {
    for (auto& scope : scopes_) {
        if (scope) scope->cancel(rt::CancelReason::kShutdown);
    }
    for (std::size_t i = 0; i < scopes_.size(); ++i) co_await join(static_cast<Index>(i));
}

rt::Task<void> Calls::call(Index step, int attempt, broker::Request request, rt::Deadline by) {
    broker::Response response = co_await perform(std::move(request), std::move(by));
    co_await done_(step, attempt, std::move(response));
}

/// Sends once the request's memory is charged: a run that waits holds no slot, hence slots bound nothing of
/// it.
rt::Task<broker::Response> Calls::perform(broker::Request request, rt::Deadline by) {
    rt::Budget::Charge charge;
    const std::size_t bytes = request.http.body.size();
    if (run_.deps.requests != nullptr && bytes > kSmallRequestBytes) {
        charge = {*run_.deps.requests, run_.tenant.text()};
        ++unsent_;
        auto room =
            co_await charge.resize(2 * static_cast<std::int64_t>(bytes), by);  // ours, and the one sent
        --unsent_;
        run_.job.woken.notify_all();
        if (!room) {
            broker::Response out;
            out.kind = runstate::FailureKind::kLimit;
            out.message =
                "The requests that are under way leave no memory for this one; send fewer or smaller ones";
            out.is_retryable = true;
            if (room.error().code == Code::kCancelled) out.outcome = broker::Response::Outcome::kAborted;
            co_return out;
        }
    }
    broker::Principal who{run_.tenant, run_.id, run_.prepared->version.id};
    co_return co_await run_.deps.broker.perform(who, std::move(request), std::move(by));
}

}  // namespace weft::engine
