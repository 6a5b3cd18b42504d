#include "store/workflows/workflows.h"

#include "base/words.h"
#include "store/workflows/queries.h"

namespace weft::pg {

template <>
struct Reader<store::workflows::State> : WordReader<store::workflows::State, store::workflows::state_from> {};
template <>
struct Reader<store::workflows::Breaker>
    : WordReader<store::workflows::Breaker, store::workflows::breaker_from> {};

}  // namespace weft::pg

namespace weft::store::workflows {

namespace {

constexpr std::string_view kMissing = "Workflow not found";

constexpr auto kWorkflow = pg::columns(
    pg::column<&Workflow::id>("id"),
    pg::column<&Workflow::key>("key"),
    pg::column<&Workflow::name>("name"),
    pg::column<&Workflow::description>("description"),
    pg::column<&Workflow::state>("state"),
    pg::column<&Workflow::published_version_id>("published_version_id"),
    pg::column<&Workflow::published_number>("published_number"),
    pg::column<&Workflow::has_unpublished_changes>("has_unpublished_changes"),
    pg::column<&Workflow::created_at>("created_at"),
    pg::column<&Workflow::updated_at>("updated_at")
);
constexpr auto kUsage =
    pg::columns(pg::column<&Usage::live_runs>("live_runs"), pg::column<&Usage::has_runs>("has_runs"));
constexpr auto kDraft = pg::columns(
    pg::column<&Draft::workflow_id>("workflow_id"),
    pg::column<&Draft::definition>("definition"),
    pg::column<&Draft::revision>("revision"),
    pg::column<&Draft::updated_by>("updated_by"),
    pg::column<&Draft::updated_at>("updated_at"),
    pg::bytes<&Draft::content_hash>("content_hash")
);
constexpr auto kVersion = pg::columns(
    pg::column<&Version::id>("id"),
    pg::column<&Version::workflow_id>("workflow_id"),
    pg::column<&Version::number>("number"),
    pg::column<&Version::definition>("definition"),
    pg::bytes<&Version::content_hash>("content_hash"),
    pg::column<&Version::published_by>("published_by"),
    pg::column<&Version::published_at>("published_at")
);

constexpr auto kPause = pg::columns(
    pg::column<&Pause::state>("state"),
    pg::column<&Pause::failures>("failures"),
    pg::column<&Pause::until>("until"),
    pg::column<&Pause::opened_at>("opened_at"),
    pg::column<&Pause::probe>("probe_run_id"),
    pg::column<&Pause::reason>("reason")
);

Error moved_on() {
    return Error::conflict("The draft was changed meanwhile; load it again").with_field("revision");
}

/// Borrows `from` while it is awaited.
rt::Task<Result<pg::Rows>> set_published(
    Db db, const NewVersion& from, WorkflowVersionId id, rt::Deadline by
) {
    auto params = pg::params(from.workflow_id, id, pg::Bytes{from.draft_hash});
    return db.query(sql::kSetPublished, std::move(params), std::move(by));
}

}  // namespace

std::string_view name(State state) {
    return word_of(kStates, state);
}
std::optional<State> state_from(std::string_view text) {
    return find_word<State>(kStates, text);
}

std::string_view name(Breaker breaker) {
    return word_of(kBreakers, breaker);
}
std::optional<Breaker> breaker_from(std::string_view text) {
    return find_word<Breaker>(kBreakers, text);
}

rt::Task<Result<Page<Workflow>>> list(Db db, std::optional<State> state, PageRequest page, rt::Deadline by) {
    auto params = pg::params(page.after, fetch_limit(page), state);
    CO_TRY(auto rows, co_await db.query(sql::kList, std::move(params), by));
    co_return page_of(rows, kWorkflow, page);
}

rt::Task<Result<std::set<std::string>>> find_published(Db db, std::set<std::string> keys, rt::Deadline by) {
    struct Found {
        std::string key;
    };
    constexpr auto kFound = pg::columns(pg::column<&Found::key>("key"));
    CO_TRY(auto rows, co_await db.query(sql::kFindPublished, pg::params(pg::array(keys)), by));
    std::set<std::string> out;
    CO_CHECK_OK(pg::each(rows, kFound, [&](Found found) { out.insert(std::move(found.key)); }));
    co_return out;
}

rt::Task<Result<Workflow>> find(Db db, WorkflowId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFind, pg::params(id), by);
    co_return one(rows, kWorkflow, kMissing);
}

rt::Task<Result<Workflow>> add(Db db, NewWorkflow workflow, rt::Deadline by) {
    auto params = pg::params(workflow.tenant, workflow.id, workflow.key, workflow.name, workflow.description);
    auto rows = co_await db.query(sql::kAdd, std::move(params), by);
    if (!rows && violates(rows.error(), "workflow_tenant_id_key_key")) {
        co_return fail(Error::conflict("A workflow with this key exists already").with_field("key"));
    }
    if (!rows) co_return fail(std::move(rows).error());
    co_return co_await find(db, workflow.id, by);
}

