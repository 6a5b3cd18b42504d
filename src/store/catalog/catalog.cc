#include "store/catalog/catalog.h"

#include "base/words.h"
#include "store/catalog/queries.h"

namespace weft::pg {

template <>
struct Reader<store::catalog::State> : WordReader<store::catalog::State, store::catalog::state_from> {};

}  // namespace weft::pg

namespace weft::store::catalog {

namespace {

constexpr std::string_view kNoApp = "App not found";
constexpr std::string_view kNoVersion = "App version not found";
constexpr std::string_view kNoAction = "Action not found";

constexpr auto kApp = pg::columns(
    pg::column<&App::id>("id"),
    pg::column<&App::key>("key"),
    pg::column<&App::name>("name"),
    pg::column<&App::description>("description"),
    pg::column<&App::created_at>("created_at"),
    pg::column<&App::updated_at>("updated_at")
);
constexpr auto kVersion = pg::columns(
    pg::column<&AppVersion::id>("id"),
    pg::column<&AppVersion::app_id>("app_id"),
    pg::column<&AppVersion::major>("major"),
    pg::column<&AppVersion::minor>("minor"),
    pg::column<&AppVersion::state>("state"),
    pg::column<&AppVersion::manifest>("manifest"),
    pg::column<&AppVersion::created_at>("created_at"),
    pg::column<&AppVersion::published_at>("published_at")
);
constexpr auto kAction = pg::columns(
    pg::column<&Action::id>("id"),
    pg::column<&Action::app_version_id>("app_version_id"),
    pg::column<&Action::key>("key"),
    pg::column<&Action::name>("name"),
    pg::column<&Action::definition>("definition"),
    pg::column<&Action::created_at>("created_at"),
    pg::column<&Action::updated_at>("updated_at")
);
constexpr auto kResolved = pg::columns(
    pg::column<&Resolved::app_id>("app_id"),
    pg::column<&Resolved::version_id>("version_id"),
    pg::column<&Resolved::major>("major"),
    pg::column<&Resolved::minor>("minor"),
    pg::column<&Resolved::manifest>("manifest"),
    pg::column<&Resolved::action_id>("action_id"),
    pg::column<&Resolved::definition>("definition")
);

struct Draft {
    State state = State::kDraft;
};
constexpr auto kDraft = pg::columns(pg::column<&Draft::state>("state"));

std::optional<std::string> maybe_text_of(const std::optional<Json>& json) {
    return json.transform([](const Json& value) { return to_text(value); });
}

Result<void> expect_draft(const Result<pg::Rows>& rows, std::string_view missing) {
    TRY(Draft found, one(rows, kDraft, missing));
    if (found.state == State::kDraft) return {};
    return fail(Error::conflict("The app version is published and cannot change; add a new draft version"));
}

rt::Task<Result<AppVersion>> set_state(Db db, AppVersionId id, State from, State to, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kSetVersionState, pg::params(id, from, to), by));
    CO_TRY(auto changed, pg::first(rows, kVersion));
    if (changed) co_return std::move(*changed);
    CO_TRY(AppVersion now, co_await find_version(db, id, by));
    co_return fail(Error::conflict("The app version is " + std::string(name(now.state))));
}

}  // namespace

std::string_view name(State state) {
    return word_of(kStates, state);
}
std::optional<State> state_from(std::string_view text) {
    return find_word<State>(kStates, text);
}

rt::Task<Result<Page<App>>> list_apps(Db db, PageRequest page, rt::Deadline by) {
    auto params = pg::params(page.after, fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListApps, std::move(params), by));
    co_return page_of(rows, kApp, page);
}

rt::Task<Result<App>> find_app(Db db, AppId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFindApp, pg::params(id), by);
    co_return one(rows, kApp, kNoApp);
}

rt::Task<Result<App>> add_app(Db db, NewApp app, rt::Deadline by) {
    auto params = pg::params(app.tenant, app.id, app.key, app.name, app.description);
    auto rows = co_await db.query(sql::kAddApp, std::move(params), by);
    if (!rows && violates(rows.error(), "app_tenant_id_key_key")) {
        co_return fail(Error::conflict("An app with this key exists already").with_field("key"));
    }
    co_return one(rows, kApp, kNoApp);
}

rt::Task<Result<App>> change_app(Db db, AppChange change, rt::Deadline by) {
    auto params = pg::params(change.id, change.name, change.description);
    auto rows = co_await db.query(sql::kChangeApp, std::move(params), by);
    co_return one(rows, kApp, kNoApp);
}

rt::Task<Result<void>> drop_app(Db db, AppId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kDropApp, pg::params(id), by);
    if (!rows && violates(rows.error(), "connection_tenant_id_app_id_fkey")) {
        co_return fail(Error::conflict("The app has connections; delete those first"));
    }
    if (!rows) co_return fail(rows.error());
    co_return expect_row(*rows, std::string(kNoApp));
}

