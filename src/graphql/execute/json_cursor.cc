#include "graphql/execute/detail/json_cursor.h"

namespace weft::graphql::detail {

char JsonCursor::peek() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
        ++at_;
    }
    return at_ < text_.size() ? text_[at_] : '\0';
}

bool JsonCursor::take(char wanted) {
    if (!is_good_ || peek() != wanted) return is_good_ = false;
    ++at_;
    return true;
}

bool JsonCursor::has_next(char close, bool is_first) {
    if (!is_good_) return false;
    if (peek() == close) {
        ++at_;
        return false;
    }
    return is_first || take(',');
}

void JsonCursor::skip_string() {
    if (!take('"')) return;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    take('"');
}

std::string_view JsonCursor::name() {
    peek();
    const std::size_t begin = at_ + 1;
    skip_string();
    if (!is_good_) return {};
    const std::string_view out = text_.substr(begin, at_ - 1 - begin);
    take(':');
    return out;
}

std::string_view JsonCursor::value() {
    peek();
    const std::size_t begin = at_;
    int depth = 0;
    do {
        const char c = peek();
        if (c == '"') {
            skip_string();
        } else if (c == '[' || c == '{') {
            ++depth;
            ++at_;
        } else if (depth > 0 && (c == ']' || c == '}')) {
            --depth;
            ++at_;
        } else if (depth > 0 && (c == ',' || c == ':')) {
            ++at_;
        } else {  // a number, true, false, null
            const std::size_t start = at_;
            while (at_ < text_.size() &&
                   std::string_view(" \n\t\r,:]}").find(text_[at_]) == std::string_view::npos)
                ++at_;
            if (at_ == start) is_good_ = false;
        }
    } while (is_good_ && depth > 0);
    return is_good_ ? text_.substr(begin, at_ - begin) : std::string_view();
}

}  // namespace weft::graphql::detail
