#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>

namespace weft {

/// Source of randomness, injected so that a seeded one replays a test. Not thread-safe.
class Rng {
  public:
    virtual ~Rng() = default;
    virtual void fill(std::span<std::byte> out) = 0;

    std::uint64_t next() {
        std::uint64_t value = 0;
        fill(std::as_writable_bytes(std::span(&value, 1)));
        return value;
    }
    /// Uniform in [0, 1).
    double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

/// The kernel's generator (getrandom); fit for keys and tokens.
class SystemRng final : public Rng {
  public:
    void fill(std::span<std::byte> out) override;
};

/// Repeats itself from a seed; tests and simulation only.
class SeededRng final : public Rng {
  public:
    explicit SeededRng(std::uint64_t seed) : engine_(seed) {}
    void fill(std::span<std::byte> out) override;

  private:
    std::mt19937_64 engine_;
};

}  // namespace weft
