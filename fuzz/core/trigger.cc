#include "core/trigger/trigger.h"

#include <array>
#include <cstdint>
#include <cstdlib>

/// The first line is a webhook's settings, the lines up to an empty one a delivery's headers, the rest its
/// body. Settings that can be read are written as what reads the same, and nothing but the secret opens a
/// signed one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto line = [&rest] {
        const auto end = std::min(rest.find('\n'), rest.size());
        const std::string_view out = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        return out;
    };
    const auto config = parse_json(line());
    if (!config) return 0;
    const auto webhook = trigger::parse_webhook(*config);
    if (!webhook) {
        if (webhook.error().user.empty()) std::abort();
        return 0;
    }
    const auto again = trigger::parse_webhook(trigger::to_json(*webhook));
    if (!again || !(*again == *webhook)) std::abort();

    std::vector<std::pair<std::string_view, std::string_view>> headers;
    while (headers.size() < 100 && !rest.empty()) {
        const std::string_view field = line();
        if (field.empty()) break;
        const auto colon = std::min(field.find(':'), field.size());
        headers.emplace_back(field.substr(0, colon), field.substr(std::min(colon + 1, field.size())));
    }
    // A signature that no input can hold: 32 bytes that differ for each message would need the real function.
    const trigger::Hmac hmac = [](std::string_view, std::string_view) { return std::string(32, '\x5a'); };
    const std::array secrets{Secret(std::string("a secret that is long and not in a seed"))};
    const auto accepted = trigger::verify(
        webhook->signature, secrets, {headers, rest}, Instant(std::chrono::seconds(1'700'000'000)), hmac
    );
    if (accepted && accepted->dedupe_key.size() > 200) std::abort();
    if (webhook->signature.scheme != trigger::Scheme::kNone &&
        trigger::verify(
            webhook->signature, {}, {headers, rest}, Instant(std::chrono::seconds(1'700'000'000)), hmac
        ))
        std::abort();
    return 0;
}
