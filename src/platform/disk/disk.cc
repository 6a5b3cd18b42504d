#include "platform/disk/disk.h"

#include "platform/rt/loop.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

namespace weft::disk {

Result<double> free_ratio(const std::string& path) {
    struct statvfs status{};
    if (::statvfs(path.c_str(), &status) != 0 || status.f_blocks == 0) {
        return fail(
            Error::unavailable("Storage is not available", "statvfs: " + std::string(std::strerror(errno)))
        );
    }
    // What is reserved for root is not free, and not part of the whole either: as df counts.
    const auto free = static_cast<double>(status.f_bavail);
    const auto used = static_cast<double>(status.f_blocks - status.f_bfree);
    return free / (free + used);
}

Watch::Watch(Options options, telemetry::Metrics& metrics)
    : options_(std::move(options)),
      free_(metrics.gauge("weft_disk_free_ratio", "Free part of the fullest disk that is written to")) {
    look();
}

rt::Task<void> Watch::run(rt::Deadline by) {
    while (co_await rt::sleep_for(options_.every, by)) look();
}

void Watch::look() {
    ratio_ = 1;
    for (const std::string& path : options_.paths) {
        auto ratio = options_.source(path);
        if (!ratio || *ratio >= ratio_) continue;
        ratio_ = *ratio;
        fullest_ = path;
    }
    free_.set(ratio_);
    const Level before = level_;
    level_ = ratio_ < options_.full ? Level::kFull : ratio_ < options_.low ? Level::kLow : Level::kFine;
    if (level_ > before && options_.on_low) options_.on_low();
}

Result<void> Watch::ready() const {
    if (level_ != Level::kFull) return {};
    const std::string percent = std::to_string(static_cast<int>(ratio_ * 100));
    return fail(Error::unavailable("The disk of " + fullest_ + " is nearly full: " + percent + " % are free")
    );
}

Result<void> Watch::admit() const {
    if (level_ != Level::kFull) return {};
    Error error =
        Error::unavailable("There is no room to store this; try again later", "the disk is nearly full");
    error.retry = Retry::kBackoff;
    return fail(std::move(error));
}

}  // namespace weft::disk
