#include "control/graphql/plan/plan.h"

#include <cctype>

namespace weft::graphql {

namespace {

bool is_letter(char c) {
    // Bytes of UTF-8 beyond ASCII count as letters.
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool may_start(char c) {
    return is_letter(c) || c == '_' || c == '$';
}
bool may_follow(char c) {
    return may_start(c) || is_digit(c) || c == '-';
}

class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    Outcome<std::vector<std::string>> read() {
        if (rest_ == "$") return std::vector<std::string>{};
        if (rest_.starts_with("$.") || rest_.starts_with("$[")) {
            rest_.remove_prefix(rest_[1] == '.' ? 2 : 1);
            if (rest_.empty()) return empty_name();
        }
        if (rest_.empty()) return error("Empty JSON path");
        bool is_first = true;
        while (!rest_.empty()) {
            if (rest_.front() == '[') {
                CHECK_OK(bracket());
            } else if (is_first || rest_.front() == '.') {
                if (rest_.front() == '.') rest_.remove_prefix(1);
                CHECK_OK(name());
            } else {
                return empty_name();
            }
            is_first = false;
        }
        return std::move(steps_);
    }

  private:
    static std::unexpected<Failure> error(std::string what) {
        return failure("validation-failed", "parse json path error: " + std::move(what));
    }
    static std::unexpected<Failure> empty_name() {
        return error("Invalid JSON path. Property name is empty");
    }
    Outcome<> name() {
        if (rest_.empty()) return empty_name();
        if (!may_start(rest_.front()))
            return error("The first character must be a letter, an underscore (_) or a dollar sign ($).");
        std::size_t size = 1;
        while (size < rest_.size() && may_follow(rest_[size])) ++size;
        steps_.emplace_back(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return {};
    }
    Outcome<> bracket() {
        rest_.remove_prefix(1);
        if (!rest_.empty() && (rest_.front() == '\'' || rest_.front() == '"')) return quoted();
        std::size_t size = 0;
        while (size < rest_.size() && is_digit(rest_[size])) ++size;
        if (size == 0 || size == rest_.size() || rest_[size] != ']')
            return error("Invalid array JSON path. Expected digits, got empty or valid characters");
        steps_.emplace_back(rest_.substr(0, size));
        rest_.remove_prefix(size + 1);
        return {};
    }
    Outcome<> quoted() {
        char quote = rest_.front();
        std::string key;
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] == '\\' && i + 1 < rest_.size()) {
                key += rest_[++i];
            } else if (rest_[i] != quote) {
                key += rest_[i];
            } else if (i + 1 < rest_.size() && rest_[i + 1] == ']') {
                steps_.push_back(std::move(key));
                rest_.remove_prefix(i + 2);
                return {};
            } else {
                break;
            }
        }
        return error("Invalid JSON path. A quoted key must end with its quote and a closing bracket");
    }

    std::string_view rest_;
    std::vector<std::string> steps_;
};

}  // namespace

Outcome<std::vector<std::string>> parse_json_path(std::string_view path) {
    return Reader(path).read();
}

}  // namespace weft::graphql
