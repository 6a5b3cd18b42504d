#include "base/bytes.h"
#include "core/connector/connector.h"
#include "core/connector/detail/reading.h"

#include <algorithm>

namespace weft::connector {

namespace {

constexpr std::string_view kMark = "[redacted]";
constexpr std::size_t kSecretBytesMin = 4;

std::string json_escaped(std::string_view text) {
    std::string quoted = to_text(Json(text));
    return quoted.substr(1, quoted.size() - 2);
}

std::string without_padding(std::string text) {
    while (text.ends_with('=')) text.pop_back();
    return text;
}

/// A secret as other systems are likely to give it back.
void add_forms(std::vector<Secret>& needles, std::string_view value) {
    if (value.size() < kSecretBytesMin) return;
    std::string percent = percent_encode(value);
    std::string percent_lower = percent;
    for (std::size_t i = 0; i + 2 < percent_lower.size(); ++i)
        if (percent_lower[i] == '%')
            for (std::size_t k : {i + 1, i + 2})
                if (percent_lower[k] >= 'A' && percent_lower[k] <= 'F') percent_lower[k] += 'a' - 'A';
    const std::string digits = hex(value);
    std::string capitals = digits;
    for (char& c : capitals)
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    std::string plus;  // as forms write blanks
    for (std::size_t i = 0; i < percent.size(); ++i) {
        bool is_blank = percent.compare(i, 3, "%20") == 0;
        plus += is_blank ? '+' : percent[i];
        if (is_blank) i += 2;
    }
    for (std::string form : {
             std::string(value),
             without_padding(base64(value)),
             base64url(value),
             percent,
             percent_lower,
             plus,
             json_escaped(value),
             digits,
             capitals,
         })
        needles.emplace_back(std::move(form));
}

}  // namespace

Redactor::Redactor(const Auth& auth, const std::map<std::string, Secret>& fields) {
    for (const ConnectionField& field : connection_fields(auth)) {
        auto found = fields.find(field.name);
        if (found != fields.end() && field.is_secret) add_forms(needles_, found->second.reveal());
    }
    if (auth.kind == AuthKind::kBasic && fields.contains("username") && fields.contains("password")) {
        Secret pair(
            std::string(fields.at("username").reveal()) + ":" + std::string(fields.at("password").reveal())
        );
        add_forms(needles_, pair.reveal());
        // Without a password the name is the secret.
        if (fields.at("password").empty()) add_forms(needles_, fields.at("username").reveal());
    }
    std::ranges::sort(needles_, [](const Secret& a, const Secret& b) {
        return a.reveal().size() != b.reveal().size() ? a.reveal().size() > b.reveal().size()
                                                      : a.reveal() < b.reveal();
    });
    auto repeated = std::ranges::unique(needles_, [](const Secret& a, const Secret& b) { return a == b; });
    needles_.erase(repeated.begin(), repeated.end());
}

std::string Redactor::redact(std::string text) const {
    for (const Secret& needle : needles_) {
        std::size_t at = text.find(needle.reveal());
        if (at == std::string::npos) continue;
        std::string out;
        std::size_t from = 0;
        for (; at != std::string::npos; at = text.find(needle.reveal(), from)) {
            out.append(text, from, at - from).append(kMark);
            from = at + needle.reveal().size();
        }
        out.append(text, from);
        text = std::move(out);
    }
    return text;
}

std::string Redactor::redact_piece(std::string& held, std::string_view piece, bool is_last) const {
    constexpr std::size_t kBytesMin = 8;
    held.append(piece);
    const std::size_t longest = needles_.empty() ? 0 : needles_.front().reveal().size();
    for (const Secret& needle : needles_) {
        const std::string_view secret = needle.reveal();
        if (secret.size() < kBytesMin) break;  // the longest come first
        for (std::size_t at = held.find(secret); at != std::string::npos; at = held.find(secret, at))
            held.replace(at, secret.size(), kMark);
    }
    const std::size_t kept = is_last || longest < kBytesMin ? 0 : std::min(held.size(), longest - 1);
    std::string out = held.substr(0, held.size() - kept);
    held.erase(0, out.size());
    return out;
}

Json Redactor::redact(Json value) const {
    if (needles_.empty()) return value;
    if (value.is_string()) return Json(redact(std::string(detail::text_of(value))));
    if (value.is_array()) {
        for (Json& item : value.get_array()) item = redact(std::move(item));
    } else if (value.is_object()) {
        JsonObject out;
        out.reserve(value.get_object().size());
        for (auto& member : value.get_object())
            out.insert_or_assign(redact(std::string(member.key())), redact(std::move(member.value())));
        return out;
    }
    return value;
}

}  // namespace weft::connector