rt::Task<Result<Page<AppVersion>>> list_versions(Db db, AppId app, PageRequest page, rt::Deadline by) {
    auto params = pg::params(app, page.after, fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListVersions, std::move(params), by));
    co_return page_of(rows, kVersion, page);
}

rt::Task<Result<AppVersion>> find_version(Db db, AppVersionId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFindVersion, pg::params(id), by);
    co_return one(rows, kVersion, kNoVersion);
}

rt::Task<Result<AppVersion>> newest_version(Db db, AppId app, rt::Deadline by) {
    auto rows = co_await db.query(sql::kNewestVersion, pg::params(app), by);
    co_return one(rows, kVersion, kNoVersion);
}

rt::Task<Result<AppVersion>> add_version(Db db, NewAppVersion version, rt::Deadline by) {
    auto params =
        pg::params(version.tenant, version.id, version.app_id, version.major, to_text(version.manifest));
    auto rows = co_await db.query(sql::kAddVersion, std::move(params), by);
    if (!rows && violates(rows.error(), "app_version_tenant_id_app_id_major_minor_key")) {
        co_return fail(Error::conflict("Somebody else added a version meanwhile; try again"));
    }
    CO_TRY(AppVersion made, one(rows, kVersion, kNoVersion));
    CO_CHECK_OK(co_await db.query(sql::kCopyActions, pg::params(made.id), by));
    co_return made;
}

rt::Task<Result<AppVersion>> change_manifest(Db db, AppVersionId id, Json manifest, rt::Deadline by) {
    auto params = pg::params(id, to_text(manifest));
    CO_TRY(auto rows, co_await db.query(sql::kChangeManifest, std::move(params), by));
    CO_TRY(auto changed, pg::first(rows, kVersion));
    if (changed) co_return std::move(*changed);
    auto state = co_await db.query(sql::kLockDraft, pg::params(id), by);
    CO_CHECK_OK(expect_draft(state, kNoVersion));
    co_return fail(Error::conflict("Somebody else changed the version meanwhile; try again"));
}

rt::Task<Result<AppVersion>> publish_version(Db db, AppVersionId id, rt::Deadline by) {
    return set_state(db, id, State::kDraft, State::kPublished, std::move(by));
}

rt::Task<Result<AppVersion>> deprecate_version(Db db, AppVersionId id, rt::Deadline by) {
    return set_state(db, id, State::kPublished, State::kDeprecated, std::move(by));
}

rt::Task<Result<AppVersion>> restore_version(Db db, AppVersionId id, rt::Deadline by) {
    return set_state(db, id, State::kDeprecated, State::kPublished, std::move(by));
}

rt::Task<Result<Page<Action>>> list_actions(Db db, AppVersionId version, PageRequest page, rt::Deadline by) {
    auto params = pg::params(version, page.after, fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListActions, std::move(params), by));
    co_return page_of(rows, kAction, page);
}

rt::Task<Result<Action>> find_action(Db db, ActionId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFindAction, pg::params(id), by);
    co_return one(rows, kAction, kNoAction);
}

rt::Task<Result<Action>> add_action(Db db, NewAction action, rt::Deadline by) {
    auto state = co_await db.query(sql::kLockDraft, pg::params(action.app_version_id), by);
    CO_CHECK_OK(expect_draft(state, kNoVersion));
    auto params = pg::params(
        action.tenant, action.id, action.app_version_id, action.key, action.name, to_text(action.definition)
    );
    auto rows = co_await db.query(sql::kAddAction, std::move(params), by);
    if (!rows && violates(rows.error(), "action_tenant_id_app_version_id_key_key")) {
        co_return fail(Error::conflict("An action with this key exists already").with_field("key"));
    }
    co_return one(rows, kAction, kNoAction);
}

rt::Task<Result<Action>> change_action(Db db, ActionChange change, rt::Deadline by) {
    auto state = co_await db.query(sql::kLockDraftOfAction, pg::params(change.id), by);
    CO_CHECK_OK(expect_draft(state, kNoAction));
    auto params = pg::params(change.id, change.name, maybe_text_of(change.definition));
    auto rows = co_await db.query(sql::kChangeAction, std::move(params), by);
    co_return one(rows, kAction, kNoAction);
}

rt::Task<Result<void>> drop_action(Db db, ActionId id, rt::Deadline by) {
    auto state = co_await db.query(sql::kLockDraftOfAction, pg::params(id), by);
    CO_CHECK_OK(expect_draft(state, kNoAction));
    CO_TRY(auto rows, co_await db.query(sql::kDropAction, pg::params(id), by));
    co_return expect_row(rows, std::string(kNoAction));
}

rt::Task<Result<Resolved>> resolve_action(
    Db db, std::string app_key, std::string action_key, int major, rt::Deadline by
) {
    auto params = pg::params(app_key, action_key, major);
    auto rows = co_await db.query(sql::kResolveAction, std::move(params), by);
    co_return one(rows, kResolved, "No published version has this action");
}

}  // namespace weft::store::catalog
