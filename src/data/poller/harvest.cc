#include "data/poller/detail/impl.h"

#include <algorithm>

// What a look at a mailbox or a table has found, into the database: all or nothing.

namespace weft::poller {

namespace {

constexpr Millis kNextLook{1'000};

}  // namespace

rt::Task<void> Poller::Impl::drop_files(TenantId tenant, std::vector<FileId> files) {
    for (const FileId id : files) (void)co_await needs.files->drop(tenant, id, soon());
}

/// Errors: as take_in's.
rt::Task<Result<void>> Poller::Impl::take_harvest(const rows::DuePoll& due, Harvest harvest) {
    const rt::Deadline by = soon();
    if (!harvest.items.empty()) CO_CHECK_OK(co_await has_room(due.tenant, by));
    rows::PollOutcome outcome{
        .tenant = due.tenant, .trigger = due.trigger, .epoch = due.epoch, .is_primed = true
    };
    outcome.next = harvest.is_more ? kNextLook : every_of(due);
    outcome.cursor = std::move(harvest.cursor);
    outcome.filtered = harvest.filtered;
    outcome.size_filtered = harvest.size_filtered;
    outcome.items = std::move(harvest.seen);
    std::deque<rows::NewRun> runs;
    std::vector<std::vector<FileId>> files;
    Result<void> kept;
    for (Found& item : harvest.items) {
        std::string key = key_of("item", due, item.keys.front());
        auto run = co_await seal(due, std::move(key), std::move(item.value), by);
        files.push_back(std::move(item.file_ids));
        if (run && !item.files.empty()) kept = co_await needs.files->keep(std::move(item.files), run->id, by);
        if (!run) kept = fail(std::move(run).error());
        if (!kept) break;
        runs.push_back(*std::move(run));
        outcome.run_items.push_back(std::move(item.keys));
    }
    std::vector<const rows::NewRun*> given;
    for (const rows::NewRun& run : runs) given.push_back(&run);
    Result<std::vector<std::optional<rows::Begun>>> begun = fail(Error::stale());
    if (kept) begun = co_await rows::settle_poll(needs.pool, std::move(outcome), std::move(given), by);
    if (!begun) {
        // Of runs that did not begin; when nobody knows, the sweep takes them once they are old.
        if (begun.error().code != Code::kUnavailable && begun.error().code != Code::kTimeout)
            for (auto& ids : files) co_await drop_files(due.tenant, std::move(ids));
        if (!kept) co_return fail(std::move(kept).error());
        co_return fail(std::move(begun).error());
    }
    for (std::size_t i = 0; i < begun->size(); ++i)
        if (!(*begun)[i] || !(*begun)[i]->workflow) co_await drop_files(due.tenant, std::move(files[i]));
    told(runs, *begun);
    count(runs.empty() ? "nothing" : "new");
    co_return Result<void>();
}

}  // namespace weft::poller
