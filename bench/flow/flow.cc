// The flow benchmark: webhook -> map -> HTTP action -> map, each run in a sandbox of its own and recorded
// with its steps. Everything runs on this machine: load, upstream, `weft serve` with its PostgreSQL (durable
// commits). Plain limits of the same machine are measured in the same rounds, so that a figure can be read as
// a ratio.
//
//   build/release/bin/weft-bench-flow --weft build/release/bin/weft [--rounds 5] [--events 10000]
//   [--connections 64]

#include "app/demo/stage.h"
#include "base/json.h"
#include "load.h"
#include "platform/crypto/crypto.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <spawn.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

extern char** environ;

namespace weft::bench {
namespace {

struct Options {
    std::string weft = "build/release/bin/weft";
    int rounds = 5;
    int events = 10'000;
    int connections = 64;
    int latency_events = 3'000;
    double latency_rate = 200;
    std::vector<std::string> serve_args;
};

struct World : demo::Stage {
    int next_order = 0;
};

struct Address {
    std::string host;
    std::uint16_t port = 0;
    std::string path;
};

Address parse_address(std::string_view url) {
    url.remove_prefix(std::string_view("http://").size());
    auto slash = url.find('/');
    auto colon = url.find(':');
    Address out{
        std::string(url.substr(0, colon)), 80, slash == url.npos ? "/" : std::string(url.substr(slash))
    };
    out.port = static_cast<std::uint16_t>(std::atoi(std::string(url.substr(colon + 1)).c_str()));
    return out;
}

std::string webhook_request(World& world, const Address& to) {
    std::string order = fmt::format("o-{}", world.next_order++);
    std::string body = to_text(JsonObject{{"order_id", order}});
    std::string head =
        fmt::format("POST {} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n", to.path, to.host, body.size());
    for (const auto& [name, value] : demo::delivery_headers(world.sample, order, body, world.clock))
        head += fmt::format("{}: {}\r\n", name, value);
    return head + "\r\n" + body;
}

// Instants of runs as the API shows them, in seconds since the epoch.
double instant_of(std::string_view text) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0;
    double second = 0;
    if (std::sscanf(
            std::string(text).c_str(), "%d-%d-%dT%d:%d:%lfZ", &year, &month, &day, &hour, &minute, &second
        ) != 6)
        return 0;
    auto date = std::chrono::sys_days(
        std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) /
        std::chrono::day(static_cast<unsigned>(day))
    );
    return static_cast<double>(date.time_since_epoch().count()) * 86400.0 + hour * 3600.0 + minute * 60.0 +
           second;
}

struct RunTimes {
    double created = 0;
    double finished = 0;
    bool is_success = false;
};

// The newest `count` runs, once all of them have ended.
rt::Task<Result<std::map<std::string, RunTimes>>> collect(World& world, int count) {
    auto by = rt::Deadline::in(120s);
    while (true) {
        std::map<std::string, RunTimes> runs;
        std::string after;
        bool all_ended = true;
        while (static_cast<int>(runs.size()) < count && all_ended) {
            std::string path = "/api/v1/runs?limit=100" + (after.empty() ? "" : "&after=" + after);
            CO_TRY(Json page, co_await world.api->call("GET", std::move(path), nullptr, by));
            for (const Json& item : page.get_object().at("items").get_array()) {
                const JsonObject& run = item.get_object();
                all_ended = all_ended && run.at("finished_at").is_string();
                if (!all_ended) break;
                runs[std::string(text_or(run, "id"))] = {
                    instant_of(text_or(run, "created_at")),
                    instant_of(text_or(run, "finished_at")),
                    text_or(run, "state") == "success"
                };
            }
            after = std::string(text_or(page.get_object(), "next"));
            if (after.empty()) break;
        }
        if (all_ended && static_cast<int>(runs.size()) >= count) co_return runs;
        CO_CHECK_OK(co_await rt::sleep_for(200ms, by));
    }
}

