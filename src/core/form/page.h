#pragma once

#include "core/form/form.h"

#include <array>
#include <string>
#include <string_view>

/// Forms as pages: HTML without scripts, whose every text of a tenant or a sender is escaped.
namespace weft::form {

/// What the page's own words are in.
enum class Language : std::uint8_t { kEnglish, kSpanish };
inline constexpr std::array<std::string_view, 2> kLanguages = {"en", "es"};  // in the order of the enum
/// Of an Accept-Language header; English unless Spanish is preferred.
Language language_of(std::string_view accept_language);

struct Page {
    Language language = Language::kEnglish;
    std::string_view title = {};  // when the settings have none
    std::string_view nonce = {};  // two submissions with one nonce and the same entries are one
    Pairs entries = {};           // what was typed, or asked for by the address
    std::span<const Problem> problems = {};
    bool is_trapped = false;  // the entry that only programs fill in was filled in
};
std::string page(const Form& form, const Page& page);

enum class Notice : std::uint8_t {
    kSent,
    kUnknown,
    kInactive,
    kTooMany,
    kTooLarge,
    kUnreadable,
    kUnavailable
};
/// A page that says one thing. `text` takes the place of the notice's own sentence.
std::string notice_page(
    Notice notice, Language language, std::string_view title = "", std::string_view text = ""
);

/// The only style of these pages, which stands in them; a policy allows it by its hash.
std::string_view style();

/// Why an entry is not taken, in the reader's language.
std::string problem_text(const Field& field, Problem::Kind problem, Language language);

}  // namespace weft::form