rt::Task<Result<Workflow>> change(Db db, WorkflowChange change, rt::Deadline by) {
    auto params = pg::params(change.id, change.name, change.description);
    CO_TRY(auto rows, co_await db.query(sql::kChange, std::move(params), by));
    CO_CHECK_OK(expect_row(rows, std::string(kMissing)));
    co_return co_await find(db, change.id, by);
}

rt::Task<Result<Workflow>> lock(Db db, WorkflowId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kLock, pg::params(id), by));
    CO_CHECK_OK(expect_row(rows, std::string(kMissing)));
    co_return co_await find(db, id, by);
}

rt::Task<Result<Workflow>> set_state(Db db, WorkflowId id, State state, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kSetState, pg::params(id, state), by));
    co_return co_await find(db, id, by);
}

rt::Task<Result<Pause>> find_pause(Db db, WorkflowId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kFindPause, pg::params(id), by));
    CO_TRY(auto found, pg::first(rows, kPause));
    co_return found.value_or(Pause{});
}

rt::Task<Result<void>> end_pause(Db db, WorkflowId id, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kEndPause, pg::params(id), by));
    co_return Result<void>();
}

rt::Task<Result<Usage>> usage(Db db, WorkflowId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kUsage, pg::params(id), by);
    co_return one(rows, kUsage, kMissing);
}

rt::Task<Result<void>> drop(Db db, WorkflowId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kDrop, pg::params(id), by);
    if (!rows && violates(rows.error(), "trigger_tenant_id_workflow_id_fkey")) {
        co_return fail(Error::conflict("Somebody else added a trigger to the workflow meanwhile; try again"));
    }
    if (!rows) co_return fail(std::move(rows).error());
    co_return Result<void>();
}

Result<void> expect_changeable(const Workflow& workflow) {
    if (workflow.state != State::kArchived) return {};
    return fail(Error::conflict("The workflow is archived; restore it first"));
}

Result<void> expect_active(const Workflow& workflow) {
    CHECK_OK(expect_changeable(workflow));
    if (workflow.state == State::kActive) return {};
    return fail(Error::conflict("The workflow is inactive and starts nothing; activate it first"));
}

rt::Task<Result<Draft>> find_draft(Db db, WorkflowId workflow, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFindDraft, pg::params(workflow), by);
    co_return one(rows, kDraft, "The workflow has no draft yet");
}

rt::Task<Result<Draft>> save_draft(Db db, DraftWrite draft, rt::Deadline by) {
    CO_CHECK_OK(co_await find(db, draft.workflow_id, by));
    const std::string definition = to_text(draft.definition);
    if (draft.expected_revision.value_or(0) == 0) {
        auto params = pg::params(draft.tenant, draft.workflow_id, definition, draft.updated_by);
        CO_TRY(auto rows, co_await db.query(sql::kAddDraft, std::move(params), by));
        CO_TRY(auto added, pg::first(rows, kDraft));
        if (added) co_return std::move(*added);
        if (draft.expected_revision) co_return fail(moved_on());
    }
    auto params = pg::params(draft.workflow_id, definition, draft.updated_by, draft.expected_revision);
    CO_TRY(auto rows, co_await db.query(sql::kReplaceDraft, std::move(params), by));
    CO_TRY(auto replaced, pg::first(rows, kDraft));
    if (!replaced) co_return fail(moved_on());
    co_return std::move(*replaced);
}

rt::Task<Result<Version>> publish(Db db, NewVersion version, rt::Deadline by) {
    CO_TRY(auto newest, co_await db.query(sql::kNewestVersion, pg::params(version.workflow_id), by));
    CO_TRY(std::optional<Version> last, pg::first(newest, kVersion));
    if (last && last->content_hash == version.content_hash) {
        // The same to run, however its text may differ: with this the draft is what is published.
        CO_CHECK_OK(co_await set_published(db, version, last->id, by));
        co_return std::move(*last);
    }
    const int number = last ? last->number + 1 : 1;
    auto params = pg::params(
        version.tenant,
        version.id,
        version.workflow_id,
        number,
        to_text(version.definition),
        to_text(version.compiled),
        pg::Bytes{version.content_hash},
        version.published_by
    );
    auto rows = co_await db.query(sql::kAddVersion, std::move(params), by);
    CO_TRY(Version made, one(rows, kVersion, kMissing));
    CO_CHECK_OK(co_await set_published(db, version, version.id, by));
    co_return made;
}

rt::Task<Result<void>> add_test_version(Db db, NewTestVersion version, rt::Deadline by) {
    auto params = pg::params(
        version.tenant, version.id, version.workflow_id, to_text(version.compiled), version.made_by
    );
    CO_CHECK_OK(co_await db.query(sql::kAddTestVersion, std::move(params), by));
    co_return Result<void>();
}

rt::Task<Result<Page<Version>>> list_versions(Db db, WorkflowId workflow, PageRequest page, rt::Deadline by) {
    auto params = pg::params(workflow, page.after, fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListVersions, std::move(params), by));
    co_return page_of(rows, kVersion, page);
}

rt::Task<Result<Version>> find_version(Db db, WorkflowVersionId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFindVersion, pg::params(id), by);
    co_return one(rows, kVersion, "Workflow version not found");
}

}  // namespace weft::store::workflows
