#pragma once

#include "core/runstate/detail/random_plan_for_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

/// Random graphs, outcomes, cancels and crashes against a model of journal and outside world. A failing seed
/// is named and repeats exactly.
namespace weft::runstate {

/// What the world does wrong on purpose: negative controls, which the checks must notice.
enum class Sabotage {
    kNone,
    kLoseIntents,
    kLoseResults,
    kLoseBranches,
    kLoseLoops,
    kLoseAnswers,
    kAnswerTwice,
    kLoseOpenings,
    kLoseDrops,
    kLoseExcuses
};

struct Options {
    Sabotage sabotage = Sabotage::kNone;
    double crash = 0.05;
};

/// A step as defined, of one iteration.
using Place = std::pair<StepIndex, Iteration>;

class World {
  public:
    World(std::uint64_t seed, Options options) : dice_(seed), options_(options), plan_(random_plan(dice_)) {
        started_at_ = now_;
        for (StepIndex i = 0; i < static_cast<StepIndex>(plan_.steps.size()); ++i)
            if (plan_at(i).kind == StepKind::kBreak)
                breaks_.insert(plan_.definition_of(i));
            else if (plan_at(i).kind == StepKind::kWait)
                waiting_.insert(plan_.definition_of(i));
        boot();
    }

    /// The first violated invariant, or nothing.
    std::string run() {
        for (int i = 0; i < 3'000 && violation_.empty() && !ended_; ++i) {
            if (dice_.chance(0.05)) answer_one();
            if (dice_.chance(options_.crash)) {
                crash();
            } else if (dice_.chance(0.01)) {
                is_cancelled_ = true;
                has_timed_out_ = has_timed_out_ || state_.stage == Stage::kFinally;
                send(CancelRequested{"test"});
            } else if (dice_.chance(0.3)) {
                flush(dice_.below(4));
            } else {
                deliver_one();
            }
        }
        if (violation_.empty() && !ended_) check(false, "the run never ended");
        return violation_;
    }
    RunStatus end() const { return state_.end; }
    int crashes() const { return crashes_; }
    std::size_t items() const { return ended_items_.size(); }

  private:
    struct Wait {
        int attempt = 0;
        bool is_answered = false;  // and whoever did was told that it counts
        bool is_closed = false;
        std::optional<Failure> failure{};  // what it was answered
    };
    struct Line {
        JournalEntry entry;
        StepIndex step = 0;  // whose it is
        bool drops = false;  // what would answer the step, instead of an entry
    };
    struct Pending {
        Event event;
        Instant at{};  // timers only
        bool is_timer = false;
    };

    void check(bool holds, std::string_view what) {
        if (!holds && violation_.empty()) violation_ = what;
    }

    void boot() {
        state_ = {};
        unflushed_.clear();
        pending_.clear();
        performed_in_life_.clear();
        results_in_life_.clear();
        begun_in_life_.clear();
        lanes_.assign(plan_.lanes.size(), kIdle);
        std::vector<JournalEntry> journal;
        for (const JournalEntry& entry : journal_) {
            using Entry = JournalEntry::Entry;
            if (options_.sabotage == Sabotage::kLoseIntents && entry.entry == Entry::kIntent) continue;
            if (options_.sabotage == Sabotage::kLoseAnswers && entry.entry == Entry::kAnswer) continue;
            if (options_.sabotage == Sabotage::kLoseOpenings && is_opening(entry)) continue;
            if (options_.sabotage == Sabotage::kLoseLoops && entry.entry == Entry::kLoop) continue;
            if (options_.sabotage == Sabotage::kLoseResults && entry.entry == Entry::kResult) continue;
            journal.push_back(entry);
            if (options_.sabotage == Sabotage::kLoseExcuses) journal.back().excused = {};
            if (options_.sabotage == Sabotage::kLoseBranches && entry.branch != kNoBranch)
                journal.back().branch = (entry.branch + 1) % kBranches;
        }
        send(Started{started_at_, std::move(journal), is_cancelled_});
        if (is_cancelled_ && !ended_) send(CancelRequested{"test"});
    }

