#pragma once

#include "base/error.h"
#include "base/json.h"
#include "core/trigger/path.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which events start a run. Conditions are data, not expressions: they are looked at in processes that
/// evaluate nothing of a tenant's, before anything is stored.
namespace weft::trigger {

enum class Comparison : std::uint8_t {
    kEqual,
    kNotEqual,
    kContains,
    kStartsWith,
    kEndsWith,
    kGreater,
    kAtLeast,
    kLess,
    kAtMost,
    kOneOf,
    kThere,
    kMissing
};
/// In the order of the enum.
inline constexpr std::array<std::string_view, 12> kComparisons = {
    "equal",
    "not-equal",
    "contains",
    "starts-with",
    "ends-with",
    "greater",
    "at-least",
    "less",
    "at-most",
    "one-of",
    "there",
    "missing"
};

/// {"path": "input.order.total", "is": "at-least", "value": 100}, or several as {"all": [...]}, {"any":
/// [...]}, {"none": [...]}. Paths begin with `input` or `trigger`. What a path does not find, or finds to be
/// null, is missing, and only "missing" and "not-equal" hold of it; things of different kinds are not equal
/// and in no order.
class Filter {
  public:
    static constexpr std::size_t kConditionsMax = 50;
    static constexpr int kDepthMax = 4;
    static constexpr std::size_t kValueBytesMax = 1'000;

    /// kInvalid, with its place behind `field`.
    static Result<Filter> parse(const Json& value, std::string_view field);
    bool passes(const Json& input, const Json& trigger) const;
    Json json() const { return source_; }
    bool operator==(const Filter& other) const { return source_ == other.source_; }

  private:
    enum class Node : std::uint8_t { kCondition, kAll, kAny, kNone };
    struct Part {
        Node node = Node::kCondition;
        std::vector<Part> parts;
        bool is_of_input = true;
        Path path;
        Comparison comparison = Comparison::kEqual;
        Json value;
    };
    static Result<Part> read(const Json& value, std::string field, int depth, std::size_t& count);
    static Result<Part> read_condition(const Json& value, const std::string& field);
    static bool holds(const Part& part, const Json& input, const Json& trigger);

    Part root_;
    Json source_;
};

}  // namespace weft::trigger
