#include "store/workflows/workflows.h"

#include "store/workflows/queries.h"

namespace weft::store::workflows {

namespace {

constexpr std::string_view kMissing = "Workflow not found";

Json read_json(const pg::Rows& rows, int row, int column) {
    auto parsed = parse_json(rows.text(row, column));
    return parsed ? std::move(*parsed) : Json(nullptr);
}

Workflow read_workflow(const pg::Rows& rows, int row) {
    Workflow workflow{
        .id = rows.id<WorkflowId>(row, 0),
        .key = std::string(rows.text(row, 1)),
        .name = std::string(rows.text(row, 2)),
        .description = std::string(rows.text(row, 3)),
        .state = std::string(rows.text(row, 4)),
        .published_version_id = rows.maybe_id<WorkflowVersionId>(row, 5),
        .published_number = std::nullopt,
        .has_unpublished_changes = rows.boolean(row, 7),
        .created_at = rows.instant(row, 8),
        .updated_at = rows.instant(row, 9),
    };
    if (!rows.is_null(row, 6)) workflow.published_number = static_cast<int>(rows.integer(row, 6));
    return workflow;
}

Draft read_draft(const pg::Rows& rows, int row) {
    return Draft{
        .workflow_id = rows.id<WorkflowId>(row, 0),
        .definition = read_json(rows, row, 1),
        .revision = static_cast<int>(rows.integer(row, 2)),
        .updated_by = rows.maybe_id<UserId>(row, 3),
        .updated_at = rows.instant(row, 4),
        .content_hash = rows.bytes(row, 5),
    };
}

Version read_version(const pg::Rows& rows, int row) {
    return Version{
        .id = rows.id<WorkflowVersionId>(row, 0),
        .workflow_id = rows.id<WorkflowId>(row, 1),
        .number = static_cast<int>(rows.integer(row, 2)),
        .definition = read_json(rows, row, 3),
        .content_hash = rows.bytes(row, 4),
        .published_by = rows.maybe_id<UserId>(row, 5),
        .published_at = rows.instant(row, 6),
    };
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

Error moved_on() {
    return Error::conflict("The draft was changed meanwhile; load it again").with_field("revision");
}

/// Borrows `from` while it is awaited.
rt::Task<Result<pg::Rows>> set_published(
    Db db, const NewVersion& from, WorkflowVersionId id, rt::Deadline by
) {
    pg::Params params;
    params.add(from.workflow_id).add(id).add_bytes(from.draft_hash);
    return db.query(sql::kSetPublished, std::move(params), std::move(by));
}

}  // namespace

rt::Task<Result<Page<Workflow>>> list(
    Db db, std::optional<std::string> state, PageRequest page, rt::Deadline by
) {
    pg::Params params;
    params.add(page.after).add(fetch_limit(page)).add(state);
    CO_TRY(auto rows, co_await db.query(sql::kList, std::move(params), by));
    co_return page_of(rows, page, read_workflow);
}

rt::Task<Result<Workflow>> find(Db db, WorkflowId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kFind, by_id(id.uuid()), by));
    CO_CHECK_OK(expect_row(rows, std::string(kMissing)));
    co_return read_workflow(rows, 0);
}

rt::Task<Result<Workflow>> add(Db db, NewWorkflow workflow, rt::Deadline by) {
    pg::Params params;
    params.add(workflow.tenant)
        .add(workflow.id)
        .add(workflow.key)
        .add(workflow.name)
        .add(workflow.description);
    auto rows = co_await db.query(sql::kAdd, std::move(params), by);
    if (!rows && violates(rows.error(), "workflow_tenant_id_key_key")) {
        co_return fail(Error::conflict("A workflow with this key exists already").with_field("key"));
    }
    if (!rows) co_return fail(std::move(rows).error());
    co_return co_await find(db, workflow.id, by);
}

rt::Task<Result<Workflow>> change(Db db, WorkflowChange change, rt::Deadline by) {
    pg::Params params;
    params.add(change.id).add(change.name).add(change.description);
    CO_TRY(auto rows, co_await db.query(sql::kChange, std::move(params), by));
    CO_CHECK_OK(expect_row(rows, std::string(kMissing)));
    co_return co_await find(db, change.id, by);
}

rt::Task<Result<Workflow>> lock(Db db, WorkflowId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kLock, by_id(id.uuid()), by));
    CO_CHECK_OK(expect_row(rows, std::string(kMissing)));
    co_return co_await find(db, id, by);
}

