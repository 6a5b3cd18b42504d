#pragma once

#include "base/random.h"
#include "base/time.h"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weft {

/// A 128-bit identifier; as text the usual 36 characters in lower case.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const Uuid&) const = default;
    bool is_nil() const { return *this == Uuid{}; }
    std::string text() const;
    static std::optional<Uuid> parse(std::string_view text);
    /// Version 7: millisecond time first, so that new rows land at the end of their index.
    static Uuid v7(Instant now, Rng& rng);
};

/// A strong identifier: explicit in, never implicit out, so a RunId is never taken for a TenantId.
template <class Tag>
class Id {
  public:
    Id() = default;
    explicit Id(Uuid value) : value_(value) {}

    auto operator<=>(const Id&) const = default;
    const Uuid& uuid() const { return value_; }
    bool is_nil() const { return value_.is_nil(); }
    std::string text() const { return value_.text(); }
    static std::optional<Id> parse(std::string_view text) {
        auto value = Uuid::parse(text);
        return value ? std::optional<Id>(Id(*value)) : std::nullopt;
    }
    static Id make(Instant now, Rng& rng) { return Id(Uuid::v7(now, rng)); }

  private:
    Uuid value_;
};

using TenantId = Id<struct TenantTag>;
using UserId = Id<struct UserTag>;
using SessionId = Id<struct SessionTag>;
using ApiTokenId = Id<struct ApiTokenTag>;
using AppId = Id<struct AppTag>;
using AppVersionId = Id<struct AppVersionTag>;
using ActionId = Id<struct ActionTag>;
using ConnectionId = Id<struct ConnectionTag>;
using TenantKeyId = Id<struct TenantKeyTag>;
using WorkflowId = Id<struct WorkflowTag>;
using WorkflowVersionId = Id<struct WorkflowVersionTag>;
using TriggerId = Id<struct TriggerTag>;
using TriggerEventId = Id<struct TriggerEventTag>;
using RunId = Id<struct RunTag>;
using StepRunId = Id<struct StepRunTag>;
using PayloadId = Id<struct PayloadTag>;
using WorkerId = Id<struct WorkerTag>;
using RequestId = Id<struct RequestTag>;

}  // namespace weft

template <>
struct std::hash<weft::Uuid> {
    std::size_t operator()(const weft::Uuid& id) const noexcept {
        std::size_t value = 0;
        // The last eight bytes of a version 7 id are random, hence already a hash.
        for (int i = 8; i < 16; ++i) value = value << 8 | id.bytes[static_cast<std::size_t>(i)];
        return value;
    }
};
template <class Tag>
struct std::hash<weft::Id<Tag>> {
    std::size_t operator()(const weft::Id<Tag>& id) const noexcept {
        return std::hash<weft::Uuid>()(id.uuid());
    }
};
