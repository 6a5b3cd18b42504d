#include "store/catalog/catalog.h"

#include "store/catalog/queries.h"

namespace weft::store::catalog {

namespace {

constexpr std::string_view kNoApp = "App not found";
constexpr std::string_view kNoVersion = "App version not found";
constexpr std::string_view kNoAction = "Action not found";

/// jsonb that this program wrote; unreadable means a bug, shown as null rather than a crash.
Json read_json(const pg::Rows& rows, int row, int column) {
    auto parsed = parse_json(rows.text(row, column));
    return parsed ? std::move(*parsed) : Json(nullptr);
}

App read_app(const pg::Rows& rows, int row) {
    return App{
        .id = rows.id<AppId>(row, 0),
        .key = std::string(rows.text(row, 1)),
        .name = std::string(rows.text(row, 2)),
        .description = std::string(rows.text(row, 3)),
        .created_at = rows.instant(row, 4),
        .updated_at = rows.instant(row, 5),
    };
}

AppVersion read_version(const pg::Rows& rows, int row) {
    return AppVersion{
        .id = rows.id<AppVersionId>(row, 0),
        .app_id = rows.id<AppId>(row, 1),
        .major = static_cast<int>(rows.integer(row, 2)),
        .minor = static_cast<int>(rows.integer(row, 3)),
        .state = std::string(rows.text(row, 4)),
        .manifest = read_json(rows, row, 5),
        .created_at = rows.instant(row, 6),
        .published_at = rows.maybe_instant(row, 7),
    };
}

Action read_action(const pg::Rows& rows, int row) {
    return Action{
        .id = rows.id<ActionId>(row, 0),
        .app_version_id = rows.id<AppVersionId>(row, 1),
        .key = std::string(rows.text(row, 2)),
        .name = std::string(rows.text(row, 3)),
        .definition = read_json(rows, row, 4),
        .created_at = rows.instant(row, 5),
        .updated_at = rows.instant(row, 6),
    };
}

template <class T>
Result<T> one(const Result<pg::Rows>& rows, T (*read)(const pg::Rows&, int), std::string_view missing) {
    if (!rows) return fail(rows.error());
    CHECK_OK(expect_row(*rows, std::string(missing)));
    return read(*rows, 0);
}

template <class T>
Page<T> page_of(const pg::Rows& rows, const PageRequest& page, T (*read)(const pg::Rows&, int)) {
    std::vector<T> items;
    for (int row = 0; row < rows.size(); ++row) items.push_back(read(rows, row));
    return cut_page(std::move(items), page, [](const T& item) { return item.id.uuid(); });
}

pg::Params by_id(const Uuid& id) {
    pg::Params params;
    params.add(id);
    return params;
}

Result<void> expect_draft(const Result<pg::Rows>& rows, std::string_view missing) {
    if (!rows) return fail(rows.error());
    CHECK_OK(expect_row(*rows, std::string(missing)));
    if (rows->text(0, 0) == "draft") return {};
    return fail(Error::conflict("The app version is published and cannot change; add a new draft version"));
}

rt::Task<Result<AppVersion>> set_state(
    Db db, AppVersionId id, std::string from, std::string to, rt::Deadline by
) {
    pg::Params params;
    params.add(id).add(from).add(to);
    CO_TRY(auto rows, co_await db.query(sql::kSetVersionState, std::move(params), by));
    if (!rows.empty()) co_return read_version(rows, 0);
    CO_TRY(AppVersion now, co_await find_version(db, id, by));
    co_return fail(Error::conflict("The app version is " + now.state));
}

}  // namespace

rt::Task<Result<Page<App>>> list_apps(Db db, PageRequest page, rt::Deadline by) {
    pg::Params params;
    params.add(page.after).add(fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListApps, std::move(params), by));
    co_return page_of(rows, page, read_app);
}

rt::Task<Result<App>> find_app(Db db, AppId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFindApp, by_id(id.uuid()), by);
    co_return one(rows, read_app, kNoApp);
}

rt::Task<Result<App>> add_app(Db db, NewApp app, rt::Deadline by) {
    pg::Params params;
    params.add(app.tenant).add(app.id).add(app.key).add(app.name).add(app.description);
    auto rows = co_await db.query(sql::kAddApp, std::move(params), by);
    if (!rows && violates(rows.error(), "app_tenant_id_key_key")) {
        co_return fail(Error::conflict("An app with this key exists already").with_field("key"));
    }
    co_return one(rows, read_app, kNoApp);
}

rt::Task<Result<App>> change_app(Db db, AppChange change, rt::Deadline by) {
    pg::Params params;
    params.add(change.id).add(change.name).add(change.description);
    auto rows = co_await db.query(sql::kChangeApp, std::move(params), by);
    co_return one(rows, read_app, kNoApp);
}

rt::Task<Result<void>> drop_app(Db db, AppId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kDropApp, by_id(id.uuid()), by);
    if (!rows && violates(rows.error(), "connection_tenant_id_app_id_fkey")) {
        co_return fail(Error::conflict("The app has connections; delete those first"));
    }
    if (!rows) co_return fail(rows.error());
    co_return expect_row(*rows, std::string(kNoApp));
}

rt::Task<Result<Page<AppVersion>>> list_versions(Db db, AppId app, PageRequest page, rt::Deadline by) {
    pg::Params params;
    params.add(app).add(page.after).add(fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListVersions, std::move(params), by));
    co_return page_of(rows, page, read_version);
}

