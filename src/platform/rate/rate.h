#pragma once

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

/// The one rate limiter.
namespace weft::rate {

/// `burst` units at once, `per_second` in the long run. Off: everything is allowed.
struct Rate {
    double per_second = 0;
    double burst = 0;

    bool is_off() const { return per_second <= 0; }
    /// Time until an empty allowance is full.
    Steady::duration window() const;
    /// "50/200", "50" (a burst of two seconds' worth) or "off". kInvalid says what is wrong.
    static Result<Rate> parse(std::string_view text);
    bool operator==(const Rate&) const = default;
};

struct Verdict {
    bool is_allowed = true;
    double left = 0;                 // units that may be spent now
    Steady::duration retry_after{};  // until the same may be spent; zero when it is allowed
    Steady::duration full_after{};   // until the whole burst may be spent
};

/// GCRA over a fixed table that forgets nothing early; see the README.
class Limiter {
  public:
    /// `cells` in each of four rows, a power of two, at most 65,536.
    explicit Limiter(Rng& rng, std::size_t cells = 16'384);

    /// Spends `cost` of the key's allowance unless that is more than is left; then nothing is spent. A cost
    /// above the burst is let through when the allowance is full.
    Verdict take(std::string_view key, const Rate& rate, double cost, Steady now);
    /// Would `take` allow it?
    Verdict look(std::string_view key, const Rate& rate, double cost, Steady now) const;

  private:
    static constexpr std::size_t kRows = 4;
    using Cells = std::array<std::size_t, kRows>;
    Cells cells_of(std::string_view key) const;
    Steady full_at(const Cells& cells) const;

    std::array<unsigned char, 16> hash_key_;
    std::size_t mask_;
    /// Row after row. Zeros that nothing has touched cost no memory, and most of many limiters stay so: what
    /// no key has spent is full since the clock's epoch.
    struct Unmap {
        std::size_t bytes = 0;
        void operator()(Steady* cells) const;
    };
    static std::unique_ptr<Steady[], Unmap> map(std::size_t cells);
    std::unique_ptr<Steady[], Unmap> full_at_;
};

}  // namespace weft::rate
