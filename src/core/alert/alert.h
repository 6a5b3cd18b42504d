#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/json.h"
#include "base/time.h"
#include "core/calendar/calendar.h"
#include "core/runstate/policy.h"
#include "core/runstate/states.h"

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Alerts: whom a rule tells, when it is quiet, and what its messages say. Pure: the time is an argument.
/// Names, messages of failures and addresses are tenants' texts; what becomes of them in a message stands
/// here.
namespace weft {

using AlertRuleId = Id<struct AlertRuleTag>;

}  // namespace weft

namespace weft::alert {

enum class Channel : std::uint8_t { kWebhook, kSlack, kEmail };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 3> kChannels = {"webhook", "slack", "email"};
std::string_view name(Channel channel);
std::optional<Channel> channel_from(std::string_view text);

inline constexpr std::size_t kNamedMax = 100;     // ends that a message names; store/triggers has it too
inline constexpr std::size_t kAddressesMax = 20;  // of a rule's e-mail
inline constexpr Millis kGroupDefault{60'000};

/// Hours in which nothing is sent: from `from` to `to` on the zone's clocks, beginning on one of the days;
/// `to` at or before `from` is the next day's.
struct Quiet {
    std::bitset<7> days;  // 0: Sunday
    std::chrono::minutes from{0};
    std::chrono::minutes to{0};
    calendar::Zone zone;
    bool is_dropping = false;  // what comes then is never told; else it is told when they end
};
/// {"from": "22:00", "to": "07:00", "zone"?: "Europe/Madrid", "days"?: ["mon", ...], "then"?: "hold"}.
/// kInvalid with the member at fault.
Result<Quiet> parse_quiet(const Json& value, std::string_view field = "quiet");
Json to_json(const Quiet& quiet);
/// The end of the quiet hours that `now` lies in; nothing when it lies in none. Also where hours come twice
/// or never, as core/calendar reads them.
std::optional<Instant> quiet_until(const Quiet& quiet, Instant now);

/// Whom a rule tells: what is sealed, and what of it may be shown.
struct Target {
    std::string sealed;  // a URL, or addresses of e-mail with a comma between them
    std::string shown;   // the host, or the addresses
};
/// An http or https URL (of webhook and slack), or a list of addresses. kInvalid with `field`.
Result<Target> parse_url(std::string_view url, std::string_view field = "url");
Result<Target> parse_addresses(const std::vector<std::string>& addresses, std::string_view field = "to");

/// An end that a message names.
struct Ended {
    RunId run;
    WorkflowId workflow;
    std::string workflow_key;
    std::string workflow_name;
    runstate::RunStatus state = runstate::RunStatus::kFailed;
    std::optional<runstate::FailureKind> failure_kind;
    std::string step;     // "" when none is known
    std::string message;  // likewise
    Instant ended_at;
};

/// What a rule tells at a time. Without ends it is a test.
struct Message {
    std::string id;  // the same at each attempt
    AlertRuleId rule;
    std::string rule_name;
    Instant made_at;
    std::vector<Ended> named;
    std::int64_t ends = 0;   // with those that are not named
    std::string public_url;  // that links begin with; "": no links
};

/// A POST body, JSON, as Standard Webhooks has it: {type, timestamp, data}. `type` is runs.ended or test.
std::string webhook_body(const Message& message);
/// {"text"}, as Slack's incoming webhooks take it, and Mattermost's, and Discord's below /slack. No text of a
/// tenant calls anybody, hides a link or begins a line.
std::string slack_body(const Message& message);
/// RFC 5322 with CRLF, UTF-8 throughout. `from` and `to` are addresses that parse_addresses took, `host`
/// names us in the message's id.
std::string mail_text(
    const Message& message, std::string_view from, std::string_view to, std::string_view host
);

/// What Standard Webhooks signs, by HMAC-SHA256.
std::string signed_text(std::string_view id, std::int64_t timestamp, std::string_view body);

/// How long to wait after the attempt of this number (from 1) failed, before jitter: `first`, doubled, at
/// most an hour.
Millis backoff(int attempts, Millis first);
inline constexpr Millis kGiveUp{3 * 86'400'000ll};  // after this a message is lost

}  // namespace weft::alert
