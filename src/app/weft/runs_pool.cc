#include "app/weft/runs_pool.h"

#include <utility>

namespace weft::app {

namespace {

constexpr int kRunsConnections = 4;
// As pg::kPlannedOnce, and never as rows that are collected and sorted first, which would cost as much as
// there are.
constexpr const char* kWalksIndexes =
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off "
    "-c enable_bitmapscan=off -c enable_sort=off -c jit=off";

}  // namespace

std::unique_ptr<pg::Pool> make_runs_pool(rt::Loop& loop, std::string url) {
    pg::PoolOptions options{
        .url = std::move(url),
        .application_name = "weft-runs",
        .connections_max = kRunsConnections,
        .options = kWalksIndexes
    };
    return std::make_unique<pg::Pool>(loop, std::move(options));
}

}  // namespace weft::app
