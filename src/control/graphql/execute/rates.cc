#include "control/graphql/execute/detail/rates.h"

#include <algorithm>
#include <chrono>

namespace weft::graphql::detail {

namespace {

constexpr double kSecondsHeld = 10;

}  // namespace

bool Rates::spend(std::string_view key, double cost, double per_second, Steady now) {
    const double size = per_second * kSecondsHeld;
    Bucket* bucket = buckets_.find(key);
    if (bucket == nullptr) bucket = &buckets_.add(std::string(key), {.left = size, .at = now});
    const double elapsed = std::chrono::duration<double>(now - bucket->at).count();
    bucket->left = std::min(size, bucket->left + elapsed * per_second);
    bucket->at = now;
    if (bucket->left < std::min(cost, size)) return false;
    bucket->left -= std::min(cost, size);
    return true;
}

}  // namespace weft::graphql::detail
