#include "data/ingress/detail/callers.h"

#include "core/file/file.h"
#include "core/workflow/workflow.h"
#include "platform/http/held_body.h"
#include "platform/rt/loop.h"
#include "store/runs/answered.h"

namespace weft::ingress::detail {

using store::runs::ValueSlot;

namespace {

Error too_many_callers() {
    Error error = Error::limit(
        "Too many callers wait for the answers of runs; try again, or set the trigger's mode to async"
    );
    error.retry = Retry::kBackoff;
    return error;
}

/// A caller's place, given back however the wait ends.
class Place {
  public:
    Place(Shares<TenantId>& callers, TenantId tenant) : callers_(callers), tenant_(tenant) {
        callers_.take(tenant_);
    }
    ~Place() { callers_.give(tenant_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

  private:
    Shares<TenantId>& callers_;
    TenantId tenant_;
};

/// The answer that a run's value is: a response as the workflow gave it, or its output.
rt::Task<Result<http::Response>> response_of(
    ValueSlot slot, std::string text, std::shared_ptr<const void> room
) {
    std::optional<http::Response> out;
    if (slot == ValueSlot::response()) {
        // The tree, which takes more than was reserved, lives while a thread of the pool works on it: there
        // are few.
        auto read = [&text]() -> Result<http::Response> {
            TRY(Json tree, parse_json(text));
            TRY(auto given, workflow::response_of(tree));
            auto response = http::Response::text(given.status, std::move(given.body), given.content_type);
            for (auto& header : given.headers) response.headers.add(header.name, header.value);
            keep_apart(response);
            return response;
        };
        CO_TRY(out, co_await rt::offload(text.size(), read));
    } else {
        out = http::Response::json(200, std::move(text));
    }
    http::hold_room(*out, std::move(room));
    co_return std::move(*out);
}

rt::Task<void> send_file(http::StreamWriter writer, std::shared_ptr<store::files::Download> from) {
    for (std::int64_t at = 0; at < from->file().size;) {
        auto chunk = co_await from->read(at, writer.deadline());
        if (!chunk || chunk->empty()) co_return;  // shorter than was said: the caller sees that it was cut
        at += static_cast<std::int64_t>(chunk->size());
        if (!co_await writer.write(*std::move(chunk))) co_return;
    }
}

}  // namespace

http::Response accepted(const Started& started) {
    JsonObject body;
    body["run_id"] = started.run.text();
    body["duplicate"] = started.is_duplicate;
    auto response = http::Response::json(202, to_text(body));
    response.headers.add("x-weft-run-id", started.run.text());  // of a repetition the first one's
    return response;
}

http::Response refused_for(const Error& error, std::chrono::seconds time, const RequestId& id) {
    auto response = http::problem(error, id);
    response.headers.set("retry-after", std::to_string(time.count()));
    return response;
}

void keep_apart(http::Response& response) {
    response.headers.set("x-content-type-options", "nosniff");
    response.headers.set("content-security-policy", "sandbox");
}

Callers::Callers(
    Ingest& ingest,
    pg::Pool& pool,
    store::runs::Runs& runs,
    RunWatch& watch,
    const rt::Clock& clock,
    const HookOptions& options
)
    : ingest_(ingest), pool_(pool), runs_(runs), watch_(watch), clock_(clock), options_(options) {}

rt::Task<Result<http::Response>> Callers::respond(
    TenantId tenant,
    RunId run,
    ValueSlot slot,
    std::string text,
    std::shared_ptr<const void> room,
    RequestId request,
    rt::Deadline by
) {
    std::optional<FileId> id;
    if (slot == ValueSlot::response() && options_.files != nullptr && file::may_hold_handles(text)) {
        CO_TRY(const Json tree, parse_json(text));
        const Json* body = tree.is_object() ? tree.get_object().if_contains("body") : nullptr;
        if (body != nullptr) id = file::handle_in(*body);
    }
    CO_TRY(auto response, co_await response_of(slot, std::move(text), std::move(room)));
    if (!id) co_return response;
    std::vector<FileId> ids{*id};
    auto found = co_await options_.files->find_for_run(tenant, run, std::move(ids), by);
    if (!found && found.error().code == Code::kNotFound)
        co_return http::problem(502, "run-file", "The file that the run has answered with is gone", request);
    CO_CHECK_OK(found);
    const store::files::File file = found->front();
    CO_TRY(auto opened, co_await options_.files->open(tenant, file, by));
    // What the handle's JSON would have been sent as.
    if (response.headers.get("content-type").starts_with("application/json"))
        response.headers.set("content-type", file.type);
    if (!response.headers.find("content-disposition"))
        response.headers.add("content-disposition", file::disposition(file.name));
    response.shared_body.reset();
    response.body.clear();
    std::shared_ptr<store::files::Download> download = std::move(opened);  // shared with the stream
    response.stream_length = static_cast<std::uint64_t>(file.size);
    response.stream = [download](http::StreamWriter writer) { return send_file(writer, download); };
    co_return response;
}

rt::Task<Result<std::optional<http::Response>>> Callers::answer_now(
    TenantId tenant, RunId run, std::string told, RequestId id, rt::Deadline by
) {
    auto stored = store::runs::from_notice(told);
    if (!stored) co_return co_await look(tenant, run, id, by);
    const ValueSlot slot = stored->slot;
    auto opened = co_await runs_.open(tenant, run, std::move(*stored), by);
    if (!opened) co_return co_await look(tenant, run, id, by);
    std::string text = std::move(*opened->texts[0]);
    auto& room = opened->room;
    CO_TRY(auto response, co_await respond(tenant, run, slot, std::move(text), std::move(room), id, by));
    co_return response;
}

rt::Task<Result<std::optional<http::Response>>> Callers::look(
    TenantId tenant, RunId run, RequestId id, rt::Deadline by
) {
    // The state first: when it is final, the values read after it are complete.
    CO_TRY(auto found, co_await runs_.get(tenant, run, by));
    const std::vector slots{ValueSlot::response(), ValueSlot::output()};
    CO_TRY(auto values, co_await runs_.values(tenant, run, slots, by));
    const bool has_response = values.texts[0].has_value();
    if (!has_response && !is_terminal(found.state)) co_return std::nullopt;
    if (has_response || found.state == runstate::RunStatus::kSuccess) {
        auto text = std::move(values.texts[has_response ? 0 : 1]).value_or("null");
        const ValueSlot slot = slots[has_response ? 0 : 1];
        CO_TRY(
            auto response,
            co_await respond(tenant, run, slot, std::move(text), std::move(values.room), id, by)
        );
        co_return response;
    }
    const std::string state(name(found.state));
    co_return http::problem(502, "run-" + state, "The run has " + state, id);
}

rt::Task<Result<http::Response>> Callers::start_and_wait(StartByEvent start, RequestId id, rt::Deadline by) {
    const TenantId tenant = start.tenant;
    if (!places_.may_take(tenant)) co_return fail(too_many_callers());
    Place place(places_, tenant);
    // Watched before it exists: its end may be told before we hear that it has begun.
    if (!start.run) start.run = ingest_.make_id();
    start.is_awaited = true;
    const RunId run = *start.run;
    std::optional<RunWatch::Watcher> watcher(std::in_place, watch_, tenant, run);
    CO_TRY(Started started, co_await ingest_.start_by_event(std::move(start), by));
    if (started.run != run) watcher.emplace(watch_, tenant, started.run);
    auto answer = co_await answer_of_run(*watcher, tenant, started, id, by.at_most(options_.sync_timeout));
    // The event is accepted, whatever became of the waiting: a failure here must not make the sender repeat
    // it.
    co_return answer ? std::move(*answer) : accepted(started);
}

rt::Task<Result<http::Response>> Callers::answer_of_run(
    RunWatch::Watcher& watcher, TenantId tenant, Started started, RequestId id, rt::Deadline by
) {
    std::optional<std::string> told;
    if (started.is_duplicate) told = "";  // it may have ended long ago
    while (!by.is_over()) {
        if (told) {
            CO_TRY(auto response, co_await answer_now(tenant, started.run, std::move(*told), id, by));
            if (response) {
                response->headers.add("x-weft-run-id", started.run.text());
                co_return std::move(*response);
            }
        }
        auto next = co_await watcher.next(by.at_most(options_.sweep_every));
        told = next ? std::optional(std::move(*next)) : std::nullopt;
        if (!told) co_await sweep(by);
    }
    co_return accepted(started);
}

rt::Task<void> Callers::sweep(rt::Deadline by) {
    auto watched = watch_.take_sweep(clock_.steady(), options_.sweep_every);
    if (watched.empty()) co_return;
    auto answered = co_await store::runs::answered(pool_, std::move(watched), by);
    if (!answered) co_return;  // the next one tries again
    for (RunId run : *answered) watch_.wake(run);
}

}  // namespace weft::ingress::detail
