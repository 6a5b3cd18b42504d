#pragma once

#include "core/runstate/runstate.h"

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

/// What the simulator's World is made of: what goes wrong, by itself and on purpose, and what a worker knows.
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
    kLoseExcuses,
    kNoFence,      // a worker that has lost its lease writes nevertheless
    kOwnClock,     // a worker takes its own clock for the database's
    kLoseTimers,   // a sleep is forgotten
    kLoseCancels,  // the next worker does not hear of one
    kLoseAborts,   // nobody answers for a call that was not made
    kLoseKept,     // a run that repeats another is not told of a step that it keeps
};

/// What goes wrong by itself.
enum class Fault {
    kCrash,
    kCrashBeforeTheEnd,
    kPause,  // of the worker, beyond its lease: another one goes on, then it wakes
    kCancel,
    kRepeatedEvent,
    kUnknownOutcome,
    kAbortedCall,
    kFailedCall,
    kFailedAnswer,
    kLateAnswer,  // heard of by the next worker only
    kTimeLimit,
    kLostSandbox,  // while it is asked for an input, or for the request of a call
};
inline constexpr std::array kFaultNames{
    "crash",
    "crash before the end",
    "pause beyond the lease",
    "cancel",
    "repeated event",
    "unknown outcome",
    "aborted call",
    "failed call",
    "failed answer",
    "late answer",
    "time limit",
    "lost sandbox",
};
/// One directly after the other in the same run.
using FaultPair = std::pair<Fault, Fault>;

struct Options {
    Sabotage sabotage = Sabotage::kNone;
    double crash = 0.05;
    double pause = 0.02;
    double sandbox = 0.01;  // how often it is lost when it is asked
};

/// A step as defined, of one iteration.
using Place = std::pair<StepIndex, Iteration>;

struct Wait {
    int attempt = 0;
    int epoch = 0;             // of the life that opened it
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

/// One worker's hold of the run, from its claim to its end.
struct Life {
    int epoch = 0;
    Millis skew{0};  // of its own clock
    State state;
    std::vector<Line> unflushed;  // the write batch
    std::vector<Pending> pending;
    std::vector<Iteration> lanes;  // as the commands say
    std::set<std::pair<Place, int>> performed;
    std::set<Place> results;
    std::set<Place> begun;
    std::set<Place> unmade;      // calls whose request the sandbox could not make up any more
    std::vector<Event> at_once;  // what happened while a command was carried out
};

}  // namespace weft::runstate