struct Acks {
    std::vector<double> latency_ms;
    std::map<std::string, double> sent_at;  // run id -> seconds since the epoch
    int refused = 0;
};

rt::Task<Acks> post_events(World& world, int events, int connections, double rate) {
    Address to = parse_address(world.sample.webhook_url);
    Acks acks;
    LoadOptions load{
        .host = to.host,
        .port = to.port,
        .connections = connections,
        .requests = events,
        .rate_per_second = rate
    };
    load.make_request = [&](int) { return webhook_request(world, to); };
    load.on_answer = [&](int, Answer answer) {
        auto now = std::chrono::duration<double>(world.clock.now().time_since_epoch()).count();
        auto body = answer.status == 202 ? parse_json(answer.body) : Result<Json>(Json(nullptr));
        if (!body || !body->is_object()) {
            ++acks.refused;
            return;
        }
        double latency = std::chrono::duration<double>(answer.latency).count();
        acks.latency_ms.push_back(latency * 1000);
        acks.sent_at[std::string(text_or(body->get_object(), "run_id"))] = now - latency;
    };
    co_await generate(world.loop, std::move(load));
    co_return acks;
}

struct Round {
    std::map<std::string, double> figures;
};

rt::Task<Result<void>> measure_throughput(World& world, const Options& options, Round& round) {
    auto start = std::chrono::duration<double>(world.clock.now().time_since_epoch()).count();
    Acks acks = co_await post_events(world, options.events, options.connections, 0);
    int acked = static_cast<int>(acks.sent_at.size());
    CO_TRY(auto runs, co_await collect(world, acked));
    double last = start;
    int failed = 0;
    for (const auto& [id, run] : runs) {
        last = std::max(last, run.finished);
        failed += run.is_success ? 0 : 1;
    }
    round.figures["runs/s, closed loop"] = acked / (last - start);
    round.figures["ack p50 ms, closed loop"] = percentile(acks.latency_ms, 50);
    round.figures["ack p99 ms, closed loop"] = percentile(acks.latency_ms, 99);
    round.figures["refused or failed"] = acks.refused + failed;
    co_return Result<void>{};
}

rt::Task<Result<void>> measure_latency(World& world, const Options& options, Round& round) {
    Acks acks = co_await post_events(world, options.latency_events, 32, options.latency_rate);
    CO_TRY(auto runs, co_await collect(world, static_cast<int>(acks.sent_at.size())));
    std::vector<double> finish_ms;
    for (const auto& [id, sent] : acks.sent_at)
        if (auto run = runs.find(id); run != runs.end())
            finish_ms.push_back((run->second.finished - sent) * 1000);
    round.figures["ack p50 ms, 200/s"] = percentile(acks.latency_ms, 50);
    round.figures["ack p99 ms, 200/s"] = percentile(acks.latency_ms, 99);
    round.figures["webhook to finished p50 ms, 200/s"] = percentile(finish_ms, 50);
    round.figures["webhook to finished p99 ms, 200/s"] = percentile(finish_ms, 99);
    co_return Result<void>{};
}

rt::Task<void> measure_http_limit(World& world, const Options& options, Round& round) {
    Address to = parse_address(world.upstream_url);
    std::string request = fmt::format(
        "GET /orders/1 HTTP/1.1\r\nhost: {}\r\nx-api-key: {}\r\n\r\n", to.host, world.credential.reveal()
    );
    LoadOptions load{
        .host = to.host, .port = to.port, .connections = options.connections, .requests = 20'000
    };
    load.make_request = [&](int) { return request; };
    load.on_answer = [](int, Answer) {};
    auto start = std::chrono::steady_clock::now();
    co_await generate(world.loop, std::move(load));
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    round.figures["limit: loopback HTTP calls/s (client and server in one process)"] = 20'000 / took.count();
}

