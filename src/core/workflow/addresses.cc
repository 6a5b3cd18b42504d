#include "core/workflow/workflow.h"

#include <algorithm>
#include <array>

namespace weft::workflow {

namespace {

constexpr std::string_view kHidden = "hidden";
constexpr std::size_t kTokenCharacters = 43;  // 32 bytes in base64url

bool is_of_token(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

std::string_view answer_path(CoreKind kind) {
    return kind == CoreKind::kApproval ? "/approve#" : "/callbacks/";
}

std::string hide_answer_addresses(std::string text) {
    for (const CoreKind kind : {CoreKind::kApproval, CoreKind::kCallback}) {
        const std::string_view path = answer_path(kind);
        for (std::size_t at = text.find(path); at != std::string::npos; at = text.find(path, at)) {
            at += path.size();
            const auto from = text.begin() + static_cast<std::ptrdiff_t>(at);
            const auto length =
                static_cast<std::size_t>(std::find_if_not(from, text.end(), is_of_token) - from);
            if (length < kTokenCharacters) continue;
            text.replace(at, length, kHidden);
        }
    }
    return text;
}

}  // namespace weft::workflow
