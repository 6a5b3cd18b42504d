#pragma once

#include "base/error.h"
#include "base/json.h"

#include <string>
#include <string_view>
#include <vector>

/// Where something is in a JSON value, as settings of triggers say it: no expression, because it is followed
/// in processes that evaluate nothing of a tenant's.
namespace weft::trigger {

/// Names and numbers of list elements, with dots between: `body.items`, `lines.0.sku`; a name that holds a
/// dot in quotes: `headers."x.y"`. Empty: the value itself.
class Path {
  public:
    static constexpr std::size_t kBytesMax = 256;
    static constexpr std::size_t kStepsMax = 16;

    Path() = default;
    /// kInvalid with `field`.
    static Result<Path> parse(std::string_view text, std::string_view field);

    bool empty() const { return steps_.empty(); }
    const std::string& text() const { return text_; }
    /// Null where there is nothing; else it lives as long as `value`.
    const Json* find(const Json& value) const;
    bool operator==(const Path& other) const { return steps_ == other.steps_; }

  private:
    std::string text_;
    std::vector<std::string> steps_;
};

}  // namespace weft::trigger
