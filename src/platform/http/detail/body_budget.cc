#include "platform/http/detail/body_budget.h"

namespace weft::http::detail {

namespace {

std::size_t used(const std::unordered_map<std::string, std::size_t>& by_key, const std::string& key) {
    const auto found = by_key.find(key);
    return found == by_key.end() ? 0 : found->second;
}

}  // namespace

BodyBudget::Verdict BodyBudget::take(Lease& lease, std::size_t bytes) {
    // The narrowest first: who is over an own limit is told so, whatever the others do.
    if (used(addresses_, lease.address_) + bytes > limits_.bytes_per_address_max) return Verdict::kAddress;
    const bool is_owned = !lease.share_.empty();
    if (is_owned && used(shares_, lease.share_) + bytes > limits_.bytes_per_share_max) return Verdict::kShare;
    if (total_ + bytes > limits_.bytes_max) return Verdict::kTotal;
    total_ += bytes;
    addresses_[lease.address_] += bytes;
    if (is_owned) shares_[lease.share_] += bytes;
    lease.bytes_ += bytes;
    return Verdict::kFine;
}

void BodyBudget::give_back(const Lease& lease) {
    if (lease.bytes_ == 0) return;
    total_ -= lease.bytes_;
    auto subtract = [&](Used& by_key, const std::string& key) {
        const auto found = by_key.find(key);
        if (found != by_key.end() && (found->second -= lease.bytes_) == 0) by_key.erase(found);
    };
    subtract(addresses_, lease.address_);
    if (!lease.share_.empty()) subtract(shares_, lease.share_);
}

}  // namespace weft::http::detail
