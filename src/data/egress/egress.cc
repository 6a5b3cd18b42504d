#include "data/egress/egress.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

namespace weft::egress {

namespace {

struct Range {
    Address network;
    int prefix;
};

constexpr Range v4(int a, int b, int c, int d, int prefix) {
    return {
        {0,
         0,
         0,
         0,
         0,
         0,
         0,
         0,
         0,
         0,
         0xff,
         0xff,
         static_cast<std::uint8_t>(a),
         static_cast<std::uint8_t>(b),
         static_cast<std::uint8_t>(c),
         static_cast<std::uint8_t>(d)},
        96 + prefix
    };
}

constexpr Range v6(std::initializer_list<int> leading, int prefix) {
    Range out{{}, prefix};
    std::size_t at = 0;
    for (int byte : leading) out.network[at++] = static_cast<std::uint8_t>(byte);
    return out;
}

// IANA's special-purpose registries, and services of clouds that answer on public addresses.
constexpr std::array kDeniedV4{
    v4(0, 0, 0, 0, 8),         // this network
    v4(10, 0, 0, 0, 8),        // private
    v4(100, 64, 0, 0, 10),     // carrier-grade NAT, with 100.100.100.200 (metadata)
    v4(127, 0, 0, 0, 8),       // loopback
    v4(169, 254, 0, 0, 16),    // link-local, with 169.254.169.254 (metadata)
    v4(172, 16, 0, 0, 12),     // private
    v4(192, 0, 0, 0, 24),      // protocol assignments
    v4(192, 0, 2, 0, 24),      // documentation
    v4(192, 88, 99, 0, 24),    // 6to4 relays
    v4(192, 168, 0, 0, 16),    // private
    v4(198, 18, 0, 0, 15),     // benchmarks
    v4(198, 51, 100, 0, 24),   // documentation
    v4(203, 0, 113, 0, 24),    // documentation
    v4(224, 0, 0, 0, 3),       // multicast, reserved, broadcast
    v4(168, 63, 129, 16, 32),  // Azure's wire server
};
// Outside 2000::/3 nothing is public unicast; inside it, these are not either, or hide an IPv4 address that
// is checked on its own.
constexpr std::array kDeniedV6{
    v6({0x20, 0x01, 0x00}, 23),        // protocol assignments; Teredo, ORCHID, benchmarks
    v6({0x20, 0x01, 0x0d, 0xb8}, 32),  // documentation
    v6({0x3f, 0xff, 0x00}, 20),        // documentation
    v6({0x20, 0x02}, 16),              // 6to4: embeds any IPv4 address; dead since RFC 7526
};
constexpr Range kMapped = v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96);
constexpr Range kNat64 = v6({0x00, 0x64, 0xff, 0x9b}, 96);
constexpr Range kGlobal = v6({0x20}, 3);

bool is_in(const Address& address, const Address& network, int prefix) {
    const auto whole = static_cast<std::size_t>(prefix / 8);
    if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole), network.begin()))
        return false;
    const int rest = prefix % 8;
    if (rest == 0) return true;
    const int mask = 0xff << (8 - rest) & 0xff;
    return (address[whole] & mask) == (network[whole] & mask);
}
bool is_in(const Address& address, const Range& range) {
    return is_in(address, range.network, range.prefix);
}
bool is_in_any(const Address& address, std::span<const Range> ranges) {
    return std::ranges::any_of(ranges, [&](const Range& range) { return is_in(address, range); });
}

bool is_public(Address address) {
    if (is_in(address, kNat64)) {  // a gateway turns it into the IPv4 address in the last four bytes
        Address mapped = kMapped.network;
        std::copy(address.begin() + 12, address.end(), mapped.begin() + 12);
        address = mapped;
    }
    if (is_in(address, kMapped)) return !is_in_any(address, kDeniedV4);
    return is_in(address, kGlobal) && !is_in_any(address, kDeniedV6);
}

bool is_usual_port(std::uint16_t port) {
    return port == 80 || port == 443 || port >= 1024;
}

template <class T>
std::optional<T> number(std::string_view text, T max) {
    T out{};
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (failed != std::errc{} || end != text.data() + text.size() || out > max) return std::nullopt;
    return out;
}

/// An answer is held as its body and the tree or the text that is made of it, then as the journal's and the
/// sandbox's copy of the text.
constexpr int kCopies = 2;

