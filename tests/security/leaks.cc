// Looks for a stored credential everywhere it must not be: API answers, logs, database files and dump, run
// data, and the memory of the api process and the runners. The credential is random for each run, so a hit is
// never a coincidence.
//
//   weft-leaks --weft build/release/bin/weft

#include "app/demo/stage.h"
#include "base/bytes.h"
#include "base/json.h"
#include "platform/crypto/crypto.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace weft::leaks {
namespace {

namespace fs = std::filesystem;

struct Canary {
    std::string what;
    Secret value;
};

// The spellings a secret takes on its way through encoders. Hex of either case, base64 of the exact value.
std::vector<std::string> spellings(const Secret& secret) {
    std::string value(secret.reveal());
    std::string upper = hex(value);
    for (char& c : upper) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    return {value, base64(value), base64url(value), hex(value), upper, percent_encode(value)};
}

struct Scanner {
    std::vector<Canary> canaries;
    std::set<std::string> hits;
    std::uint64_t bytes = 0;

    void scan(std::string_view where, std::string_view text) {
        bytes += text.size();
        for (const Canary& canary : canaries)
            for (const std::string& spelling : spellings(canary.value))
                if (text.find(spelling) != std::string_view::npos)
                    hits.insert(fmt::format("{} in {}", canary.what, where));
    }
};

constexpr std::size_t kChunk = 4u << 20;
constexpr std::size_t kOverlap = 1024;  // longer than any spelling, so that one across two chunks is seen

void scan_descriptor(Scanner& scanner, std::string_view where, int fd, std::uint64_t from, std::uint64_t to) {
    std::string buffer;
    for (std::uint64_t at = from; at < to;) {
        buffer.resize(std::min<std::uint64_t>(kChunk + kOverlap, to - at));
        ssize_t got = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(at));
        if (got <= 0) return;
        scanner.scan(where, std::string_view(buffer.data(), static_cast<std::size_t>(got)));
        at += std::max<std::uint64_t>(
            1,
            static_cast<std::uint64_t>(got) > kOverlap ? static_cast<std::uint64_t>(got) - kOverlap
                                                       : static_cast<std::uint64_t>(got)
        );
        if (static_cast<std::uint64_t>(got) <= kOverlap) return;
    }
}

void scan_files(Scanner& scanner, const fs::path& folder) {
    std::error_code ignored;
    for (const auto& entry :
         fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, ignored)) {
        if (!entry.is_regular_file(ignored)) continue;
        int fd = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) continue;
        scan_descriptor(
            scanner,
            "file " + entry.path().lexically_relative(folder).string(),
            fd,
            0,
            entry.file_size(ignored)
        );
        close(fd);
    }
}

// Every writable mapping of a process. Returns the bytes read: none means we were not allowed to look.
std::uint64_t scan_memory(Scanner& scanner, std::string_view where, pid_t pid) {
    std::uint64_t before = scanner.bytes;
    int fd = open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    std::ifstream maps(fmt::format("/proc/{}/maps", pid));
    std::string line;
    while (std::getline(maps, line)) {
        unsigned long long from = 0, to = 0;
        char mode[5] = {};
        if (std::sscanf(line.c_str(), "%llx-%llx %4s", &from, &to, mode) != 3 || mode[0] != 'r' ||
            mode[1] != 'w')
            continue;
        scan_descriptor(scanner, where, fd, from, to);
    }
    close(fd);
    return scanner.bytes - before;
}

struct Tally {
    int passed = 0;
    int failed = 0;
    void expect(bool ok, std::string what) {
        fmt::print("  {}  {}\n", ok ? "ok  " : "FAIL", what);
        (ok ? passed : failed) += 1;
    }
    void expect_clean(Scanner& scanner, std::string what) {
        std::string found;
        for (const auto& hit : scanner.hits) found += (found.empty() ? "" : "; ") + hit;
        expect(
            scanner.hits.empty(),
            fmt::format(
                "{} ({:.1f} MB){}",
                what,
                static_cast<double>(scanner.bytes) / 1e6,
                found.empty() ? "" : ": " + found
            )
        );
        scanner.hits.clear();
        scanner.bytes = 0;
    }
};

