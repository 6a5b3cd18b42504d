#include "data/engine/detail/driver.h"
#include "data/engine/detail/look.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weft::engine {

using namespace runstate;
using store::runs::JobFate;
using store::runs::ValueSlot;

namespace {

constexpr std::size_t kResultsPerRead = 200;

std::string_view or_null(std::string_view json) {
    return json.empty() ? "null" : json;
}

std::string error_of_item(const Failure& failure) {
    return to_text(Json{{"error", {{"message", failure.message}, {"kind", name(failure.kind)}}}});
}

}  // namespace

void Driver::LoopValues::leave() {
    items = {};
    results = {};
    result_bytes = 0;
    last = {};
    has_results = false;
    is_away = true;
}

/// Beyond what the output may have they are read from the database, which then says so.
void Driver::LoopValues::add_result(Iteration index, std::string result) {
    if (!has_results) return;
    const auto at = static_cast<std::size_t>(index);
    if (results.size() <= at) results.resize(at + 1);
    result_bytes += result.size() - results[at].size();
    if (result_bytes > limits::kPayloadBytesMax) {
        results = {};
        has_results = false;
        return;
    }
    results[at] = std::move(result);
}

// ---------------------------------------------------------------- what expressions see

/// index, item or last, and in a loop inside another outer: of one time around the loop.
std::vector<protocol::Binding> Driver::around(Index loop, Iteration index) const {
    std::vector<protocol::Binding> out{{"index", std::to_string(index)}};
    const auto values = loops_.find(loop);
    const auto at = static_cast<std::size_t>(index);
    if (run_.plan(loop).loop->is_while) {
        out.push_back({"last", values == loops_.end() ? "null" : values->second.last});
    } else if (values != loops_.end() && at < values->second.items.size()) {
        out.push_back({"item", values->second.items[at]});
    }
    const LaneIndex lane = run_.plan(loop).lane;
    if (lane == kNoLane) return out;
    std::string outer;
    for (const auto& seen : around(run_.lane(lane).loop, index_in_loop(run_.iteration(loop))))
        outer.append(outer.empty() ? "{\"" : ",\"")
            .append(seen.name)
            .append("\":")
            .append(or_null(seen.json));
    out.push_back({"outer", outer + "}"});
    return out;
}

std::vector<protocol::Binding> Driver::bindings(Index step) const {
    std::vector<protocol::Binding> out;
    if (step == kRun) return out;
    if (run_.plan(step).is_final) {
        JsonObject outcome{{"status", name(state_.end)}, {"error", nullptr}};
        if (state_.failure) {
            JsonObject error{{"message", state_.failure->message}, {"kind", name(state_.failure->kind)}};
            if (state_.failed_step != kRun) error["step"] = run_.step(state_.failed_step).id;
            outcome["error"] = std::move(error);
        }
        out.push_back({"outcome", to_text(outcome)});
    }
    Index loop = kRun;
    Iteration index = 0;
    if (run_.plan(step).loop && run_.plan(step).loop->is_while) {
        loop = step;
        const auto& state = state_.steps[static_cast<std::size_t>(step)].loop;
        index = state ? state->next : 0;
    } else if (const LaneIndex lane = run_.plan(step).lane; lane != kNoLane) {
        loop = run_.lane(lane).loop;
        index = index_in_loop(run_.iteration(step));
    }
    if (loop != kRun) std::ranges::move(around(loop, index), std::back_inserter(out));
    return out;
}

InputEvaluated Driver::loop_read(Index step, Value value) {
    InputEvaluated out{.step = step};
    LoopValues& loop = loops_[step];
    if (run_.plan(step).loop->is_while) {
        out.items = workflow::goes_on(value.tree) ? 1 : 0;
        return out;
    }
    auto items = workflow::items_of(value.tree, run_.step(step).loop->batch);
    if (!items) {
        const Error& why = items.error();
        const FailureKind kind = why.code == Code::kLimit ? FailureKind::kLimit : FailureKind::kWorkflow;
        return input_failed(step, {kind, why.user}, {.field = why.field});
    }
    loop.items = *std::move(items);
    out.items = static_cast<Iteration>(loop.items.size());
    record_.keep_value(run_.input_slot(step), std::move(value.text));
    return out;
}

// ---------------------------------------------------------------- items

Iteration Driver::number_of(Index loop, Iteration index) const {
    return item_number(run_.iteration(loop), index);
}

const std::string& Driver::result_step(Index loop) const {
    const Loop& of = *run_.plan(loop).loop;
    return run_.prepared->workflow.steps()[static_cast<std::size_t>(of.body + of.body_count - 1)].id;
}

