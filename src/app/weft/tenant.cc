#include "app/weft/commands.h"
#include "app/weft/data_folder.h"
#include "platform/pg/conninfo.h"
#include "platform/rt/loop.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace weft::app {

namespace {

using store::quotas::Limits;

constexpr std::int64_t kCountMax = 1'000'000'000;
constexpr std::string_view kDefault = "default";

rt::Task<Result<Limits>> change(rt::Loop& loop, std::string url, std::string slug, Limits limits) {
    pg::Pool pool(loop, {.url = std::move(url), .application_name = "weft-tenant"});
    auto changed = co_await store::quotas::change(
        pool, std::move(slug), limits, rt::Deadline::in(std::chrono::seconds(10))
    );
    co_await pool.close();
    co_return changed;
}

Result<std::int64_t> read(const QuotaOptions::Limit& limit, const std::string& text) {
    if (text == kDefault) return 0;
    std::int64_t number = 0;
    const auto [at, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad == std::errc() && at == text.data() + text.size() && number >= 1 && number <= limit.most)
        return number;
    return fail(Error::invalid(
        "--" + std::string(limit.name) + " must be a whole number from 1 to " + std::to_string(limit.most) +
        ", or default"
    ));
}

}  // namespace

const std::array<QuotaOptions::Limit, 6> QuotaOptions::kLimits{{
    {"due-runs", "Runs that may begin and have not", &QuotaOptions::due_runs, &Limits::due_runs, kCountMax},
    {"running-runs",
     "Runs at the same time, in all workers",
     &QuotaOptions::running_runs,
     &Limits::running_runs,
     1'000'000},
    {"waiting-runs",
     "Runs that wait for an answer or a time",
     &QuotaOptions::waiting_runs,
     &Limits::waiting_runs,
     kCountMax},
    {"triggers", "Triggers of all kinds", &QuotaOptions::triggers, &Limits::triggers, kCountMax},
    {"files-gib", "Files that are kept, in GiB", &QuotaOptions::files_gib, &Limits::file_bytes, 1'000'000},
    {"weight",
     "Its share where several want to run: twice as much, twice the share",
     &QuotaOptions::weight,
     &Limits::weight,
     1'000},
}};

Result<pg::Conninfo> database_of(const std::string& data, const Environment& environment) {
    if (auto url = get(environment, "WEFT_DATABASE_URL"); !url.empty()) return pg::Conninfo::parse(url);
    TRY(std::string socket, socket_folder_of(data));
    TRY(std::string password, read_file(data + "/secrets/postgres"));
    while (!password.empty() && password.back() == '\n') password.pop_back();
    pg::Conninfo out;
    out.set("host", socket);
    out.set("dbname", "weft");
    out.set("user", "postgres");
    out.set("password", password);
    return out;
}

int tenant_quota(const QuotaOptions& options, const Environment& environment) {
    Limits wanted;
    for (const QuotaOptions::Limit& limit : QuotaOptions::kLimits) {
        const std::string& text = options.*limit.value;
        if (text.empty()) continue;
        const auto number = read(limit, text);
        if (!number) return complain(number.error());
        wanted.*limit.limit = *number;
    }
    if (wanted.file_bytes) *wanted.file_bytes <<= 30;
    auto database = database_of(options.data, environment);
    if (!database) return complain(database.error());
    rt::Loop loop;
    auto now =
        loop.run_until_done(change(loop, std::string(database->text().reveal()), options.slug, wanted));
    if (!now) return complain(now.error());
    if (now->file_bytes) *now->file_bytes >>= 30;
    for (const QuotaOptions::Limit& limit : QuotaOptions::kLimits) {
        const auto& value = *now.*limit.limit;
        const std::string shown = value ? std::to_string(*value) : "the server's default";
        std::printf("%-13s %s\n", std::string(limit.name).c_str(), shown.c_str());
    }
    return kExitOk;
}

}  // namespace weft::app
