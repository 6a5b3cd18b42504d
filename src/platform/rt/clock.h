#pragma once

#include "base/time.h"

namespace weft::rt {

/// Injected time. Durable decisions use the database's clock instead (leases, schedules).
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
    virtual Steady steady() const = 0;
};

class SystemClock final : public Clock {
  public:
    Instant now() const override { return std::chrono::floor<Micros>(std::chrono::system_clock::now()); }
    Steady steady() const override { return std::chrono::steady_clock::now(); }
};

/// Stands still until told; tests only.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Instant start) : now_(start) {}
    Instant now() const override { return now_; }
    Steady steady() const override { return Steady(now_.time_since_epoch()); }
    void advance(Micros by) { now_ += by; }

  private:
    Instant now_;
};

}  // namespace weft::rt
