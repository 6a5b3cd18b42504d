#include "platform/http/quota.h"

#include "platform/http/address.h"

#include <algorithm>
#include <cmath>

namespace weft::http {

namespace {

/// Whole seconds, rounded up: to come a little late is fine, early is not.
std::string seconds_text(Steady::duration time) {
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count());
}

std::string count_text(double units) {
    return std::to_string(static_cast<long long>(std::floor(units)));
}

}  // namespace

void add_quota(Response& response, const Quota& quota) {
    if (quota.rate.is_off()) return;
    const std::string name = '"' + std::string(quota.policy) + '"';
    response.headers.set(
        "ratelimit-policy",
        name + ";q=" + count_text(quota.rate.burst) + ";w=" + seconds_text(quota.rate.window())
    );
    response.headers.set(
        "ratelimit",
        name + ";r=" + count_text(quota.verdict.left) + ";t=" + seconds_text(quota.verdict.full_after)
    );
}

Response quota_exceeded(const Quota& quota, std::string_view detail, const RequestId& id) {
    Response response = problem(429, "quota-exceeded", detail, id);
    response.headers.add(
        "retry-after", seconds_text(std::max<Steady::duration>(1s, quota.verdict.retry_after))
    );
    add_quota(response, quota);
    return response;
}

Quota Strangers::look(std::string_view client) const {
    return {kAddressPolicy, rate_, limiter_.look(address_key(client), rate_, 1, clock_.steady())};
}

bool Strangers::is_spent(std::string_view client) const {
    return !look(client).verdict.is_allowed;
}

std::optional<Quota> Strangers::count(std::string_view client) {
    Quota quota{kAddressPolicy, rate_, limiter_.take(address_key(client), rate_, 1, clock_.steady())};
    return quota.verdict.is_allowed ? std::nullopt : std::optional(quota);
}

Response Strangers::refusal(const Request& request) const {
    return quota_exceeded(
        look(request.client), "Too many requests without a valid credential from this address", request.id
    );
}

}  // namespace weft::http
