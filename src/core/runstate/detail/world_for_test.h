#pragma once

#include "core/runstate/detail/outside_for_test.h"
#include "core/runstate/rerun.h"

#include <algorithm>
#include <map>
#include <set>

/// Random graphs, outcomes, cancels and crashes against a model of journal and outside world. A failing seed
/// is named and repeats exactly.
namespace weft::runstate {

class World : Outside {
  public:
    World(std::uint64_t seed, Options options) : Outside(seed, options) { boot(); }

    /// The first violated invariant, or nothing.
    std::string run() {
        for (int i = 0; i < 3'000 && violation_.empty() && !ended_; ++i) {
            if (dice_.chance(0.05)) answer_one();
            if (paused_ && dice_.chance(0.1)) wake();
            if (dice_.chance(options_.crash)) {
                crash(Fault::kCrash);
            } else if (dice_.chance(options_.pause)) {
                pause();
            } else if (dice_.chance(0.01)) {
                cancel();
            } else if (dice_.chance(0.3)) {
                flush(dice_.below(4));
            } else {
                deliver_one();
            }
        }
        if (violation_.empty() && !ended_) check(false, "the run never ended");
        if (violation_.empty() && paused_) wake();
        return violation_;
    }
    /// After its end: a run that repeats it, from some step on, with what the first one has come to
    /// otherwise.
    std::string run_again() {
        const auto top = static_cast<std::size_t>(std::ranges::count(plan_.steps, kNoLane, &PlanStep::lane));
        Ends ends;
        for (std::size_t i = 0; i < top; ++i) ends.push_back(life_.state.steps[i].status());
        std::optional<StepIndex> from;
        if (dice_.chance(0.7)) from = dice_.below(static_cast<int>(top));
        const std::vector<bool> again = done_again(plan_, ends, from);
        const auto is_kept = [&](const JournalEntry& entry) {
            return entry.entry == JournalEntry::Entry::kResult && entry.iteration == 0 &&
                   static_cast<std::size_t>(entry.step) < top && !again[static_cast<std::size_t>(entry.step)];
        };
        std::erase_if(journal_, [&](const JournalEntry& entry) { return !is_kept(entry); });
        durable_results_.clear();
        for (const JournalEntry& entry : journal_) durable_results_.insert({entry.step, entry.iteration});
        kept_ = durable_results_.size();
        waits_.clear();
        effects_.clear();
        ended_items_.clear();
        performed_unsafe_.clear();
        sleeps_.clear();
        excusable_.clear();
        durable_excuses_.clear();
        ended_ = is_cut_short_ = is_cancelled_ = must_be_canceled_ = false;
        started_at_ = now_;
        boot();
        return run();
    }
    RunStatus end() const { return life_.state.end; }
    int crashes() const { return crashes_; }
    int pauses() const { return pauses_; }
    std::size_t items() const { return ended_items_.size(); }
    std::size_t kept() const { return kept_; }
    const std::set<FaultPair>& pairs() const { return pairs_; }

