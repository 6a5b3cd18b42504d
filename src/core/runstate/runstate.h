#pragma once

#include "base/id.h"
#include "base/time.h"
#include "core/runstate/policy.h"
#include "core/runstate/states.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// One run as a pure function: `step(plan, state, event, tick) -> (state, commands)`. No I/O, no clock, no
/// randomness of its own, no values: inputs and outputs of steps stay in the sandbox and the engine. See
/// README.md for the rules of needs, skipping, failing, retrying and resuming.
namespace weft::runstate {

using StepIndex = std::int32_t;
/// Stands for the run itself where a step is meant: its time limit (StartTimer, TimerFired) and its output
/// template (Evaluate, InputEvaluated).
inline constexpr StepIndex kRun = -1;

// ---------------------------------------------------------------- plan: what is to be done, immutable

enum class StepKind {
    kMap,      // the evaluated input is the output
    kCode,     // RunCode after the input
    kCall,     // Perform after the input: an app action or core/http
    kRespond,  // Respond with the evaluated input
    kSleep,    // waits; InputEvaluated says for how long
    kFail,     // fails with the message in InputEvaluated
    kSwitch,   // takes the branch in InputEvaluated
    kWait,     // OpenWait with the evaluated input, then until somebody answers or its time is over; a run
               // that it begins answers too, and may be begun anew (retry)
    kLoop,     // its body runs once for each item, or as long as a condition holds
    kBreak,    // its loop begins no more items
};

/// kSuccess: succeeded, or failed with on_error continue. kFailure: failed; this makes the needing step the
/// failure's handler, and the run goes on. kFinished: however it ended, skipping included (but an unhandled
/// failure ends the run). kWaiting: the needed kWait step has begun to wait, and so what answers it can be
/// told to others; or it has ended since.
enum class NeedOn { kSuccess, kFailure, kFinished, kWaiting };
std::string_view name(NeedOn on);
std::optional<NeedOn> need_on_from(std::string_view text);

/// Which way a kSwitch step went, by the author's order; elsewhere kNoBranch.
using Branch = std::int32_t;
inline constexpr Branch kNoBranch = -1;

struct Need {
    StepIndex step = 0;
    NeedOn on = NeedOn::kSuccess;
    Branch branch = kNoBranch;  // with kSuccess of a kSwitch step: it took this one
    bool operator==(const Need&) const = default;
};

/// The number of an item of a loop, from 1: 0 are steps outside of loops. Of one inside another loop it
/// begins with the outer item's number: 2'000'005 is the fifth of the second.
using Iteration = std::int64_t;
inline constexpr Iteration kItemsMax = 100'000;  // of one loop
inline constexpr Iteration kNumberStep = 1'000'000;
inline constexpr int kLoopDepthMax = 3;  // loops in loops: numbers stay within 63 bits
/// `index` from 0; `around` is the number of the item that the loop is a part of.
inline Iteration item_number(Iteration around, Iteration index) {
    return around * kNumberStep + index + 1;
}
inline Iteration index_in_loop(Iteration iteration) {
    return iteration % kNumberStep - 1;
}
inline Iteration outer_iteration(Iteration iteration) {
    return iteration / kNumberStep;
}

/// One of the places in which a loop's items are worked on, an item at a time: copies of the body's steps,
/// `count` of them from `first` on, in the order of the body's definition, which begins at `definition`.
using LaneIndex = std::int32_t;
inline constexpr LaneIndex kNoLane = -1;
struct Lane {
    StepIndex loop = 0;
    StepIndex first = 0;
    StepIndex count = 0;
    StepIndex definition = 0;
    bool operator==(const Lane&) const = default;
};

/// Of a kLoop step.
struct Loop {
    bool is_while = false;  // goes on as long as InputEvaluated says so; else once for each of its items
    OnError on_item_error = OnError::kFail;
    Iteration max = kItemsMax;  // of a while loop: reaching it fails the step
    StepIndex body = 0;         // where the body's definition begins
    StepIndex body_count = 0;
    LaneIndex first_lane = 0;
    LaneIndex lanes = 1;
    bool operator==(const Loop&) const = default;
};

struct PlanStep {
    std::string id;
    StepKind kind = StepKind::kMap;
    Effect effect = Effect::kIdempotent;  // kCall only
    OnError on_error = OnError::kFail;
    OnUnknown on_unknown = OnUnknown::kFail;  // unsafe calls only
    std::vector<Need> needs;
    bool is_first_wins = false;  // one need that is met is enough
    bool is_final = false;       // begins when the others are through, however the run ends
    RetryPolicy retry{.attempts = 1};
    Millis timeout{30'000};    // of one attempt
    std::optional<Loop> loop;  // kLoop
    LaneIndex lane = kNoLane;  // in which it is a copy
    bool operator==(const PlanStep&) const = default;
};

struct Plan {
    /// The steps outside of loops as they are defined, then the lanes. No cycle, needs in range, and within a
    /// lane when the step is in one: core/workflow checked.
    std::vector<PlanStep> steps;
    std::vector<Lane> lanes;
    Millis timeout{3'600'000};  // of the run from its start, or from the end of its last sleep or wait
    bool has_output = false;    // an output template is evaluated at the end
    int parallel_max = 16;     // steps under way at once: one run must not take all of a worker's connections
    Millis park_after{5'000};  // nothing to do for longer than this: give the sandbox back
    bool operator==(const Plan&) const = default;

    /// Which of the defined steps this one is or copies.
    StepIndex definition_of(StepIndex step) const {
        const LaneIndex lane = steps[static_cast<std::size_t>(step)].lane;
        if (lane == kNoLane) return step;
        const Lane& in = lanes[static_cast<std::size_t>(lane)];
        return in.definition + step - in.first;
    }
};

inline constexpr Millis kFinallyMax{300'000};        // what final steps may take together
inline constexpr std::size_t kPlanStepsMax = 5'000;  // all lanes included: what one event may have to look at

/// The plan of `definitions`, of which the first `top` are outside of loops; each loop's body stands
/// together, and its needs are definitions. Nothing when it would have more than kPlanStepsMax steps.
std::optional<Plan> lay_out(const std::vector<PlanStep>& definitions, StepIndex top);

/// Does the run go on after a failure of this step: by its on_error, or because a step needs it to fail?
bool is_handled(const Plan& plan, StepIndex step);

// ---------------------------------------------------------------- state

struct Failure {
    FailureKind kind = FailureKind::kPlatform;
    std::string message;                                   // for the tenant
    std::optional<ErrorClass> error_class = std::nullopt;  // where more is known than the kind
    bool operator==(const Failure&) const = default;
};

inline ErrorClass class_of(const Failure& failure) {
    return failure.error_class.value_or(class_of(failure.kind));
}

/// Where a step is. The names in the journal and the API are coarser: `status(phase)`.
enum class Phase : std::uint8_t {
    kQueued,
    kEvaluating,  // its condition and input are being evaluated
    kIntent,      // the intent of an unsafe call is being committed
    kCalling,
    kCoding,
    kOpening,     // that it waits, and for what, is being committed
    kClosing,     // its time is over; whether it was answered before is being asked
    kCollecting,  // a loop whose items are through: its output is being put together
    kLooping,     // its items are under way
    kRetryWait,   // until `until`, then attempt + 1
    kSleeping,    // until `until`
    kWaiting,     // for an answer, until `until`
    kSuccess,
    kFailed,
    kSkipped,
    kCanceled,
    kNotReached,
};
StepStatus status(Phase phase);

/// How far a loop is.
struct LoopState {
    Iteration total = 0;  // items; of a while loop, iterations that its condition has allowed
    Iteration next = 0;   // index of the item to begin next
    Iteration failed = 0;
    bool is_broken = false;          // begins no more
    std::optional<Failure> failure;  // why it fails once nothing of it is under way
    bool operator==(const LoopState&) const = default;
};

inline constexpr Iteration kIdle = -1;
struct LaneState {
    Iteration iteration = kIdle;
    bool is_stopping = false;  // nothing new starts in it; calls under way are awaited
    std::optional<Failure> failure;
    bool operator==(const LaneState&) const = default;
};

/// Attempts that do not count: the other system did nothing and said when to come again, or nobody asked it.
struct Excused {
    int attempts = 0;  // of those begun
    int waits = 0;     // of these, those for which it was asked to wait
    Millis asked{0};   // and for how long, together
    bool operator==(const Excused&) const = default;
};
inline constexpr int kAskedWaitsMax = 20;          // Excused::waits of one step
inline constexpr Millis kAskedMax{2 * 3'600'000};  // Excused::asked of one step
inline constexpr int kExcusedMax = 1'000;          // Excused::attempts of one step

struct StepState {
    Phase phase = Phase::kQueued;
    int attempt = 0;  // attempts begun so far, 1-based once begun
    Excused excused = {};
    bool has_input = false;  // the sandbox of this process holds the evaluated input
    Instant until{};         // kRetryWait, kSleeping, kWaiting
    std::optional<Failure> failure;
    Branch branch = kNoBranch;      // kSuccess of a kSwitch step
    std::optional<LoopState> loop;  // of a kLoop step that has begun
    bool operator==(const StepState&) const = default;
    StepStatus status() const { return runstate::status(phase); }
};

enum class Stage : std::uint8_t {
    kNew,
    kRunning,
    kOutput,    // all steps are through; the output template is being evaluated
    kStopping,  // failed or cancelled: nothing new starts, calls under way are awaited
    kFinally,   // how it ends is known; the final steps are under way
    kParked,    // this process has nothing to do until `until`; go on with a new state and Started
    kFinished,
};

/// A value; copy it, compare it, rebuild it from the journal with Started.
struct State {
    Stage stage = Stage::kNew;
    std::vector<StepState> steps;
    std::vector<LaneState> lanes;
    Instant deadline{};
    RunStatus end = RunStatus::kRunning;  // kStopping, kFinally, kFinished: how it ends
    std::optional<Failure> failure;
    StepIndex failed_step = kRun;  // whose failure ended the run; kRun when no step did
    bool is_cut_short = false;     // the final steps have been told to stop: none is tried again
    bool operator==(const State&) const = default;
    RunStatus status() const;
    /// Of which the step is a part at present; 0 outside of loops.
    Iteration iteration_of(const Plan& plan, StepIndex step) const {
        const LaneIndex lane = plan.steps[static_cast<std::size_t>(step)].lane;
        return lane == kNoLane ? 0 : lanes[static_cast<std::size_t>(lane)].iteration;
    }
};

// ---------------------------------------------------------------- events: what happened

/// One line of the journal. The store may keep only the newest line of each (step, iteration, attempt,
/// entry), in order.
struct JournalEntry {
    /// kAnswer: somebody has answered a kWait step. Written by whoever took the answer in, not by the engine.
    enum class Entry { kIntent, kWait, kAnswer, kLoop, kResult };
    StepIndex step = 0;  // as defined: see Plan::definition_of
    Iteration iteration = 0;
    Entry entry = Entry::kResult;
    int attempt = 0;
    StepStatus status = StepStatus::kSuccess;  // kResult
    Instant until{};                           // kWait
    Instant at{};                              // kResult of a kSleep or kWait step: when it ended
    std::optional<Failure> failure;  // kResult of a failed step; kWait: why it is repeated; kAnswer:
                                     // what of the answer fails the step
    bool is_retryable = false;       // kAnswer with `failure`: another attempt may help
    Branch branch = kNoBranch;       // kResult of a kSwitch step that succeeded
    Iteration items = 0;             // kLoop: how many there are
    Excused excused = {};            // kWait; kIntent may say it again
    bool operator==(const JournalEntry&) const = default;
};

/// First event of every state. `journal` is empty for a new run. `started_at` is when the run started first,
/// so that its deadline survives a change of workers. Before this event the engine has put the outputs and
/// errors of the journal's finished steps into the sandbox.
struct Started {
    Instant started_at{};
    std::vector<JournalEntry> journal;
    bool is_canceled = false;  // asked to stop before: what the journal leaves open does not begin again
    bool has_begun = true;     // false: it was never let begin, so there is nothing for final steps to finish
};

/// Answer to Evaluate. For kSleep and kWait `wake_at` is set; for kFail `failure` with the author's message
/// and kWorkflow; for kLoop `items`, of a while loop 1 when it is to go on and 0 when not.
struct InputEvaluated {
    enum class Outcome { kReady, kSkipped, kFailed };
    StepIndex step = 0;
    Iteration iteration = 0;  // that was asked about, as in all answers: a lane may have gone on to another
    Outcome outcome = Outcome::kReady;
    std::optional<Failure> failure;  // kFailed; or kReady of a kFail step
    Instant wake_at{};               // kReady of a kSleep step; of a kWait step: its deadline
    Branch branch = kNoBranch;       // kReady of a kSwitch step
    Iteration items = 0;             // kReady of a kLoop step; at most kItemsMax
};

/// Answer to Collect; `failure` when the output cannot be.
struct Collected {
    StepIndex step = 0;
    Iteration iteration = 0;
    std::optional<Failure> failure;
};

/// Answer to JournalIntent: it is committed under our epoch. (A stale epoch is no event: the engine stops at
/// once.)
struct IntentJournaled {
    StepIndex step = 0;
    Iteration iteration = 0;
    int attempt = 0;
};

/// Answer to OpenWait: it is committed under our epoch. (A stale epoch is no event.)
struct WaitOpened {
    StepIndex step = 0;
    Iteration iteration = 0;
    int attempt = 1;
};

/// Answer to CloseWait, or at any time before, also instead of WaitOpened: the kWait step was answered, or
/// nothing can answer it any more.
struct WaitEnded {
    StepIndex step = 0;
    Iteration iteration = 0;
    int attempt = 1;                 // which of them was answered
    std::optional<Failure> failure;  // what ends the step as failed; else it succeeds
    bool is_retryable = false;       // with `failure`: another attempt may help
};

/// Answer to Perform and RunCode, also after Abort.
struct CallFinished {
    enum class Outcome {
        kOk,       // the value is kept as the step's output
        kError,    // a definite failure: nothing happened outside, or the other system said no
        kUnknown,  // the request may or may not have taken effect
        kAborted,  // stopped by Abort before it was sent
        kHeld,     // not made: its circuit is open. After `retry_after` it may be
    };
    StepIndex step = 0;
    Iteration iteration = 0;
    int attempt = 0;
    Outcome outcome = Outcome::kOk;
    std::optional<Failure> failure;     // kError, kUnknown, kHeld
    bool retryable = false;             // kError: trying again may help
    std::optional<Millis> retry_after;  // the other system's own wish
};

struct TimerFired {
    StepIndex step = kRun;
};

struct CancelRequested {
    std::string reason;  // for people; may be empty
};

/// The sandbox is gone: memory or time bomb (kLimit), or broke the protocol (kWorkflow), or our fault
/// (kPlatform; an engine may rather give the job back and let another worker resume it). The step that it was
/// asked for fails, and the engine tells the next one what is known; without such a step the run ends.
struct SandboxLost {
    Failure failure;
    StepIndex step = kRun;
    Iteration iteration = 0;
};

using Event = std::variant<
    Started,
    InputEvaluated,
    Collected,
    IntentJournaled,
    WaitOpened,
    WaitEnded,
    CallFinished,
    TimerFired,
    CancelRequested,
    SandboxLost>;

// ---------------------------------------------------------------- commands: what the engine is to do

/// Evaluate the step's condition, then its input (kRun: the output template). Answer: InputEvaluated.
struct Evaluate {
    StepIndex step = 0;
    bool operator==(const Evaluate&) const = default;
};

/// Render and send the request. Answer: CallFinished, at the latest by `by`; passing it is kLimit and
/// retryable, or kUnknown if the request was sent.
struct Perform {
    StepIndex step = 0;
    int attempt = 1;
    Instant by{};
    bool operator==(const Perform&) const = default;
};

/// Run the step's code on its evaluated input. Answer: CallFinished.
struct RunCode {
    StepIndex step = 0;
    int attempt = 1;
    Instant by{};
    bool operator==(const RunCode&) const = default;
};

/// Commit "this attempt is about to be made", then answer IntentJournaled.
struct JournalIntent {
    StepIndex step = 0;
    int attempt = 1;
    bool operator==(const JournalIntent&) const = default;
};

/// A loop has begun with so many items. May be written in a batch; no answer.
struct JournalLoop {
    StepIndex step = 0;
    Iteration items = 0;
    bool operator==(const JournalLoop&) const = default;
};

/// The lane's steps are of this iteration from here on; what they had is to be forgotten. `is_resumed`: what
/// the journal has of it belongs to them. No answer.
struct BeginItem {
    LaneIndex lane = 0;
    Iteration iteration = 0;
    bool is_resumed = false;
    bool operator==(const BeginItem&) const = default;
};

/// All steps of the lane are through; those without a result (not reached, canceled) are to be written. No
/// answer.
struct EndItem {
    LaneIndex lane = 0;
    Iteration iteration = 0;
    std::optional<Failure> failure;
    bool operator==(const EndItem&) const = default;
};

/// Put the output of a loop together: its items are through. Answer: Collected.
struct Collect {
    StepIndex step = 0;
    bool operator==(const Collect&) const = default;
};

/// The step waits until `until` (a retry, or a sleep). May be written in a batch; no answer.
struct JournalWait {
    StepIndex step = 0;
    int attempt = 0;
    Instant until{};
    std::optional<Failure> failure;
    Excused excused = {};
    bool operator==(const JournalWait&) const = default;
};

/// Make what answers the step, commit it together with "the step waits until `until`", then answer
/// WaitOpened. Before the commit nobody may see it, so that a step whose opening was lost can be opened anew.
struct OpenWait {
    StepIndex step = 0;
    int attempt = 0;
    Instant until{};
    bool operator==(const OpenWait&) const = default;
};

/// Commit that no answer is taken any more, then answer WaitEnded: with what was answered before that, if
/// something was.
struct CloseWait {
    StepIndex step = 0;
    bool operator==(const CloseWait&) const = default;
};

/// Nobody is interested in the answer any more: the run, or the item, is being stopped. What the step waits
/// for is to be told. May be written in a batch; no answer.
struct DropWait {
    StepIndex step = 0;
    bool operator==(const DropWait&) const = default;
};

/// The step is through; may be written in a batch, no answer. Journal lines are committed in the order of
/// their commands. A failed or skipped step must be made known to the sandbox before later commands
/// (steps.<id>.status).
struct JournalResult {
    StepIndex step = 0;
    int attempt = 0;
    StepStatus status = StepStatus::kSuccess;
    std::optional<Failure> failure;
    Branch branch = kNoBranch;
    bool fails_item = false;  // of a loop: the failure is what the item gives
    bool operator==(const JournalResult&) const = default;
};

/// Answer at `at` with TimerFired{step}. A later StartTimer of the same step replaces it.
struct StartTimer {
    StepIndex step = kRun;
    Instant at{};
    bool operator==(const StartTimer&) const = default;
};

/// Stop the call that is under way; its CallFinished is still awaited, so be quick.
struct Abort {
    StepIndex step = 0;
    bool operator==(const Abort&) const = default;
};

/// Give the step's evaluated input to whoever waits for the run's answer.
struct Respond {
    StepIndex step = 0;
    bool operator==(const Respond&) const = default;
};

/// Commit all journal lines and "waiting until", then let go of sandbox and job. Always the last command.
struct Park {
    Instant until{};
    bool operator==(const Park&) const = default;
};

/// Commit the end: run and all steps as in State. Always the last command, and only once per state.
struct Finish {
    RunStatus status = RunStatus::kSuccess;
    std::optional<Failure> failure;
    StepIndex step = kRun;
    bool operator==(const Finish&) const = default;
};

using Command = std::variant<
    Evaluate,
    Perform,
    RunCode,
    JournalIntent,
    JournalLoop,
    JournalWait,
    OpenWait,
    CloseWait,
    DropWait,
    JournalResult,
    BeginItem,
    EndItem,
    Collect,
    StartTimer,
    Abort,
    Respond,
    Park,
    Finish>;

/// What the outside world adds to an event: the time, and one uniform random number in [0, 1) for jitter.
struct Tick {
    Instant now{};
    double unit = 0;
};

/// Total: an event that does not fit the state (late, repeated, unknown step) changes nothing and yields
/// nothing. Deterministic: equal arguments give equal results.
std::pair<State, std::vector<Command>> step(const Plan& plan, State state, const Event& event, Tick tick);

/// The wait before attempt `attempt` + 1. `retry_after` is honoured up to an hour, even beyond the policy's
/// own max.
Millis retry_delay(const RetryPolicy& policy, int attempt, std::optional<Millis> retry_after, double unit);

/// The key sent with every attempt of one call: a version 8 UUID made from SHA-256 of run, step and
/// iteration (nothing outside of loops), hence the same on every worker and after every crash.
std::string idempotency_key(RunId run, std::string_view step, Iteration iteration = 0);

}  // namespace weft::runstate
