#pragma once

#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <functional>
#include <memory>
#include <string>

namespace weft::rt {

/// Owns running tasks: nothing is ever detached. Declare it last in a class, so that what its tasks use
/// outlives them.
///
/// Cancelling records the reason and interrupts every task's current wait; from then on each operation given
/// a deadline of this scope returns the reason at once. A task that must clean up with awaits uses a fresh
/// `Deadline::in(...)`, which the cancellation does not reach.
class Scope {
  public:
    /// `on_fault` hears of an exception that left a task (a bug); the task ends, the others go on.
    using FaultHandler = std::function<void(std::string what)>;
    explicit Scope(Loop& loop, FaultHandler on_fault = nullptr);
    /// The scope must be idle: a destructor cannot wait for tasks. Aborts otherwise.
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    /// Starts `task` on the loop. After `cancel` it does nothing: the task is destroyed unstarted.
    void spawn(Task<void> task);
    /// Interrupts all tasks; idempotent, the first reason stays.
    void cancel(CancelReason reason);
    /// Waits until no task is left, without cancelling.
    Task<void> join();
    /// Cancels (kShutdown unless cancelled before) and joins.
    Task<void> close();

    std::size_t size() const;
    bool is_cancelled() const;
    /// A deadline of this scope: over when the time has passed or the scope is cancelled.
    Deadline deadline(Steady::duration duration) const;
    /// Over only when the scope is cancelled: for loops that live as long as the process.
    Deadline forever() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with the tasks' completion handlers
};

}  // namespace weft::rt
