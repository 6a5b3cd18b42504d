#include "queue_world.h"

#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weft::sim {

namespace {

constexpr int kTurns = 600;
constexpr int kCalmTurns = 6'000;
constexpr int kEvents = 12;

}  // namespace

QueueWorld::QueueWorld(std::uint64_t seed, Removed removed)
    : rng_(seed),
      removed_(removed),
      workers_(3),
      schedule_(trigger::parse_schedule(JsonObject{{"cron", "* * * * *"}, {"catch_up", "all"}}).value()) {
    for (Worker& worker : workers_) worker.skew = Millis(static_cast<int>(below(7'200'000)) - 3'600'000);
}

void QueueWorld::struck(Trouble trouble) {
    if (newest_) pairs_.insert({*newest_, trouble});
    newest_ = trouble;
}

std::string QueueWorld::run() {
    for (int i = 0; i < kTurns && violation_.empty(); ++i) {
        now_ += Millis(below(600));
        if (i % 10 == 0 || chance(0.05)) deliver();
        if (chance(0.02)) cancel();
        if (chance(0.1)) reap();
        fire(below(seen_.size()));
        turn(workers_[below(workers_.size())]);
    }
    is_calm_ = true;
    for (Worker& worker : workers_) worker.paused_until.reset();
    const auto is_live = [](const Run& run) { return run.ends == 0; };
    for (int i = 0; i < kCalmTurns && violation_.empty(); ++i) {
        now_ += Millis(50);
        deliver();
        if (i % 20 == 0) reap();
        fire(0);
        turn(workers_[below(workers_.size())]);
        if (refused_.empty() && std::ranges::none_of(runs_, is_live)) break;
    }
    check_end();
    return violation_;
}

void QueueWorld::check_end() {
    for (const int event : acked_) check(inbox_.contains(event), "an acknowledged event got lost");
    std::map<int, int> runs_of;
    for (const Run& run : runs_) {
        check(++runs_of[run.event] == 1 || run.event < 0, "an event has two runs");
        check(run.ends > 0, "a run is stuck");
        check(run.ends < 2, "a run has two ends");
    }
    Instant slot = kBegin;
    for (const auto& [at, count] : fires_) {
        check(count == 1, "a slot fired twice");
        const auto expected = trigger::next(schedule_, slot);
        check(expected == at, "a slot did not fire");
        slot = at;
    }
}

/// One transaction. Afterwards the caller may not know, whichever it was.
QueueWorld::Answer QueueWorld::commit() {
    if (is_calm_ || !chance(0.06)) return Answer::kDone;
    const bool is_lost = chance(0.5);
    struck(is_lost ? Trouble::kLostCommit : Trouble::kLostAnswer);
    return is_lost ? Answer::kUnknownLost : Answer::kUnknownDone;
}

/// A sender repeats an event until it is answered, and sometimes afterwards.
void QueueWorld::deliver() {
    int event = next_event_;
    if (!refused_.empty()) {
        event = *refused_.begin();
    } else if (!acked_.empty() && chance(0.2) && !is_calm_) {
        struck(Trouble::kRepeat);
        event = *std::next(acked_.begin(), static_cast<long>(below(acked_.size())));
    } else if (event >= kEvents || is_calm_) {
        return;
    } else {
        ++next_event_;
    }
    refused_.insert(event);
    const Answer answer = commit();
    if (answer != Answer::kUnknownLost && (!inbox_.contains(event) || has(Removed::kDedupeKey))) {
        Run run{.event = event, .steps = 1 + static_cast<int>(below(4)), .is_poison = chance(0.05)};
        run.id = RunId::make(now_, rng_);
        if (run.is_poison) struck(Trouble::kPoison);
        inbox_[event] = runs_.size();
        runs_.push_back(std::move(run));
    }
    if (answer != Answer::kDone && !has(Removed::kCommitBeforeAck)) return;
    refused_.erase(event);
    acked_.insert(event);
}

void QueueWorld::cancel() {
    if (runs_.empty()) return;
    Run& run = runs_[below(runs_.size())];
    if (run.ends > 0 || run.canceled || commit() != Answer::kDone) return;
    struck(Trouble::kCancel);
    run.canceled = now_;
}

void QueueWorld::reap() {
    if (has(Removed::kReaper) || commit() == Answer::kUnknownLost) return;
    for (Run& run : runs_) {
        if (!run.is_leased || run.ends > 0 || run.lease_until >= now_) continue;
        run.is_leased = false;
        if (++run.crashes < kCrashesMax || has(Removed::kCrashLimit)) continue;
        ++run.epoch;
        ++run.ends;  // failed: it died repeatedly
    }
}

/// What is due fires, and is settled in the same transaction.
void QueueWorld::fire(std::size_t scheduler) {
    // Without the row's lock each goes by what it saw last.
    if (!has(Removed::kSettledInCommit) || !seen_[scheduler] || chance(0.05)) seen_[scheduler] = settled_;
    const trigger::Due due = trigger::due(schedule_, {.settled = *seen_[scheduler], .now = now_});
    if (due.slots.empty()) return;
    const Answer answer = commit();
    if (answer == Answer::kUnknownLost) return;
    for (const Instant slot : due.slots) {
        ++fires_[slot];
        runs_.push_back({.event = -1, .steps = 1, .id = RunId::make(now_, rng_)});
    }
    settled_ = std::max(settled_, due.settled);
    if (has(Removed::kSettledInCommit)) seen_[scheduler] = due.settled;
}

