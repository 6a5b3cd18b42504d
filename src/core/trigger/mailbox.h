#pragma once

#include "base/error.h"
#include "base/json.h"
#include "core/trigger/filter.h"
#include "core/trigger/poll.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A trigger that looks into a mailbox for new messages (ADR 49).
namespace weft::trigger {

inline constexpr std::string_view kMailKind = "mail";

/// What becomes of a message whose run has begun.
enum class AfterMail : std::uint8_t { kNothing, kSeen, kMove, kDelete };
inline constexpr std::array<std::string_view, 4> kAfterMail = {"nothing", "seen", "move", "delete"};

inline constexpr std::int64_t kAttachmentsBytesMax = 50ll << 20;  // of one message

/// {"connection", "folder"?: "INBOX", "every"?: "2m", "start"?: "now", "unseen"?: false, "after"?: "nothing",
/// "move_to"?, "attachments"?: true, "attachments_mb"?: 25, "filter"?}. `input` of the filter is the message;
/// its attachments have no files yet.
struct Mailbox {
    std::string connection;
    std::string folder = "INBOX";
    Millis every{120'000};
    PollStart start = PollStart::kNow;
    bool is_unseen_only = false;
    AfterMail after = AfterMail::kNothing;
    std::string move_to;  // with kMove
    bool has_attachments = true;
    std::int64_t attachments_bytes_max = 25ll << 20;  // larger ones, together, are named and not fetched
    std::optional<Filter> filter;

    bool operator==(const Mailbox&) const = default;
};
/// kInvalid, with the member's place behind `field`.
Result<Mailbox> parse_mailbox(const Json& config, std::string_view field = "config");
Json to_json(const Mailbox& mailbox);
bool is_other_source(const Mailbox& before, const Mailbox& after);

/// How far a mailbox has been read. Numbers of messages (UIDs) mean something under one UIDVALIDITY alone.
struct MailCursor {
    static constexpr std::size_t kTodoMax = 500;

    std::uint32_t validity = 0;
    std::uint32_t uid = 0;    // all up to here are dealt with
    std::int64_t since = 0;   // seconds: when the latest of these came, as the server has it
    bool is_finding = false;  // validity has changed: what is new is told by dates and ids until `uid` is
                              // at the end
    std::vector<std::uint32_t> todo;  // their runs have begun: seen, moved or deleted with the next look

    bool operator==(const MailCursor&) const = default;
};
/// Nothing for what is none.
std::optional<MailCursor> mail_cursor(const Json& value);
Json to_json(const MailCursor& cursor);

}  // namespace weft::trigger