// One GET, its answer scanned; returns the items of a list, or nothing.
rt::Task<Result<JsonArray>> scan_answer(demo::Stage& stage, Scanner& scanner, std::string path) {
    CO_TRY(Json answer, co_await stage.api->call("GET", path, nullptr, rt::Deadline::in(10s)));
    scanner.scan("GET " + path, to_text(answer));
    const Json* items = answer.is_object() ? answer.get_object().if_contains("items") : nullptr;
    co_return items != nullptr ? items->get_array() : JsonArray{};
}

rt::Task<Result<void>> scan_plain(demo::Stage& stage, Scanner& scanner, std::string url) {
    http::ClientRequest request{.url = url};
    CO_TRY(auto sent, co_await stage.client.send(std::move(request), rt::Deadline::in(10s)));
    if (sent.status != 200) co_return fail(Error::internal(url + " answers " + std::to_string(sent.status)));
    scanner.scan(url, sent.body);
    co_return Result<void>{};
}

// Of each process, where serve.json says.
rt::Task<Result<void>> scan_metrics(demo::Stage& stage, Scanner& scanner) {
    std::ifstream file(stage.instance->data_dir() + "/serve.json");
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    CO_TRY(Json state, parse_json(text));
    for (const auto& [name, url] : state.get_object().at("metrics").get_object()) {
        CO_CHECK_OK(co_await scan_plain(stage, scanner, std::string(url.get_string())));
    }
    co_return Result<void>{};
}

rt::Task<Result<void>> scan_api(demo::Stage& stage, Scanner& scanner) {
    for (const char* path :
         {"/api/v1/apps",
          "/api/v1/connections",
          "/api/v1/workflows",
          "/api/v1/tokens",
          "/api/v1/openapi.json",
          "/api/v1/auth/status"}) {
        CO_CHECK_OK(co_await scan_answer(stage, scanner, path));
    }
    CO_CHECK_OK(co_await scan_plain(stage, scanner, stage.instance->url() + "/readyz"));
    CO_CHECK_OK(co_await scan_metrics(stage, scanner));
    CO_CHECK_OK(co_await scan_answer(stage, scanner, "/api/v1/connections/" + stage.sample.connection_id));
    CO_TRY(JsonArray runs, co_await scan_answer(stage, scanner, "/api/v1/runs?limit=100"));
    for (const Json& run : runs) {
        std::string path = "/api/v1/runs/" + std::string(text_or(run.get_object(), "id"));
        for (const char* part : {"", "/logs", "/events", "/steps/order"})
            CO_CHECK_OK(co_await scan_answer(stage, scanner, path + part));
    }
    co_return Result<void>{};
}

rt::Task<Result<std::string>> run_once(demo::Stage& stage, demo::Sample sample, std::string order) {
    CO_TRY(
        std::string id,
        co_await demo::post_event(
            stage.client, std::move(sample), std::move(order), stage.clock, rt::Deadline::in(10s)
        )
    );
    CO_TRY(Json run, co_await demo::wait_for_run(*stage.api, id, rt::Deadline::in(30s)));
    co_return std::string(text_or(run.get_object(), "state"));
}

