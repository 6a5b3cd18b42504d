#include "app/demo/show.h"

#include "app/demo/stage.h"
#include "base/json.h"
#include "core/runstate/states.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/sync.h"

#include <fmt/format.h>

#include <signal.h>

#include <algorithm>
#include <array>

namespace weft::demo {

namespace {

std::string_view or_dash(std::string_view text) {
    return text.empty() ? "-" : text;
}

std::string duration_of(const JsonObject& object) {
    auto ms = int_or(object, "duration_ms", -1);
    return ms < 0 ? "-" : fmt::format("{} ms", ms);
}

void print_step(const JsonObject& step, const Json& detail) {
    fmt::print(
        "  {:<10} {:<24} {:<9} attempt {}  {}\n",
        text_or(step, "step_id"),
        text_or(step, "uses"),
        text_or(step, "state"),
        int_or(step, "attempt", 0),
        duration_of(step)
    );
    if (const Json* output = detail.is_object() ? detail.get_object().if_contains("output") : nullptr)
        fmt::print("             {}\n", to_text(*output));
}

rt::Task<Result<void>> print_run(Stage& stage, Json run) {
    const JsonObject& object = run.get_object();
    std::string id(text_or(object, "id"));
    fmt::print(
        "\nrun {}: {} in {}, isolation {}\n",
        id,
        text_or(object, "state"),
        duration_of(object),
        or_dash(text_or(object, "tier"))
    );
    for (const Json& item : object.at("steps").get_array()) {
        const JsonObject& step = item.get_object();
        std::string path = fmt::format("/api/v1/runs/{}/steps/{}", id, text_or(step, "step_id"));
        CO_TRY(Json detail, co_await stage.api->call("GET", std::move(path), nullptr, rt::Deadline::in(5s)));
        print_step(step, detail);
    }
    fmt::print("  output     {}\n", to_text(object.at("output")));
    co_return Result<void>{};
}

rt::Task<Result<void>> send_and_show(Stage& stage) {
    auto by = rt::Deadline::in(30s);
    fmt::print("posting a signed event to {}\n", stage.sample.webhook_url);
    CO_TRY(std::string run_id, co_await post_event(stage.client, stage.sample, "1001", stage.clock, by));
    CO_TRY(Json run, co_await wait_for_run(*stage.api, run_id, by));
    const auto status = runstate::run_status_from(text_or(run.get_object(), "state"));
    CO_CHECK_OK(co_await print_run(stage, run));
    fmt::print("\nsee it at {}/runs/{}\n", stage.instance->url(), run_id);
    fmt::print("log in as owner@example.com with the password {}\n", stage.password.reveal());
    if (status != runstate::RunStatus::kSuccess)
        co_return fail(Error::internal("The demo's run did not succeed; its error is shown above"));
    co_return Result<void>{};
}

}  // namespace

int show(const ShowOptions& options) {
    if (auto ready = crypto::init(); !ready) return 1;
    Stage stage;
    InstanceOptions instance{.binary = options.binary};
    if (!options.web_dir.empty()) instance.serve_args = {"--web", options.web_dir};
    fmt::print("starting a throw-away installation\n");
    // Ctrl-C while starting must not leave processes behind: the handler ends the loop, and the stage stops
    // them.
    bool is_interrupted = false;
    constexpr std::array kSignals{SIGINT, SIGTERM};
    rt::Signal interrupted(stage.loop);
    stage.loop.on_signals(kSignals, [&](int) {
        is_interrupted = true;
        interrupted.notify_all();
    });
    auto started = stage.start(std::move(instance));
    auto shown = started ? stage.loop.run_until_done(send_and_show(stage)) : std::move(started);
    if (!shown) {
        fmt::print(stderr, "weft demo: {} {}\n", shown.error().user, shown.error().detail);
    } else if (!options.exits_after && !is_interrupted) {
        fmt::print("serving until Ctrl-C\n");
        std::fflush(stdout);
        (void)stage.loop.run_until_done(interrupted.wait(rt::Deadline::at(Steady::max())));
    }
    bool is_clean = stage.stop();
    return shown && is_clean ? 0 : 1;
}

}  // namespace weft::demo
