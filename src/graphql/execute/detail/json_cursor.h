#pragma once

#include <cstddef>
#include <string_view>

namespace weft::graphql::detail {

/// Walks JSON text that PostgreSQL printed, without building a tree: what is not looked at stays byte for
/// byte as it is. Malformed text ends the walk (`is_good` turns false); nothing is read beyond the end.
class JsonCursor {
  public:
    explicit JsonCursor(std::string_view text) : text_(text) {}

    bool is_good() const { return is_good_; }
    std::size_t at() const { return at_; }
    /// Steps over white space and tells what comes.
    char peek();
    /// Takes one character after white space, or ends the walk.
    bool take(char wanted);
    /// `[` or `{`; then, until it says no, the next item or member follows.
    bool open(char bracket) { return take(bracket); }
    bool has_next(char close, bool is_first);
    /// Takes a member's name and the colon; the name is without escapes decoded.
    std::string_view name();
    /// Takes a whole value and gives its text.
    std::string_view value();

  private:
    void skip_string();
    std::string_view text_;
    std::size_t at_ = 0;
    bool is_good_ = true;
};

}  // namespace weft::graphql::detail
