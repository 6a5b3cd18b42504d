#include "data/poller/detail/ask.h"

#include "core/protocol/protocol.h"
#include "core/workflow/workflow.h"

#include <fmt/format.h>

namespace weft::poller {

namespace {

using broker::Response;

constexpr Millis kEvaluateTimeout{15'000};  // the sandbox's own limit is shorter
constexpr std::string_view kAsItIs = R"("{{ steps.poll.output }}")";
constexpr int kNotModified = 304;

Error problem(std::string text) {
    return Error::invalid(std::move(text));
}

std::string sentence(const protocol::Failed& failed) {
    if (failed.field.empty()) return failed.message;
    return fmt::format("{}: {}", failed.field, failed.message);
}

/// One poll, from its settings to its answer.
class Asking {
  public:
    Asking(Needs& needs, const store::triggers::DuePoll& due, rt::Deadline by)
        : needs_(needs), due_(due), by_(std::move(by)), run_(RunId::make(needs.clock.now(), needs.rng)) {}

    rt::Task<Result<Asked>> run() {
        CO_CHECK_OK(co_await load());
        auto built = co_await request();
        sandbox_.reset();  // nobody waits in a sandbox
        CO_CHECK_OK(built);
        broker::Request call;
        call.http = *std::move(built);
        if (step().action != nullptr) call.action = &step().action->action;
        call.effect = workflow_->plan().steps.front().effect;
        call.idempotency_key = run_.text();
        if (step().connection != nullptr)
            call.connection = broker::ConnectionRef{step().connection->id, &step().connection->app};
        const broker::Principal who{due_.tenant, run_, WorkflowVersionId()};
        Response response = co_await needs_.broker.perform(who, std::move(call), by_);
        Asked out;
        if (response.status == kNotModified) co_return out;
        if (response.outcome == Response::Outcome::kOk) {
            CO_TRY(out.answer, co_await shaped(std::move(response.output)));
            out.charge = std::move(response.charge);
            co_return out;
        }
        out.is_aborted = response.outcome == Response::Outcome::kAborted;
        out.problem = std::move(response.message);
        out.retry_after = response.retry_after;
        co_return out;
    }

  private:
    const workflow::CompiledStep& step() const { return workflow_->steps().front(); }

    rt::Task<Result<void>> load() {
        const std::string& text = due_.compiled;
        auto work = [&text]() -> Result<workflow::CompiledWorkflow> {
            TRY(Json tree, parse_json(text, {.depth_max = 128}));
            return workflow::CompiledWorkflow::load(tree);
        };
        CO_TRY(workflow_, co_await rt::on_pool(work, rt::Pool::kTenants));
        if (workflow_->steps().size() != 1)
            co_return fail(Error::internal("a poll's workflow is not one step"));
        co_return Result<void>();
    }

    rt::Task<Result<connector::HttpRequest>> request() {
        protocol::Evaluate evaluate;
        evaluate.value = step().with;
        CO_TRY(std::string input, co_await evaluated(std::move(evaluate)));
        const workflow::PinnedAction* action = step().action;
        if (action == nullptr) {
            CO_TRY(Json tree, parse_json(input, {.bytes_max = limits::kPayloadBytesMax}));
            const auto* connection = step().connection;
            co_return connector::build_http_request(tree, connection ? &connection->app : nullptr);
        }
        auto check = [&]() -> Result<void> {
            TRY(Json tree, parse_json(input, {.bytes_max = limits::kPayloadBytesMax}));
            return action->input.validate(tree, "with");
        };
        CO_CHECK_OK(co_await rt::on_pool(check, rt::Pool::kTenants));
        protocol::Evaluate template_of_it;
        template_of_it.value = to_text(action->request);
        template_of_it.mode = protocol::Mode::kRequest;
        template_of_it.bindings.push_back({"input", std::move(input)});
        CO_TRY(std::string rendered, co_await evaluated(std::move(template_of_it)));
        CO_TRY(Json tree, parse_json(rendered, {.bytes_max = limits::kPayloadBytesMax}));
        co_return connector::build_request(action->app, action->action, tree);
    }

    /// The workflow's output, of its step's.
    rt::Task<Result<Json>> shaped(std::string output) {
        if (workflow_->output() != kAsItIs) {
            protocol::Put put;
            put.step = step().id;
            put.status = name(runstate::StepStatus::kSuccess);
            put.output = std::move(output);
            frames_.push_back(protocol::Request(std::move(put)));
            protocol::Evaluate evaluate;
            evaluate.value = workflow_->output();
            auto made = co_await evaluated(std::move(evaluate));
            sandbox_.reset();
            CO_TRY(output, std::move(made));
        }
        auto parse = [&output] { return parse_json(output, {.bytes_max = limits::kPayloadBytesMax}); };
        co_return co_await rt::offload(output.size(), parse);
    }

    /// JSON text; takes a sandbox when there is none.
    rt::Task<Result<std::string>> evaluated(protocol::Evaluate what) {
        std::string frames;
        if (!sandbox_) {
            const isolation::RunSpec spec{.tenant = due_.tenant, .run = run_};
            CO_TRY(sandbox_, co_await needs_.sandboxes.start(spec, {}, by_));
            protocol::Begin begin;
            begin.run = to_text(Json{{"id", run_.text()}});
            begin.input = fmt::format(R"({{"cursor":{}}})", due_.cursor.value_or("null"));
            begin.trigger = "{}";
            begin.env = workflow_->env();
            CO_CHECK_OK(protocol::append(frames, protocol::Request(std::move(begin))));
        }
        for (const protocol::Request& frame : frames_) CO_CHECK_OK(protocol::append(frames, frame));
        frames_.clear();
        CO_CHECK_OK(protocol::append(frames, protocol::Request(std::move(what))));
        const rt::Deadline by = by_.at_most(kEvaluateTimeout);
        CO_TRY(auto reply, co_await sandbox_->request(std::move(frames), by));
        if (auto* value = std::get_if<protocol::Value>(&reply.result)) co_return std::move(value->json);
        if (const auto* failed = std::get_if<protocol::Failed>(&reply.result))
            co_return fail(problem(sentence(*failed)));
        co_return fail(Error::internal("a sandbox skipped what has no condition"));
    }

    Needs& needs_;
    const store::triggers::DuePoll& due_;
    rt::Deadline by_;
    RunId run_;  // of no run: a name for logs and for the call's idempotency key
    std::optional<workflow::CompiledWorkflow> workflow_;
    std::unique_ptr<isolation::Sandbox> sandbox_;
    std::vector<protocol::Request> frames_;  // what the next question is told before
};

}  // namespace

rt::Task<Asked> ask(Needs& needs, store::triggers::DuePoll due, rt::Deadline by) {
    Asking asking(needs, due, by);
    auto asked = co_await asking.run();
    if (asked) co_return *std::move(asked);
    const Error& why = asked.error();
    Asked out;
    out.is_aborted = why.code == Code::kCancelled;
    out.problem =
        why.user.empty() ? "Weft could not ask; its operator finds the reason in the log" : why.user;
    if (why.user.empty())
        needs.log.warn("a poll failed", {{"trigger", due.trigger.text()}, {"reason", why.detail}});
    co_return out;
}

}  // namespace weft::poller
