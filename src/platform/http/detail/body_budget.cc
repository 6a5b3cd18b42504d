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

Result<void> BodyBudget::Lease::resize(std::size_t bytes) {
    if (bytes <= bytes_) {
        budget_.give_back(*this, bytes_ - bytes);
        return {};
    }
    switch (take(bytes - bytes_)) {
        case Verdict::kFine:
            return {};
        case Verdict::kTotal:
            return fail(Error::unavailable("Too many large requests are under way; try again"));
        case Verdict::kAddress:
        case Verdict::kShare:
            break;
    }
    Error error = Error::limit("Too much data of yours is under way at once; send less in parallel");
    error.retry = Retry::kBackoff;
    return fail(std::move(error));
}

void BodyBudget::give_back(Lease& lease, std::size_t bytes) {
    if (bytes == 0) return;
    lease.bytes_ -= bytes;
    total_ -= bytes;
    auto subtract = [&](Used& by_key, const std::string& key) {
        const auto found = by_key.find(key);
        if (found != by_key.end() && (found->second -= bytes) == 0) by_key.erase(found);
    };
    subtract(addresses_, lease.address_);
    if (!lease.share_.empty()) subtract(shares_, lease.share_);
}

}  // namespace weft::http::detail
