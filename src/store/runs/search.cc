#include "store/runs/search.h"

#include "base/words.h"
#include "store/runs/detail/rows.h"
#include "store/runs/queries.h"
#include "store/runs/runs.h"

#include <algorithm>
#include <utility>

namespace weft::store::runs {

namespace {

// Candidates that one look walks through. Those of an index of workflow_run itself are read as they lie;
// others are looked up one by one.
constexpr int kWalkedMax = 5'000;
constexpr int kLookedUpMax = 2'000;
/// Values with one beginning, up to which they are sorted by run rather than looked for among all of their
/// name.
constexpr int kAlikeMax = 10'000;
/// Each of them is held against each candidate.
constexpr int kTriggersMax = 1'000;
/// A run's times are a worker's notion of the database's clock, its id is the api's.
constexpr auto kClocks = std::chrono::seconds(5);
/// Behind every text that begins so: no text has this character in use.
constexpr std::string_view kLastCharacter = "\xf4\x8f\xbf\xbf";

struct Candidate {
    RunId id;
    bool fits = false;
    bool is_last = false;  // that the look may take
};
constexpr auto kCandidate = pg::columns(
    pg::column<&Candidate::id>("id"),
    pg::column<&Candidate::fits>("fits"),
    pg::column<&Candidate::is_last>("is_last")
);
struct FoundId {
    Uuid id;
};
constexpr auto kFoundId = pg::columns(pg::column<&FoundId::id>("id"));

/// The lowest id of that millisecond.
Uuid id_at(Instant at) {
    auto ms = static_cast<std::uint64_t>(
        std::max<std::int64_t>(std::chrono::floor<Millis>(at.time_since_epoch()).count(), 0)
    );
    Uuid out;
    for (std::size_t i = 6; i-- > 0; ms >>= 8) out.bytes[i] = static_cast<std::uint8_t>(ms);
    return out;
}

bool are_all(const std::vector<runstate::RunStatus>& states, bool (*holds)(runstate::RunStatus)) {
    return !states.empty() && std::ranges::all_of(states, holds);
}

/// Ids are made before their rows are there, at most as long before as a start may wait.
constexpr Millis kMadeBefore{60'000};
/// What people see of a time is cut to this.
constexpr Millis kShown{1};

/// Which run is the first that is too new: nothing begins or ends before it was made.
Uuid upper_bound(const RunFilter& filter) {
    Uuid out;
    out.bytes.fill(0xff);
    if (filter.before) out = filter.before->uuid();
    if (filter.created_to) out = std::min(out, id_at(*filter.created_to + kShown));
    for (const auto& to : {filter.started_to, filter.finished_to})
        if (to) out = std::min(out, id_at(*to + kClocks));
    return out;
}

}  // namespace

std::string_view name(Cause cause) {
    return word_of(kCauses, cause);
}
std::optional<Cause> cause_from(std::string_view text) {
    return find_word<Cause>(kCauses, text);
}
std::string_view name(Beginning beginning) {
    return word_of(kBeginnings, beginning);
}
std::optional<Beginning> beginning_from(std::string_view text) {
    return find_word<Beginning>(kBeginnings, text);
}

/// What a filter says, as ids.
struct Runs::Wanted {
    Uuid before;  // the first that is too new
    Uuid from;
    std::optional<WorkflowVersionId> version;
    std::optional<std::vector<TriggerId>> triggers;
    bool are_few_alike = false;  // values that begin as the mark does
    bool has_none = false;       // nothing can fit
};

namespace {

/// By what candidates are found: a statement, how many of them it may take, and what it is told beside what
/// all are.
enum class By : std::uint8_t { kTime, kWorkflow, kParent, kTrigger, kMark, kBeginning, kAlike };
struct Look {
    const pg::Query* query;
    int candidates;
    By by;
};

/// The one with the fewest candidates, as far as that can be said beforehand.
Look look_for(const RunFilter& filter, bool are_few_alike) {
    using runstate::RunStatus;
    if (filter.mark && filter.is_beginning && are_few_alike)
        return {&sql::kFindRunsMarkedLike, kLookedUpMax, By::kAlike};
    if (filter.mark && filter.is_beginning) return {&sql::kFindRunsOfName, kLookedUpMax, By::kBeginning};
    if (filter.mark || !filter.tag.empty()) return {&sql::kFindMarkedRuns, kLookedUpMax, By::kMark};
    if (filter.parent) return {&sql::kFindRunsOfRun, kWalkedMax, By::kParent};
    if (filter.failure || !filter.error.empty() ||
        are_all(filter.states, [](RunStatus state) { return state == RunStatus::kFailed; })) {
        if (filter.workflow) return {&sql::kFindFailedRunsOfWorkflow, kWalkedMax, By::kWorkflow};
        return {&sql::kFindFailedRuns, kWalkedMax, By::kTime};
    }
    if (are_all(filter.states, [](RunStatus state) { return state == RunStatus::kCanceled; }))
        return {&sql::kFindCanceledRuns, kWalkedMax, By::kTime};
    if (are_all(filter.states, [](RunStatus state) { return !runstate::is_terminal(state); }))
        return {&sql::kFindLiveRuns, kLookedUpMax, By::kTime};
    if (filter.trigger) return {&sql::kFindRunsOfTrigger, kWalkedMax, By::kTrigger};
    if (filter.workflow) return {&sql::kFindRunsOfWorkflow, kWalkedMax, By::kWorkflow};
    return {&sql::kFindRuns, kWalkedMax, By::kTime};
}

std::optional<std::string_view> said(std::string_view text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

std::string end_of(const Mark& mark) {
    return mark.value + std::string(kLastCharacter);
}

template <class T>
void add_list(pg::Params& to, const std::vector<T>* list) {
    if (list == nullptr)
        to.add_null();
    else
        to.add(pg::array(*list));
}

void add_own(pg::Params& to, By by, const RunFilter& filter) {
    switch (by) {
        case By::kTime:
            return;
        case By::kWorkflow:
            to.add(*filter.workflow);
            return;
        case By::kParent:
            to.add(*filter.parent);
            return;
        case By::kTrigger:
            to.add(*filter.trigger);
            return;
        case By::kMark:
            to.add(filter.mark ? std::string_view(filter.mark->name) : kTag);
            to.add(filter.mark ? filter.mark->value : filter.tag);
            to.add(filter.mark ? said(filter.tag) : std::nullopt);
            return;
        case By::kBeginning:
        case By::kAlike:
            to.add(filter.mark->name).add(filter.mark->value).add(said(filter.tag)).add(end_of(*filter.mark));
            if (by == By::kAlike) to.add(kAlikeMax);
            return;
    }
}

}  // namespace

rt::Task<Result<Runs::Wanted>> Runs::find_ids(TenantId tenant, RunFilter filter, rt::Deadline by) {
    Wanted to{.before = upper_bound(filter)};
    if (filter.created_from) to.from = id_at(*filter.created_from - kMadeBefore);
    const pg::Principal who = pg::Principal::tenant(tenant);
    if (filter.version) {
        if (!filter.workflow)
            co_return fail(Error::invalid("Say workflow_id too: versions are a workflow's", "version"));
        auto params = pg::params(*filter.workflow, *filter.version);
        CO_TRY(auto rows, co_await pool_.query(who, sql::kFindVersionNumber, std::move(params), by));
        CO_TRY(auto found, pg::first(rows, kFoundId));
        if (found) to.version = WorkflowVersionId(found->id);
        to.has_none |= !found;
    }
    if (filter.trigger) to.triggers = std::vector{*filter.trigger};
    if (filter.begun_by && *filter.begun_by >= Beginning::kWebhook) {
        auto params = pg::params(*filter.begun_by, filter.workflow, kTriggersMax + 1);
        CO_TRY(auto rows, co_await pool_.query(who, sql::kListTriggersOfKind, std::move(params), by));
        std::vector<TriggerId> of_kind;
        CO_CHECK_OK(pg::each(rows, kFoundId, [&](const FoundId& found) { of_kind.emplace_back(found.id); }));
        if (of_kind.size() > std::size_t{kTriggersMax})
            co_return fail(Error::invalid("There are too many such triggers; say workflow_id too", "begun_by")
            );
        if (filter.trigger) std::erase_if(of_kind, [&](TriggerId id) { return id != *filter.trigger; });
        to.has_none |= of_kind.empty();
        to.triggers = std::move(of_kind);
    }
    if (filter.mark && filter.is_beginning) {
        auto params = pg::params(
            filter.mark->name, filter.mark->value, end_of(*filter.mark), to.before, to.from, kAlikeMax + 1
        );
        CO_TRY(auto rows, co_await pool_.query(who, sql::kCountMarkedLike, std::move(params), by));
        CO_TRY(const auto alike, pg::value<std::int64_t>(rows, "count"));
        to.are_few_alike = alike <= kAlikeMax;
        to.has_none |= alike == 0;
    }
    co_return to;
}

rt::Task<Result<RunPage>> Runs::list(TenantId tenant, RunFilter filter, rt::Deadline by) {
    RunPage out;
    CO_TRY(const Wanted wanted, co_await find_ids(tenant, filter, by));
    if (wanted.has_none || wanted.before <= wanted.from) co_return out;
    const Look look = look_for(filter, wanted.are_few_alike);
    std::optional<std::string_view> begun_by;
    if (filter.begun_by && *filter.begun_by < Beginning::kWebhook) begun_by = name(*filter.begun_by);
    pg::Params params = pg::params(wanted.before, wanted.from, look.candidates, filter.limit + 1);
    add_list(params, filter.states.empty() ? nullptr : &filter.states);
    params.add(filter.workflow).add(wanted.version);
    add_list(params, wanted.triggers ? &*wanted.triggers : nullptr);
    params.add(begun_by).add(filter.failure).add(said(filter.error));
    params.add(filter.started_from).add(filter.started_to).add(filter.finished_from).add(filter.finished_to);
    params.add(filter.duration_min).add(filter.duration_max).add(filter.parent);
    add_own(params, look.by, filter);
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, *look.query, std::move(params), by));
    CO_TRY(const auto candidates, pg::all(rows, kCandidate));
    std::vector<RunId> ids;
    for (const Candidate& candidate : candidates) {
        if (ids.size() == static_cast<std::size_t>(filter.limit)) {
            out.next = ids.back();  // there is more
            break;
        }
        if (candidate.fits) ids.push_back(candidate.id);
        if (candidate.is_last) out.next = candidate.id;
    }
    if (ids.empty()) co_return out;
    CO_TRY(auto found, co_await pool_.query(who, sql::kListRuns, pg::params(pg::array(ids)), by));
    CO_TRY(out.items, pg::all(found, kRun));
    std::erase_if(out.items, [&](const Run& run) {
        return (filter.created_from && run.created_at < *filter.created_from) ||
               (filter.created_to && run.created_at > *filter.created_to + kShown);
    });
    co_return out;
}

}  // namespace weft::store::runs