rt::Task<Result<void>> Driver::on(JournalLoop command) {
    auto& row = row_of(command.step);
    row.state = StepStatus::kRunning;
    row.attempt = 1;
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(BeginItem command) {
    run_.lanes[static_cast<std::size_t>(command.lane)] = command.iteration;
    const Lane& lane = run_.lane(command.lane);
    for (Index step = lane.first; step < lane.first + lane.count; ++step) {
        slot(step) = {};
        loops_.erase(step);
    }
    session_.forget(command.lane);
    if (command.is_resumed) co_return co_await resume_item(command.lane);
    co_return Result<void>{};
}

rt::Task<Result<void>> Driver::on(EndItem command) {
    const Lane& lane = run_.lane(command.lane);
    for (Index step = lane.first; step < lane.first + lane.count; ++step) {
        loops_.erase(step);
        if (slot(step).recorded) continue;
        auto& row = record_.step(step, 0, slot(step).started_at);
        row.used = slot(step).used;
        row.state = slot(step).started_at ? StepStatus::kCanceled : StepStatus::kNotReached;
        if (slot(step).started_at) row.finished_at = run_.now();
    }
    run_.lanes[static_cast<std::size_t>(command.lane)] = kIdle;
    co_return Result<void>{};
}

/// Of a step that is through: as the output of its item, if it is the step that makes it.
void Driver::keep_result(Index step) {
    if (run_.plan(step).lane == kNoLane) return;
    const Lane& lane = run_.lane(run_.plan(step).lane);
    if (step != lane.first + lane.count - 1) return;
    LoopValues& loop = loops_[lane.loop];
    const Slot& mine = slot(step);
    const bool has_output = mine.recorded == StepStatus::kSuccess && !mine.output.empty();
    if (run_.plan(lane.loop).loop->is_while) {
        loop.last = has_output ? mine.output : "null";
        loop.is_away = false;  // newer than what the database has
    } else if (has_output && collects(lane.loop)) {
        loop.add_result(index_in_loop(run_.iteration(step)), mine.output);
    }
}

/// In the flush that has the failed step: what an item gave must not be known without it.
void Driver::keep_error(Index step, const Failure& failure) {
    const Lane& lane = run_.lane(run_.plan(step).lane);
    if (!collects(lane.loop)) return;
    const Iteration iteration = run_.iteration(step);
    std::string error = error_of_item(failure);
    record_.keep_value(ValueSlot::output_of(run_.step(lane.loop).id, iteration), error);
    loops_[lane.loop].add_result(index_in_loop(iteration), std::move(error));
}

rt::Task<Result<void>> Driver::on(Collect command) {
    const Index step = command.step;
    if (!is_in(step, Phase::kCollecting)) co_return Result<void>{};
    auto output = co_await collected(step);
    if (end_) co_return Result<void>{};
    if (!output && run_.job.scope.is_cancelled()) co_return fail(std::move(output).error());
    Collected event{.step = step};
    if (output) {
        slot(step).output = *std::move(output);
    } else if (output.error().code == Code::kLimit) {
        event.failure = Failure{FailureKind::kLimit, output.error().user};
    } else {
        run_.deps.log.error("no results of a loop", {{"run_id", run_.id}, {"detail", output.error().detail}});
        co_return co_await give_back(JobFate::kPostpone, 1s);
    }
    apply(std::move(event));
    co_return Result<void>{};
}

/// The output of a loop whose items are through.
rt::Task<Result<std::string>> Driver::collected(Index step) {
    const LoopState& state = *state_.steps[static_cast<std::size_t>(step)].loop;
    if (run_.plan(step).loop->is_while) co_return loops_[step].last;
    if (!collects(step)) {
        co_return to_text(Json{{"count", state.next}, {"failed", state.failed}});
    }
    const auto count = static_cast<std::size_t>(state.next);
    if (!loops_[step].has_results) CO_CHECK_OK(co_await read_results(step));
    if (end_) co_return fail(Error::cancelled("the run is over here"));
    std::vector<std::string>& results = loops_[step].results;
    results.resize(count);
    std::string out = "[";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) out += ',';
        out += results[i].empty() ? "null" : results[i];
    }
    out += ']';
    results = {};
    constexpr std::string_view kAdvice =
        "The results of a loop's items make a list of more than 8 MiB, or nested too deep; say `collect: "
        "false`";
    if (out.size() > limits::kPayloadBytesMax) co_return fail(Error::limit(std::string(kAdvice)));
    auto whole = co_await read_value(std::move(out));
    if (!whole) co_return fail(Error::limit(std::string(kAdvice)));
    co_return std::move(whole->text);
}

