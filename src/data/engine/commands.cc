#include "data/engine/detail/driver.h"
#include "data/engine/detail/look.h"
#include "platform/rt/loop.h"

#include <utility>

namespace weft::engine {

using namespace runstate;
using store::runs::JobFate;

namespace {

// The child enforces the script's own limit; this one only catches a child that does not answer.
constexpr auto kEvaluateTimeout = limits::kScriptTimeoutDefault * 3;
constexpr auto kCodeGrace = 1s;  // likewise
constexpr std::size_t kAheadMax = 8;
constexpr std::size_t kForeseenStepsMax = 200;  // of a plan: looking ahead copies the state

Failure failure_of(const protocol::Failed& failed) {
    const bool is_limit = failed.kind == protocol::Failed::Kind::kLimit;
    return {is_limit ? FailureKind::kLimit : FailureKind::kWorkflow, failed.message};
}

Place place_of(protocol::Failed failed) {
    return {.field = std::move(failed.field), .line = failed.line, .column = failed.column};
}

/// What a sandbox says must be JSON; values with too many parts are the run's own fault.
Failure unreadable(const Error& error) {
    if (error.code == Code::kLimit) return {FailureKind::kLimit, error.user};
    return {FailureKind::kPlatform, "The sandbox answered nonsense"};
}

FailureKind kind_of(const Error& error) {
    return error.code == Code::kLimit ? FailureKind::kLimit : FailureKind::kWorkflow;
}

}  // namespace

rt::Task<Result<void>> Driver::execute(Command command) {
    // One coroutine per kind of command; std::visit would need a common awaitable type, and this is it.
    auto task = std::visit([this](auto& one) { return on(std::move(one)); }, command);
    co_return co_await std::move(task);
}

rt::Task<Result<void>> Driver::on(Evaluate command) {
    const bool is_output = command.step == kRun;
    if (is_output ? state_.stage != Stage::kOutput : !is_in(command.step, Phase::kEvaluating)) {
        co_return Result<void>{};  // stopped meanwhile
    }
    if (!is_output && !slot(command.step).started_at) slot(command.step).started_at = run_.now();
    CO_TRY(const bool is_ready, co_await open_session());
    if (!is_ready) co_return Result<void>{};
    const rt::Deadline by = run_.job.scope.deadline(kEvaluateTimeout);
    CO_TRY(auto reply, co_await ask(evaluations(command.step), command.step, by));
    if (!reply) co_return Result<void>{};
    if (auto* value = std::get_if<protocol::Value>(&reply->result)) {
        InputEvaluated event = co_await input_ready(command.step, std::move(value->json));
        apply(event);
    } else if (auto* failed = std::get_if<protocol::Failed>(&reply->result)) {
        Failure failure = failure_of(*failed);
        apply(input_failed(command.step, std::move(failure), place_of(std::move(*failed))));
    } else {
        apply(InputEvaluated{.step = command.step, .outcome = InputEvaluated::Outcome::kSkipped});
    }
    co_return Result<void>{};
}

/// Whether the sandbox keeps the evaluated input as the step's output.
bool Driver::keeps_input(Index step) const {
    const StepKind kind = run_.plan(step).kind;
    return kind == StepKind::kRespond ||
           (kind == StepKind::kMap && run_.step(step).core != workflow::CoreKind::kMerge);
}

protocol::Request Driver::evaluation(Index step) const {
    protocol::Evaluate request;
    request.bindings = bindings(step);
    request.scope = run_.scope(step);
    if (step == kRun) {
        request.value = run_.prepared->workflow.output();
        return request;
    }
    const workflow::CompiledStep& compiled = run_.step(step);
    // A loop that has begun is only asked whether it goes on.
    const bool has_begun = state_.steps[static_cast<std::size_t>(step)].loop.has_value();
    if (!has_begun) request.condition = compiled.condition;
    request.value = compiled.with;
    if (keeps_input(step)) request.keep_as = compiled.id;
    return request;
}

/// That of `step`, and those that follow if it and they give values, as far as nothing but the sandbox takes
/// part: the state machine is a pure function, so it can be asked. Every message between two processes that
/// is spared is worth it.
std::vector<protocol::Request> Driver::evaluations(Index step) const {
    std::vector<protocol::Request> out;
    out.push_back(evaluation(step));
    if (session_.has_foreseen(out.front()) || run_.count() > kForeseenStepsMax) return out;
    State state = state_;
    std::deque<Index> due;
    for (const Command& command : commands_) {
        if (const auto* next = std::get_if<Evaluate>(&command)) due.push_back(next->step);
        // Others that use the sandbox must not see what has not happened before them.
        if (std::holds_alternative<RunCode>(command) || std::holds_alternative<Perform>(command)) return out;
    }
    for (Index at = step; out.size() <= kAheadMax && at != kRun && keeps_input(at);) {
        const InputEvaluated answer{.step = at, .iteration = run_.iteration(at)};
        auto [after, commands] = runstate::step(run_.plan(), std::move(state), answer, {run_.now(), 0});
        state = std::move(after);
        for (const Command& command : commands) {
            // Beyond an item expressions see other values than now.
            if (std::holds_alternative<EndItem>(command) || std::holds_alternative<Collect>(command))
                return out;
            if (const auto* next = std::get_if<Evaluate>(&command)) due.push_back(next->step);
        }
        if (due.empty()) break;
        at = due.front();
        due.pop_front();
        out.push_back(evaluation(at));
    }
    return out;
}

InputEvaluated Driver::input_failed(Index step, Failure failure, Place place) {
    if (step != kRun) slot(step).place = std::move(place);
    return {.step = step, .outcome = InputEvaluated::Outcome::kFailed, .failure = std::move(failure)};
}

/// Looks at an evaluated input as its kind of step demands.
rt::Task<InputEvaluated> Driver::input_ready(Index step, std::string json) {
    auto value = co_await read_value(std::move(json));
    if (!value) co_return input_failed(step, unreadable(value.error()), {});
    if (step != kRun && run_.plan(step).kind == StepKind::kCall && run_.step(step).action != nullptr) {
        const schema::Schema& input = run_.step(step).action->input;
        const Json& tree = value->tree;
        auto check = [&input, &tree](schema::Work work) { return input.validate(tree, "with", work); };
        auto fits = co_await check_value(value->text.size(), check);
        if (!fits) {
            const Error& why = fits.error();
            Failure failure{kind_of(why), misfit("The input does not fit the action's schema", why)};
            co_return input_failed(step, std::move(failure), {.field = why.field});
        }
    }
    if (step != kRun && run_.step(step).core == workflow::CoreKind::kMerge) {
        auto merged = co_await merge(step, *value);
        if (merged) co_return InputEvaluated{.step = step};
        const Error& why = merged.error();
        co_return input_failed(step, {kind_of(why), why.user}, {.field = why.field});
    }
    if (step != kRun && run_.plan(step).kind == StepKind::kRespond) {
        if (auto there = co_await find_answered_file(*value); !there)
            co_return input_failed(
                step, {FailureKind::kWorkflow, there.error().user}, {.field = there.error().field}
            );
    }
    InputEvaluated out = input_read(step, *std::move(value));
    const bool sleeps = step != kRun && run_.plan(step).kind == StepKind::kSleep && !out.failure;
    if (!sleeps || out.wake_at - run_.now() <= run_.options.slot_patience) co_return out;
    if (const auto room = co_await may_wait(); !room)
        co_return input_failed(step, {FailureKind::kLimit, room.error().user}, {});
    co_return out;
}

rt::Task<Result<void>> Driver::merge(Index step, const Value& with) {
    auto merge = [&with]() -> Result<std::string> {
        TRY(Json merged, workflow::merge_of(with.tree));
        return to_text(merged);
    };
    CO_TRY(slot(step).output, co_await rt::offload(with.text.size(), merge));
    co_return Result<void>{};
}

/// The rest, which is little work.
InputEvaluated Driver::input_read(Index step, Value value) {
    InputEvaluated out{.step = step};
    auto& [json, tree] = value;
    if (step == kRun) {
        if (auto passed = pass_files(json, tree); !passed)
            return input_failed(step, {FailureKind::kLimit, passed.error().user}, {.field = "output"});
        output_ = std::move(json);
        return out;
    }
    Slot& mine = slot(step);
    auto refuse = [&](const Error& why) {
        return input_failed(step, {FailureKind::kWorkflow, why.user}, {.field = why.field});
    };
    switch (run_.plan(step).kind) {
        case StepKind::kMap:
            mine.output = std::move(json);
            mine.is_kept = true;
            return out;
        case StepKind::kRespond:
            if (auto fits = workflow::response_of(tree); !fits) return refuse(fits.error());
            mine.output = std::move(json);
            mine.is_kept = true;
            return out;
        case StepKind::kSleep: {
            auto until = workflow::sleep_until(tree, run_.now());
            if (!until) return refuse(until.error());
            out.wake_at = *until;
            return out;
        }
        case StepKind::kWait: {
            auto wait = workflow::wait_of(*run_.step(step).core, tree);
            if (!wait) return refuse(wait.error());
            out.wake_at = run_.now() + wait->timeout;
            mine.wait = *std::move(wait);
            break;
        }
        case StepKind::kSwitch: {
            const std::vector<std::string>& branches = run_.step(step).branches;
            auto taken = workflow::branch_of(tree, branches);
            if (!taken) return refuse(taken.error());
            out.branch = *taken;
            mine.output = to_text(Json{{"branch", branches[static_cast<std::size_t>(*taken)]}});
            record_.keep_value(run_.input_slot(step), std::move(json));
            return out;
        }
        case StepKind::kLoop:
            return loop_read(step, std::move(value));
        case StepKind::kBreak:
            return out;
        case StepKind::kFail:
            out.failure = Failure{FailureKind::kWorkflow, workflow::fail_message(tree)};
            return out;
        case StepKind::kCall:
        case StepKind::kCode:
            break;
    }
    record_.keep_value(run_.input_slot(step), json);
    mine.input = std::move(json);
    return out;
}

rt::Task<Result<void>> Driver::on(Perform command) {
    const Index step = command.step;
    if (!is_in(step, Phase::kCalling)) co_return Result<void>{};
    co_await calls_.join(step);  // of the attempt before; it has answered
    Slot& mine = slot(step);
    if (!mine.request) {
        std::string rendered = mine.input;
        const workflow::CompiledStep& compiled = run_.step(step);
        if (compiled.action != nullptr) {
            protocol::Evaluate request;
            request.value =
                run_.prepared->requests[static_cast<std::size_t>(run_.plan().definition_of(step))];
            request.bindings.push_back({"input", mine.input});
            request.mode = protocol::Mode::kRequest;
            std::vector<protocol::Request> requests;
            requests.push_back(std::move(request));
            const rt::Deadline by = run_.job.scope.deadline(kEvaluateTimeout);
            CO_TRY(auto reply, co_await ask(std::move(requests), step, by));
            if (!reply) co_return Result<void>{};
            auto* value = std::get_if<protocol::Value>(&reply->result);
            if (value == nullptr) {
                CallFinished event{.step = step, .attempt = command.attempt};
                event.outcome = CallFinished::Outcome::kError;
                event.failure = Failure{FailureKind::kWorkflow, "The action's request is not a template"};
                if (auto* failed = std::get_if<protocol::Failed>(&reply->result)) {
                    event.failure = failure_of(*failed);
                    mine.place = place_of(std::move(*failed));
                }
                apply(event);
                co_return Result<void>{};
            }
            rendered = std::move(value->json);
        }
        auto built = co_await build_request(step, std::move(rendered));
        if (!built) {
            apply(call_failed(step, command.attempt, built.error()));
            co_return Result<void>{};
        }
        mine.request = *std::move(built);
        mine.input = {};
    }
    spawn_call(step, command.attempt, command.by);
    co_return Result<void>{};
}

rt::Task<Result<connector::HttpRequest>> Driver::build_request(Index step, std::string rendered) const {
    const workflow::CompiledStep& compiled = run_.step(step);
    auto build = [&]() -> Result<connector::HttpRequest> {
        TRY(Json tree, parse_json(rendered, {.bytes_max = limits::kPayloadBytesMax}));
        if (compiled.action != nullptr) {
            return connector::build_request(compiled.action->app, compiled.action->action, tree);
        }
        const auto* connection = compiled.connection;
        return connector::build_http_request(tree, connection != nullptr ? &connection->app : nullptr);
    };
    co_return co_await rt::offload(rendered.size(), build);
}

void Driver::spawn_call(Index step, int attempt, Instant by) {
    const workflow::CompiledStep& compiled = run_.step(step);
    broker::Request request;
    request.http = *slot(step).request;
    if (compiled.action != nullptr) request.action = &compiled.action->action;
    request.effect = run_.plan(step).effect;
    request.idempotency_key = run_.idempotency_key(step);
    if (compiled.connection != nullptr) {
        request.connection = broker::ConnectionRef{compiled.connection->id, &compiled.connection->app};
    }
    calls_.start(step, attempt, std::move(request), by);
}

/// In the call's scope, beside the loop.
rt::Task<void> Driver::answered(Index step, int attempt, broker::Response response) {
    charge(step, response.used);
    CallFinished event{.step = step, .attempt = attempt};
    Slot& mine = slot(step);
    switch (response.outcome) {
        case broker::Response::Outcome::kOk:
            event.outcome = CallFinished::Outcome::kOk;
            mine.output = std::move(response.output);
            mine.charge = std::move(response.charge);
            break;
        case broker::Response::Outcome::kError:
            event.outcome = CallFinished::Outcome::kError;
            break;
        case broker::Response::Outcome::kUnknown:
            event.outcome = CallFinished::Outcome::kUnknown;
            break;
        case broker::Response::Outcome::kAborted:
            event.outcome = CallFinished::Outcome::kAborted;
            break;
        case broker::Response::Outcome::kHeld:
            event.outcome = run_.step(step).on_open == OnOpen::kWait ? CallFinished::Outcome::kHeld
                                                                     : CallFinished::Outcome::kError;
            break;
    }
    if (event.outcome != CallFinished::Outcome::kOk) {
        event.failure = Failure{response.kind, std::move(response.message), response.error_class};
        event.retryable = response.is_retryable;
        event.retry_after = response.retry_after;
        mine.place = Place{.status = response.status};
    }
    event = co_await check_output(std::move(event));
    inbox_.push_back(std::move(event));
    run_.job.woken.notify_all();
}

/// That the output fits the action's schema is the author's wish; what was done outside is done.
rt::Task<CallFinished> Driver::check_output(CallFinished event) {
    const Index step = event.step;
    const workflow::CompiledStep& compiled = run_.step(step);
    if (event.outcome != CallFinished::Outcome::kOk || compiled.action == nullptr) co_return event;
    const Json& wanted = compiled.action->action.output;
    if (!wanted.is_object() || wanted.get_object().empty()) co_return event;  // anything
    Slot& mine = slot(step);
    Result<void> fits;
    auto value = co_await read_value(std::move(mine.output));
    if (value) {
        const schema::Schema& output = compiled.action->output;
        const Json& tree = value->tree;
        auto check = [&output, &tree](schema::Work work) { return output.validate(tree, "output", work); };
        fits = co_await check_value(value->text.size(), check);
        mine.output = std::move(value->text);
    } else {
        fits = fail(std::move(value).error());
    }
    if (fits) co_return event;
    const Error& why = fits.error();
    std::string message = misfit("The output does not fit the action's schema", why);
    if (compiled.on_invalid_output == OnInvalid::kWarn && value) {
        record_.log(store::runlog::Level::kWarn, step, std::move(message));
        co_return event;
    }
    event.outcome = CallFinished::Outcome::kError;
    event.failure = Failure{FailureKind::kProvider, std::move(message)};
    mine.place = Place{.field = why.field};
    mine.output = {};
    mine.charge = {};
    co_return event;
}

CallFinished Driver::call_failed(Index step, int attempt, const Error& error) {
    slot(step).place = Place{.field = error.field};
    CallFinished out{.step = step, .attempt = attempt};
    out.outcome = CallFinished::Outcome::kError;
    out.failure =
        Failure{FailureKind::kWorkflow, error.user.empty() ? "The request is malformed" : error.user};
    return out;
}

rt::Task<Result<void>> Driver::on(RunCode command) {
    const Index step = command.step;
    if (!is_in(step, Phase::kCoding)) co_return Result<void>{};
    if (is_zip(step)) co_return co_await run_zip(command);
    CO_TRY(const bool is_ready, co_await open_session());
    if (!is_ready) co_return Result<void>{};
    const rt::Deadline by = run_.deadline(command.by + kCodeGrace);
    protocol::Code request;
    request.source = run_.step(step).source;
    request.bindings = bindings(step);
    request.bindings.push_back({"input", slot(step).input});
    const auto core = run_.step(step).core;
    const bool makes_file = core == workflow::CoreKind::kMakeFile;
    rt::Budget::Charge charge;
    if (const std::string_view code = file_code(step); !code.empty()) request.source = code;
    if (core == workflow::CoreKind::kReadFile) {
        auto file = co_await read_file(step, charge, by);
        if (!file) {
            code_failed(step, command.attempt, file.error());
            co_return Result<void>{};
        }
        request.bindings.push_back({"file", *std::move(file)});
    }
    if (!makes_file) request.keep_as = run_.step(step).id;
    request.scope = run_.scope(step);
    const Millis cpu = code_cpu(step);
    request.cpu_ms = static_cast<std::uint32_t>(cpu.count());
    const auto wall = std::chrono::ceil<Millis>(command.by - run_.now());
    request.wall_ms = static_cast<std::uint32_t>(std::max(wall, Millis(1)).count());
    std::vector<protocol::Request> requests;
    requests.push_back(std::move(request));
    CO_TRY(auto reply, co_await ask(std::move(requests), step, by));
    if (!reply) co_return Result<void>{};
    CallFinished event{.step = step, .attempt = command.attempt};
    Result<Value> value = fail(Error::internal("the sandbox gave no value"));
    if (auto* given = std::get_if<protocol::Value>(&reply->result)) {
        value = co_await read_value(std::move(given->json));
    }
    if (value && makes_file) {
        auto made = co_await make_file(step, *std::move(value), by);
        if (!made) {
            code_failed(step, command.attempt, made.error());
            co_return Result<void>{};
        }
        slot(step).output = *std::move(made);
    } else if (value) {
        slot(step).output = std::move(value->text);
        slot(step).is_kept = true;
    } else {
        event.outcome = CallFinished::Outcome::kError;
        event.failure = unreadable(value.error());
        if (auto* failed = std::get_if<protocol::Failed>(&reply->result)) {
            event.failure = failure_of(*failed);
            if (event.failure->kind == FailureKind::kLimit) event.failure->message += code_cpu_note(step);
            slot(step).place = place_of(std::move(*failed));
        }
    }
    apply(event);
    co_return Result<void>{};
}

void Driver::code_failed(Index step, int attempt, const Error& error) {
    CallFinished event{.step = step, .attempt = attempt};
    event.outcome = CallFinished::Outcome::kError;
    const bool is_ours = error.code == Code::kUnavailable || error.code == Code::kInternal;
    const FailureKind kind = is_ours || error.code == Code::kCancelled ? FailureKind::kPlatform
                             : error.code == Code::kLimit || error.code == Code::kTimeout
                                 ? FailureKind::kLimit
                                 : FailureKind::kWorkflow;
    event.failure = Failure{kind, error.user};
    slot(step).place = Place{.field = error.field};
    apply(event);
}

/// What the step asks for, as far as the tenant may have it.
Millis Driver::code_cpu(Index step) const {
    const Millis asked = run_.step(step).cpu.value_or(limits::kScriptTimeoutDefault);
    return std::min(asked, run_.options.code_cpu_max);
}

std::string Driver::code_cpu_note(Index step) const {
    const Millis asked = run_.step(step).cpu.value_or(Millis(0));
    if (asked <= run_.options.code_cpu_max) return "";
    return ". The step asks for " + duration_text(asked) + "; whoever operates this Weft server allows " +
           duration_text(run_.options.code_cpu_max) + " (--code-cpu-max)";
}

rt::Task<Result<void>> Driver::on(StartTimer command) {
    std::erase_if(timers_, [&](const Timer& timer) { return timer.step == command.step; });
    timers_.push_back({command.step, run_.steady_of(command.at)});
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(Abort command) {
    const Index step = command.step;
    if (!is_in(step, Phase::kCalling) || calls_.abort(step)) co_return Result<void>{};
    // Its request was never made: the sandbox ended while it was asked for it.
    const int attempt = state_.steps[static_cast<std::size_t>(step)].attempt;
    apply(CallFinished{.step = step, .attempt = attempt, .outcome = CallFinished::Outcome::kAborted});
    co_return Result<void>{};
}

}  // namespace weft::engine