  private:
    void cancel() {
        struck(Fault::kCancel);
        is_cancelled_ = true;
        is_cut_short_ = is_cut_short_ || life_.state.stage == Stage::kFinally;
        must_be_canceled_ = must_be_canceled_ || life_.state.stage == Stage::kRunning;
        send(CancelRequested{"test"});
    }
    /// The worker stands still until its lease is over, and another one takes the run.
    void pause() {
        if (paused_) return;
        struck(Fault::kPause);
        ++pauses_;
        paused_ = std::move(life_);
        now_ += Millis(30'000);
        boot();
    }
    /// It goes on as if nothing had been, until it is told that its lease is over.
    void wake() {
        std::swap(life_, *paused_);
        is_stale_ = true;
        is_lost_ = false;
        for (int i = dice_.below(12); i >= 0 && !is_lost_ && violation_.empty(); --i) {
            if (dice_.chance(0.4) || life_.pending.empty()) {
                flush(1 + dice_.below(3));
                is_lost_ = is_lost_ || (life_.pending.empty() && life_.unflushed.empty());
            } else {
                deliver_one();
            }
        }
        is_stale_ = false;
        std::swap(life_, *paused_);
        paused_.reset();
    }

    void boot() {
        life_ = {.epoch = ++epoch_, .skew = Millis(dice_.below(7'200'000) - 3'600'000)};
        life_.lanes.assign(plan_.lanes.size(), kIdle);
        std::vector<JournalEntry> journal;
        for (const JournalEntry& entry : journal_) {
            using Entry = JournalEntry::Entry;
            if (options_.sabotage == Sabotage::kLoseIntents && entry.entry == Entry::kIntent) continue;
            if (options_.sabotage == Sabotage::kLoseAnswers && entry.entry == Entry::kAnswer) continue;
            if (options_.sabotage == Sabotage::kLoseOpenings && is_opening(entry)) continue;
            if (options_.sabotage == Sabotage::kLoseLoops && entry.entry == Entry::kLoop) continue;
            if (options_.sabotage == Sabotage::kLoseResults && entry.entry == Entry::kResult) continue;
            if (options_.sabotage == Sabotage::kLoseKept && kept_ > 0 && &entry == &journal_.front())
                continue;
            journal.push_back(entry);
            if (options_.sabotage == Sabotage::kLoseExcuses) journal.back().excused = {};
            if (options_.sabotage == Sabotage::kLoseBranches && entry.branch != kNoBranch)
                journal.back().branch = (entry.branch + 1) % kBranches;
        }
        const bool is_heard = is_cancelled_ && options_.sabotage != Sabotage::kLoseCancels;
        send(Started{started_at_, std::move(journal), is_heard});
        if (is_heard && !ended_) send(CancelRequested{"test"});
    }

    /// Requests under way may or may not have reached the outside; nothing unflushed survives.
    void crash(Fault fault) {
        struck(fault);
        ++crashes_;
        for (const Pending& p : life_.pending)
            if (const auto* call = std::get_if<CallFinished>(&p.event); call && dice_.chance(0.5))
                take_effect(*call);
        now_ += Millis(dice_.below(2'000));
        boot();
    }

    void flush(int count) {
        if (!holds_lease()) return;
        for (int i = 0; i < count && !life_.unflushed.empty(); ++i) {
            const auto [entry, step, drops] = life_.unflushed.front();
            life_.unflushed.erase(life_.unflushed.begin());
            if (drops) {
                if (auto wait = waits_.find({entry.step, entry.iteration}); wait != waits_.end())
                    wait->second.is_closed = true;
                continue;
            }
            if (entry.entry == JournalEntry::Entry::kResult) {
                const bool is_first = durable_results_.insert({entry.step, entry.iteration}).second;
                check_always(is_first, "a step has two results");
            }
            journal_.push_back(entry);
            if (entry.excused.attempts > 0)
                durable_excuses_[{entry.step, entry.iteration}] = entry.excused.attempts;
            if (entry.entry == JournalEntry::Entry::kIntent)
                life_.pending.push_back({IntentJournaled{step, entry.iteration, entry.attempt}});
            if (is_opening(entry)) {
                Wait& wait = waits_[{entry.step, entry.iteration}];
                // What answers the step, such as a run of its own, begins with this line.
                check_always(wait.attempt < entry.attempt, "a child was begun twice");
                wait = {.attempt = entry.attempt, .epoch = life_.epoch};
                life_.pending.push_back({WaitOpened{step, entry.iteration, entry.attempt}});
            }
        }
    }

    void deliver_one() {
        parks_ = 0;
        if (life_.pending.empty()) {
            if (life_.unflushed.empty())
                return check(false, "stuck: nothing is under way and the run has not ended");
            return flush(static_cast<int>(life_.unflushed.size()));
        }
        std::size_t at = static_cast<std::size_t>(dice_.below(static_cast<int>(life_.pending.size())));
        Pending chosen = life_.pending[at];
        life_.pending.erase(life_.pending.begin() + static_cast<std::ptrdiff_t>(at));
        if (chosen.is_timer) {
            bool others = std::ranges::any_of(life_.pending, [](const Pending& p) { return !p.is_timer; });
            bool is_run_timer = std::get<TimerFired>(chosen.event).step == kRun;
            const bool is_last = life_.pending.empty() && life_.unflushed.empty();
            check(
                !is_run_timer || !is_last || life_.state.stage != Stage::kFinally, "stuck in the final steps"
            );
            // Let the world act before the run's own limit strikes, mostly.
            if (is_run_timer && (others || life_.pending.size() > 0 || !life_.unflushed.empty()) &&
                !dice_.chance(0.002)) {
                life_.pending.push_back(chosen);
                return;
            }
            now_ = std::max(now_, chosen.at);
            if (is_run_timer && !is_stale_) struck(Fault::kTimeLimit);
            is_cut_short_ =
                is_cut_short_ || (is_run_timer && life_.state.stage == Stage::kFinally && !is_stale_);
        } else {
            now_ += Millis(dice_.below(50));
        }
        Event event = chosen.event;
        if (auto* call = std::get_if<CallFinished>(&event)) decide(*call);
        if (auto* input = std::get_if<InputEvaluated>(&event)) decide(*input);
        if (auto* ended = std::get_if<WaitEnded>(&event)) close(*ended);
        send(event);
        if (!dice_.chance(0.05) || ended_ || is_lost_) return;
        struck(Fault::kRepeatedEvent);
        send(event);  // changes nothing
    }

    void send(const Event& event) {
        double unit = dice_.rng.unit();
        bool was_stopping = life_.state.stage == Stage::kStopping;
        const Instant now = options_.sabotage == Sabotage::kOwnClock ? now_ + life_.skew : now_;
        auto [next, commands] = step(plan_, life_.state, event, {now, unit});
        auto [again, commands_again] = step(plan_, life_.state, event, {now, unit});
        check(next == again && commands == commands_again, "not deterministic");
        life_.state = std::move(next);
        for (const Command& command : commands) {
            if (was_stopping) check_stopped(command);
            std::visit([this](const auto& c) { obey(c); }, command);
            if (is_lost_ && is_stale_) return;
        }
        auto active = std::ranges::count_if(life_.state.steps, [](const StepState& s) {
            return s.status() == StepStatus::kRunning && !s.loop;  // what a loop asks is between its items
        });
        check(active <= plan_.parallel_max, "more steps under way than allowed");
        for (const Event& meanwhile : std::exchange(life_.at_once, std::vector<Event>())) {
            if (ended_ || is_stale_) return;
            if (std::holds_alternative<CancelRequested>(meanwhile)) {
                cancel();
                continue;
            }
            const auto* lost = std::get_if<SandboxLost>(&meanwhile);
            is_cut_short_ = is_cut_short_ ||
                            (lost != nullptr && lost->step == kRun && life_.state.stage == Stage::kFinally);
            send(meanwhile);
        }
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

    void obey(const Evaluate& c) {
        if (c.step != kRun) {
            check_not_done(c.step);
            check_needs(c.step);
            life_.begun.insert(place(c.step));
        }
        if (c.step != kRun && lose_sandbox(c.step)) return;
        life_.pending.push_back({InputEvaluated{.step = c.step, .iteration = iteration(c.step)}});
    }
    /// Of what it was asked it answers nothing; the run ends, or its step, or it is killed because the run is
    /// canceled.
    bool lose_sandbox(StepIndex i) {
        // The engine asks for nothing that was stopped before its turn came.
        const Phase phase = life_.state.steps[static_cast<std::size_t>(i)].phase;
        const bool is_asked = phase == Phase::kEvaluating || phase == Phase::kCalling;
        if (!is_asked || !life_.at_once.empty() || !dice_.chance(options_.sandbox)) return false;
        struck(Fault::kLostSandbox);
        SandboxLost lost{.failure = {FailureKind::kLimit, "too much memory"}};
        switch (dice_.below(3)) {
            case 0:
                lost.step = i;
                lost.iteration = iteration(i);
                [[fallthrough]];
            case 1:
                life_.at_once.emplace_back(lost);
                break;
            default:
                life_.at_once.emplace_back(is_cancelled_ ? Event(lost) : Event(CancelRequested{"test"}));
        }
        return true;
    }
    void obey(const Perform& c) {
        check_not_done(c.step);
        check(life_.performed.insert({place(c.step), c.attempt}).second, "one attempt was made twice");
        const Excused& excused = life_.state.steps[static_cast<std::size_t>(c.step)].excused;
        check(excused.attempts >= durable_excuses_[place(c.step)], "an excuse got lost");
        check(excused.attempts <= excusable_[place(c.step)], "an attempt was excused that counts");
        check(excused.waits <= kAskedWaitsMax && excused.asked <= kAskedMax, "waited longer than the limit");
        const int spent = c.attempt - excused.attempts;
        if (plan_at(c.step).effect == Effect::kUnsafe) {
            check(spent <= plan_at(c.step).retry.attempts, "more attempts than the policy allows");
            const bool is_new = performed_unsafe_.insert({place(c.step), c.attempt}).second;
            check_always(is_new, "one unsafe attempt was made twice");
            bool has_intent = std::ranges::any_of(journal_, [&](const JournalEntry& e) {
                return e.entry == JournalEntry::Entry::kIntent &&
                       Place(e.step, e.iteration) == place(c.step) && e.attempt == c.attempt;
            });
            check_always(has_intent, "an unsafe call without a committed intent");
        }
        if (c.attempt == 1 && lose_sandbox(c.step))
            life_.unmade.insert(place(c.step));
        else
            life_.pending.push_back(
                {CallFinished{.step = c.step, .iteration = iteration(c.step), .attempt = c.attempt}}
            );
    }
    void obey(const RunCode& c) {
        check_not_done(c.step);
        life_.pending.push_back(
            {CallFinished{.step = c.step, .iteration = iteration(c.step), .attempt = c.attempt}}
        );
    }
    void write(StepIndex step, JournalEntry entry) {
        std::tie(entry.step, entry.iteration) = place(step);
        life_.unflushed.push_back({std::move(entry), step});
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
        check(
            life_.state.steps[static_cast<std::size_t>(c.step)].until <= now_, "a wait was closed too early"
        );
        const int attempt = life_.state.steps[static_cast<std::size_t>(c.step)].attempt;
        life_.pending.push_back({WaitEnded{.step = c.step, .iteration = iteration(c.step), .attempt = attempt}
        });
    }
    void obey(const DropWait& c) {
        if (options_.sabotage == Sabotage::kLoseDrops) return;
        // The engine does not open what is not to be opened any more.
        std::erase_if(life_.unflushed, [&](const Line& line) {
            return line.step == c.step && is_opening(line.entry);
        });
        write(c.step, {});
        life_.unflushed.back().drops = true;
    }
    void obey(const JournalResult& c) {
        if (auto wait = waits_.find(place(c.step)); wait != waits_.end()) {
            const bool is_good = wait->second.is_answered && !wait->second.failure;
            check(c.status != StepStatus::kFailed || !is_good, "an answer that was taken got lost");
            check(c.status != StepStatus::kSuccess || is_good, "a wait ended without an answer");
        }
        const auto sleep = sleeps_.find(place(c.step));
        const bool is_asleep =
            sleep != sleeps_.end() && c.status == StepStatus::kSuccess && now_ < sleep->second;
        check(!is_asleep, "a sleep ended too early");
        check(life_.results.insert(place(c.step)).second, "a step ended twice");
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
        check(life_.lanes[static_cast<std::size_t>(c.lane)] == kIdle, "an item began in a lane that has one");
        life_.lanes[static_cast<std::size_t>(c.lane)] = c.iteration;
        const Place loop = place(lane.loop);
        check(outer_iteration(c.iteration) == loop.second, "an item of another time around");
        const bool is_again = crashes_ + pauses_ > 0 || kept_ > 0;
        check(!ended_items_.contains({loop.first, c.iteration}) || is_again, "an item began twice");
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
            if (durable_results_.contains(place(i)) || life_.results.contains(place(i))) continue;
            const bool has_begun = life_.begun.contains(place(i));
            write(i, {.status = has_begun ? StepStatus::kCanceled : StepStatus::kNotReached});
        }
        if (!is_stale_) ended_items_.insert({plan_.definition_of(lane.loop), c.iteration});
        life_.lanes[static_cast<std::size_t>(c.lane)] = kIdle;
    }
    void obey(const Collect& c) {
        life_.pending.push_back({Collected{.step = c.step, .iteration = iteration(c.step)}});
    }
    void obey(const StartTimer& c) {
        std::erase_if(life_.pending, [&](const Pending& p) {
            return p.is_timer && std::get<TimerFired>(p.event).step == c.step;
        });
        const bool is_sleep = c.step != kRun && plan_at(c.step).kind == StepKind::kSleep;
        if (is_sleep && options_.sabotage == Sabotage::kLoseTimers) return;
        life_.pending.push_back({TimerFired{c.step}, c.at, true});
    }
    void obey(const Abort& c) {
        check(
            life_.state.steps[static_cast<std::size_t>(c.step)].phase == Phase::kCalling,
            "aborted what was not a call"
        );
        if (life_.unmade.erase(place(c.step)) == 0 || options_.sabotage == Sabotage::kLoseAborts) return;
        CallFinished answer{.step = c.step, .iteration = iteration(c.step)};
        answer.attempt = life_.state.steps[static_cast<std::size_t>(c.step)].attempt;
        answer.outcome = CallFinished::Outcome::kAborted;
        life_.at_once.emplace_back(answer);
    }
    void obey(const Respond&) {}
    void obey(const Park& c) {
        if (!holds_lease()) return;
        if (++parks_ > 200) return check(false, "stuck: it is parked again and again");
        flush(static_cast<int>(life_.unflushed.size()));
        if (is_stale_) {
            is_lost_ = true;
            return;
        }
        // An answer that came meanwhile, or comes now, makes the run due at once.
        const bool is_answered = std::ranges::any_of(waits_, [&](const auto& each) {
            return options_.sabotage != Sabotage::kLoseAnswers && each.second.is_answered &&
                   !durable_results_.contains(each.first) && !has_heard(each.first);
        });
        if (!is_answered && !(dice_.chance(0.5) && answer_one())) now_ = std::max(now_, c.until);
        boot();
    }
    void obey(const Finish& c) {
        if (!holds_lease()) return;
        if (!is_stale_ && dice_.chance(options_.crash)) return crash(Fault::kCrashBeforeTheEnd);
        flush(static_cast<int>(life_.unflushed.size()));
        check_always(!ended_, "two ends");
        ended_ = true;
        if (is_stale_) return;
        check(!must_be_canceled_ || c.status != RunStatus::kSuccess, "a cancel got lost");
        check(is_terminal(c.status), "an end that is no end");
        for (const auto& [place, wait] : waits_) {
            const auto failed = std::ranges::any_of(journal_, [&](const JournalEntry& entry) {
                return Place(entry.step, entry.iteration) == place &&
                       entry.entry == JournalEntry::Entry::kResult && entry.status == StepStatus::kFailed;
            });
            check(
                !failed || !wait.is_answered || wait.failure, "an answer was taken after the end of the wait"
            );
            // What an earlier life has left open is closed with the run (store/runs close_waits).
            const bool is_ours = wait.epoch == life_.epoch;
            check(wait.is_answered || wait.is_closed || !is_ours, "a child was left behind");
        }
        check(
            c.status != RunStatus::kSuccess ||
                std::ranges::all_of(life_.lanes, [](Iteration at) { return at == kIdle; }),
            "success with an item that was not done"
        );
        for (std::size_t i = 0; i < life_.state.steps.size(); ++i) {
            if (plan_.steps[i].lane != kNoLane) continue;
            StepStatus status = life_.state.steps[i].status();
            bool is_open = status == StepStatus::kQueued || status == StepStatus::kCanceled ||
                           status == StepStatus::kNotReached;
            if (c.status == RunStatus::kSuccess) check(!is_open, "success with a step that was not done");
            if (plan_.steps[i].is_final && !is_cut_short_) check(!is_open, "an end without the final steps");
        }
    }
};

}  // namespace weft::runstate
