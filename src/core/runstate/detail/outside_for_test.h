#pragma once

#include "core/runstate/detail/life_for_test.h"
#include "core/runstate/detail/random_plan_for_test.h"

#include <algorithm>
#include <map>
#include <set>

/// What the simulator's World knows beside the worker: journal, other systems, who answers waits; and what
/// must hold.
namespace weft::runstate {

class Outside {
  protected:
    Outside(std::uint64_t seed, Options options) : dice_(seed), options_(options), plan_(random_plan(dice_)) {
        started_at_ = now_;
        for (StepIndex i = 0; i < static_cast<StepIndex>(plan_.steps.size()); ++i)
            if (plan_at(i).kind == StepKind::kBreak)
                breaks_.insert(plan_.definition_of(i));
            else if (plan_at(i).kind == StepKind::kWait)
                waiting_.insert(plan_.definition_of(i));
    }

    /// What a worker does that has lost its lease is checked only where it reaches others.
    void check(bool holds, std::string_view what) {
        if (!holds && violation_.empty() && !is_stale_) violation_ = what;
    }
    void check_always(bool holds, std::string_view what) {
        if (!holds && violation_.empty()) violation_ = what;
    }
    void struck(Fault fault) {
        if (newest_fault_) pairs_.insert({*newest_fault_, fault});
        newest_fault_ = fault;
    }
    /// Whether what this life commits is taken.
    bool holds_lease() {
        if (life_.epoch == epoch_ || options_.sabotage == Sabotage::kNoFence) return true;
        is_lost_ = true;
        return false;
    }
    void take_effect(const CallFinished& call) {
        const PlanStep& step = plan_at(call.step);
        if (step.kind != StepKind::kCall) return;
        const int count = ++effects_[{plan_.definition_of(call.step), call.iteration}];
        if (step.effect == Effect::kUnsafe && step.on_unknown == OnUnknown::kFail)
            check_always(count <= 1, "an unsafe call took effect twice");
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
            if (dice_.chance(0.5))
                struck(wait.failure ? Fault::kFailedAnswer : Fault::kLateAnswer);
            else if (step)
                life_.pending.push_back({ended(*step, wait)});
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
    /// The answer to CloseWait is decided when it is committed.
    void close(WaitEnded& ending) {
        if (!holds_lease()) return;
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
        if (call.outcome == Outcome::kError) struck(Fault::kFailedCall);
        if (call.outcome == Outcome::kUnknown) struck(Fault::kUnknownOutcome);
        if (call.outcome == Outcome::kAborted) struck(Fault::kAbortedCall);
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
        if (step.kind == StepKind::kSleep && !is_stale_)
            sleeps_[{plan_.definition_of(input.step), input.iteration}] = input.wake_at;
        if (step.kind != StepKind::kSwitch) return;
        input.branch = dice_.below(kBranches);
        if (input.outcome == InputEvaluated::Outcome::kReady && !is_stale_)
            branches_[{plan_.definition_of(input.step), input.iteration}] = input.branch;
    }
    void check_not_done(StepIndex i) {
        check(!durable_results_.contains(place(i)), "a finished step was done again");
    }
    void check_needs(StepIndex i) {
        // The same event may have ended its item: then the state is the next item's, and the answer nobody's.
        if (life_.state.iteration_of(plan_, i) != iteration(i)) return;
        const std::vector<Need>& needs = plan_at(i).needs;
        auto is_through = [&](const Need& need) {
            return is_terminal(life_.state.steps[static_cast<std::size_t>(need.step)].status()) ||
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
    bool stops_the_clock(StepIndex i) const {
        return plan_at(i).kind == StepKind::kSleep || plan_at(i).kind == StepKind::kWait;
    }
    bool is_dropped(Place wanted) const {
        return std::ranges::any_of(life_.unflushed, [&](const Line& line) {
            return line.drops && Place(line.entry.step, line.entry.iteration) == wanted;
        });
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
               std::ranges::any_of(life_.unflushed, [&](const Line& line) {
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
        for (const Line& line : life_.unflushed) read(line.entry);
        for (Iteration index = 0; index < items; ++index)
            check(
                is_ended(step, item_number(loop.second, index)) || has_broken(loop), "a loop left an item out"
            );
    }
    Iteration iteration(StepIndex i) const {
        const LaneIndex lane = i == kRun ? kNoLane : plan_at(i).lane;
        return lane == kNoLane ? 0 : life_.lanes[static_cast<std::size_t>(lane)];
    }
    const PlanStep& plan_at(StepIndex i) const { return plan_.steps[static_cast<std::size_t>(i)]; }
    Place place(StepIndex i) const { return {plan_.definition_of(i), iteration(i)}; }

    Dice dice_;
    Options options_;
    Plan plan_;
    Instant now_ = Instant(std::chrono::hours(1'000));
    Instant started_at_;
    std::vector<JournalEntry> journal_;  // committed
    Life life_;
    std::optional<Life> paused_;       // of a worker that stands still; its lease is over
    bool is_stale_ = false;            // life_ is such a one, awake again
    bool is_lost_ = false;             // and has found out
    int epoch_ = 0;                    // of whoever holds the lease
    std::map<Place, Instant> sleeps_;  // until when
    std::map<Place, int> effects_;
    std::map<Place, int> excusable_;        // attempts that were not made, or that say when to come again
    std::map<Place, int> durable_excuses_;  // as committed last
    std::map<Place, Branch> branches_;      // as decided last: what is not in the journal is decided anew
    std::map<Place, Wait> waits_;           // as committed
    std::set<StepIndex> waiting_;           // kWait steps, as defined
    std::set<Place> durable_results_;
    std::set<Place> ended_items_;  // by loop
    std::set<std::pair<Place, int>> performed_unsafe_;
    std::set<StepIndex> breaks_;  // as defined
    std::string violation_;
    std::set<FaultPair> pairs_;
    std::optional<Fault> newest_fault_;
    int crashes_ = 0;
    int parks_ = 0;  // without anything between them
    int pauses_ = 0;
    std::size_t kept_ = 0;  // steps, by a run that repeats another
    bool ended_ = false;
    bool is_cut_short_ = false;  // the final steps have, or were told to stop
    bool is_cancelled_ = false;
    bool must_be_canceled_ = false;  // it was, while steps were under way
};

}  // namespace weft::runstate
