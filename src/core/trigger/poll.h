#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "core/trigger/filter.h"
#include "core/trigger/path.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A trigger that asks another system, again and again, for what is new there (ADR 41). Asking is a workflow
/// of one step; here is what its answer means.
namespace weft::trigger {

inline constexpr Millis kPollEveryMin{30'000};
inline constexpr Millis kPollEveryMax{7 * 86'400'000};
/// Of one answer. More than are remembered could not be told apart from new ones.
inline constexpr std::size_t kPollItemsMax = 5'000;
inline constexpr std::size_t kPollIdBytesMax = 2'048;
inline constexpr std::size_t kPollCursorBytesMax = 4u << 10;

/// What the first poll does with what is there already: kNow remembers it, kAll begins runs for it.
enum class PollStart : std::uint8_t { kNow, kAll };
inline constexpr std::array<std::string_view, 2> kPollStarts = {"now", "all"};

/// Where the value comes from that the next poll is given: nowhere, the greatest of the items', the answer's.
enum class CursorOf : std::uint8_t { kNone, kItems, kAnswer };
inline constexpr std::array<std::string_view, 3> kCursorsOf = {"none", "items", "answer"};

/// {"uses"?: "core/http", "connection"?, "with": {...}, "items"?: path, "id"?: path, "cursor"?: {"of":
/// "items" or "answer", "path"}, "every"?: "5m", "start"?: "now", "batch"?: false, "filter"?: {...}}.
/// Expressions in `with` see the cursor as `input.cursor`, null in the first poll.
struct Poll {
    std::string uses = "core/http";
    std::string connection;
    Json with;
    Path items;  // in the step's output; the list
    Path id;     // in an item; empty: the whole item
    CursorOf cursor_of = CursorOf::kNone;
    Path cursor;  // in an item, or in the output
    Millis every{300'000};
    PollStart start = PollStart::kNow;
    bool is_batch = false;  // one run for all that is new, whose input is {"items": [...]}
    std::string output = "{{ steps.poll.output }}";  // what of the step's answer the paths go through
    std::optional<Filter> filter;                    // which items start one; `input` is the item

    bool operator==(const Poll&) const = default;
};
/// kInvalid, with the member's place behind `field`.
Result<Poll> parse_poll(const Json& config, std::string_view field = "config");
Json to_json(const Poll& poll);

/// Kinds of sources: an action's answer, or an RSS or Atom feed.
enum class Source : std::uint8_t { kPoll, kFeed };
inline constexpr std::array<std::string_view, 2> kSources = {"poll", "feed"};
std::optional<Source> source_from(std::string_view text);

/// The settings of a source as a poll, and in their normal form. Errors as parse_poll. A feed is {"url",
/// "connection"?, "headers"?, "every"?: "15m", "start"?, "batch"?, "filter"?}: a poll of core/http whose
/// answer `feed.parse` reads in the sandbox, and which asks for nothing that has not changed (ETag,
/// Last-Modified).
struct Settled {
    Poll poll;
    Json config;
};
Result<Settled> parse_source(Source source, const Json& config, std::string_view field = "config");

/// Whether what the one has seen says nothing of the other: another address, action, connection, or other
/// ids.
bool is_other_source(const Poll& before, const Poll& after);

/// The workflow of one step that asks, for core/workflow; its output is the step's. Places in it that
/// begin with `steps[0]` are the settings' own.
Json asking(const Poll& poll);

struct PolledItem {
    std::string key;              // 32 bytes: the digest of its id
    const Json* value = nullptr;  // in the answer
};
struct Polled {
    std::vector<PolledItem> items;  // each id once, in the answer's order
    std::optional<Json> cursor;     // for the next poll; nothing: as before
};
/// What an answer holds. `before`: the cursor it was asked with, or null; the cursor of items never goes
/// back. kInvalid, kLimit: a sentence for the trigger's owner.
Result<Polled> read_answer(const Poll& poll, const Json& answer, const Json& before);

/// When to ask again after `failures` failures in a row: rarer and rarer, at most hourly (or as rarely as
/// without failures).
Millis poll_pause(Millis every, int failures);

}  // namespace weft::trigger