// Success, a system that echoes the credential, a refused credential: each leaves its traces in steps, logs
// and errors.
rt::Task<Result<void>> make_traces(demo::Stage& stage, Scanner& scanner, Tally& tally) {
    auto by = rt::Deadline::in(30s);
    demo::SampleOptions mirror{
        .key = "mirror",
        .upstream_url = stage.upstream_url,
        .api_key = stage.credential,
        .path = "/mirror/{{ input.id }}"
    };
    CO_TRY(demo::Sample mirrored, co_await demo::create_sample(*stage.api, std::move(mirror), by));
    demo::SampleOptions wrong{
        .key = "refused", .upstream_url = stage.upstream_url, .api_key = scanner.canaries[1].value
    };
    CO_TRY(demo::Sample refused, co_await demo::create_sample(*stage.api, std::move(wrong), by));
    CO_TRY(std::string first, co_await run_once(stage, stage.sample, "leak-1"));
    CO_TRY(std::string second, co_await run_once(stage, mirrored, "leak-2"));
    CO_TRY(std::string third, co_await run_once(stage, refused, "leak-3"));
    tally.expect(
        first == "success" && second == "success" && third == "failed",
        fmt::format("runs: {}, echoed {}, refused {}", first, second, third)
    );
    tally.expect(stage.upstream->refused() > 0, "the upstream saw both credentials");
    Json replaced = JsonObject{{"fields", JsonObject{{"api_key", scanner.canaries[2].value.reveal()}}}};
    CO_CHECK_OK(co_await stage.api->call(
        "PUT", "/api/v1/connections/" + stage.sample.connection_id + "/secret", std::move(replaced), by
    ));
    Json broken = JsonObject{
        {"fields",
         JsonObject{
             {"api_key", scanner.canaries[2].value.reveal()}, {"unknown", scanner.canaries[2].value.reveal()}
         }}
    };
    auto answer = co_await stage.api->call(
        "PUT", "/api/v1/connections/" + stage.sample.connection_id + "/secret", std::move(broken), by
    );
    tally.expect(!answer && !answer.error().user.empty(), "a connection with an unknown field is refused");
    if (!answer) scanner.scan("the refusal", answer.error().user);
    co_return Result<void>{};
}

rt::Task<Result<void>> drive(demo::Stage& stage, Tally& tally) {
    Scanner scanner;
    scanner.canaries.push_back({"the credential", stage.credential});
    scanner.canaries.push_back({"the refused credential", crypto::make_token(stage.rng)});
    scanner.canaries.push_back({"the replaced credential", crypto::make_token(stage.rng)});
    scanner.scan("a text that holds one", "x" + base64(stage.credential.reveal()) + "y");
    tally.expect(scanner.hits.size() == 1, "the scanner finds a planted credential");
    scanner.hits.clear();
    CO_CHECK_OK(co_await make_traces(stage, scanner, tally));
    CO_CHECK_OK(co_await scan_api(stage, scanner));
    tally.expect_clean(scanner, "API answers");
    scan_files(scanner, stage.instance->data_dir());
    tally.expect_clean(scanner, "database files, write-ahead log, blobs and logs");
    using Kind = demo::Instance::Kind;
    std::uint64_t read = 0;
    for (pid_t pid : stage.instance->processes(Kind::kApi))
        read += scan_memory(scanner, "the api process", pid);
    tally.expect(read > 1'000'000, fmt::format("the api process's memory could be read ({} bytes)", read));
    tally.expect_clean(scanner, "memory of the api process");
    read = 0;
    for (pid_t pid : stage.instance->processes(Kind::kRunner)) read += scan_memory(scanner, "a runner", pid);
    tally.expect(read > 100'000, fmt::format("the runners' memory could be read ({} bytes)", read));
    tally.expect_clean(scanner, "memory of zygotes and runners");
    co_return Result<void>{};
}

int main_of(int argc, char** argv) {
    std::string weft = "build/release/bin/weft";
    CLI::App cli("Looks for a stored credential everywhere it must not be");
    cli.add_option("--weft", weft, "the weft program");
    CLI11_PARSE(cli, argc, argv);
    if (auto ready = crypto::init(); !ready) return 1;
    demo::Stage stage;
    Tally tally;
    auto started = stage.start({.binary = weft, .serve_args = {"--metrics-listen", "127.0.0.1:0"}});
    auto driven = started ? stage.loop.run_until_done(drive(stage, tally)) : std::move(started);
    if (!driven) tally.expect(false, driven.error().user + " " + driven.error().detail);
    stage.stop();
    fmt::print("{} passed, {} failed\n", tally.passed, tally.failed);
    return tally.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace weft::leaks

int main(int argc, char** argv) {
    return weft::leaks::main_of(argc, argv);
}
