#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/http/client.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The one way out: every request on a tenant's behalf passes here. What counts is the address that is
/// connected to, checked after name resolution and again before each use of a connection, so that no spelling
/// of a host, no DNS answer and no rebinding leads inside.
namespace weft::egress {

/// An address as 16 bytes, IPv4 as ::ffff:a.b.c.d; equal destinations have equal bytes.
using Address = std::array<std::uint8_t, 16>;
/// An IP literal in its canonical spelling only; "0x7f.1" and friends are names, and end here.
std::optional<Address> parse_address(std::string_view text);

/// Addresses, and perhaps one port of them, that the operator lets tenants reach although they are private.
struct Allowance {
    Address network{};
    int prefix = 128;  // bits
    std::optional<std::uint16_t> port;

    /// "10.1.0.0/16", "127.0.0.1:8080", "127.0.0.1/32:8080", "[fd00::]/8", "[::1]:9000". kInvalid.
    static Result<Allowance> parse(std::string_view text);
};

class Policy {
  public:
    Policy() = default;
    explicit Policy(std::vector<Allowance> allowed) : allowed_(std::move(allowed)) {}
    static Result<Policy> parse(const std::vector<std::string>& allowed);

    /// kForbidden for what is not public unicast, for IPv4 hidden in IPv6 (mapped, NAT64, 6to4, Teredo) that
    /// is not, for known metadata services, and for ports below 1024 other than 80 and 443. The text names
    /// the address, the option and whom to ask.
    Result<void> check(std::string_view ip, std::uint16_t port) const;

  private:
    bool is_allowed(const Address& address, std::uint16_t port) const;
    std::vector<Allowance> allowed_;
};

/// Sends requests under the policy; connections are pooled per tenant, never shared between tenants.
class Egress {
  public:
    /// Borrows the client, and the budget that answers are charged to; null: unbounded.
    Egress(http::Client& client, Policy policy, rt::Budget* answers = nullptr)
        : client_(client), policy_(std::move(policy)), answers_(answers) {}

    /// Redirects are answers like any other. Fills `partition`, `check_address` and `budget`; a unix socket
    /// or a pinned address in `request` is refused. See http::Client::send.
    rt::Task<http::ClientResult> send(TenantId tenant, http::ClientRequest request, rt::Deadline by);

    const Policy& policy() const { return policy_; }

  private:
    http::Client& client_;
    Policy policy_;
    rt::Budget* answers_;
};

}  // namespace weft::egress
