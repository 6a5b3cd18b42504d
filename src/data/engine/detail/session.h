#pragma once

#include "data/engine/detail/run.h"

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::engine {

/// A run's sandbox: taken when it is first asked something, told the run's values before that, gone when it
/// ends or the run has nothing for it to do.
class Session {
  public:
    /// `start_seconds` hears how long each sandbox took to come.
    Session(Run& run, telemetry::Histogram start_seconds)
        : run_(run), start_seconds_(start_seconds), used_at_(run.deps.clock.steady()) {}

    // JSON texts, told to each new sandbox; the run keeps them here.
    std::string input;
    std::string trigger;

    bool is_open() const { return sandbox_ != nullptr; }
    /// Takes a sandbox. Begin comes first, before what was put. Errors as isolation::Backend::start.
    rt::Task<Result<void>> open();
    /// Goes with the next request. Borrows `output` instead of copying it: it may have 8 MiB.
    void put(Index step, runstate::StepStatus status, std::string& output, std::string error);
    /// Likewise: the lane's steps have no values any more.
    void forget(runstate::LaneIndex lane);
    /// Sends what was put, and the requests, and reads the reply to the first. The others are what is likely
    /// to be asked next: whoever does, and has put nothing meanwhile, is answered without another message.
    /// After an error the sandbox is gone; kLimit: the first request is too large.
    rt::Task<Result<isolation::Reply>> ask(std::vector<protocol::Request> requests, rt::Deadline by);
    /// Whether `request` was sent along with the one before, and what came before gave values.
    bool has_foreseen(const protocol::Request& request) const;

    bool has_frames() const { return !frames_.empty(); }
    std::size_t frame_bytes() const { return frames_.size(); }
    /// What was put since; to be added again behind what a new sandbox is told.
    std::string take_frames();
    void add_frames(const std::string& frames) { frames_ += frames; }

    /// When it last answered, or the run began.
    Steady used_at() const { return used_at_; }
    void touch() { used_at_ = run_.deps.clock.steady(); }
    /// What sandboxes have used since this was last asked.
    store::runs::Used take_used() { return std::exchange(used_, {}); }
    void close();
    /// Closes, and forgets what it would tell.
    void leave();

  private:
    void append_begin();
    void measure(Steady::duration worked);
    rt::Task<Result<isolation::Reply>> send(std::vector<protocol::Request> requests, rt::Deadline by);

    Run& run_;
    telemetry::Histogram start_seconds_;
    std::unique_ptr<isolation::Sandbox> sandbox_;
    std::string frames_;                   // to go with the next request
    std::deque<protocol::Request> ahead_;  // sent, and not asked for yet
    bool is_ahead_good_ = false;           // each before gave a value
    Steady used_at_;
    store::runs::Used used_;        // not taken yet
    Micros cpu_seen_{0};            // of the sandbox, in it or in what was taken
    std::size_t memory_bytes_ = 0;  // of the sandbox, when last looked at
};

}  // namespace weft::engine