/// What items gave, from the database, after all of it has been written there.
rt::Task<Result<void>> Driver::read_results(Index step) {
    CO_CHECK_OK(co_await flush(JobFate::kKeep, RunStatus::kRunning));
    if (end_) co_return Result<void>{};
    LoopValues& loop = loops_[step];
    loop.results = {};
    loop.result_bytes = 0;
    loop.has_results = true;
    const Iteration count = state_.steps[static_cast<std::size_t>(step)].loop->next;
    for (Iteration first = 0; first < count; first += kResultsPerRead) {
        const rt::Deadline by = run_.job.scope.deadline(10s);
        std::map<std::string, Iteration> wanted;
        std::vector<ValueSlot> slots;
        for (Iteration i = first; i < std::min<Iteration>(first + kResultsPerRead, count); ++i) {
            for (const std::string& id : {result_step(step), run_.step(step).id}) {
                slots.push_back(ValueSlot::output_of(id, number_of(step, i)));
                wanted[slots.back().text()] = i;
            }
        }
        CO_TRY(
            auto found,
            co_await store::runs::load_values(run_.deps.pool, run_.tenant, run_.id, std::move(slots), by)
        );
        for (auto& payload : found) {
            const Iteration index = wanted[payload.slot.text()];
            CO_TRY(auto text, co_await run_.deps.codec.open(run_.tenant, run_.id, std::move(payload), by));
            loops_[step].add_result(index, std::move(text));
        }
        if (!loops_[step].has_results)
            co_return fail(
                Error::limit("The results of a loop's items make more than 8 MiB; say `collect: false`")
            );
    }
    co_return Result<void>{};
}

// ---------------------------------------------------------------- after a crash, or without a slot meanwhile

rt::Task<Result<std::vector<std::string>>> Driver::read_items(
    std::string loop, Iteration iteration, int batch, rt::Deadline by
) {
    std::vector<ValueSlot> slots{ValueSlot::input_of(loop, iteration)};
    CO_TRY(
        auto found,
        co_await store::runs::load_values(run_.deps.pool, run_.tenant, run_.id, std::move(slots), by)
    );
    if (found.empty()) co_return fail(Error::invalid("the items of a loop are gone"));
    CO_TRY(auto text, co_await run_.deps.codec.open(run_.tenant, run_.id, std::move(found.front()), by));
    CO_TRY(const Value with, co_await read_value(std::move(text)));
    co_return workflow::items_of(with.tree, batch);
}

/// What the journal's lines of loops cannot be read without: the items of those under way, and which way
/// items under way went.
rt::Task<Result<void>> Driver::read_resumed_items() {
    if (run_.plan().lanes.empty() || run_.job.loaded.steps.empty()) co_return Result<void>{};
    const rt::Deadline by = run_.job.scope.deadline(30s);
    const auto& steps = run_.prepared->workflow.steps();
    std::map<std::string_view, Index> definitions;
    for (std::size_t i = 0; i < steps.size(); ++i) definitions[steps[i].id] = static_cast<Index>(i);
    std::map<Index, Lane> bodies;  // by the definition of each of their steps
    for (const Lane& lane : run_.plan().lanes)
        for (Index i = 0; i < lane.count; ++i) bodies[lane.definition + i] = lane;
    std::map<std::pair<Index, Iteration>, Index> through;  // steps, by body and item
    for (const auto& row : run_.job.loaded.steps) {
        const auto found = definitions.find(row.step);
        const auto body = found == definitions.end() ? bodies.end() : bodies.find(found->second);
        if (body != bodies.end() && is_terminal(row.state))
            ++through[{body->second.definition, row.iteration}];
    }
    for (const auto& [definition, lane] : bodies) resumed_.body_of[definition] = lane.definition;
    for (const auto& [item, count] : through) {
        const auto lane = bodies.find(item.first);
        if (lane != bodies.end() && count < lane->second.count) resumed_.open.insert(item);
    }
    for (const auto& row : run_.job.loaded.steps) {
        const auto found = definitions.find(row.step);
        if (found == definitions.end()) continue;
        const Index definition = found->second;
        if (const auto body = bodies.find(definition); body != bodies.end() && !is_terminal(row.state))
            resumed_.open.insert({body->second.definition, row.iteration});
        const auto& step = steps[static_cast<std::size_t>(definition)];
        const auto body = bodies.find(definition);
        if (step.core == workflow::CoreKind::kForeach && row.state == StepStatus::kRunning) {
            CO_TRY(auto items, co_await read_items(step.id, row.iteration, step.loop->batch, by));
            resumed_.items[{definition, row.iteration}] = std::move(items);
        }
        const bool is_open =
            body != bodies.end() && through[{body->second.definition, row.iteration}] < body->second.count;
        if (!is_open || step.branches.empty() || row.state != StepStatus::kSuccess) continue;
        std::vector<ValueSlot> slots{ValueSlot::output_of(step.id, row.iteration)};
        CO_TRY(
            auto output,
            co_await store::runs::load_values(run_.deps.pool, run_.tenant, run_.id, std::move(slots), by)
        );
        std::string text;
        if (!output.empty()) {
            CO_TRY(text, co_await run_.deps.codec.open(run_.tenant, run_.id, std::move(output.front()), by));
        }
        resumed_.branches[{definition, row.iteration}] = std::move(text);
    }
    co_return Result<void>{};
}