void measure_spawn_limit(Round& round) {
    constexpr int kSpawns = 300;
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kSpawns; ++i) {
        char path[] = "/bin/true";
        char* argv[] = {path, nullptr};
        pid_t pid = 0;
        if (posix_spawn(&pid, path, nullptr, nullptr, argv, environ) == 0) waitpid(pid, nullptr, 0);
    }
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    round.figures["limit: process spawns/s (/bin/true, one at a time)"] = kSpawns / took.count();
}

double proportional_memory_mb(const std::vector<pid_t>& pids) {
    double kilobytes = 0;
    for (pid_t pid : pids) {
        std::ifstream in(fmt::format("/proc/{}/smaps_rollup", pid));
        std::string line;
        while (std::getline(in, line))
            if (line.starts_with("Pss:")) kilobytes += std::atof(line.c_str() + 4);
    }
    return kilobytes / 1024;
}

double idle_memory_mb(const demo::Instance& instance) {
    std::vector<pid_t> pids{instance.pid()};
    for (auto kind :
         {demo::Instance::Kind::kApi, demo::Instance::Kind::kWorker, demo::Instance::Kind::kRunner})
        for (pid_t pid : instance.processes(kind)) pids.push_back(pid);
    return proportional_memory_mb(pids);
}

rt::Task<Result<void>> run(World& world, const Options& options) {
    (void
    )co_await rt::sleep_for(3s, rt::Deadline::in(10s));  // let start-up settle before idle memory is read
    fmt::print(
        "idle memory of weft serve without PostgreSQL: {:.1f} MB (proportional set size)\n",
        idle_memory_mb(*world.instance)
    );
    Round warm_up;
    Options small = options;
    small.events = 500;
    CO_CHECK_OK(co_await measure_throughput(world, small, warm_up));
    std::map<std::string, std::vector<double>> figures;
    for (int i = 0; i < options.rounds; ++i) {
        Round round;
        CO_CHECK_OK(co_await measure_throughput(world, options, round));
        CO_CHECK_OK(co_await measure_latency(world, options, round));
        co_await measure_http_limit(world, options, round);
        measure_spawn_limit(round);
        for (const auto& [name, value] : round.figures) figures[name].push_back(value);
    }
    fmt::print(
        "{:<66} {:>10} {:>10} {:>10}\n", fmt::format("{} rounds", options.rounds), "min", "median", "max"
    );
    for (const auto& [name, values] : figures)
        fmt::print(
            "{:<66} {:>10.2f} {:>10.2f} {:>10.2f}\n",
            name,
            percentile(values, 0),
            percentile(values, 50),
            percentile(values, 100)
        );
    co_return Result<void>{};
}

int main_of(int argc, char** argv) {
    Options options;
    CLI::App cli(
        "Webhook -> map -> HTTP action -> map through a whole weft serve, with the machine's plain limits"
    );
    cli.add_option("--weft", options.weft, "the weft program");
    cli.add_option("--rounds", options.rounds)->check(CLI::Range(1, 50));
    cli.add_option("--events", options.events)->check(CLI::Range(100, 1'000'000));
    cli.add_option("--connections", options.connections)->check(CLI::Range(1, 1024));
    cli.add_option("--latency-events", options.latency_events)->check(CLI::Range(100, 1'000'000));
    cli.add_option("--serve-arg", options.serve_args, "passed to weft serve");
    CLI11_PARSE(cli, argc, argv);
    if (auto ready = crypto::init(); !ready) return 1;
    World world;
    demo::InstanceOptions instance{.binary = options.weft, .serve_args = options.serve_args};
    if (auto started = world.start(std::move(instance)); !started) {
        fmt::print(stderr, "{}\n", started.error().user);
        return 1;
    }
    auto done = world.loop.run_until_done(run(world, options));
    if (!done) fmt::print(stderr, "bench: {} {}\n", done.error().user, done.error().detail);
    return done ? 0 : 1;
}

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
    return weft::bench::main_of(argc, argv);
}
