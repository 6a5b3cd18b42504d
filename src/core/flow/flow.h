#pragma once

#include "base/error.h"
#include "base/json.h"
#include "core/template/template.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

/// When runs of a workflow may begin: limits that all runs of a key share. What is decided here is only what
/// the limits are and which key a run has; who may begin is decided in the database.
namespace weft::flow {

/// The members of a definition that say so.
inline constexpr std::array<std::string_view, 7> kMembers = {
    "concurrency", "singleton", "throttle", "rate-limit", "debounce", "breaker", "priority"
};

inline constexpr std::int64_t kConcurrencyMax = 1'000;  // counted each time a run begins or ends
inline constexpr std::int64_t kBreakerMax = 100;        // times of failures that are kept
inline constexpr std::int64_t kRateMax = 1'000'000;
inline constexpr std::int64_t kPriorityMax = 600;  // seconds that a run may overtake older ones by
inline constexpr std::size_t kKeyBytesMax = 200;   // longer ones are known by their hash

/// The rules as they are stored with a published version (and kept in `workflow.flow`): an object with what
/// there is of `concurrency` {limit, when_full, key}, `throttle` and `rate` {limit, per_ms, key}, `debounce`
/// {for_ms, max_ms, key}, `breaker` {failures, within_ms, pause_ms}, and `priority`, a number or a path. A
/// path is a list: ["input", "order", 0]. Empty when the definition has none. `problems` takes what is wrong,
/// with its field.
JsonObject read(const JsonObject& definition, std::vector<Error>& problems);

/// What `read` has made, ready for runs.
class Rules {
  public:
    /// kInvalid when it is not that.
    static Result<Rules> of(const Json& stored);

    /// What a run says to each rule: {"concurrency": text, "throttle": text, ..., "priority": seconds}. A key
    /// that leads nowhere, or a rule without one, is the empty text; a list or an object is its JSON text.
    /// `input` and `trigger` are JSON texts, at most limits::kPayloadBytesMax; kInvalid when they are none.
    Result<Json> keys(std::string_view input, std::string_view trigger) const;

  private:
    struct Rule {
        std::string name;
        std::vector<Json> path;  // empty: all runs have the same key
    };
    std::vector<Rule> rules_;
    std::vector<Json> priority_path_;
    std::int64_t priority_ = 0;
};

}  // namespace weft::flow
