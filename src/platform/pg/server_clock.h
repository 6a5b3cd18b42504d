#pragma once

#include "platform/pg/pg.h"
#include "platform/rt/clock.h"

namespace weft::pg {

/// The database server's clock, as known here: its time at the last look, and what has passed since then on
/// the steady clock. Ids are made from it, so a wrong clock of this machine, or one that jumps, changes no
/// id. Before the first look it is the local clock.
class ServerClock final : public rt::Clock {
  public:
    explicit ServerClock(const rt::Clock& local) : local_(local) {}
    Instant now() const override;
    Steady steady() const override { return local_.steady(); }

    /// Looks at the server's clock; call it now and then. A look that took long is not believed. Errors: as
    /// Pool::query.
    rt::Task<Result<void>> follow(Pool& pool, rt::Deadline by);

    /// How far the local clock is ahead of the server's, at the last look; 0 before it.
    Micros local_ahead() const { return local_ahead_; }

  private:
    const rt::Clock& local_;
    bool is_known_ = false;
    Instant server_at_{};
    Steady looked_at_{};
    Micros local_ahead_{};
};

}  // namespace weft::pg
