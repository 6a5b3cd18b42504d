#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// Raw deflate (RFC 1951), a piece at a time, in memory that does not grow with what is packed.
namespace weft::pack {

inline constexpr std::size_t kPieceBytes = 256u << 10;

/// Of plain bytes, as archives say it.
struct Count {
    std::uint32_t crc = 0;  // CRC-32
    std::int64_t bytes = 0;
    void add(std::string_view plain);
};

/// Some 20 ms a MiB.
class Deflater {
  public:
    Deflater();
    ~Deflater();
    Deflater(Deflater&&) noexcept;
    Deflater& operator=(Deflater&&) noexcept;

    /// What there is of the packed bytes by now; all of them when `plain` was the last.
    enum class Last : std::uint8_t { kNo, kYes };
    std::string add(std::string_view plain, Last last);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Some 5 ms a MiB of what comes out, which may be a thousand times what goes in: hence a piece at a time.
class Inflater {
  public:
    Inflater();
    ~Inflater();
    Inflater(Inflater&&) noexcept;
    Inflater& operator=(Inflater&&) noexcept;

    /// After `next` gave nothing.
    void feed(std::string packed);
    /// At most kPieceBytes of plain bytes; empty: feed more, unless it is done. kInvalid: damaged.
    Result<std::string> next();
    bool is_done() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace weft::pack
