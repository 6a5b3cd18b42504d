#include "base/bytes.h"
#include "base/percent.h"
#include "core/trigger/detail/recipes.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <set>

namespace weft::trigger::detail {

namespace {

constexpr std::size_t kFormEntriesMax = 1'000;  // of a form; as many as are read of any
constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kBodyDigest = "bodySHA256=";

std::string decoded(std::string_view text) {
    std::string plain(text);
    std::ranges::replace(plain, '+', ' ');
    return percent_decode(plain);
}

/// Names and values, each pair once, in the order in which they are signed.
Result<std::string> signed_entries(std::string_view form) {
    std::set<std::pair<std::string, std::string>> entries;
    while (!form.empty()) {
        const auto end = std::min(form.find('&'), form.size());
        const std::string_view entry = form.substr(0, end);
        form.remove_prefix(std::min(end + 1, form.size()));
        if (entry.empty()) continue;
        if (entries.size() == kFormEntriesMax) return refused("the form has too many entries");
        const auto is = std::min(entry.find('='), entry.size());
        entries.emplace(decoded(entry.substr(0, is)), decoded(entry.substr(std::min(is + 1, entry.size()))));
    }
    std::string out;
    for (const auto& [name, value] : entries) out.append(name).append(value);
    return out;
}

/// What the query says of the body; empty when it says nothing.
std::string_view body_digest(std::string_view url) {
    const auto query = url.find('?');
    std::string_view rest = query == std::string_view::npos ? "" : url.substr(query + 1);
    while (!rest.empty()) {
        const auto end = std::min(rest.find('&'), rest.size());
        const std::string_view entry = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (entry.starts_with(kBodyDigest)) return entry.substr(kBodyDigest.size());
    }
    return "";
}

std::string sha256_hex(std::string_view text) {
    std::string out(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(
        reinterpret_cast<unsigned char*>(out.data()),
        reinterpret_cast<const unsigned char*>(text.data()),
        text.size()
    );
    return hex(out);
}

}  // namespace

Result<Accepted> verify_address(
    const Recipe& recipe, std::span<const Secret> secrets, const Delivery& delivery
) {
    if (delivery.hmac_sha1 == nullptr || delivery.urls.empty()) return refused("our address is not known");
    TRY(const auto header, single(delivery.headers, recipe.signature_header));
    if (!header) return refused("the signature header is missing");
    auto digest = from_base64(*header);
    if (!digest) return refused("no readable signature");
    const std::array<std::string, 1> given{*std::move(digest)};
    TRY(const auto type, single(delivery.headers, "content-type"));
    const bool is_form = type && type->substr(0, kForm.size()) == kForm;
    std::string entries;
    if (is_form) {
        TRY(entries, signed_entries(delivery.body));
    }
    std::vector<std::string> keys;
    for (const Secret& secret : secrets)
        if (!secret.empty()) keys.emplace_back(secret.reveal());
    std::optional<std::string> match;
    for (const std::string& url : delivery.urls) {
        // A body that is not signed itself is signed through the address.
        const bool is_whole =
            is_form || delivery.body.empty() || body_digest(url) == sha256_hex(delivery.body);
        if (!is_whole) return refused("the body is not what the address says of it");
        if (auto found = matching(given, keys, url + entries, *delivery.hmac_sha1)) match = *found;
    }
    if (!match) return refused("no signature matches");
    return Accepted{"sig:" + hex(*match)};
}

}  // namespace weft::trigger::detail
