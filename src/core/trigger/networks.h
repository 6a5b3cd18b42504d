#pragma once

#include "base/error.h"
#include "base/json.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Whose addresses may send: a list of networks.
namespace weft::trigger {

class Networks {
  public:
    static constexpr std::size_t kNetworksMax = 200;  // providers publish some dozens

    Networks() = default;
    /// ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"]; kInvalid with its place. Bits beyond the prefix
    /// must be zero: `192.0.2.7/24` means somebody has mistaken something.
    static Result<Networks> parse(const Json& value, std::string_view field);

    bool empty() const { return networks_.empty(); }
    /// An IPv4 address that is written as an IPv6 one (::ffff:192.0.2.7) counts as itself; what is no address
    /// is in no network.
    bool contains(std::string_view address) const;
    Json json() const;
    bool operator==(const Networks& other) const { return texts_ == other.texts_; }

  private:
    struct Network {
        std::array<std::uint8_t, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d
        int bits = 0;                          // of the 128
    };
    static std::optional<Network> read(std::string_view text);

    std::vector<Network> networks_;
    std::vector<std::string> texts_;
};

}  // namespace weft::trigger
