#include "data/engine/detail/driver.h"

#include <fmt/format.h>

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
    if (reply) {
        keep_logs(std::move(reply->logs), step);
        co_return std::move(*reply);
    }
    sandbox_.reset();
    CO_CHECK_OK(co_await sandbox_failed(std::move(reply).error()));
    co_return std::nullopt;
}

rt::Task<Result<void>> Driver::take_sandbox() {
    isolation::RunSpec spec{.tenant = tenant_, .run = run_};
    auto started = co_await deps_.sandboxes.start(spec, {}, job_.scope.deadline(options_.sandbox_wait));
    if (started) {
        sandbox_ = *std::move(started);
        append_begin();
        co_return Result<void>{};
    }
    if (job_.scope.is_cancelled()) co_return fail(std::move(started).error());
    // The host's trouble, not the run's.
    deps_.log.warn("no sandbox", {{"run_id", run_}, {"detail", started.error().detail}});
    co_return co_await give_back(JobFate::kPostpone, 1s);
}

/// The sandbox's values are gone with it. Its own limits end the run; a death for other reasons gives the run
/// another chance from its journal, as a crashed worker would.
rt::Task<Result<void>> Driver::sandbox_failed(Error error) {
    if (job_.scope.is_cancelled()) co_return fail(std::move(error));
    if (job_.cancel_reason) co_return Result<void>{};  // killed for that: turn() goes on from here
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
    begin.input = input_;
    begin.trigger = trigger_;
    begin.env = prepared_->workflow.env();
    std::string puts = std::move(frames_);
    frames_.clear();
    (void)protocol::append(frames_, protocol::Request(std::move(begin)));  // parts are within their limits
    frames_ += puts;
}

void Driver::put(Index step, std::string_view status, std::string output, std::string error) {
    protocol::Put frame;
    frame.step = step_at(step).id;
    frame.status = status;
    frame.output = std::move(output);
    frame.error = std::move(error);
    (void)protocol::append(frames_, protocol::Request(std::move(frame)));
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
