#pragma once

#include "base/error.h"
#include "platform/rt/deadline.h"
#include "platform/rt/task.h"
#include "platform/telemetry/metrics.h"

#include <functional>
#include <string>
#include <vector>

/// How full the disks are that we write to.
namespace weft::disk {

/// The free part (0..1) of the file system that holds `path`, as far as ordinary users may fill it.
using Source = std::function<Result<double>(const std::string& path)>;
/// Asks the kernel (statvfs). Errors: kUnavailable.
Result<double> free_ratio(const std::string& path);

enum class Level {
    kFine,
    kLow,   // old things should go now
    kFull,  // nothing new is taken in; what has begun goes on
};

struct Options {
    std::vector<std::string> paths;
    double low = 0.10;
    double full = 0.05;  // 5 % of a disk is what runs under way still write, logs and the database's WAL
    Steady::duration every = std::chrono::seconds(5);
    Source source = free_ratio;
    std::function<void()> on_low;  // when the level gets worse
};

class Watch {
  public:
    Watch(Options options, telemetry::Metrics& metrics);

    /// Looks until `by` is over; the first look is the constructor's.
    rt::Task<void> run(rt::Deadline by);
    void look();

    Level level() const { return level_; }
    /// For /readyz: an error that names the disk when it is full.
    Result<void> ready() const;
    /// For callers who bring something new: kUnavailable, to be tried again later.
    Result<void> admit() const;

  private:
    Options options_;
    telemetry::Gauge free_;
    Level level_ = Level::kFine;
    std::string fullest_;
    double ratio_ = 1;
};

}  // namespace weft::disk
