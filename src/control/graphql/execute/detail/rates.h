#pragma once

#include "base/time.h"
#include "control/graphql/execute/detail/lru.h"

#include <string_view>

namespace weft::graphql::detail {

/// A token bucket of cost units for each key; holds ten seconds' worth.
class Rates {
  public:
    /// Whether `cost` may be spent now. A cost above the bucket's size is let through when the bucket is
    /// full.
    bool spend(std::string_view key, double cost, double per_second, Steady now);

  private:
    struct Bucket {
        double left = 0;
        Steady at;
    };
    static constexpr std::size_t kKeysMax = 10'000;  // the one forgotten is full again: it was idle longest
    Lru<Bucket> buckets_{kKeysMax};
};

}  // namespace weft::graphql::detail
