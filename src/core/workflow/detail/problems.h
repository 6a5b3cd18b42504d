#pragma once

#include "base/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace weft::workflow {

/// Collects what is wrong with a definition, so that an author sees all of it at once.
class Problems {
  public:
    static constexpr std::size_t kMax = 50;

    /// Always false, so that a check can end with `return problems.add(...)`.
    bool add(std::string message, std::string field) {
        return add(Error::invalid(std::move(message), std::move(field)));
    }
    bool add(Error error) {
        if (found_.size() < kMax) found_.push_back(std::move(error));
        return false;
    }
    template <class T>
    bool ok(const Result<T>& result) {
        return result ? true : add(result.error());
    }
    bool empty() const { return found_.empty(); }
    const Error& first() const { return found_.front(); }
    std::vector<Error> take() && { return std::move(found_); }

  private:
    std::vector<Error> found_;
};

std::string below(std::string_view field, std::string_view member);

}  // namespace weft::workflow
