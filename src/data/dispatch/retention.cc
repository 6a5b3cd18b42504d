#include "data/dispatch/retention.h"

#include "platform/blob/retire.h"
#include "store/files/files.h"

namespace weft::dispatch {

namespace {

constexpr int kStepsMax = 100;                           // of one go; the rest waits for the next
constexpr int kBlobsMax = 2'000;                         // files of one step
constexpr auto kPause = std::chrono::milliseconds(200);  // between steps: others come first
constexpr auto kStepTimeout = std::chrono::seconds(60);

}  // namespace

Retention::Retention(Needs needs)
    : needs_(std::move(needs)),
      wanted_(needs_.loop),
      oldest_(
          needs_.metrics.gauge("weft_retention_oldest_run_days", "Age of the oldest day that still has runs")
      ),
      held_(needs_.metrics.gauge(
          "weft_retention_days_held",
          "Days of history tables whose time has come and that stay: too many runs outlive them"
      )) {}

rt::Task<void> Retention::run(rt::Deadline by) {
    while (!by.is_over()) {
        for (int i = 0; i < kStepsMax; ++i) {
            auto more = co_await step(by.at_most(kStepTimeout));
            if (!more && !by.is_over()) needs_.log.warn("nothing retired", {{"detail", more.error().detail}});
            if (!more || !*more) break;
            (void)co_await rt::sleep_for(kPause, by);
        }
        (void)co_await wanted_.wait(by.at_most(needs_.every));
    }
}

/// Whether there is more to do at once.
rt::Task<Result<bool>> Retention::step(rt::Deadline by) {
    CO_TRY(auto retired, co_await store::retention::retire(needs_.pool, needs_.policy, by));
    if (!retired.is_ours) co_return false;
    for (const auto& [kind, number] : retired.deleted) count(kind, number);
    oldest_.set(static_cast<double>(retired.oldest_run_days));
    held_.set(static_cast<double>(retired.days_held));
    int blobs = 0;
    if (retired.blobs_before && !needs_.blob_folder.empty()) {
        // The rows are gone for good by now: nobody finds a value that is not there.
        blob::Old old{
            .before = *retired.blobs_before, .kept = std::move(retired.blobs_kept), .most = kBlobsMax
        };
        CO_TRY(blobs, co_await blob::retire_days(needs_.blob_folder, std::move(old), by));
        count("blob", blobs);
    }
    CO_TRY(const bool has_more_files, co_await sweep_files(by));
    co_return retired.is_more || blobs == kBlobsMax || has_more_files;
}

rt::Task<Result<bool>> Retention::sweep_files(rt::Deadline by) {
    if (needs_.files == nullptr) co_return false;
    constexpr std::chrono::seconds kAge = store::files::kOrphanAge;
    CO_TRY(
        const auto swept, co_await store::files::sweep(needs_.pool, *needs_.files, files_after_, kAge, by)
    );
    count("file", swept.expired);
    count("file_orphan", swept.orphans);
    co_return swept.is_more;
}

void Retention::count(const std::string& kind, std::int64_t number) {
    auto found = deleted_.find(kind);
    if (found == deleted_.end()) {
        auto counter = needs_.metrics.counter(
            "weft_retention_deleted_total",
            "What was older than its policy: days of a history table, rows of another one, files",
            {{"kind", kind}}
        );
        found = deleted_.emplace(kind, counter).first;
    }
    found->second.add(static_cast<double>(number));
}

}  // namespace weft::dispatch
