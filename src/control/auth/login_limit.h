#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "platform/http/quota.h"
#include "platform/rt/clock.h"

#include <array>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft::control {

/// How often a password may be tried wrongly. Counted are failures, and attempts while they are under way;
/// success costs nothing.
///
/// A browser that has logged in before carries a device cookie, made for that account. Attempts with one have
/// an allowance of their own, by account and device, and no other: so nobody can lock the owner out, whatever
/// they try from elsewhere. Attempts without one share the account's, their address's, and that of account
/// and address. The allowances lie in a table that evicts nothing (platform/rate), so a flood of other
/// accounts or addresses frees none.
class LoginLimit {
  public:
    /// `device_key` signs the cookies: the same in every api process, and secret.
    LoginLimit(const rt::Clock& clock, Rng& rng, Secret device_key);

    struct Attempt {
        std::string account;  // the address as it is looked up
        std::string client;   // address of the sender
        std::string device;   // the cookie; empty: none
    };

    /// An attempt under way, from before the hash until its end.
    class Pass {
      public:
        Pass(Pass&& other) noexcept;
        Pass& operator=(Pass&&) = delete;
        ~Pass();
        /// The password was wrong.
        void failed();

      private:
        friend class LoginLimit;
        Pass(LoginLimit& limit, std::vector<std::size_t> kinds, std::vector<std::string> keys);
        LoginLimit* limit_;  // null: moved from
        std::vector<std::size_t> kinds_;
        std::vector<std::string> keys_;
    };
    /// The limit that is used up, with its name for users, when the attempt must wait.
    std::expected<Pass, http::Quota> begin(const Attempt& attempt);

    /// What a browser that has just logged in is given: the value of its device cookie.
    Secret device_for(std::string_view account);

  private:
    struct Kind {
        std::string_view policy;
        rate::Rate rate;
        int at_once;  // attempts under way
    };
    static const std::array<Kind, 4> kKinds;

    bool is_device_of(std::string_view device, std::string_view account) const;
    std::string signature(std::string_view account, std::string_view issued) const;
    int under_way(const std::string& key) const;

    const rt::Clock& clock_;
    Rng& rng_;
    Secret device_key_;
    rate::Limiter limiter_;
    std::unordered_map<std::string, int> under_way_;  // by key; as many as there are attempts
};

}  // namespace weft::control
