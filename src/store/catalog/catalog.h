#pragma once

#include "base/id.h"
#include "base/json.h"
#include "store/db/db.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Apps, their versions and actions. Manifests and definitions are JSON that core/connector has checked.
/// All functions act for the tenant of `db`; absent and another tenant's are both kNotFound.
namespace weft::store::catalog {

struct App {
    AppId id;
    std::string key;
    std::string name;
    std::string description;
    Instant created_at;
    Instant updated_at;
};
struct NewApp {
    TenantId tenant;
    AppId id;
    std::string key;
    std::string name;
    std::string description;
};
struct AppChange {
    AppId id;
    std::optional<std::string> name;
    std::optional<std::string> description;
};
rt::Task<Result<Page<App>>> list_apps(Db db, PageRequest page, rt::Deadline by);
rt::Task<Result<App>> find_app(Db db, AppId id, rt::Deadline by);
/// kConflict when the key is taken.
rt::Task<Result<App>> add_app(Db db, NewApp app, rt::Deadline by);
rt::Task<Result<App>> change_app(Db db, AppChange change, rt::Deadline by);
/// kConflict while connections of the app exist.
rt::Task<Result<void>> drop_app(Db db, AppId id, rt::Deadline by);

enum class State : std::uint8_t { kDraft, kPublished, kDeprecated };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 3> kStates = {"draft", "published", "deprecated"};
std::string_view name(State state);
std::optional<State> state_from(std::string_view text);

struct AppVersion {
    AppVersionId id;
    AppId app_id;
    int major = 1;
    int minor = 0;
    State state = State::kDraft;
    Json manifest;
    Instant created_at;
    std::optional<Instant> published_at;
};
struct NewAppVersion {
    TenantId tenant;
    AppVersionId id;
    AppId app_id;
    std::optional<int> major;  // absent: the app's highest, or 1. The minor is the next free one
    Json manifest;
};
rt::Task<Result<Page<AppVersion>>> list_versions(Db db, AppId app, PageRequest page, rt::Deadline by);
rt::Task<Result<AppVersion>> find_version(Db db, AppVersionId id, rt::Deadline by);
/// Copies the actions of the newest version with the same major, so that a draft starts from what is live.
rt::Task<Result<AppVersion>> add_version(Db db, NewAppVersion version, rt::Deadline by);
/// kConflict unless it is a draft.
rt::Task<Result<AppVersion>> change_manifest(Db db, AppVersionId id, Json manifest, rt::Deadline by);
/// draft to published, published to deprecated, and back; kConflict from any other state.
rt::Task<Result<AppVersion>> publish_version(Db db, AppVersionId id, rt::Deadline by);
rt::Task<Result<AppVersion>> deprecate_version(Db db, AppVersionId id, rt::Deadline by);
rt::Task<Result<AppVersion>> restore_version(Db db, AppVersionId id, rt::Deadline by);
/// The manifest that a new credential of the app is checked against: of the newest published version, else of
/// the newest draft. kNotFound when the app has no version.
rt::Task<Result<AppVersion>> newest_version(Db db, AppId app, rt::Deadline by);

struct Action {
    ActionId id;
    AppVersionId app_version_id;
    std::string key;
    std::string name;
    Json definition;
    Instant created_at;
    Instant updated_at;
};
struct NewAction {
    TenantId tenant;
    ActionId id;
    AppVersionId app_version_id;
    std::string key;
    std::string name;
    Json definition;
};
struct ActionChange {
    ActionId id;
    std::optional<std::string> name;
    std::optional<Json> definition;
};
rt::Task<Result<Page<Action>>> list_actions(Db db, AppVersionId version, PageRequest page, rt::Deadline by);
rt::Task<Result<Action>> find_action(Db db, ActionId id, rt::Deadline by);
/// kConflict when the key is taken or the version is no draft.
rt::Task<Result<Action>> add_action(Db db, NewAction action, rt::Deadline by);
rt::Task<Result<Action>> change_action(Db db, ActionChange change, rt::Deadline by);
rt::Task<Result<void>> drop_action(Db db, ActionId id, rt::Deadline by);

/// What `app/action@major` means now: the highest published minor that has the action.
struct Resolved {
    AppId app_id;
    AppVersionId version_id;
    int major = 1;
    int minor = 0;
    Json manifest;
    ActionId action_id;
    Json definition;
};
rt::Task<Result<Resolved>> resolve_action(
    Db db, std::string app_key, std::string action_key, int major, rt::Deadline by
);

}  // namespace weft::store::catalog
