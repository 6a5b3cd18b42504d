#pragma once

#include "base/json.h"
#include "core/runstate/runstate.h"
#include "data/engine/detail/look.h"
#include "data/engine/detail/text.h"
#include "data/engine/engine.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::engine {

/// One run in this worker, from claim to end: the loop around runstate::step.
///
/// Requests to the sandbox and to the journal are awaited in place; calls to other systems run beside, each
/// in a scope of its own, and put their answer into the inbox. `Result<void>` of the handlers is an error
/// only when this process must let go of the run at once (fenced off, shutdown).
class Driver {
  public:
    /// `start_seconds` hears how long each sandbox took to come.
    Driver(
        Deps& deps,
        const Options& options,
        Job& job,
        std::shared_ptr<const Prepared> prepared,
        telemetry::Histogram start_seconds
    );

    rt::Task<End> run();

  private:
    using Index = runstate::StepIndex;
    /// What the engine keeps of a step beside runstate's own state.
    struct Slot {
        std::string input;                              // JSON text of `with` as evaluated
        std::string output;                             // JSON text, once succeeded
        std::optional<connector::HttpRequest> request;  // rendered once for all attempts
        Place place;                                    // of the last failure
        std::optional<Instant> started_at;
        std::unique_ptr<rt::Scope> call;
        rt::Budget::Charge charge;  // for `output`, while it is an answer
        bool is_kept = false;       // the sandbox has the output already
        bool is_stored = false;     // its result was in the database when the last slot was left
        bool is_recorded = false;   // its final row is written or in the batch
        int running_row = 0;        // the attempt whose "running" row is written
    };
    struct Timer {
        Index step = runstate::kRun;
        Steady at;
    };

    // ---- the loop (driver.cc)
    rt::Task<Result<void>> drive();
    enum class Which { kAll, kStored };
    rt::Task<Result<void>> open_values(std::vector<store::runs::StoredPayload> payloads, Which which);
    rt::Task<Result<void>> check_input();
    void start();
    runstate::Started replay();
    void restore(const store::runs::StepRun& row, runstate::JournalEntry entry, runstate::Started& started);
    rt::Task<Result<void>> turn();
    rt::Task<Result<void>> wait();
    void apply(const runstate::Event& event);
    bool fire_timer();
    rt::Task<void> close_calls();

    // ---- commands (commands.cc)
    rt::Task<Result<void>> execute(runstate::Command command);
    rt::Task<Result<void>> on(runstate::Evaluate command);
    rt::Task<Result<void>> on(runstate::Perform command);
    rt::Task<Result<void>> on(runstate::RunCode command);
    rt::Task<Result<void>> on(runstate::JournalIntent command);
    rt::Task<Result<void>> on(runstate::JournalWait command);
    rt::Task<Result<void>> on(runstate::JournalResult command);
    rt::Task<Result<void>> on(runstate::StartTimer command);
    rt::Task<Result<void>> on(runstate::Abort command);
    rt::Task<Result<void>> on(runstate::Respond command);
    rt::Task<Result<void>> on(runstate::Park command);
    rt::Task<Result<void>> on(runstate::Finish command);
    rt::Task<runstate::InputEvaluated> input_ready(Index step, std::string json);
    runstate::InputEvaluated input_read(Index step, Value value);
    runstate::InputEvaluated input_failed(Index step, runstate::Failure failure, Place place);
    rt::Task<Result<connector::HttpRequest>> build_request(Index step, std::string rendered) const;
    void spawn_call(Index step, int attempt, Instant by);
    rt::Task<void> call(Index step, int attempt, broker::Request request, rt::Deadline by);
    rt::Task<broker::Response> perform(broker::Request request, rt::Deadline by);
    runstate::CallFinished call_failed(Index step, int attempt, const Error& error);
    Millis code_cpu(Index step) const;
    std::string code_cpu_note(Index step) const;
    rt::Task<runstate::CallFinished> check_output(runstate::CallFinished event);

    // ---- the sandbox (sandbox.cc)
    /// Nothing when the sandbox is gone or the run was canceled meanwhile: the event has been applied.
    rt::Task<Result<std::optional<isolation::Reply>>> ask(
        protocol::Request request, Index step, rt::Deadline by
    );
    rt::Task<Result<void>> take_sandbox();
    std::optional<Steady> slot_until() const;
    void leave_slot();
    rt::Task<Result<void>> come_back();
    rt::Task<Result<void>> sandbox_failed(Error error);
    void append_begin();
    void put(Index step, std::string_view status, std::string& output, std::string error);
    void keep_logs(std::vector<protocol::Log> logs, Index step);

    // ---- the journal (record.cc)
    rt::Task<Result<void>> flush(store::runs::JobFate fate, runstate::RunStatus status, Millis park_for = {});
    rt::Task<Result<void>> seal_values();
    store::runs::StepWrite& row_of(Index step);
    void keep_value(std::string slot, std::string json);
    void note(std::string kind, std::optional<Index> step, JsonObject detail);
    void note_cancel(const store::queue::Cancel& cancel);
    void log(std::string_view level, std::optional<Index> step, std::string text);
    void record_running();
    void record_rest();
    rt::Task<Result<void>> give_back(store::runs::JobFate fate, Millis delay);
    rt::Task<Result<void>> fail_plainly(runstate::Failure failure, Place place);

    Instant now() const;
    Steady steady_of(Instant at) const;
    rt::Deadline deadline(Instant by) const;
    bool is_dirty() const { return !batch_.steps.empty() || !batch_.events.empty() || !batch_.logs.empty(); }
    std::size_t count() const { return prepared_->workflow.steps().size(); }
    Slot& slot(Index step) { return slots_[static_cast<std::size_t>(step)]; }
    const workflow::CompiledStep& step_at(Index step) const {
        return prepared_->workflow.steps()[static_cast<std::size_t>(step)];
    }
    const runstate::PlanStep& plan_at(Index step) const {
        return prepared_->workflow.plan().steps[static_cast<std::size_t>(step)];
    }
    bool is_in(Index step, runstate::Phase phase) const {
        return state_.steps[static_cast<std::size_t>(step)].phase == phase;
    }

    Deps& deps_;
    const Options& options_;
    Job& job_;
    const std::shared_ptr<const Prepared> prepared_;  // shared with the cache and other runs of the version
    const TenantId tenant_;
    const RunId run_;
    telemetry::Histogram start_seconds_;

    runstate::State state_;
    std::deque<runstate::Command> commands_;
    std::deque<runstate::Event> inbox_;
    std::vector<Timer> timers_;
    std::vector<Slot> slots_;

    std::string input_;
    std::string trigger_;
    std::string output_;
    Instant started_at_;
    std::unique_ptr<isolation::Sandbox> sandbox_;
    std::string frames_;                       // to go with the next request
    std::vector<rt::Budget::Charge> charges_;  // for answers in `frames_` and `values_`
    int unsent_ = 0;                           // calls that wait for memory for their requests
    Steady used_at_;                           // when the sandbox last answered, or the claim
    int log_lines_ = 0;

    store::runs::Entry batch_;  // rows since the last flush
    std::vector<std::pair<std::string, std::string>>
        values_;  // slot and JSON text, to be sealed at the flush
    std::int64_t events_written_ = 0;
    std::int64_t logs_written_ = 0;
    std::optional<Steady> dirty_since_;
    bool is_urgent_ = false;  // somebody waits for the response
    bool is_cancel_applied_ = false;
    bool is_buried_ = false;  // the last crash allowed: keep a dead letter
    std::optional<End> end_;
};

}  // namespace weft::engine