    /// Requests under way may or may not have reached the outside; nothing unflushed survives.
    void crash() {
        ++crashes_;
        for (const Pending& p : pending_)
            if (const auto* call = std::get_if<CallFinished>(&p.event); call && dice_.chance(0.5))
                take_effect(*call);
        now_ += Millis(dice_.below(2'000));
        boot();
    }

    void take_effect(const CallFinished& call) {
        const PlanStep& step = plan_at(call.step);
        if (step.kind != StepKind::kCall) return;
        const int count = ++effects_[{plan_.definition_of(call.step), call.iteration}];
        if (step.effect == Effect::kUnsafe && step.on_unknown == OnUnknown::kFail)
            check(count <= 1, "an unsafe call took effect twice");
    }

    void flush(int count) {
        for (int i = 0; i < count && !unflushed_.empty(); ++i) {
            const auto [entry, step, drops] = unflushed_.front();
            unflushed_.erase(unflushed_.begin());
            if (drops) {
                if (auto wait = waits_.find({entry.step, entry.iteration}); wait != waits_.end())
                    wait->second.is_closed = true;
                continue;
            }
            if (entry.entry == JournalEntry::Entry::kResult)
                durable_results_.insert({entry.step, entry.iteration});
            journal_.push_back(entry);
            if (entry.excused.attempts > 0)
                durable_excuses_[{entry.step, entry.iteration}] = entry.excused.attempts;
            if (entry.entry == JournalEntry::Entry::kIntent)
                pending_.push_back({IntentJournaled{step, entry.iteration, entry.attempt}});
            if (is_opening(entry)) {
                Wait& wait = waits_[{entry.step, entry.iteration}];
                // What answers the step, such as a run of its own, begins with this line.
                check(wait.attempt < entry.attempt, "a child was begun twice");
                wait = {.attempt = entry.attempt};
                pending_.push_back({WaitOpened{step, entry.iteration, entry.attempt}});
            }
        }
    }
    bool is_opening(const JournalEntry& entry) const {
        return waiting_.contains(entry.step) && entry.entry == JournalEntry::Entry::kWait && !entry.failure;
    }

    /// Somebody outside answers one of the waits that can be seen, and hears whether that counts. The engine
    /// may hear of it at once, or when the run is claimed next.
    bool answer_one() {
        for (auto& [place, wait] : waits_) {
            if (!dice_.chance(0.5)) continue;
            if (wait.is_closed || wait.is_answered) {
                if (options_.sabotage != Sabotage::kAnswerTwice || wait.is_answered) continue;
            }
            wait.is_answered = true;
            if (dice_.chance(0.2)) wait.failure = Failure{FailureKind::kProvider, "HTTP 503"};
            journal_.push_back(
                {.step = place.first,
                 .iteration = place.second,
                 .entry = JournalEntry::Entry::kAnswer,
                 .failure = wait.failure,
                 .is_retryable = true}
            );
            const auto step = here(place);
            if (step && dice_.chance(0.5)) pending_.push_back({ended(*step, wait)});
            return true;
        }
        return false;
    }
    WaitEnded ended(StepIndex step, const Wait& wait) const {
        return {step, iteration(step), wait.attempt, wait.failure, wait.failure.has_value()};
    }
    /// The newest line of it says that it is tried again: what it was answered has been heard.
    bool has_heard(Place wanted) const {
        const auto newest = std::find_if(journal_.rbegin(), journal_.rend(), [&](const JournalEntry& entry) {
            return Place(entry.step, entry.iteration) == wanted;
        });
        return newest != journal_.rend() && newest->entry == JournalEntry::Entry::kWait;
    }
    /// Which step it is in this life, if it is under way.
    std::optional<StepIndex> here(Place wanted) const {
        for (StepIndex i = 0; i < static_cast<StepIndex>(plan_.steps.size()); ++i)
            if (place(i) == wanted) return i;
        return std::nullopt;
    }

    void deliver_one() {
        parks_ = 0;
        if (pending_.empty()) {
            if (unflushed_.empty())
                return check(false, "stuck: nothing is under way and the run has not ended");
            return flush(static_cast<int>(unflushed_.size()));
        }
        std::size_t at = static_cast<std::size_t>(dice_.below(static_cast<int>(pending_.size())));
        Pending chosen = pending_[at];
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(at));
        if (chosen.is_timer) {
            bool others = std::ranges::any_of(pending_, [](const Pending& p) { return !p.is_timer; });
            bool is_run_timer = std::get<TimerFired>(chosen.event).step == kRun;
            const bool is_last = pending_.empty() && unflushed_.empty();
            check(!is_run_timer || !is_last || state_.stage != Stage::kFinally, "stuck in the final steps");
            // Let the world act before the run's own limit strikes, mostly.
            if (is_run_timer && (others || pending_.size() > 0 || !unflushed_.empty()) &&
                !dice_.chance(0.002)) {
                pending_.push_back(chosen);
                return;
            }
            now_ = std::max(now_, chosen.at);
            has_timed_out_ = has_timed_out_ || (is_run_timer && state_.stage == Stage::kFinally);
        } else {
            now_ += Millis(dice_.below(50));
        }
        Event event = chosen.event;
        if (auto* call = std::get_if<CallFinished>(&event)) decide(*call);
        if (auto* input = std::get_if<InputEvaluated>(&event)) decide(*input);
        if (auto* ended = std::get_if<WaitEnded>(&event)) close(*ended);
        send(event);
        if (dice_.chance(0.05) && !ended_) send(event);  // a repeated event changes nothing
    }

    /// The answer to CloseWait is decided when it is committed.
    void close(WaitEnded& ending) {
        Wait& wait = waits_[{plan_.definition_of(ending.step), ending.iteration}];
        if (wait.attempt != ending.attempt) return;
        const bool is_answered = wait.is_answered && options_.sabotage != Sabotage::kLoseAnswers;
        if (is_answered) {
            ending.failure = wait.failure;
            ending.is_retryable = wait.failure.has_value();
            return;
        }
        wait.is_closed = true;
        ending.failure = Failure{FailureKind::kLimit, "Nobody answered in time"};
    }

    void decide(CallFinished& call) {
        using Outcome = CallFinished::Outcome;
        int roll = dice_.below(20);
        call.outcome = roll < 13   ? Outcome::kOk
                       : roll < 17 ? Outcome::kError
                       : roll < 19 ? Outcome::kUnknown
                                   : Outcome::kAborted;
        call.failure = Failure{FailureKind::kProvider, "HTTP 503"};
        call.retryable = dice_.chance(0.7);
        if (plan_at(call.step).kind == StepKind::kCall && dice_.chance(0.05)) call.outcome = Outcome::kHeld;
        if (dice_.chance(0.5)) call.retry_after = Millis(dice_.below(20'000));
        const bool asks = call.outcome == Outcome::kError && call.retryable && call.retry_after;
        if (asks || call.outcome == Outcome::kHeld)
            ++excusable_[{plan_.definition_of(call.step), call.iteration}];
        if (call.outcome == Outcome::kOk) take_effect(call);
        if (call.outcome == Outcome::kUnknown && dice_.chance(0.5)) take_effect(call);
    }

    void decide(InputEvaluated& input) {
        int roll = dice_.below(20);
        input.outcome = roll < 2    ? InputEvaluated::Outcome::kSkipped
                        : roll == 2 ? InputEvaluated::Outcome::kFailed
                                    : InputEvaluated::Outcome::kReady;
        if (input.step == kRun) input.outcome = InputEvaluated::Outcome::kReady;
        if (input.outcome == InputEvaluated::Outcome::kFailed)
            input.failure = Failure{FailureKind::kWorkflow, "typo"};
        input.wake_at = now_ + Millis(dice_.below(20'000));
        if (input.step == kRun) return;
        const PlanStep& step = plan_at(input.step);
        if (step.loop) input.items = step.loop->is_while ? dice_.below(4) > 0 : dice_.below(6);
        if (step.kind != StepKind::kSwitch) return;
        input.branch = dice_.below(kBranches);
        if (input.outcome == InputEvaluated::Outcome::kReady)
            branches_[{plan_.definition_of(input.step), input.iteration}] = input.branch;
    }

    void send(const Event& event) {
        double unit = dice_.rng.unit();
        bool was_stopping = state_.stage == Stage::kStopping;
        auto [next, commands] = step(plan_, state_, event, {now_, unit});
        auto [again, commands_again] = step(plan_, state_, event, {now_, unit});
        check(next == again && commands == commands_again, "not deterministic");
        state_ = std::move(next);
        for (const Command& command : commands) {
            if (was_stopping) check_stopped(command);
            std::visit([this](const auto& c) { obey(c); }, command);
        }
        auto active = std::ranges::count_if(state_.steps, [](const StepState& s) {
            return s.status() == StepStatus::kRunning && !s.loop;  // what a loop asks is between its items
        });
        check(active <= plan_.parallel_max, "more steps under way than allowed");
    }

    void check_stopped(const Command& command) {
        auto starts = [this](const auto& c) {
            using C = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<C, Evaluate> || std::is_same_v<C, Perform> ||
                          std::is_same_v<C, RunCode> || std::is_same_v<C, JournalIntent>)
                return c.step == kRun || !plan_at(c.step).is_final;
            return false;
        };
        check(!std::visit(starts, command), "something was started after the run had been stopped");
    }

    void check_not_done(StepIndex i) {
        check(!durable_results_.contains(place(i)), "a finished step was done again");
    }

    void check_needs(StepIndex i) {
        const std::vector<Need>& needs = plan_at(i).needs;
        auto is_through = [&](const Need& need) {
            return is_terminal(state_.steps[static_cast<std::size_t>(need.step)].status()) ||
                   (need.on == NeedOn::kWaiting && waits_.contains(place(need.step)));
        };
        const bool is_due = plan_at(i).is_first_wins ? needs.empty() || std::ranges::any_of(needs, is_through)
                                                     : std::ranges::all_of(needs, is_through);
        check(is_due, "a step began before its needs were through");
        const bool is_on_a_branch = std::ranges::any_of(needs, [&](const Need& need) {
            return need.branch == kNoBranch || branches_[place(need.step)] == need.branch;
        });
        check(needs.empty() || is_on_a_branch, "a step began on a branch that was not taken");
    }

    void obey(const Evaluate& c) {
        if (c.step != kRun) {
            check_not_done(c.step);
            check_needs(c.step);
            begun_in_life_.insert(place(c.step));
        }
        pending_.push_back({InputEvaluated{.step = c.step, .iteration = iteration(c.step)}});
    }
    void obey(const Perform& c) {
        check_not_done(c.step);
        check(performed_in_life_.insert({place(c.step), c.attempt}).second, "one attempt was made twice");
        const Excused& excused = state_.steps[static_cast<std::size_t>(c.step)].excused;
        check(excused.attempts >= durable_excuses_[place(c.step)], "an excuse got lost");
        check(excused.attempts <= excusable_[place(c.step)], "an attempt was excused that counts");
        check(excused.waits <= kAskedWaitsMax && excused.asked <= kAskedMax, "waited longer than the limit");
        const int spent = c.attempt - excused.attempts;
        if (plan_at(c.step).effect == Effect::kUnsafe) {
            check(spent <= plan_at(c.step).retry.attempts, "more attempts than the policy allows");
            const bool is_new = performed_unsafe_.insert({place(c.step), c.attempt}).second;
            check(is_new, "one unsafe attempt was made twice");
            bool has_intent = std::ranges::any_of(journal_, [&](const JournalEntry& e) {
                return e.entry == JournalEntry::Entry::kIntent &&
                       Place(e.step, e.iteration) == place(c.step) && e.attempt == c.attempt;
            });
            check(has_intent, "an unsafe call without a committed intent");
        }
        pending_.push_back({CallFinished{.step = c.step, .iteration = iteration(c.step), .attempt = c.attempt}
        });
    }
    void obey(const RunCode& c) {
        check_not_done(c.step);
        pending_.push_back({CallFinished{.step = c.step, .iteration = iteration(c.step), .attempt = c.attempt}
        });
    }
    void write(StepIndex step, JournalEntry entry) {
        std::tie(entry.step, entry.iteration) = place(step);
        unflushed_.push_back({std::move(entry), step});
    }
    void obey(const JournalIntent& c) {
        write(c.step, {.entry = JournalEntry::Entry::kIntent, .attempt = c.attempt});
    }
    void obey(const JournalLoop& c) {
        write(c.step, {.entry = JournalEntry::Entry::kLoop, .attempt = 1, .items = c.items});
    }
    void obey(const JournalWait& c) {
        write(
            c.step,
            {
                .entry = JournalEntry::Entry::kWait,
                .attempt = c.attempt,
                .until = c.until,
                .failure = c.failure,
                .excused = c.excused,
            }
        );
    }
    void obey(const OpenWait& c) {
        if (const auto wait = waits_.find(place(c.step)); wait != waits_.end()) {
            const Wait& before = wait->second;
            const bool is_again = before.is_answered && before.failure && before.attempt < c.attempt;
            check(is_again || options_.sabotage != Sabotage::kNone, "a wait was opened twice");
            check(c.attempt <= plan_at(c.step).retry.attempts, "more attempts than the policy allows");
        }
        write(c.step, {.entry = JournalEntry::Entry::kWait, .attempt = c.attempt, .until = c.until});
    }
    void obey(const CloseWait& c) {
        check(state_.steps[static_cast<std::size_t>(c.step)].until <= now_, "a wait was closed too early");
        const int attempt = state_.steps[static_cast<std::size_t>(c.step)].attempt;
        pending_.push_back({WaitEnded{.step = c.step, .iteration = iteration(c.step), .attempt = attempt}});
    }
    void obey(const DropWait& c) {
        if (options_.sabotage == Sabotage::kLoseDrops) return;
        // The engine does not open what is not to be opened any more.
        std::erase_if(unflushed_, [&](const Line& line) {
            return line.step == c.step && is_opening(line.entry);
        });
        write(c.step, {});
        unflushed_.back().drops = true;
    }
    bool stops_the_clock(StepIndex i) const {
        return plan_at(i).kind == StepKind::kSleep || plan_at(i).kind == StepKind::kWait;
    }
    void obey(const JournalResult& c) {
        if (auto wait = waits_.find(place(c.step)); wait != waits_.end()) {
            const bool is_good = wait->second.is_answered && !wait->second.failure;
            check(c.status != StepStatus::kFailed || !is_good, "an answer that was taken got lost");
            check(c.status != StepStatus::kSuccess || is_good, "a wait ended without an answer");
        }
        check(results_in_life_.insert(place(c.step)).second, "a step ended twice");
        check(is_terminal(c.status), "a result that is no end");
        const bool is_loop = plan_at(c.step).loop.has_value();
        if (is_loop && c.status == StepStatus::kSuccess) check_items(c.step);
        write(
            c.step,
            {
                .attempt = c.attempt,
                .status = c.status,
                .at = stops_the_clock(c.step) ? now_ : Instant{},
                .failure = c.failure,
                .branch = c.branch,
            }
        );
    }
    void obey(const BeginItem& c) {
        const Lane& lane = plan_.lanes[static_cast<std::size_t>(c.lane)];
        check(lanes_[static_cast<std::size_t>(c.lane)] == kIdle, "an item began in a lane that has one");
        lanes_[static_cast<std::size_t>(c.lane)] = c.iteration;
        const Place loop = place(lane.loop);
        check(outer_iteration(c.iteration) == loop.second, "an item of another time around");
        check(!ended_items_.contains({loop.first, c.iteration}) || crashes_ > 0, "an item began twice");
    }
    bool is_dropped(Place wanted) const {
        return std::ranges::any_of(unflushed_, [&](const Line& line) {
            return line.drops && Place(line.entry.step, line.entry.iteration) == wanted;
        });
    }
    /// Like the engine: what came to no result is written at the end.
    void obey(const EndItem& c) {
        const Lane& lane = plan_.lanes[static_cast<std::size_t>(c.lane)];
        for (StepIndex i = lane.first; i < lane.first + lane.count; ++i) {
            if (auto wait = waits_.find(place(i)); wait != waits_.end())
                check(
                    wait->second.is_answered || wait->second.is_closed || is_dropped(place(i)),
                    "a child goes on without its item"
                );
            if (durable_results_.contains(place(i)) || results_in_life_.contains(place(i))) continue;
            const bool has_begun = begun_in_life_.contains(place(i));
            write(i, {.status = has_begun ? StepStatus::kCanceled : StepStatus::kNotReached});
        }
        ended_items_.insert({plan_.definition_of(lane.loop), c.iteration});
        lanes_[static_cast<std::size_t>(c.lane)] = kIdle;
    }
    void obey(const Collect& c) {
        pending_.push_back({Collected{.step = c.step, .iteration = iteration(c.step)}});
    }
    /// It ended here, or a worker found it ended in the journal.
    bool is_ended(StepIndex loop, Iteration iteration) const {
        if (ended_items_.contains({plan_.definition_of(loop), iteration})) return true;
        const Loop& of = *plan_at(loop).loop;
        for (StepIndex i = of.body; i < of.body + of.body_count; ++i)
            if (!durable_results_.contains({i, iteration})) return false;
        return true;
    }
    bool has_broken(Place loop) const {
        auto is_break = [&](const JournalEntry& entry) {
            return entry.step < static_cast<StepIndex>(plan_.steps.size()) && breaks_.contains(entry.step) &&
                   outer_iteration(entry.iteration) == loop.second && entry.status == StepStatus::kSuccess &&
                   entry.entry == JournalEntry::Entry::kResult;
        };
        return std::ranges::any_of(journal_, is_break) ||
               std::ranges::any_of(unflushed_, [&](const Line& line) {
                   return !line.drops && is_break(line.entry);
               });
    }
    /// A loop that has succeeded left no item out, unless it was told to stop early.
    void check_items(StepIndex step) {
        const Place loop = place(step);
        Iteration items = 0;
        auto read = [&](const JournalEntry& entry) {
            if (entry.entry == JournalEntry::Entry::kLoop && Place(entry.step, entry.iteration) == loop)
                items = entry.items;
        };
        for (const JournalEntry& entry : journal_) read(entry);
        for (const Line& line : unflushed_) read(line.entry);
        for (Iteration index = 0; index < items; ++index)
            check(
                is_ended(step, item_number(loop.second, index)) || has_broken(loop), "a loop left an item out"
            );
    }
    void obey(const StartTimer& c) {
        std::erase_if(pending_, [&](const Pending& p) {
            return p.is_timer && std::get<TimerFired>(p.event).step == c.step;
        });
        pending_.push_back({TimerFired{c.step}, c.at, true});
    }
    void obey(const Abort& c) {
        check(
            state_.steps[static_cast<std::size_t>(c.step)].phase == Phase::kCalling,
            "aborted what was not a call"
        );
    }
    void obey(const Respond&) {}
    void obey(const Park& c) {
        if (++parks_ > 200) return check(false, "stuck: it is parked again and again");
        flush(static_cast<int>(unflushed_.size()));
        // An answer that came meanwhile, or comes now, makes the run due at once.
        const bool is_answered = std::ranges::any_of(waits_, [&](const auto& each) {
            return options_.sabotage != Sabotage::kLoseAnswers && each.second.is_answered &&
                   !durable_results_.contains(each.first) && !has_heard(each.first);
        });
        if (!is_answered && !(dice_.chance(0.5) && answer_one())) now_ = std::max(now_, c.until);
        boot();
    }
    void obey(const Finish& c) {
        if (dice_.chance(options_.crash)) return crash();  // before the commit
        flush(static_cast<int>(unflushed_.size()));
        check(!ended_, "two ends");
        ended_ = true;
        check(is_terminal(c.status), "an end that is no end");
        for (const auto& [place, wait] : waits_) {
            const auto failed = std::ranges::any_of(journal_, [&](const JournalEntry& entry) {
                return Place(entry.step, entry.iteration) == place &&
                       entry.entry == JournalEntry::Entry::kResult && entry.status == StepStatus::kFailed;
            });
            check(
                !failed || !wait.is_answered || wait.failure, "an answer was taken after the end of the wait"
            );
            check(wait.is_answered || wait.is_closed, "a child was left behind");
        }
        check(
            c.status != RunStatus::kSuccess ||
                std::ranges::all_of(lanes_, [](Iteration at) { return at == kIdle; }),
            "success with an item that was not done"
        );
        for (std::size_t i = 0; i < state_.steps.size(); ++i) {
            if (plan_.steps[i].lane != kNoLane) continue;
            StepStatus status = state_.steps[i].status();
            bool is_open = status == StepStatus::kQueued || status == StepStatus::kCanceled ||
                           status == StepStatus::kNotReached;
            if (c.status == RunStatus::kSuccess) check(!is_open, "success with a step that was not done");
            if (plan_.steps[i].is_final && !has_timed_out_) check(!is_open, "an end without the final steps");
        }
    }

    const PlanStep& plan_at(StepIndex i) const { return plan_.steps[static_cast<std::size_t>(i)]; }
    Iteration iteration(StepIndex i) const {
        const LaneIndex lane = i == kRun ? kNoLane : plan_at(i).lane;
        return lane == kNoLane ? 0 : lanes_[static_cast<std::size_t>(lane)];
    }
    Place place(StepIndex i) const { return {plan_.definition_of(i), iteration(i)}; }

    Dice dice_;
    Options options_;
    Plan plan_;
    Instant now_ = Instant(std::chrono::hours(1'000));
    Instant started_at_;
    State state_;
    std::vector<JournalEntry> journal_;  // committed
    std::vector<Line> unflushed_;        // the write batch
    std::vector<Pending> pending_;
    std::vector<Iteration> lanes_;  // as the commands say
    std::map<Place, int> effects_;
    std::map<Place, int> excusable_;        // attempts that were not made, or that say when to come again
    std::map<Place, int> durable_excuses_;  // as committed last
    std::map<Place, Branch> branches_;      // as decided last: what is not in the journal is decided anew
    std::map<Place, Wait> waits_;           // as committed
    std::set<StepIndex> waiting_;           // kWait steps, as defined
    std::set<Place> durable_results_;
    std::set<Place> ended_items_;  // by loop
    std::set<std::pair<Place, int>> performed_in_life_;
    std::set<std::pair<Place, int>> performed_unsafe_;
    std::set<Place> results_in_life_;
    std::set<Place> begun_in_life_;
    std::set<StepIndex> breaks_;  // as defined
    std::string violation_;
    int crashes_ = 0;
    int parks_ = 0;  // without anything between them
    bool ended_ = false;
    bool has_timed_out_ = false;  // the final steps have, or were told to stop
    bool is_cancelled_ = false;
};

}  // namespace weft::runstate
