#include "graphql/live/detail/contains.h"
#include "graphql/live/detail/live.h"
#include "graphql/live/detail/snapshot.h"
#include "graphql/live/queries.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace weft::graphql {

namespace sql = live::sql;

namespace {

constexpr auto kLook = std::chrono::seconds(5);
/// A transaction that the log has told of becomes visible within microseconds, if its process gets to run.
constexpr auto kPause = std::chrono::milliseconds(1);
/// Beyond this everything is run once instead.
constexpr std::size_t kUnsettledMax = 100'000;

}  // namespace

namespace detail {

std::optional<Snapshot> Snapshot::read(std::string_view text) {
    std::vector<std::uint64_t> numbers;
    const char* at = text.data();
    const char* end = at + text.size();
    while (at != end) {
        std::uint64_t number = 0;
        const auto [next, ec] = std::from_chars(at, end, number);
        if (ec != std::errc()) return std::nullopt;
        numbers.push_back(number);
        at = next;
        while (at != end && (*at == ':' || *at == ',')) ++at;
    }
    if (numbers.size() < 2) return std::nullopt;
    return Snapshot{.end = numbers[1], .under_way = {numbers.begin() + 2, numbers.end()}};
}

bool Snapshot::sees(std::uint32_t transaction) const {
    const auto behind = static_cast<std::int32_t>(static_cast<std::uint32_t>(end) - transaction);
    if (behind <= 0) return false;
    return !contains(under_way, transaction, [](std::uint64_t each) {
        return static_cast<std::uint32_t>(each);
    });
}

}  // namespace detail

void Live::Impl::publish(const Change& change) {
    ++stats.changes;
    if (change.transaction == 0) return pass_on(change);
    if (index.size() == 0) return;
    unsettled.push_back(change);
    if (!std::exchange(is_settling, true)) scope.spawn(settle());
}

/// The log tells of a commit when it is written; that others see it comes a moment later. A statement that
/// ran in between would miss the change for good.
rt::Task<void> Live::Impl::settle() {
    while (!unsettled.empty() && !scope.is_cancelled()) {
        const std::vector<Change> all = std::exchange(unsettled, {});
        auto rows =
            co_await pool.query(pg::Principal::login(), sql::kCurrentSnapshot, {}, scope.deadline(kLook));
        const auto snapshot = rows ? detail::Snapshot::read(rows->text(0, 0)) : std::nullopt;
        bool waits = false;
        for (const Change& change : all) {
            if (!snapshot || snapshot->sees(change.transaction)) {
                pass_on(change);
            } else {
                unsettled.push_back(change);
                waits = true;
            }
        }
        if (unsettled.size() > kUnsettledMax) {
            unsettled.clear();
            for (const auto& [key, cohort] : cohorts) hit(cohort);
        }
        if (waits) (void)co_await rt::sleep_for(kPause, scope.forever());
    }
    is_settling = false;
}

}  // namespace weft::graphql
