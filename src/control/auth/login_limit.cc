#include "control/auth/login_limit.h"

#include "base/bytes.h"
#include "platform/crypto/crypto.h"
#include "platform/http/address.h"

#include <charconv>

namespace weft::control {

namespace {

enum Which : std::size_t { kDevice, kAccountAddress, kAddress, kAccount };

constexpr std::size_t kNonceBytes = 16;
constexpr auto kDeviceAge = std::chrono::hours(24 * 180);  // then the browser is a stranger again

}  // namespace

// Argon2id runs for eight at once (crypto::PasswordOptions); one address may hold three of the places.
const std::array<LoginLimit::Kind, 4> LoginLimit::kKinds{
    Kind{"login-device", {.per_second = 5.0 / 60, .burst = 5}, 2},
    Kind{"login", {.per_second = 5.0 / 60, .burst = 5}, 3},
    Kind{"login-address", {.per_second = 20.0 / 60, .burst = 20}, 3},
    // Guessing one password from many addresses: 50, then one a minute, some 1,500 a day.
    Kind{"login-account", {.per_second = 1.0 / 60, .burst = 50}, 6},
};

LoginLimit::LoginLimit(const rt::Clock& clock, Rng& rng, Secret device_key)
    : clock_(clock), rng_(rng), device_key_(std::move(device_key)), limiter_(rng) {}

LoginLimit::Pass::Pass(LoginLimit& limit, std::vector<std::size_t> kinds, std::vector<std::string> keys)
    : limit_(&limit), kinds_(std::move(kinds)), keys_(std::move(keys)) {
    for (const std::string& key : keys_) ++limit_->under_way_[key];
}

LoginLimit::Pass::Pass(Pass&& other) noexcept
    : limit_(std::exchange(other.limit_, nullptr)),
      kinds_(std::move(other.kinds_)),
      keys_(std::move(other.keys_)) {}

LoginLimit::Pass::~Pass() {
    if (limit_ == nullptr) return;
    for (const std::string& key : keys_) {
        const auto found = limit_->under_way_.find(key);
        if (--found->second == 0) limit_->under_way_.erase(found);
    }
}

void LoginLimit::Pass::failed() {
    const Steady now = limit_->clock_.steady();
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        (void)limit_->limiter_.take(keys_[i], kKinds[kinds_[i]].rate, 1, now);
    }
}

int LoginLimit::under_way(const std::string& key) const {
    const auto found = under_way_.find(key);
    return found == under_way_.end() ? 0 : found->second;
}

std::expected<LoginLimit::Pass, http::Quota> LoginLimit::begin(const Attempt& attempt) {
    std::vector<std::size_t> kinds{kAccountAddress, kAddress, kAccount};
    if (is_device_of(attempt.device, attempt.account)) kinds = {kDevice};
    const std::string address = http::address_key(attempt.client);
    std::vector<std::string> keys;
    for (const std::size_t which : kinds) {
        const Kind& kind = kKinds[which];
        std::string key(kind.policy);
        if (which != kAddress) key += '\n' + attempt.account;
        if (which == kAddress || which == kAccountAddress) key += '\n' + address;
        if (which == kDevice) key += '\n' + attempt.device;
        const int others = under_way(key);
        // As if all of those under way failed, this one as well.
        auto verdict = limiter_.look(key, kind.rate, others + 1, clock_.steady());
        verdict.is_allowed = verdict.is_allowed && others < kind.at_once;
        if (!verdict.is_allowed) return std::unexpected(http::Quota{kind.policy, kind.rate, verdict});
        keys.push_back(std::move(key));
    }
    return Pass(*this, std::move(kinds), std::move(keys));
}

std::string LoginLimit::signature(std::string_view account, std::string_view issued) const {
    std::string text("weft device 1\n");
    text.append(issued).append("\n").append(account);
    return base64url(crypto::hmac_sha256(device_key_.reveal(), text));
}

/// "<unix seconds>.<nonce>.<signature>"
Secret LoginLimit::device_for(std::string_view account) {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
    std::string issued = std::to_string(now) + '.';
    issued += base64url(crypto::random_bytes(rng_, kNonceBytes).reveal());
    std::string value = issued + '.' + signature(account, issued);
    return Secret(std::move(value));
}

bool LoginLimit::is_device_of(std::string_view device, std::string_view account) const {
    const auto dot = device.rfind('.');
    if (dot == std::string_view::npos) return false;
    const std::string_view issued = device.substr(0, dot);
    if (!equal_constant_time(device.substr(dot + 1), signature(account, issued))) return false;
    std::int64_t seconds = 0;
    std::from_chars(issued.data(), issued.data() + issued.size(), seconds);
    const auto age = clock_.now().time_since_epoch() - std::chrono::seconds(seconds);
    return age < kDeviceAge;
}

}  // namespace weft::control
