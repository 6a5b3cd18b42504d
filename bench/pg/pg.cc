// One-row selects by key through platform/pg, to be held against pgbench with the same SQL on the same
// server:
//   pgbench -i -s 1 "$URL"
//   bench_pg "$URL" [seconds] [tasks] [shared connections]
//   pgbench -n -M prepared -c 16 -j 1 -T 5 -S "$URL"

#include "platform/pg/pg.h"

#include "platform/rt/scope.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace weft {
namespace {

constexpr pg::Query kByKey{"bench.by_key", "select abalance from pgbench_accounts where aid = $1::int"};
constexpr int kKeys = 100'000;

enum class Way { kRun, kShared };

double thread_cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

rt::Task<void> ask_until(pg::Pool& pool, Way way, pg::Principal who, Steady until, std::uint64_t& done) {
    std::uint64_t key = done * 7919;
    while (std::chrono::steady_clock::now() < until) {
        key = (key * 6364136223846793005u + 1442695040888963407u);
        pg::Params params;
        params.add(static_cast<std::int64_t>(1 + (key >> 33) % kKeys));
        pg::Batch batch;
        batch.as(who).add(kByKey, std::move(params));
        auto by = rt::Deadline::in(std::chrono::seconds(10));
        auto rows = way == Way::kRun ? co_await pool.run(std::move(batch), by)
                                     : co_await pool.shared(std::move(batch), by);
        if (!rows || rows->front().size() != 1) {
            std::fprintf(stderr, "%s\n", rows ? "no such row" : rows.error().detail.c_str());
            std::abort();
        }
        ++done;
    }
}

void measure(const char* url, Way way, bool is_tenant, int seconds, int tasks, int shared) {
    rt::Loop loop;
    pg::Pool pool(
        loop,
        {.url = url,
         .connections_max = way == Way::kRun ? tasks : 1,
         .search_path = "",
         .shared_connections_max = shared}
    );
    auto who = is_tenant ? pg::Principal::tenant(TenantId()) : pg::Principal::login();
    std::uint64_t done = 0;
    rt::Scope scope(loop);
    auto begin = std::chrono::steady_clock::now();
    double cpu = thread_cpu_seconds();
    for (int i = 0; i < tasks; ++i) {
        scope.spawn(ask_until(pool, way, who, begin + std::chrono::seconds(seconds), done));
    }
    loop.run_until_done(scope.join());
    cpu = thread_cpu_seconds() - cpu;
    double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    auto count = static_cast<double>(done);
    std::printf(
        "%-6s as %-6s %d tasks: %.0f selects/s, %.1f us of our CPU each\n",
        way == Way::kRun ? "run" : "shared",
        is_tenant ? "tenant" : "login",
        tasks,
        count / wall,
        cpu / count * 1e6
    );
    loop.run_until_done(pool.close());
}

}  // namespace
}  // namespace weft

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_pg URL [seconds] [tasks] [shared connections]\n");
        return 2;
    }
    int seconds = argc > 2 ? std::atoi(argv[2]) : 3;
    int tasks = argc > 3 ? std::atoi(argv[3]) : 16;
    int shared = argc > 4 ? std::atoi(argv[4]) : 2;
    for (bool is_tenant : {false, true}) {
        weft::measure(argv[1], weft::Way::kRun, is_tenant, seconds, tasks, shared);
        weft::measure(argv[1], weft::Way::kShared, is_tenant, seconds, tasks, shared);
    }
}
