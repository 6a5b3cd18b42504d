#include "core/connector/detail/host.h"

#include "base/bytes.h"
#include "base/percent.h"
#include "core/connector/detail/reading.h"
#include "core/connector/detail/url.h"
#include "core/media/media.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <unicode/uidna.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <ranges>
#include <vector>

namespace weft::connector::detail {

namespace {

constexpr std::size_t kHostBytesMax = 255;  // of a name in the DNS

struct CloseIdna {
    void operator()(UIDNA* idna) const { uidna_close(idna); }
};

/// UTS 46 as the URL standard calls it: not transitional, without checks of hyphens and lengths.
std::optional<std::string> to_ascii(const std::string& name) {
    const bool is_plain =
        std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (is_plain && lower(name).find("xn--") == std::string::npos) return lower(name);
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<UIDNA, CloseIdna> idna(
        uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII, &status)
    );
    if (U_FAILURE(status)) return std::nullopt;
    std::array<char, 4 * kHostBytesMax> out{};
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    const int32_t size = uidna_nameToASCII_UTF8(
        idna.get(), name.data(), static_cast<int32_t>(name.size()), out.data(), out.size(), &info, &status
    );
    constexpr std::uint32_t kFine = UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN |
                                    UIDNA_ERROR_HYPHEN_3_4 | UIDNA_ERROR_EMPTY_LABEL |
                                    UIDNA_ERROR_LABEL_TOO_LONG | UIDNA_ERROR_DOMAIN_NAME_TOO_LONG;
    if (U_FAILURE(status) || (info.errors & ~kFine) != 0) return std::nullopt;
    return std::string(out.data(), static_cast<std::size_t>(size));
}

/// "0x7f", "0177", "127".
std::optional<std::uint64_t> ipv4_number(std::string_view text) {
    if (text.empty()) return std::nullopt;
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.front() == '0') {
        base = 8;
        text.remove_prefix(1);
    }
    if (text.empty()) return 0;
    std::uint64_t out = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return out;
}

std::vector<std::string_view> labels_of(std::string_view host) {
    std::vector<std::string_view> out;
    for (auto label : std::views::split(host, '.')) out.emplace_back(label);
    if (out.size() > 1 && out.back().empty()) out.pop_back();
    return out;
}

/// Such a host is an IPv4 address or nothing: no name in the DNS ends so.
bool ends_in_number(const std::vector<std::string_view>& labels) {
    const std::string_view last = labels.back();
    const bool is_decimal =
        !last.empty() && std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
    return is_decimal ||
           ((last.starts_with("0x") || last.starts_with("0X")) && ipv4_number(last).has_value());
}

std::optional<std::string> ipv4(const std::vector<std::string_view>& labels) {
    if (labels.size() > 4) return std::nullopt;
    std::uint64_t address = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const auto number = ipv4_number(labels[i]);
        const bool is_last = i + 1 == labels.size();
        // The last number fills what the others have left.
        const std::size_t bytes = is_last ? 4 - i : 1;
        if (!number || *number >= std::uint64_t{1} << 8 * bytes) return std::nullopt;
        address |= is_last ? *number : *number << 8 * (3 - i);
    }
    return fmt::format(
        "{}.{}.{}.{}", address >> 24 & 255, address >> 16 & 255, address >> 8 & 255, address & 255
    );
}

std::optional<std::string> ipv6(std::string_view text) {
    in6_addr address{};
    const std::string copy(text);
    if (inet_pton(AF_INET6, copy.c_str(), &address) != 1) return std::nullopt;
    std::array<char, INET6_ADDRSTRLEN> out{};
    inet_ntop(AF_INET6, &address, out.data(), out.size());
    return fmt::format("[{}]", out.data());
}

/// What no host name holds: it would end the name for another reader.
bool is_forbidden(char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7F' ||
           std::string_view("#/:<>?@[\\]^|%").find(c) != std::string_view::npos;
}

/// A host as an error may show it.
std::string shown(std::string_view host) {
    std::string out(host.substr(0, 80));
    for (char& c : out)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = '?';
    return media::to_utf8(std::move(out), "").utf8;
}

}  // namespace

Result<std::string> normal_host(std::string_view text, std::string_view field) {
    const auto wrong = [&](std::string_view why) {
        return fail(
            Error::invalid(fmt::format("The URL's host '{}' {}", shown(text), why), std::string(field))
        );
    };
    if (text.empty()) return fail(Error::invalid("The URL names no host", std::string(field)));
    if (text.front() == '[') {
        const auto address = text.back() == ']' ? ipv6(text.substr(1, text.size() - 2)) : std::nullopt;
        if (!address) return wrong("is no IPv6 address");
        return *address;
    }
    const std::string name = percent_decode(text);
    if (name.size() > kHostBytesMax * 4 || !media::is_utf8(name)) return wrong("is no name in UTF-8");
    const auto host = to_ascii(name);
    if (!host || host->empty()) return wrong("is not a name that the DNS can hold");
    if (host->size() > kHostBytesMax) return wrong("is longer than 255 characters");
    if (std::ranges::any_of(*host, is_forbidden)) return wrong("has a character that no host name has");
    const auto labels = labels_of(*host);
    if (!ends_in_number(labels)) return *host;
    const auto address = ipv4(labels);
    if (!address) return wrong("ends in a number and is no IPv4 address");
    return *address;
}

}  // namespace weft::connector::detail