rt::Task<Result<Workflow>> set_state(Db db, WorkflowId id, std::string state, rt::Deadline by) {
    pg::Params params;
    params.add(id).add(state);
    CO_CHECK_OK(co_await db.query(sql::kSetState, std::move(params), by));
    co_return co_await find(db, id, by);
}

rt::Task<Result<Usage>> usage(Db db, WorkflowId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kUsage, by_id(id.uuid()), by));
    co_return Usage{.live_runs = rows.integer(0, 0), .has_runs = rows.boolean(0, 1)};
}

rt::Task<Result<void>> drop(Db db, WorkflowId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kDrop, by_id(id.uuid()), by);
    if (!rows && violates(rows.error(), "trigger_tenant_id_workflow_id_fkey")) {
        co_return fail(Error::conflict("Somebody else added a trigger to the workflow meanwhile; try again"));
    }
    if (!rows) co_return fail(std::move(rows).error());
    co_return Result<void>();
}

Result<void> expect_changeable(const Workflow& workflow) {
    if (workflow.state != "archived") return {};
    return fail(Error::conflict("The workflow is archived; restore it first"));
}

Result<void> expect_active(const Workflow& workflow) {
    CHECK_OK(expect_changeable(workflow));
    if (workflow.state == "active") return {};
    return fail(Error::conflict("The workflow is inactive and starts nothing; activate it first"));
}

rt::Task<Result<Draft>> find_draft(Db db, WorkflowId workflow, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kFindDraft, by_id(workflow.uuid()), by));
    CO_CHECK_OK(expect_row(rows, "The workflow has no draft yet"));
    co_return read_draft(rows, 0);
}

rt::Task<Result<Draft>> save_draft(Db db, DraftWrite draft, rt::Deadline by) {
    CO_CHECK_OK(co_await find(db, draft.workflow_id, by));
    const std::string definition = to_text(draft.definition);
    if (draft.expected_revision.value_or(0) == 0) {
        pg::Params params;
        params.add(draft.tenant).add(draft.workflow_id).add(definition).add(draft.updated_by);
        CO_TRY(auto rows, co_await db.query(sql::kAddDraft, std::move(params), by));
        if (!rows.empty()) co_return read_draft(rows, 0);
        if (draft.expected_revision) co_return fail(moved_on());
    }
    pg::Params params;
    params.add(draft.workflow_id).add(definition).add(draft.updated_by);
    if (draft.expected_revision) {
        params.add(*draft.expected_revision);
    } else {
        params.add_null();
    }
    CO_TRY(auto rows, co_await db.query(sql::kReplaceDraft, std::move(params), by));
    if (rows.empty()) co_return fail(moved_on());
    co_return read_draft(rows, 0);
}

rt::Task<Result<Version>> publish(Db db, NewVersion version, rt::Deadline by) {
    CO_TRY(auto newest, co_await db.query(sql::kNewestVersion, by_id(version.workflow_id.uuid()), by));
    std::optional<Version> last;
    if (!newest.empty()) last = read_version(newest, 0);
    if (last && last->content_hash == version.content_hash) {
        // The same to run, however its text may differ: with this the draft is what is published.
        CO_CHECK_OK(co_await set_published(db, version, last->id, by));
        co_return std::move(*last);
    }
    const int number = last ? last->number + 1 : 1;
    pg::Params params;
    params.add(version.tenant).add(version.id).add(version.workflow_id).add(number);
    params.add(to_text(version.definition)).add(to_text(version.compiled)).add_bytes(version.content_hash);
    params.add(version.published_by);
    CO_TRY(auto rows, co_await db.query(sql::kAddVersion, std::move(params), by));
    CO_CHECK_OK(co_await set_published(db, version, version.id, by));
    co_return read_version(rows, 0);
}

rt::Task<Result<Page<Version>>> list_versions(Db db, WorkflowId workflow, PageRequest page, rt::Deadline by) {
    pg::Params params;
    params.add(workflow).add(page.after).add(fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListVersions, std::move(params), by));
    co_return page_of(rows, page, read_version);
}

rt::Task<Result<Version>> find_version(Db db, WorkflowVersionId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kFindVersion, by_id(id.uuid()), by));
    CO_CHECK_OK(expect_row(rows, "Workflow version not found"));
    co_return read_version(rows, 0);
}

}  // namespace weft::store::workflows