void QueueWorld::crash(Worker& worker) {
    struck(Trouble::kCrash);
    worker.holds.clear();
    worker.skew = Millis(static_cast<int>(below(7'200'000)) - 3'600'000);
}

void QueueWorld::turn(Worker& worker) {
    if (worker.paused_until) {
        if (*worker.paused_until > now_) return;
        worker.paused_until.reset();  // and it goes on where it stood
        for (Hold& hold : worker.holds) work(worker, hold);
    } else if (!is_calm_ && chance(0.01)) {
        struck(Trouble::kPause);
        worker.paused_until = now_ + kLease + Millis(below(30'000));
        return;
    }
    if (!is_calm_ && chance(0.01)) return crash(worker);
    // What its own clock says is over is dropped, before anything else is done.
    std::erase_if(worker.holds, [&](const Hold& hold) { return hold.trusted_until <= now_; });
    claim(worker);
    for (std::size_t i = 0; i < worker.holds.size(); ++i) {
        if (runs_[worker.holds[i].run].is_poison) {
            ++runs_[worker.holds[i].run].kills;
            check(
                runs_[worker.holds[i].run].kills <= kCrashesMax, "a run has taken too many workers with it"
            );
            return crash(worker);
        }
        work(worker, worker.holds[i]);
    }
    std::erase_if(worker.holds, [&](const Hold& hold) { return hold.trusted_until <= now_; });
}

void QueueWorld::claim(Worker& worker) {
    const Millis skew = has(Removed::kDatabaseClock) ? worker.skew : Millis{0};
    const auto is_due = [&](const Run& run) {
        return run.ends == 0 && !run.is_leased && (!run.asleep || *run.asleep <= now_ + skew);
    };
    const auto found = std::ranges::find_if(runs_, is_due);
    if (found == runs_.end() || worker.holds.size() >= 4) return;
    const Answer answer = commit();
    if (answer == Answer::kUnknownLost) return;
    found->is_leased = true;
    ++found->epoch;
    found->lease_until = now_ + kLease;
    if (answer == Answer::kUnknownDone) return;  // the reaper gives it back
    check(!found->asleep || *found->asleep <= now_, "a sleep ended too early");
    found->asleep.reset();
    worker.holds.push_back({
        .run = static_cast<std::size_t>(found - runs_.begin()),
        .epoch = found->epoch,
        .done = found->done,
        .trusted_until = now_ + kLease - Millis(1'000),
        .is_canceled = found->canceled && !has(Removed::kCancelAtStart),
        .beaten = now_,
    });
}

/// One thing of a run that a worker believes to hold: the heartbeat, the call, or its result.
void QueueWorld::work(Worker& worker, Hold& hold) {
    Run& run = runs_[hold.run];
    const bool is_held = (run.is_leased && run.epoch == hold.epoch && run.ends == 0) || has(Removed::kFence);
    if (hold.beaten + kHeartbeat <= now_ && !worker.paused_until) {
        hold.beaten = now_;
        if (!is_held) return void(hold.trusted_until = now_);
        if (commit() != Answer::kUnknownLost) run.lease_until = now_ + kLease;
        hold.trusted_until = now_ + kLease - Millis(1'000);
        hold.is_canceled = hold.is_canceled || (run.canceled && !has(Removed::kCancelAtStart));
    }
    if (hold.is_canceled || hold.done >= run.steps) return finish(hold);
    if (!hold.is_called) {
        const bool is_late =
            run.canceled && *run.canceled + kHeartbeat + Millis(5'000) < now_ && run.ends == 0;
        check(!is_late || !is_held || hold.beaten < *run.canceled, "a step began after a cancel");
        hold.is_called = true;
        const std::string attempt = has(Removed::kStableKey) ? fmt::format(".{}", hold.epoch) : "";
        const auto key = runstate::idempotency_key(run.id, fmt::format("s{}{}", hold.done, attempt));
        if (is_held && hold.done == run.done) {
            run.keys.insert(key);
            check(run.keys.size() == 1, "a call was repeated with another key");
        }
        return;
    }
    const Answer answer = commit();
    if (!is_held || answer == Answer::kUnknownLost) {
        if (!is_held) hold.trusted_until = now_;
        return;
    }
    hold.is_called = false;
    run.done = std::max(run.done, ++hold.done);
    run.keys.clear();
    if (!chance(0.2) || hold.done >= run.steps) return;
    run.asleep = now_ + Millis(1'000 + below(60'000));
    run.is_leased = false;
    hold.trusted_until = now_;
}

void QueueWorld::finish(Hold& hold) {
    Run& run = runs_[hold.run];
    const bool is_held = run.is_leased && run.epoch == hold.epoch && run.ends == 0;
    if (!is_held && !has(Removed::kFence)) return void(hold.trusted_until = now_);
    const Answer answer = commit();
    if (answer == Answer::kUnknownLost) return;
    ++run.ends;
    run.is_leased = false;
    check(run.ends < 2, "a run has two ends");
    if (answer == Answer::kDone) hold.trusted_until = now_;
}

}  // namespace weft::sim
