#include "base/json.h"
#include "graphql/plan/plan.h"

#include <algorithm>
#include <optional>

namespace weft::graphql {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool may_start(char c) {
    // Bytes of UTF-8 beyond ASCII count as letters.
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool may_follow(char c) {
    return may_start(c) || is_digit(c) || c == '-';
}

/// `.name`, `name`, `[0]`, `["any name"]` or `['any name']`, one after the other; the dot may always be left
/// out, and may stand before a bracket. Quoted names are JSON strings, of which those in single quotes take
/// `"` as it is and `\'`.
class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    std::optional<std::vector<std::string>> read() {
        if (rest_ == "$") return std::vector<std::string>{};
        take('$');
        do {
            take('.');
            std::optional<std::string> step = take('[') ? bracket() : name();
            if (!step) return std::nullopt;
            steps_.push_back(*std::move(step));
        } while (!rest_.empty());
        return std::move(steps_);
    }

  private:
    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// As many as are let through.
    std::string_view take_while(bool (*lets)(char)) {
        const auto size = static_cast<std::size_t>(std::ranges::find_if_not(rest_, lets) - rest_.begin());
        std::string_view out = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return out;
    }
    std::optional<std::string> name() {
        if (rest_.empty() || !may_start(rest_.front())) return std::nullopt;
        return std::string(take_while(may_follow));
    }
    std::optional<std::string> bracket() {
        std::optional<std::string> step;
        if (rest_.starts_with('"') || rest_.starts_with('\'')) {
            step = quoted();
        } else if (std::string_view digits = take_while(is_digit); !digits.empty()) {
            step = std::string(digits);
        }
        return take(']') ? std::move(step) : std::nullopt;
    }
    std::optional<std::string> quoted() {
        const char quote = rest_.front();
        std::string json = "\"";
        std::size_t at = 1;
        for (; at < rest_.size() && rest_[at] != quote; ++at) {
            if (rest_[at] == '"') json += '\\';
            if (rest_[at] == '\\') {
                if (++at == rest_.size()) return std::nullopt;
                if (rest_[at] != '\'') json += '\\';
            }
            json += rest_[at];
        }
        if (at == rest_.size()) return std::nullopt;
        rest_.remove_prefix(at + 1);
        auto name = parse_json(json + '"');
        if (!name || !name->is_string()) return std::nullopt;
        return std::string(name->get_string());
    }

    std::string_view rest_;
    std::vector<std::string> steps_;
};

}  // namespace

Outcome<std::vector<std::string>> parse_json_path(std::string_view path) {
    if (auto steps = Reader(path).read()) return *std::move(steps);
    return failure(
        "validation-failed",
        "parse json path error: " + std::string(path) +
            ". Accept letters, digits, underscore (_) or hyphen (-) only. Use quotes enclosed in bracket "
            "([\"...\"]) if there is any special character"
    );
}

}  // namespace weft::graphql
