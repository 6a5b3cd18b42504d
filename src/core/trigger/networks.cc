#include "core/trigger/networks.h"

#include <fmt/format.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace weft::trigger {

namespace {

constexpr std::size_t kAddressBytesMax = 45;  // INET6_ADDRSTRLEN
constexpr int kMappedBits = 96;               // before an IPv4 address

/// Of either family; `is_v4` tells which.
std::optional<std::array<std::uint8_t, 16>> address_of(std::string_view text, bool& is_v4) {
    std::array<std::uint8_t, 16> out{};
    if (text.empty() || text.size() > kAddressBytesMax) return std::nullopt;
    const std::string copy(text);
    is_v4 = !text.contains(':');
    if (!is_v4) {
        if (::inet_pton(AF_INET6, copy.c_str(), out.data()) != 1) return std::nullopt;
        return out;
    }
    out[10] = out[11] = 0xFF;
    if (::inet_pton(AF_INET, copy.c_str(), out.data() + 12) != 1) return std::nullopt;
    return out;
}

bool has_bit(const std::array<std::uint8_t, 16>& bytes, int bit) {
    const auto at = static_cast<std::size_t>(bit);
    return (bytes[at / 8] >> (7 - at % 8) & 1) != 0;
}

}  // namespace

std::optional<Networks::Network> Networks::read(std::string_view text) {
    const auto slash = std::min(text.find('/'), text.size());
    bool is_v4 = false;
    const auto bytes = address_of(text.substr(0, slash), is_v4);
    if (!bytes) return std::nullopt;
    Network out{.bytes = *bytes, .bits = 128};
    if (slash < text.size()) {
        const std::string_view prefix = text.substr(slash + 1);
        int bits = 0;
        const auto read = std::from_chars(prefix.data(), prefix.data() + prefix.size(), bits);
        const bool is_number = read.ec == std::errc() && read.ptr == prefix.data() + prefix.size();
        if (!is_number || bits < 0 || bits > (is_v4 ? 32 : 128)) return std::nullopt;
        out.bits = is_v4 ? kMappedBits + bits : bits;
    }
    for (int bit = out.bits; bit < 128; ++bit)
        if (has_bit(out.bytes, bit)) return std::nullopt;
    return out;
}

Result<Networks> Networks::parse(const Json& value, std::string_view field) {
    Networks out;
    const JsonArray* list = value.if_array();
    if (list == nullptr || list->empty() || list->size() > kNetworksMax)
        return fail(Error::invalid(
            fmt::format("This is a list of 1 to {} networks, such as 192.0.2.0/24", kNetworksMax),
            std::string(field)
        ));
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string* text = (*list)[i].if_string();
        const auto network = text == nullptr ? std::nullopt : read(*text);
        if (!network)
            return fail(Error::invalid(
                "This is a network such as 192.0.2.0/24 or 2001:db8::/32, without bits beyond its prefix",
                fmt::format("{}[{}]", field, i)
            ));
        out.networks_.push_back(*network);
        out.texts_.push_back(*text);
    }
    return out;
}

bool Networks::contains(std::string_view address) const {
    bool is_v4 = false;
    const auto bytes = address_of(address, is_v4);
    if (!bytes) return false;
    return std::ranges::any_of(networks_, [&](const Network& network) {
        for (int bit = 0; bit < network.bits; ++bit)
            if (has_bit(*bytes, bit) != has_bit(network.bytes, bit)) return false;
        return true;
    });
}

Json Networks::json() const {
    JsonArray out;
    for (const std::string& text : texts_) out.emplace_back(text);
    return out;
}

}  // namespace weft::trigger
