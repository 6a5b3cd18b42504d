#include "data/engine/detail/others.h"

#include "core/file/file.h"
#include "data/engine/detail/driver.h"
#include "data/engine/detail/look.h"

#include <fmt/format.h>

#include <utility>

/// Runs that a run begins: its steps' children, and the handler of its failure. Who waits for a child is told
/// by the child's own last flush (store/runs answer_parents).
namespace weft::engine {

using namespace runstate;
using store::runs::Cause;
using store::runs::ValueSlot;

namespace {

constexpr auto kPause = 200ms;                  // while the database is away
constexpr std::size_t kInputTold = 1u << 20;    // of a failed run, to its handler
constexpr std::size_t kMessageTold = 8u << 10;  // likewise

std::unexpected<Error> refused(std::string text) {
    return fail(Error::invalid(std::move(text)));
}

/// Of what cannot be begun, in the step that would begin it.
Failure refusal_of(const Error& error) {
    if (error.code == Code::kLimit) return {FailureKind::kLimit, error.user};
    if (error.code == Code::kInvalid) return {FailureKind::kWorkflow, error.user};
    return {FailureKind::kPlatform, "The other workflow could not be begun"};
}

/// The files that the run is told of. A child is told of at most file::kFilesPerValueMax; a handler of a
/// failure, which is told the input, begins in any case.
rt::Task<Result<std::vector<FileId>>> files_in(std::string input, Cause cause) {
    Result<std::vector<FileId>> found;
    auto value = co_await read_value(std::move(input));
    if (value) found = file::handles_in(value->tree);
    if (!value) found = fail(std::move(value).error());
    if (!found && cause == Cause::kFailure) co_return std::vector<FileId>();
    co_return found;
}

}  // namespace

bool is_passing(const Error& error) {
    return error.code == Code::kUnavailable || error.code == Code::kTimeout || error.code == Code::kCancelled;
}

rt::Task<Result<store::runs::RunWrite>> make_run(Deps& deps, OtherRun run, rt::Deadline by) {
    const std::string named = fmt::format("The workflow \"{}\"", run.workflow);
    if (run.about.depth > workflow::kRunDepthMax) {
        co_return fail(Error::limit(fmt::format(
            "{} was not begun: runs begin each other at most {} deep", named, workflow::kRunDepthMax
        )));
    }
    if (run.about.cause == Cause::kFailure && run.workflow == run.of)
        co_return refused(named + " does not handle its own failures");
    CO_TRY(auto callee, co_await store::runs::find_callee(deps.pool, run.tenant, run.workflow, by));
    if (!callee) co_return refused(named + " does not exist any more");
    if (!callee->is_active)
        co_return refused(fmt::format("{} is {}: it begins no runs", named, callee->state));
    if (!callee->published) co_return refused(named + " has no published version");
    store::runs::RunWrite out = std::move(run.about);
    out.id = RunId::make(run.now, deps.rng);
    out.workflow = callee->id;
    out.version = *callee->published;
    if (file::may_hold_handles(run.input)) {
        CO_TRY(out.files, co_await files_in(run.input, out.cause));
    }
    CO_TRY(
        auto input, co_await deps.codec.seal(run.tenant, out.id, ValueSlot::input(), std::move(run.input), by)
    );
    CO_TRY(
        auto trigger,
        co_await deps.codec.seal(run.tenant, out.id, ValueSlot::trigger(), std::move(run.trigger), by)
    );
    out.values.push_back(std::move(input));
    out.values.push_back(std::move(trigger));
    co_return out;
}

/// Repeats it while that may help; nothing when the run is asked to stop meanwhile.
rt::Task<Result<std::optional<store::runs::RunWrite>>> Driver::make_other(OtherRun other) {
    for (;;) {
        auto made = co_await make_run(run_.deps, other, run_.job.scope.deadline(10s));
        if (made || !is_passing(made.error())) co_return made;
        if (run_.job.scope.is_cancelled()) co_return fail(std::move(made).error());
        if (run_.job.has_unheard_cancel()) co_return std::nullopt;
        run_.deps.log.warn("no other run begun", {{"run_id", run_.id}, {"detail", made.error().detail}});
        (void)co_await rt::sleep_for(kPause, run_.job.scope.forever());
    }
}

OtherRun Driver::other_run(std::string workflow, Cause cause) const {
    OtherRun out{
        .tenant = run_.tenant,
        .now = run_.now(),
        .workflow = std::move(workflow),
        .of = run_.prepared->version.workflow_key,
        .input = {},
        .trigger = {},
        .about = {}
    };
    out.about.cause = cause;
    out.about.depth = run_.job.claimed.depth + 1;
    return out;
}

/// The step's child, to be written with the wait for it. Nothing when it cannot be begun: the event has been
/// applied.
rt::Task<Result<std::optional<store::runs::RunWrite>>> Driver::make_child(OpenWait command) {
    const workflow::Child& child = *slot(command.step).wait->child;
    OtherRun other = other_run(child.workflow, Cause::kStep);
    other.input = child.input;
    other.trigger = to_text(JsonObject{
        {"kind", "workflow"},
        {"run_id", run_.id.text()},
        {"workflow", run_.prepared->version.workflow_key},
        {"step", run_.step(command.step).id},
    });
    other.about.step = run_.step(command.step).id;
    other.about.iteration = run_.iteration(command.step);
    other.about.attempt = command.attempt;
    other.about.is_awaited = child.is_awaited;
    auto made = co_await make_other(std::move(other));
    if (made || run_.job.scope.is_cancelled()) co_return made;
    apply(WaitEnded{.step = command.step, .attempt = command.attempt, .failure = refusal_of(made.error())});
    co_return std::nullopt;
}

std::optional<OtherRun> handler_of(const Prepared& prepared, const Options& options, FailedRun failed) {
    const std::string& handler = prepared.workflow.on_failure();
    if (handler.empty()) return std::nullopt;
    OtherRun out{
        .tenant = failed.tenant,
        .now = failed.now,
        .workflow = handler,
        .of = prepared.version.workflow_key,
        .input = {},
        .trigger = {},
        .about = {}
    };
    out.about.cause = Cause::kFailure;
    out.about.depth = failed.depth + 1;
    JsonObject run{
        {"id", failed.run.text()},
        {"workflow", prepared.version.workflow_key},
        {"version", prepared.version.number},
        {"url", options.public_url + "/runs/" + failed.run.text()},
    };
    out.trigger = to_text(JsonObject{
        {"kind", "failure"}, {"run_id", failed.run.text()}, {"workflow", prepared.version.workflow_key}
    });
    JsonObject error{
        {"kind", name(failed.failure.kind)},
        {"message", clean_text(failed.failure.message, kMessageTold)},
        {"step", failed.step.empty() ? Json(nullptr) : Json(failed.step)},
    };
    // What the run was given are JSON texts of ours, as large as a run's values may be.
    const bool is_short = failed.input.size() + failed.trigger.size() <= kInputTold;
    const auto told = [&](const std::string& text) { return is_short && !text.empty() ? text : "null"; };
    std::string about = to_text(run);
    about.pop_back();
    out.input = "{\"run\":" + about + ",\"trigger\":" + told(failed.trigger) +
                "},\"error\":" + to_text(error) + ",\"input\":" + told(failed.input) + "}";
    return out;
}

/// In the flush that ends the run: there is one handler for each end. One that cannot be begun is a line of
/// the run's log.
rt::Task<Result<void>> Driver::begin_handler(Failure failure, Index step) {
    if (run_.prepared->workflow.on_failure().empty()) co_return Result<void>{};
    FailedRun failed{
        .tenant = run_.tenant,
        .run = run_.id,
        .now = run_.now(),
        .depth = run_.job.claimed.depth,
        .failure = std::move(failure),
        .step = step == kRun ? "" : run_.step(step).id,
        .input = session_.input,
        .trigger = session_.trigger
    };
    if (failed.input.empty()) co_await read_given(failed);
    auto other = handler_of(*run_.prepared, run_.options, std::move(failed));
    auto made = co_await make_other(*std::move(other));
    if (made && *made) record_.begin_run(**std::move(made));
    if (made) co_return Result<void>{};
    if (run_.job.scope.is_cancelled()) co_return fail(std::move(made).error());
    record_.log(
        store::runlog::Level::kWarn,
        std::nullopt,
        "No run handles the failure: " + refusal_of(made.error()).message
    );
    co_return Result<void>{};
}

/// Of a run that has left its sandbox. What cannot be read is not told.
rt::Task<void> Driver::read_given(FailedRun& failed) {
    const rt::Deadline by = run_.job.scope.deadline(10s);
    std::vector<ValueSlot> slots{ValueSlot::input(), ValueSlot::trigger()};
    auto found =
        co_await store::runs::load_values(run_.deps.pool, run_.tenant, run_.id, std::move(slots), by);
    for (std::size_t i = 0; found && i < found->size(); ++i) {
        std::string& to = (*found)[i].slot == ValueSlot::input() ? failed.input : failed.trigger;
        auto text = co_await run_.deps.codec.open(run_.tenant, run_.id, std::move((*found)[i]), by);
        if (text) to = *std::move(text);
    }
}

/// Why a wait ended without an answer that can be used.
std::optional<Failure> failure_of(const store::runs::Answer& answer, const workflow::Wait& wait) {
    if (!answer.failure) return std::nullopt;
    if (!answer.child) return Failure{FailureKind::kWorkflow, *answer.failure};
    const std::string named = wait.child ? fmt::format(" \"{}\"", wait.child->workflow) : "";
    if (!answer.failure_kind)
        return Failure{FailureKind::kWorkflow, fmt::format("The run of the workflow{} was canceled", named)};
    return Failure{*answer.failure_kind, fmt::format("The workflow{} failed: {}", named, *answer.failure)};
}

}  // namespace weft::engine