/// Of those outside of other loops; the others follow with the items that they are in.
void Driver::restore_loops() {
    for (Index step = 0; static_cast<std::size_t>(step) < state_.steps.size(); ++step) {
        if (!run_.plan(step).loop || run_.plan(step).lane != kNoLane) continue;
        if (!state_.steps[static_cast<std::size_t>(step)].loop || slot(step).recorded) continue;
        LoopValues& loop = loops_[step];
        loop.has_results = false;
        loop.is_away = run_.plan(step).loop->is_while;
        loop.items = std::move(resumed_.items[{step, 0}]);
    }
}

/// What the journal has of an item that begins again goes to the lane's slots and to the sandbox.
rt::Task<Result<void>> Driver::resume_item(LaneIndex index) {
    const Lane& lane = run_.lane(index);
    const rt::Deadline by = run_.job.scope.deadline(10s);
    const Iteration iteration = run_.lanes[static_cast<std::size_t>(index)];
    std::vector<ValueSlot> slots;
    std::map<std::string, Index> outputs;
    std::map<std::string, Index> answers;
    for (Index step = lane.first; step < lane.first + lane.count; ++step) {
        slots.push_back(run_.output_slot(step));
        outputs[slots.back().text()] = step;
        if (!resumed_.answers.contains({run_.step(step).id, iteration})) continue;
        slots.push_back(run_.answer_slot(step));
        answers[slots.back().text()] = step;
    }
    CO_TRY(
        auto found,
        co_await store::runs::load_values(run_.deps.pool, run_.tenant, run_.id, std::move(slots), by)
    );
    for (auto& payload : found) {
        const std::string name = payload.slot.text();
        if (const auto answer = answers.find(name); answer != answers.end()) {
            CO_CHECK_OK(co_await take_answer(answer->second, std::move(payload), by));
            continue;
        }
        std::string& to = slot(outputs[name]).output;
        CO_TRY(to, co_await run_.deps.codec.open(run_.tenant, run_.id, std::move(payload), by));
    }
    for (Index step = lane.first; step < lane.first + lane.count; ++step) {
        const Resumed::Key key{run_.plan().definition_of(step), iteration};
        const auto row = resumed_.rows.find(key);
        if (row == resumed_.rows.end()) continue;
        restore(step, row->second);
        if (run_.plan(step).loop && !is_terminal(row->second.state)) {
            LoopValues& loop = loops_[step];
            loop.has_results = false;
            loop.is_away = run_.plan(step).loop->is_while;
            loop.items = std::move(resumed_.items[key]);
        }
    }
    co_return co_await look_for_events(lane.first, lane.first + lane.count);
}

/// Items, and what the time before gave, of loops whose values are in the database only.
rt::Task<Result<void>> Driver::read_back_loops(rt::Deadline by) {
    for (auto& [step, loop] : loops_) {
        if (!loop.is_away) continue;
        const auto& of = *run_.plan(step).loop;
        if (!of.is_while) {
            const auto& compiled = run_.step(step);
            CO_TRY(
                loop.items, co_await read_items(compiled.id, run_.iteration(step), compiled.loop->batch, by)
            );
        } else {
            const auto& state = state_.steps[static_cast<std::size_t>(step)].loop;
            const bool is_busy = run_.lanes[static_cast<std::size_t>(of.first_lane)] != kIdle;
            const Iteration before = (state ? state->next : 0) - 1 - (is_busy ? 1 : 0);
            std::vector<ValueSlot> slots;
            if (before >= 0)
                slots.push_back(ValueSlot::output_of(result_step(step), number_of(step, before)));
            CO_TRY(
                auto found,
                co_await store::runs::load_values(run_.deps.pool, run_.tenant, run_.id, std::move(slots), by)
            );
            loop.last = "null";
            if (!found.empty()) {
                CO_TRY(
                    loop.last,
                    co_await run_.deps.codec.open(run_.tenant, run_.id, std::move(found.front()), by)
                );
            }
        }
        loop.is_away = false;
    }
    co_return Result<void>{};
}

}  // namespace weft::engine
