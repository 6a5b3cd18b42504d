#include "data/engine/detail/driver.h"

#include <algorithm>
#include <unordered_map>

namespace weft::engine {

using namespace runstate;
using store::runs::JobFate;

rt::Task<Result<std::optional<isolation::Reply>>> Driver::ask(
    protocol::Request request, Index step, rt::Deadline by
) {
    if (!sandbox_) {
        CO_CHECK_OK(co_await take_sandbox());
        if (!sandbox_) co_return std::nullopt;
    }
    if (auto fits = protocol::append(frames_, request); !fits) {
        co_return fail(std::move(fits).error().during("encode a frame"));
    }
    std::string frames = std::move(frames_);
    frames_.clear();
    job_.asking = sandbox_.get();
    auto reply = co_await sandbox_->request(std::move(frames), std::move(by));
    job_.asking = nullptr;
    used_at_ = deps_.clock.steady();
    if (values_.empty()) charges_.clear();
    if (reply) {
        keep_logs(std::move(reply->logs), step);
        co_return std::move(*reply);
    }
    sandbox_.reset();
    CO_CHECK_OK(co_await sandbox_failed(std::move(reply).error()));
    co_return std::nullopt;
}

rt::Task<Result<void>> Driver::take_sandbox() {
    if (!job_.has_slot) {
        auto back = co_await come_back();
        if (!back && job_.cancel && !job_.scope.is_cancelled()) co_return Result<void>{};
        if (!back && back.error().code == Code::kUnavailable) {
            co_return co_await give_back(JobFate::kPostpone, 1s);
        }
        CO_CHECK_OK(back);
    }
    isolation::RunSpec spec{.tenant = tenant_, .run = run_};
    const Steady asked_at = deps_.clock.steady();
    auto started = co_await deps_.sandboxes.start(spec, {}, job_.scope.deadline(options_.sandbox_wait));
    if (started) {
        start_seconds_.observe(std::chrono::duration<double>(deps_.clock.steady() - asked_at).count());
        sandbox_ = *std::move(started);
        append_begin();
        co_return Result<void>{};
    }
    if (job_.scope.is_cancelled()) co_return fail(std::move(started).error());
    // The host's trouble, not the run's.
    deps_.log.warn("no sandbox", {{"run_id", run_}, {"detail", started.error().detail}});
    co_return co_await give_back(JobFate::kPostpone, 1s);
}

/// Until when a run with nothing to do keeps its slot.
std::optional<Steady> Driver::slot_until() const {
    if (deps_.slots == nullptr || !job_.has_slot || unsent_ > 0) return std::nullopt;
    return used_at_ + options_.slot_patience;
}

/// What is kept meanwhile: the state, requests that may be repeated, and answers as they come.
void Driver::leave_slot() {
    sandbox_.reset();
    frames_ = {};
    charges_.clear();
    input_ = {};
    trigger_ = {};
    for (Slot& mine : slots_) mine.is_stored = mine.is_recorded;
    deps_.slots->leave(job_);
}

/// Waits for a slot, then makes ready what a new sandbox is told: as after a crash, from the journal.
rt::Task<Result<void>> Driver::come_back() {
    CO_CHECK_OK(co_await deps_.slots->enter(job_));
    used_at_ = deps_.clock.steady();
    store::queue::Lease all = job_.claimed.lease;
    all.epoch = std::max<std::int64_t>(all.epoch, 2);  // of a first claim only the inputs would be read
    std::vector<store::queue::Lease> leases{all};
    const rt::Deadline by = job_.scope.deadline(10s);
    CO_TRY(auto loaded, co_await store::runs::load(deps_.pool, std::move(leases), now(), by));
    if (loaded.empty()) co_return fail(Error::unavailable("Try again", "the run is not in the database"));
    CO_CHECK_OK(co_await open_values(std::move(loaded.front().payloads), Which::kStored));
    std::unordered_map<std::string_view, const store::runs::StepRun*> rows;
    for (const auto& row : loaded.front().steps) rows[row.step] = &row;
    std::string since = std::move(frames_);
    frames_.clear();
    for (std::size_t i = 0; i < count(); ++i) {
        auto row = rows.find(prepared_->workflow.steps()[i].id);
        if (!slots_[i].is_stored || row == rows.end()) continue;
        put(static_cast<Index>(i), row->second->state, slots_[i].output, row->second->error.value_or(""));
        slots_[i].output = {};
    }
    frames_ += since;
    co_return Result<void>{};
}

/// The sandbox's values are gone with it. Its own limits end the run; a death for other reasons gives the run
/// another chance from its journal, as a crashed worker would.
rt::Task<Result<void>> Driver::sandbox_failed(Error error) {
    if (job_.scope.is_cancelled()) co_return fail(std::move(error));
    if (job_.cancel) co_return Result<void>{};  // killed for that: turn() goes on from here
    switch (error.code) {
        case Code::kLimit:
        case Code::kTimeout: {
            std::string message = error.user.empty() ? "The sandbox reached its limits" : error.user;
            apply(SandboxLost{{FailureKind::kLimit, std::move(message)}});
            co_return Result<void>{};
        }
        default:
            break;
    }
    deps_.log.warn("sandbox died", {{"run_id", run_}, {"tenant_id", tenant_}, {"detail", error.detail}});
    if (job_.claimed.crashes + 1 < options_.crashes_max) {
        co_return co_await give_back(JobFate::kCrash, Millis(100) * (job_.claimed.crashes + 1));
    }
    is_buried_ = true;
    apply(SandboxLost{{FailureKind::kPlatform, "The run's sandbox died repeatedly"}});
    co_return Result<void>{};
}

/// Begin comes first, before what restore() has put.
void Driver::append_begin() {
    JsonObject run;
    run["id"] = run_.text();
    run["workflow"] = prepared_->version.workflow_key;
    run["version"] = prepared_->version.number;
    run["attempt"] = job_.claimed.lease.epoch;
    run["started_at"] = rfc3339(started_at_);
    protocol::Begin begin;
    begin.run = to_text(run);
    begin.input = std::move(input_);
    begin.trigger = std::move(trigger_);
    begin.env = prepared_->workflow.env();
    std::string puts = std::move(frames_);
    frames_.clear();
    protocol::Request request(std::move(begin));
    (void)protocol::append(frames_, request);  // parts are within their limits
    frames_ += puts;
    auto& sent = std::get<protocol::Begin>(request);
    input_ = std::move(sent.input);
    trigger_ = std::move(sent.trigger);
}

/// Borrows `output` instead of copying it: it may have 8 MiB.
void Driver::put(Index step, std::string_view status, std::string& output, std::string error) {
    protocol::Put frame;
    frame.step = step_at(step).id;
    frame.status = status;
    frame.output = std::move(output);
    frame.error = std::move(error);
    protocol::Request request(std::move(frame));
    (void)protocol::append(frames_, request);
    output = std::move(std::get<protocol::Put>(request).output);
}

void Driver::keep_logs(std::vector<protocol::Log> logs, Index step) {
    static constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};
    for (protocol::Log& log : logs) {
        if (log_lines_ >= limits::kLogLinesPerRunMax) return;
        ++log_lines_;
        store::runs::LogWrite line{
            .at = now(),
            .level = kLevels[static_cast<std::size_t>(log.level) & 3],
            .step = {},
            .message = clean_text(log.text, limits::kLogLineBytesMax),
        };
        if (step != kRun) line.step = step_at(step).id;
        batch_.logs.push_back(std::move(line));
    }
    if (!dirty_since_ && !batch_.logs.empty()) dirty_since_ = deps_.clock.steady();
}

}  // namespace weft::engine
