#pragma once

#include "base/id.h"
#include "base/json.h"
#include "base/secret.h"
#include "platform/crypto/crypto.h"
#include "store/db/db.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Triggers as people define them. The address of a webhook or form holds a token: found by its SHA-256,
/// shown again by opening `sealed_token`. Token and secrets are sealed with the tenant's `ingress` key.
namespace weft::store::triggers {

enum class State : std::uint8_t { kActive, kInactive };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 2> kStates = {"active", "inactive"};
std::string_view name(State state);
std::optional<State> state_from(std::string_view text);

enum class Kind : std::uint8_t {
    kWebhook,
    kSchedule,
    kForm,
    kPoll,
    kFeed,
    kEvent,
    kMail,
    kPostgres,
    kNotify
};
inline constexpr std::array<std::string_view, 9> kKinds = {
    "webhook", "schedule", "form", "poll", "feed", "event", "mail", "postgres", "notify"
};
std::string_view name(Kind kind);
std::optional<Kind> kind_from(std::string_view text);

struct Trigger {
    TriggerId id;
    WorkflowId workflow_id;
    Kind kind = Kind::kWebhook;
    std::string name;
    State state = State::kInactive;
    Json config;
    // Of webhooks and forms alone; a form has no secret:
    std::optional<std::string> sealed_token;
    bool has_secret = false;
    std::optional<TenantKeyId> key_id;
    Instant created_at;
    Instant updated_at;
};
struct NewTrigger {
    TenantId tenant;
    TriggerId id;
    WorkflowId workflow_id;
    Kind kind = Kind::kWebhook;
    std::string name;
    Json config;
    // Of webhooks and forms, which have the first two and the key; of a schedule, none:
    std::optional<std::string> token_hash;
    std::optional<std::string> sealed_token;
    std::optional<std::string> sealed_secret;
    std::optional<TenantKeyId> key_id;
};
struct TriggerChange {
    TriggerId id;
    std::optional<std::string> name;
    std::optional<Json> config;
};
rt::Task<Result<Page<Trigger>>> list(Db db, WorkflowId workflow, PageRequest page, rt::Deadline by);
rt::Task<Result<Trigger>> find(Db db, TriggerId id, rt::Deadline by);
/// kNotFound for an unknown workflow, kConflict for a token (a chosen path) that another trigger has.
rt::Task<Result<Trigger>> add(Db db, NewTrigger trigger, rt::Deadline by);
rt::Task<Result<Trigger>> change(Db db, TriggerChange change, rt::Deadline by);
rt::Task<Result<Trigger>> set_state(Db db, TriggerId id, State state, rt::Deadline by);
struct NewToken {
    TriggerId id;
    std::string token_hash;
    std::string sealed_token;
};
/// kConflict as `add`.
rt::Task<Result<Trigger>> replace_token(Db db, NewToken token, rt::Deadline by);
/// The sealed secrets, if any; for a rotation. Locks the row.
rt::Task<Result<std::optional<std::string>>> sealed_secret(Db db, TriggerId id, rt::Deadline by);
rt::Task<Result<Trigger>> replace_secret(Db db, TriggerId id, std::string sealed_secret, rt::Deadline by);
rt::Task<Result<void>> drop(Db db, TriggerId id, rt::Deadline by);
/// Active ones of a kind.
rt::Task<Result<std::vector<Trigger>>> active_of_workflow(
    Db db, WorkflowId workflow, Kind kind, rt::Deadline by
);
/// All triggers of a workflow, however many.
rt::Task<Result<std::vector<TriggerId>>> ids_of_workflow(Db db, WorkflowId workflow, rt::Deadline by);
/// Deletes them, and says which they were.
rt::Task<Result<std::vector<TriggerId>>> drop_of_workflow(Db db, WorkflowId workflow, rt::Deadline by);

// ---- sealed values; pure
// -------------------------------------------------------------------------------------

std::string seal_token(
    const crypto::SymmetricKey& ingress_key, TenantId tenant, TriggerId id, const Secret& token
);
Result<Secret> open_token(
    const crypto::SymmetricKey& ingress_key, TenantId tenant, TriggerId id, std::string_view sealed
);

/// The signing secret, and while a rotation lasts the one before it.
struct Secrets {
    Secret current;
    std::optional<Secret> previous;
    std::optional<Instant> previous_until;
};
std::string seal_secrets(
    const crypto::SymmetricKey& ingress_key, TenantId tenant, TriggerId id, const Secrets& secrets
);
Result<Secrets> open_secrets(
    const crypto::SymmetricKey& ingress_key, TenantId tenant, TriggerId id, std::string_view sealed
);
/// What core/trigger verifies against at `now`.
std::vector<Secret> valid_at(const Secrets& secrets, Instant now);

}  // namespace weft::store::triggers
