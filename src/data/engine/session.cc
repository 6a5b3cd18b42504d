#include "data/engine/detail/session.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace weft::engine {

using runstate::LaneIndex;

namespace {
/// With all that goes along, a message fits into a socket's buffer: the sandbox may already be writing a
/// large reply to the first request, and does not read meanwhile.
constexpr std::size_t kAheadBytesMax = 32u << 10;
/// Memory is looked at when this much may have happened since: reading it takes some microseconds.
constexpr auto kLookAfter = std::chrono::milliseconds(1);
}  // namespace

rt::Task<Result<void>> Session::open() {
    isolation::RunSpec spec{.tenant = run_.tenant, .run = run_.id};
    if (run_.prepared->is_shared) spec.shared_by = run_.prepared->version.id;
    const Steady asked_at = run_.deps.clock.steady();
    const rt::Deadline by = run_.job.scope.deadline(run_.options.sandbox_wait);
    CO_TRY(sandbox_, co_await run_.deps.sandboxes.start(spec, {}, by));
    start_seconds_.observe(std::chrono::duration<double>(run_.deps.clock.steady() - asked_at).count());
    cpu_seen_ = sandbox_->cpu();
    memory_bytes_ = 0;
    append_begin();
    co_return Result<void>{};
}

bool Session::has_foreseen(const protocol::Request& request) const {
    return is_ahead_good_ && frames_.empty() && !ahead_.empty() && ahead_.front() == request;
}

rt::Task<Result<isolation::Reply>> Session::ask(std::vector<protocol::Request> requests, rt::Deadline by) {
    run_.job.asking = sandbox_.get();
    const Steady asked_at = run_.deps.clock.steady();
    Result<isolation::Reply> reply = isolation::Reply{};
    if (has_foreseen(requests.front())) {
        ahead_.pop_front();
        reply = co_await sandbox_->next(std::move(by));
    } else {
        reply = co_await send(std::move(requests), std::move(by));
    }
    run_.job.asking = nullptr;
    touch();
    measure(used_at_ - asked_at);
    // Of what was sent ahead the sandbox then does nothing.
    is_ahead_good_ = reply && std::holds_alternative<protocol::Value>(reply->result);
    if (!reply) close();
    co_return reply;
}

rt::Task<Result<isolation::Reply>> Session::send(std::vector<protocol::Request> requests, rt::Deadline by) {
    // It went otherwise than foreseen: nobody wants these.
    for (; !ahead_.empty(); ahead_.pop_front()) CO_CHECK_OK(co_await sandbox_->next(by));
    CO_CHECK_OK(protocol::append(frames_, requests.front()));
    for (std::size_t i = 1; i < requests.size(); ++i) {
        auto& ahead = std::get<protocol::Evaluate>(requests[i]);
        const std::size_t before = frames_.size();
        ahead.is_ahead = true;
        const bool fits = protocol::append(frames_, requests[i]) && frames_.size() <= kAheadBytesMax;
        ahead.is_ahead = false;
        if (!fits) {
            frames_.resize(before);
            break;
        }
        ahead_.push_back(std::move(requests[i]));
    }
    co_return co_await sandbox_->request(take_frames(), std::move(by), static_cast<int>(ahead_.size()));
}

/// What it did ahead counts for the question before: of the run it is all the same.
void Session::measure(Steady::duration worked) {
    const Micros cpu = sandbox_->cpu();
    used_.cpu_us += std::max(cpu - cpu_seen_, Micros(0)).count();
    cpu_seen_ = cpu;
    if (worked >= kLookAfter || memory_bytes_ == 0)
        memory_bytes_ = std::max(sandbox_->memory_bytes(), memory_bytes_);
    const double seconds = std::chrono::duration<double>(worked).count();
    used_.memory_byte_seconds += std::llround(static_cast<double>(memory_bytes_) * seconds);
}

void Session::close() {
    if (sandbox_) measure({});
    sandbox_.reset();
    ahead_.clear();
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

void Session::forget(LaneIndex lane) {
    (void)protocol::append(frames_, protocol::Request(protocol::Forget{run_.scope(run_.lane(lane).first)}));
}

void Session::put(Index step, runstate::StepStatus status, std::string& output, std::string error) {
    protocol::Put frame;
    frame.step = run_.step(step).id;
    frame.scope = run_.scope(step);
    frame.status = name(status);
    frame.output = std::move(output);
    frame.error = std::move(error);
    protocol::Request request(std::move(frame));
    (void)protocol::append(frames_, request);
    output = std::move(std::get<protocol::Put>(request).output);
}

}  // namespace weft::engine
