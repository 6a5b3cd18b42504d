#include "control/auth/detail/names.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace weft::control::detail {

namespace {

constexpr std::size_t kSlugMax = 40;

/// The commonest of at least 8 characters in published lists of leaked passwords.
constexpr std::array<std::string_view, 32> kCommon{
    "12345678",      "123456789", "1234567890",  "password",   "password1", "password123", "passw0rd",
    "qwertyuiop",    "qwerty123", "qwerty12345", "iloveyou",   "sunshine",  "princess",    "football",
    "baseball",      "superman",  "trustno1",    "letmein123", "welcome1",  "welcome123",  "admin123",
    "administrator", "changeme",  "changeme123", "11111111",   "00000000",  "87654321",    "abcd1234",
    "1q2w3e4r",      "1qaz2wsx",  "zaq12wsx",    "asdfghjkl",
};

}  // namespace

std::string slug_of(std::string_view name) {
    std::string slug;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (slug.size() >= kSlugMax) break;
        if (byte < 0x80 && std::isalnum(byte) != 0) {
            slug += static_cast<char>(std::tolower(byte));
        } else if (!slug.empty() && slug.back() != '-') {
            slug += '-';
        }
    }
    while (!slug.empty() && slug.back() == '-') slug.pop_back();
    if (slug.empty() || std::isalpha(static_cast<unsigned char>(slug.front())) == 0) slug = "t-" + slug;
    while (slug.size() > 2 && slug.back() == '-') slug.pop_back();
    return slug.size() < 3 && slug.back() == '-' ? "tenant" : slug.size() < 2 ? slug + "-tenant" : slug;
}

Result<void> check_password(const Secret& password, std::string_view email) {
    std::string lowered(password.reveal());
    std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool is_common = lowered == email || std::ranges::find(kCommon, lowered) != kCommon.end();
    Secret::wipe(lowered);
    if (is_common) return fail(Error::invalid("is among the passwords that are guessed first", "password"));
    return {};
}

}  // namespace weft::control::detail
