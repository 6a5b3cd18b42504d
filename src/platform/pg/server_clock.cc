#include "platform/pg/server_clock.h"

namespace weft::pg {

namespace {

constexpr Query kNow{"pg.now", "select clock_timestamp()"};
/// The answer tells a moment between question and answer; more between them than this tells too little.
constexpr auto kLookMax = std::chrono::milliseconds(500);

}  // namespace

Instant ServerClock::now() const {
    if (!is_known_) return local_.now();
    return server_at_ + std::chrono::duration_cast<Micros>(local_.steady() - looked_at_);
}

rt::Task<Result<void>> ServerClock::follow(Pool& pool, rt::Deadline by) {
    const Steady asked_at = local_.steady();
    CO_TRY(auto rows, co_await pool.query(Principal::login(), kNow, Params(), by));
    const Steady answered_at = local_.steady();
    if (is_known_ && answered_at - asked_at > kLookMax) co_return Result<void>{};
    server_at_ = rows.instant(0, 0);
    looked_at_ = asked_at + (answered_at - asked_at) / 2;
    is_known_ = true;
    local_ahead_ = local_.now() - now();
    co_return Result<void>{};
}

}  // namespace weft::pg
