#include "data/engine/detail/session.h"

#include <utility>

namespace weft::engine {

rt::Task<Result<void>> Session::open() {
    isolation::RunSpec spec{.tenant = run_.tenant, .run = run_.id};
    if (run_.prepared->is_shared) spec.shared_by = run_.prepared->version.id;
    const Steady asked_at = run_.deps.clock.steady();
    const rt::Deadline by = run_.job.scope.deadline(run_.options.sandbox_wait);
    CO_TRY(sandbox_, co_await run_.deps.sandboxes.start(spec, {}, by));
    start_seconds_.observe(std::chrono::duration<double>(run_.deps.clock.steady() - asked_at).count());
    append_begin();
    co_return Result<void>{};
}

Result<void> Session::add(const protocol::Request& request) {
    auto fits = protocol::append(frames_, request);
    if (!fits) return fail(std::move(fits).error().during("encode a frame"));
    return {};
}

rt::Task<Result<isolation::Reply>> Session::ask(rt::Deadline by) {
    std::string frames = take_frames();
    run_.job.asking = sandbox_.get();
    auto reply = co_await sandbox_->request(std::move(frames), std::move(by));
    run_.job.asking = nullptr;
    touch();
    if (!reply) sandbox_.reset();
    co_return reply;
}

std::string Session::take_frames() {
    return std::exchange(frames_, {});
}

void Session::leave() {
    close();
    frames_ = {};
    input = {};
    trigger = {};
}

void Session::append_begin() {
    JsonObject about;
    about["id"] = run_.id.text();
    about["workflow"] = run_.prepared->version.workflow_key;
    about["version"] = run_.prepared->version.number;
    about["attempt"] = run_.job.claimed.lease.epoch;
    about["started_at"] = rfc3339(run_.started_at);
    protocol::Begin begin;
    begin.run = to_text(about);
    begin.input = std::move(input);
    begin.trigger = std::move(trigger);
    begin.env = run_.prepared->workflow.env();
    const std::string puts = take_frames();
    protocol::Request request(std::move(begin));
    (void)protocol::append(frames_, request);  // parts are within their limits
    frames_ += puts;
    auto& sent = std::get<protocol::Begin>(request);
    input = std::move(sent.input);
    trigger = std::move(sent.trigger);
}

void Session::put(Index step, runstate::StepStatus status, std::string& output, std::string error) {
    protocol::Put frame;
    frame.step = run_.step(step).id;
    frame.status = name(status);
    frame.output = std::move(output);
    frame.error = std::move(error);
    protocol::Request request(std::move(frame));
    (void)protocol::append(frames_, request);
    output = std::move(std::get<protocol::Put>(request).output);
}

}  // namespace weft::engine
