#pragma once

#include "base/id.h"
#include "base/json.h"
#include "core/alert/alert.h"
#include "platform/crypto/crypto.h"
#include "store/db/db.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The rows of alerts' rules, as those see them who make them. Sending: outbox.h.
namespace weft::store::alerts {

enum class State : std::uint8_t { kActive, kDisabled };
inline constexpr std::array<std::string_view, 2> kStates = {"active", "disabled"};

inline constexpr std::int64_t kRulesMax = 100;  // of a tenant: each end is held against all
inline constexpr Millis kOldSecretHolds{86'400'000};

struct Rule {
    AlertRuleId id;
    std::string name;
    std::optional<WorkflowId> workflow;  // nothing: all
    std::vector<std::string> states;
    std::optional<std::vector<std::string>> failure_kinds;  // nothing: all
    alert::Channel channel = alert::Channel::kWebhook;
    std::string target;  // as it is shown
    std::optional<Instant> previous_until;
    Millis group{0};
    std::optional<Json> quiet;
    State state = State::kActive;
    std::optional<Instant> due_at;
    std::int64_t pending = 0;
    std::optional<Uuid> message;  // under way
    std::int64_t message_ends = 0;
    int attempts = 0;
    std::optional<Instant> test_at;
    std::optional<Instant> tested_at;
    std::optional<std::string> test_problem;
    std::optional<Instant> sent_at;
    std::int64_t sent = 0;
    std::int64_t told = 0;
    std::int64_t lost = 0;
    std::int64_t silenced = 0;
    std::optional<Instant> failing_since;
    std::optional<std::string> problem;
    Instant created_at;
    Instant updated_at;
};

/// What its owner is told: also whether the last attempt failed.
enum class Health : std::uint8_t { kActive, kFailing, kDisabled };
std::string_view name(Health health);
Health health_of(const Rule& rule);

/// What its owner sets.
struct Settings {
    std::string name;
    std::optional<WorkflowId> workflow;
    std::vector<std::string> states;
    std::optional<std::vector<std::string>> failure_kinds;
    Millis group = alert::kGroupDefault;
    std::optional<Json> quiet;
};

/// What a sealed field is bound to; only the worker opens it.
enum class Field : std::uint8_t { kTarget, kSecret };
crypto::Aad owner_of(TenantId tenant, AlertRuleId rule, Field field);

struct NewRule {
    AlertRuleId id;
    Settings settings;
    alert::Channel channel = alert::Channel::kWebhook;
    std::string target;
    std::string sealed_target;
    std::optional<std::string> sealed_secret;
};
/// kNotFound: the workflow; kLimit beyond kRulesMax. In a transaction, as `change` with a target.
rt::Task<Result<Rule>> add(Db db, NewRule rule, rt::Deadline by);
/// Of this workflow and of all, or every one.
rt::Task<Result<Page<Rule>>> list(
    Db db, std::optional<WorkflowId> workflow, PageRequest page, rt::Deadline by
);
rt::Task<Result<Rule>> find(Db db, AlertRuleId id, rt::Deadline by);

struct NewTarget {
    std::string shown;
    std::string sealed;
};
/// What is under way goes on by the new settings.
rt::Task<Result<Rule>> change(
    Db db, AlertRuleId id, Settings settings, std::optional<NewTarget> target, rt::Deadline by
);
rt::Task<Result<Rule>> enable(Db db, AlertRuleId id, rt::Deadline by);
/// What has been gathered is forgotten. In a transaction.
rt::Task<Result<Rule>> disable(Db db, AlertRuleId id, rt::Deadline by);
/// The worker sends one at once, whatever else the rule says.
rt::Task<Result<Rule>> ask_test(Db db, AlertRuleId id, rt::Deadline by);
/// The old one holds for kOldSecretHolds. In a transaction.
rt::Task<Result<Rule>> rotate_secret(Db db, AlertRuleId id, std::string sealed, rt::Deadline by);
rt::Task<Result<void>> drop(Db db, AlertRuleId id, rt::Deadline by);

}  // namespace weft::store::alerts
