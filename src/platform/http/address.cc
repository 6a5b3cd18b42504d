#include "platform/http/address.h"

#include "base/text.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <optional>
#include <string>

namespace weft::http {

namespace ip = boost::asio::ip;

namespace {

constexpr std::size_t kAddressBytesMax = 64;  // longer than any address with a zone
constexpr unsigned short kHostPrefix = 64;

std::optional<ip::address> parse(std::string_view text) {
    if (text.size() > kAddressBytesMax) return std::nullopt;
    boost::system::error_code ec;
    auto address = ip::make_address(std::string(text), ec);
    if (ec) return std::nullopt;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

/// All headers of the name are one list, as if joined by commas.
std::string forwarded_for(const Fields& headers) {
    std::string all;
    for (const auto& [name, value] : headers) {
        if (!same_name(name, "x-forwarded-for")) continue;
        if (!all.empty()) all += ',';
        all += value;
    }
    return all;
}

}  // namespace

std::string client_address(
    std::string_view peer, const Fields& headers, std::span<const std::string> trusted_proxies
) {
    auto is_trusted = [&](std::string_view address) {
        return std::ranges::find(trusted_proxies, address) != trusted_proxies.end();
    };
    std::string client(peer);
    if (!is_trusted(client)) return client;
    const std::string chain = forwarded_for(headers);
    std::string_view rest = chain;
    while (!rest.empty() && is_trusted(client)) {
        const auto comma = rest.find_last_of(',');
        const auto last = parse(trim(comma == rest.npos ? rest : rest.substr(comma + 1)));
        if (!last) break;
        client = last->to_string();
        rest = comma == rest.npos ? "" : rest.substr(0, comma);
    }
    return client;
}

std::string address_key(std::string_view text) {
    const auto address = parse(text);
    if (!address) return std::string(text);
    if (address->is_v4()) return address->to_string();
    auto v6 = address->to_v6();
    v6.scope_id(0);
    return ip::network_v6(v6, kHostPrefix).canonical().to_string();
}

std::string network_of(std::string_view text, NetworkBits bits) {
    const auto address = parse(text);
    if (!address) return "";
    if (address->is_v4()) return ip::network_v4(address->to_v4(), bits.v4_bits).canonical().to_string();
    auto v6 = address->to_v6();
    v6.scope_id(0);
    return ip::network_v6(v6, bits.v6_bits).canonical().to_string();
}

}  // namespace weft::http
