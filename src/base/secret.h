#pragma once

#include "base/bytes.h"

#include <string>
#include <string_view>
#include <utility>

namespace weft {

/// Bytes that must not be printed: no formatter, no stream operator, wiped on destruction and when moved
/// from. `reveal()` is the one way in, so that a reader can find every use.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) { wipe(value); }
    Secret(const Secret&) = default;
    Secret& operator=(const Secret& other) {
        if (this != &other) {
            wipe(value_);
            value_ = other.value_;
        }
        return *this;
    }
    Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { wipe(other.value_); }
    Secret& operator=(Secret&& other) noexcept {
        wipe(value_);
        value_ = std::move(other.value_);
        wipe(other.value_);
        return *this;
    }
    ~Secret() { wipe(value_); }

    std::string_view reveal() const { return value_; }
    bool empty() const { return value_.empty(); }
    bool operator==(const Secret& other) const { return equal_constant_time(value_, other.value_); }

    /// Overwrites the whole buffer, short-string storage included, in a way the compiler may not drop.
    static void wipe(std::string& value) {
        value.resize(value.capacity());
        volatile char* at = value.data();
        for (std::size_t i = 0; i < value.size(); ++i) at[i] = 0;
        value.clear();
    }

  private:
    std::string value_;
};

}  // namespace weft