Error bad_allowance(std::string_view text) {
    return Error::invalid(
        "'" + std::string(text) +
            "' is not an address range: write 10.1.0.0/16, 127.0.0.1:8080 or [::1]:8080",
        "egress-allow"
    );
}

/// Says what was blocked and who can change it: the author of a workflow is seldom the one who runs the
/// server.
Error blocked(std::string_view ip, std::uint16_t port, std::string_view why) {
    const bool is_v6 = ip.find(':') != std::string_view::npos;
    const std::string where =
        (is_v6 ? "[" + std::string(ip) + "]" : std::string(ip)) + ":" + std::to_string(port);
    return Error::forbidden(
        "The call to " + where + " is blocked: " + std::string(why) +
        ". Ask whoever operates this Weft server to allow it, with the option --egress-allow=" + where
    );
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    const std::string copy(text);
    Address out{};
    if (inet_pton(AF_INET6, copy.c_str(), out.data()) == 1) return out;
    out = kMapped.network;
    if (inet_pton(AF_INET, copy.c_str(), out.data() + 12) == 1) return out;
    return std::nullopt;
}

Result<Allowance> Allowance::parse(std::string_view text) {
    Allowance out;
    std::string_view host;
    std::string_view rest;
    if (text.starts_with('[')) {
        std::size_t end = text.find(']');
        if (end == std::string_view::npos) return fail(bad_allowance(text));
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
    } else {
        std::size_t end = std::min(text.find_first_of("/:"), text.size());
        host = text.substr(0, end);
        rest = text.substr(end);
    }
    auto address = parse_address(host);
    if (!address) return fail(bad_allowance(text));
    out.network = *address;
    const bool is_v4 = is_in(*address, kMapped);
    if (rest.starts_with('/')) {
        std::string_view digits = rest.substr(1, rest.find(':') - 1);
        auto bits = number<int>(digits, is_v4 ? 32 : 128);
        if (!bits || *bits < 0) return fail(bad_allowance(text));
        out.prefix = is_v4 ? 96 + *bits : *bits;
        rest.remove_prefix(1 + digits.size());
    }
    if (rest.starts_with(':')) {
        out.port = number<std::uint16_t>(rest.substr(1), 65'535);
        if (!out.port) return fail(bad_allowance(text));
        rest = {};
    }
    if (!rest.empty()) return fail(bad_allowance(text));
    return out;
}

Result<Policy> Policy::parse(const std::vector<std::string>& allowed) {
    std::vector<Allowance> out;
    for (const std::string& text : allowed) {
        TRY(auto allowance, Allowance::parse(text));
        out.push_back(allowance);
    }
    return Policy(std::move(out));
}

bool Policy::is_allowed(const Address& address, std::uint16_t port) const {
    return std::ranges::any_of(allowed_, [&](const Allowance& allowance) {
        return is_in(address, allowance.network, allowance.prefix) &&
               (!allowance.port || *allowance.port == port);
    });
}

Result<void> Policy::check(std::string_view ip, std::uint16_t port) const {
    auto address = parse_address(ip);
    if (!address) {
        return fail(
            Error::forbidden("\"" + std::string(ip) + "\" is not an internet address; calls go to those")
        );
    }
    if (is_allowed(*address, port)) return {};
    if (!is_public(*address)) return fail(blocked(ip, port, "its address is not on the public internet"));
    if (!is_usual_port(port)) {
        return fail(blocked(ip, port, "calls may use the ports 80, 443 and those from 1024 up"));
    }
    return {};
}

rt::Task<http::ClientResult> Egress::send(TenantId tenant, http::ClientRequest request, rt::Deadline by) {
    if (!request.connect_to_ip.empty() || !request.unix_socket.empty()) {
        co_return std::unexpected(http::ClientError{
            .kind = http::Failure::kDenied,
            .is_maybe_delivered = false,
            .error = Error::forbidden("This destination is not allowed"),
        });
    }
    request.partition = tenant.text();
    request.budget = answers_;
    request.copies = kCopies;
    request.check_address = [this](std::string_view ip, std::uint16_t port) {
        return policy_.check(ip, port);
    };
    co_return co_await client_.send(std::move(request), by);
}

}  // namespace weft::egress