rt::Task<Result<AppVersion>> find_version(Db db, AppVersionId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFindVersion, by_id(id.uuid()), by);
    co_return one(rows, read_version, kNoVersion);
}

rt::Task<Result<AppVersion>> newest_version(Db db, AppId app, rt::Deadline by) {
    auto rows = co_await db.query(sql::kNewestVersion, by_id(app.uuid()), by);
    co_return one(rows, read_version, kNoVersion);
}

rt::Task<Result<AppVersion>> add_version(Db db, NewAppVersion version, rt::Deadline by) {
    pg::Params params;
    params.add(version.tenant).add(version.id).add(version.app_id);
    if (version.major) {
        params.add(*version.major);
    } else {
        params.add_null();
    }
    params.add(to_text(version.manifest));
    auto rows = co_await db.query(sql::kAddVersion, std::move(params), by);
    if (!rows && violates(rows.error(), "app_version_tenant_id_app_id_major_minor_key")) {
        co_return fail(Error::conflict("Somebody else added a version meanwhile; try again"));
    }
    CO_TRY(AppVersion made, one(rows, read_version, kNoVersion));
    CO_CHECK_OK(co_await db.query(sql::kCopyActions, by_id(made.id.uuid()), by));
    co_return made;
}

rt::Task<Result<AppVersion>> change_manifest(Db db, AppVersionId id, Json manifest, rt::Deadline by) {
    pg::Params params;
    params.add(id).add(to_text(manifest));
    CO_TRY(auto rows, co_await db.query(sql::kChangeManifest, std::move(params), by));
    if (!rows.empty()) co_return read_version(rows, 0);
    auto state = co_await db.query(sql::kLockDraft, by_id(id.uuid()), by);
    CO_CHECK_OK(expect_draft(state, kNoVersion));
    co_return fail(Error::conflict("Somebody else changed the version meanwhile; try again"));
}

rt::Task<Result<AppVersion>> publish_version(Db db, AppVersionId id, rt::Deadline by) {
    return set_state(db, id, "draft", "published", std::move(by));
}

rt::Task<Result<AppVersion>> deprecate_version(Db db, AppVersionId id, rt::Deadline by) {
    return set_state(db, id, "published", "deprecated", std::move(by));
}

rt::Task<Result<AppVersion>> restore_version(Db db, AppVersionId id, rt::Deadline by) {
    return set_state(db, id, "deprecated", "published", std::move(by));
}

rt::Task<Result<Page<Action>>> list_actions(Db db, AppVersionId version, PageRequest page, rt::Deadline by) {
    pg::Params params;
    params.add(version).add(page.after).add(fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListActions, std::move(params), by));
    co_return page_of(rows, page, read_action);
}

rt::Task<Result<Action>> find_action(Db db, ActionId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFindAction, by_id(id.uuid()), by);
    co_return one(rows, read_action, kNoAction);
}

rt::Task<Result<Action>> add_action(Db db, NewAction action, rt::Deadline by) {
    auto state = co_await db.query(sql::kLockDraft, by_id(action.app_version_id.uuid()), by);
    CO_CHECK_OK(expect_draft(state, kNoVersion));
    pg::Params params;
    params.add(action.tenant).add(action.id).add(action.app_version_id).add(action.key).add(action.name);
    params.add(to_text(action.definition));
    auto rows = co_await db.query(sql::kAddAction, std::move(params), by);
    if (!rows && violates(rows.error(), "action_tenant_id_app_version_id_key_key")) {
        co_return fail(Error::conflict("An action with this key exists already").with_field("key"));
    }
    co_return one(rows, read_action, kNoAction);
}

rt::Task<Result<Action>> change_action(Db db, ActionChange change, rt::Deadline by) {
    auto state = co_await db.query(sql::kLockDraftOfAction, by_id(change.id.uuid()), by);
    CO_CHECK_OK(expect_draft(state, kNoAction));
    pg::Params params;
    params.add(change.id).add(change.name);
    if (change.definition) {
        params.add(to_text(*change.definition));
    } else {
        params.add_null();
    }
    auto rows = co_await db.query(sql::kChangeAction, std::move(params), by);
    co_return one(rows, read_action, kNoAction);
}

rt::Task<Result<void>> drop_action(Db db, ActionId id, rt::Deadline by) {
    auto state = co_await db.query(sql::kLockDraftOfAction, by_id(id.uuid()), by);
    CO_CHECK_OK(expect_draft(state, kNoAction));
    CO_TRY(auto rows, co_await db.query(sql::kDropAction, by_id(id.uuid()), by));
    co_return expect_row(rows, std::string(kNoAction));
}

rt::Task<Result<Resolved>> resolve_action(
    Db db, std::string app_key, std::string action_key, int major, rt::Deadline by
) {
    pg::Params params;
    params.add(app_key).add(action_key).add(major);
    CO_TRY(auto rows, co_await db.query(sql::kResolveAction, std::move(params), by));
    CO_CHECK_OK(expect_row(rows, "No published version has this action"));
    co_return Resolved{
        .app_id = rows.id<AppId>(0, 0),
        .version_id = rows.id<AppVersionId>(0, 1),
        .major = static_cast<int>(rows.integer(0, 2)),
        .minor = static_cast<int>(rows.integer(0, 3)),
        .manifest = read_json(rows, 0, 4),
        .action_id = rows.id<ActionId>(0, 5),
        .definition = read_json(rows, 0, 6),
    };
}

}  // namespace weft::store::catalog
