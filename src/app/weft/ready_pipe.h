#pragma once

#include "base/error.h"
#include "base/json.h"
#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <functional>
#include <memory>

namespace weft::app {

/// A pipe on which the children of `weft serve` report, one JSON object a line (`report_ready`). All
/// children, also restarted ones, write to the same end.
class ReadyPipe {
  public:
    static Result<std::unique_ptr<ReadyPipe>> make(rt::Loop& loop);
    ~ReadyPipe();

    int write_fd() const;
    /// Calls `on_message` for each line until `by` is over. Malformed lines are dropped.
    rt::Task<void> read(std::function<void(const JsonObject&)> on_message, rt::Deadline by);

  private:
    struct Impl;
    explicit ReadyPipe(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::app
