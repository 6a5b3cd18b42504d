#pragma once

#include "platform/http/server.h"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weft::http::detail {

/// Counts the bytes of all request bodies that are here, unfinished ones and those that handlers hold,
/// against the limits of their sender, their owner and the process. Keys are kept only while they hold bytes.
class BodyBudget {
  public:
    enum class Verdict { kFine, kAddress, kShare, kTotal };

    explicit BodyBudget(const BodyLimits& limits) : limits_(limits) {}

    /// The bytes of one body; gives them back when it dies.
    class Lease final : public BodyLease {
      public:
        Lease(BodyBudget& budget, std::string address, std::string share)
            : budget_(budget), address_(std::move(address)), share_(std::move(share)) {}
        ~Lease() override { budget_.give_back(*this, bytes_); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;

        /// Anything but kFine: the limit that would be passed; nothing is taken then.
        Verdict take(std::size_t bytes) { return budget_.take(*this, bytes); }
        Result<void> resize(std::size_t bytes) override;

      private:
        friend class BodyBudget;
        BodyBudget& budget_;
        std::string address_;
        std::string share_;  // empty: nobody's yet
        std::size_t bytes_ = 0;
    };

    std::size_t bytes() const { return total_; }
    /// Addresses and owners with bytes now.
    std::size_t keys() const { return addresses_.size() + shares_.size(); }

  private:
    using Used = std::unordered_map<std::string, std::size_t>;
    Verdict take(Lease& lease, std::size_t bytes);
    void give_back(Lease& lease, std::size_t bytes);

    const BodyLimits& limits_;
    std::size_t total_ = 0;
    Used addresses_;
    Used shares_;
};

}  // namespace weft::http::detail
