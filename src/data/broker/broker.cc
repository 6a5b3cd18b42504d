#include "data/broker/broker.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "core/file/multipart.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/loop.h"

#include <fmt/format.h>

namespace weft::broker {

namespace {

using Outcome = Response::Outcome;
using runstate::Effect;
using runstate::ErrorClass;
using runstate::FailureKind;
using store::vault::Health;

constexpr auto kNoteTimeout = std::chrono::seconds(5);
constexpr std::size_t kReasonBytesMax = 300;

Response error(FailureKind kind, std::string message, bool is_retryable = false) {
    Response out;
    out.kind = kind;
    out.message = std::move(message);
    out.is_retryable = is_retryable;
    return out;
}

Response unavailable(std::string message) {
    Response out = error(FailureKind::kProvider, std::move(message), true);
    out.error_class = ErrorClass::kUnavailable;
    return out;
}

Response too_late(std::string message) {
    Response out = error(FailureKind::kLimit, std::move(message), true);
    out.error_class = ErrorClass::kTimeout;
    return out;
}

/// What keeps a request from being sent at all.
Response refusal(const Error& why) {
    switch (why.code) {
        case Code::kNotFound:
            return error(FailureKind::kWorkflow, "The connection does not exist any more");
        case Code::kForbidden:
        case Code::kConflict:
            return error(FailureKind::kWorkflow, why.user);
        case Code::kUnavailable:
            return error(FailureKind::kPlatform, "The credential could not be read", true);
        case Code::kTimeout:
            return too_late("The time limit passed before the request was sent");
        case Code::kCancelled: {
            Response out = error(FailureKind::kPlatform, "Called off");
            out.outcome = Outcome::kAborted;
            return out;
        }
        case Code::kInvalid:
        case Code::kUnauthenticated:
        case Code::kLimit:
        case Code::kStale:
        case Code::kInternal:
            break;
    }
    return error(FailureKind::kPlatform, "The credential could not be opened");
}

/// `is_maybe_delivered` matters for unsafe calls only: the others are repeated under the same key.
Response from_failure(const http::ClientError& failure, Effect effect) {
    Response out;
    switch (failure.kind) {
        case http::Failure::kInvalid:
            return error(FailureKind::kWorkflow, failure.error.user);
        case http::Failure::kDenied:
            // The installation's doing, which only its operator can change; trying again changes nothing.
            return error(FailureKind::kPlatform, failure.error.user);
        case http::Failure::kConnect:
        case http::Failure::kTls:
        case http::Failure::kProtocol:
            out = unavailable(failure.error.user);
            break;
        case http::Failure::kTimeout:
            out = too_late("No complete answer within the step's time limit");
            break;
        case http::Failure::kCancelled:
            out = error(FailureKind::kPlatform, "Called off while it was under way");
            out.outcome = Outcome::kAborted;
            break;
        case http::Failure::kTooLarge:
            return error(FailureKind::kLimit, "The answer is larger than 8 MiB");
        case http::Failure::kOverload:
            out = error(FailureKind::kPlatform, "Too many requests are under way", true);
            break;
        case http::Failure::kLocal:
            out = error(
                failure.error.code == Code::kLimit ? FailureKind::kLimit : FailureKind::kPlatform,
                failure.error.user,
                failure.error.code == Code::kUnavailable
            );
            break;
        case http::Failure::kCrowded:
            out = error(FailureKind::kLimit, failure.error.user, true);
            break;
    }
    if (failure.is_maybe_delivered && effect == Effect::kUnsafe) out.outcome = Outcome::kUnknown;
    return out;
}

Health health_of(http::Failure failure) {
    switch (failure) {
        case http::Failure::kConnect:
        case http::Failure::kTls:
        case http::Failure::kProtocol:
        case http::Failure::kTimeout:
            return Health::kIll;
        case http::Failure::kTooLarge:
            return Health::kWell;
        case http::Failure::kInvalid:
        case http::Failure::kDenied:
        case http::Failure::kCancelled:
        case http::Failure::kOverload:
        case http::Failure::kLocal:
        case http::Failure::kCrowded:
            break;
    }
    return Health::kSilent;
}

Health health_of(const Response& answered) {
    if (answered.outcome == Outcome::kOk || !answered.error_class) return Health::kWell;
    switch (*answered.error_class) {
        case ErrorClass::kUnavailable:
        case ErrorClass::kTimeout:
            return Health::kIll;
        case ErrorClass::kRateLimited:  // who says when to come again is waited for
            return answered.retry_after ? Health::kWell : Health::kIll;
        default:
            return Health::kWell;
    }
}

Response held(const store::vault::OpenConnection& connection, Millis wait) {
    Response out = error(
        FailureKind::kProvider,
        fmt::format(
            "No call goes out through the connection \"{}\" for now: {}",
            connection.name,
            connection.circuit_reason.value_or("its calls failed")
        )
    );
    out.outcome = Outcome::kHeld;
    out.error_class = ErrorClass::kCircuitOpen;
    out.retry_after = wait;
    return out;
}

http::ClientRequest to_client(connector::HttpRequest request, Effect effect) {
    http::ClientRequest out;
    out.method = std::move(request.method);
    out.url = std::move(request.url);
    for (auto& header : request.headers) out.headers.add(std::move(header.name), std::move(header.value));
    out.body = std::move(request.body);
    out.resend = effect == Effect::kUnsafe ? http::Resend::kByMethod : http::Resend::kYes;
    return out;
}

std::int64_t bytes_of(const http::ClientRequest& request) {
    return static_cast<std::int64_t>(request.source ? request.source->size() : request.body.size());
}

connector::HttpResponse to_answer(http::ClientResponse response) {
    connector::HttpResponse out;
    out.status = response.status;
    for (const auto& [key, value] : response.headers) out.headers.push_back({key, value});
    out.body = std::move(response.body);
    return out;
}

struct Reading {
    Effect effect;
    const connector::Redactor& redactor;
    Instant now;
};

/// `kept`: what stands for the answer's body, if it became a file.
Response from_answer(
    connector::HttpResponse answer, const Reading& how, connector::Oddities& seen, std::optional<Json> kept
) {
    const connector::Verdict verdict = connector::judge(answer.status, how.effect);
    const connector::Redactor& redactor = how.redactor;
    Response out;
    if (verdict == connector::Verdict::kOk) {
        out.outcome = Outcome::kOk;
        Json output = connector::response_output(std::move(answer), seen);
        if (kept) output.get_object()["body"] = *std::move(kept);
        out.output = to_text(redactor.empty() ? std::move(output) : redactor.redact(std::move(output)));
        if (out.output.size() > limits::kPayloadBytesMax) {
            return error(FailureKind::kLimit, "The answer is larger than 8 MiB");
        }
        return out;
    }
    // Redacted once it is text, whatever its charset was, and before the message is cut to length.
    Json body = redactor.redact(connector::response_body(answer, seen));
    out = error(FailureKind::kProvider, connector::failure_message(answer.status, body));
    out.status = answer.status;
    out.error_class = connector::class_of(answer.status);
    out.is_retryable = verdict != connector::Verdict::kFail;
    out.retry_after = connector::retry_after(answer, how.now);
    if (verdict == connector::Verdict::kUnknown) out.outcome = Outcome::kUnknown;
    return out;
}

/// What the request says of files.
connector::HttpRequest take_files(connector::HttpRequest& request) {
    connector::HttpRequest out;
    out.fields = std::move(request.fields);
    out.file = request.file;
    out.answer = request.answer;
    out.url = request.url;
    return out;
}

/// "api.example.com" of "https://api.example.com:8443/v1?x".
std::string_view host_of(std::string_view url) {
    const auto begin = url.find("://");
    if (begin != std::string_view::npos) url.remove_prefix(begin + 3);
    return url.substr(0, url.find_first_of("/?#"));
}

void add_key(const Request& request, http::ClientRequest& to) {
    // The author of a core/http step may name the key themselves.
    if (request.action == nullptr && !to.headers.find("idempotency-key")) {
        to.headers.add("Idempotency-Key", request.idempotency_key);
    }
}

}  // namespace

namespace {

/// What keeps a file from being sent or kept.
Response from_file(const Error& why) {
    switch (why.code) {
        case Code::kNotFound:
        case Code::kInvalid:
            return error(FailureKind::kWorkflow, why.user);
        case Code::kLimit:
            return error(FailureKind::kLimit, why.user);
        case Code::kTimeout:
            return too_late("No complete answer within the step's time limit");
        case Code::kCancelled: {
            Response out = error(FailureKind::kPlatform, "Called off");
            out.outcome = Outcome::kAborted;
            return out;
        }
        default:
            return error(FailureKind::kPlatform, why.user, true);
    }
}

std::string make_boundary() {
    static SystemRng rng;
    return "weft-" + hex(crypto::random_bytes(rng, 16).reveal());
}

}  // namespace

rt::Task<Result<void>> Broker::attach(
    Principal who, connector::HttpRequest& request, http::ClientRequest& wire, rt::Deadline by
) {
    std::vector<FileId> ids;
    if (request.file) ids.push_back(*request.file);
    for (const auto& field : request.fields)
        if (field.file) ids.push_back(*field.file);
    if (ids.empty() && request.fields.empty()) co_return Result<void>{};
    CO_TRY(auto files, co_await deps_.files->find_for_run(who.tenant, who.run, ids, by));
    std::vector<FilesSource::Segment> segments;
    if (request.file) {
        if (!wire.headers.find("content-type")) wire.headers.add("Content-Type", files.front().type);
        CO_TRY(auto opened, co_await deps_.files->open(who.tenant, files.front(), by));
        segments.push_back({"", std::move(opened)});
    }
    const std::string boundary = make_boundary();
    std::size_t next = 0;
    for (auto& field : request.fields) {
        file::MultipartReader::Part part{.name = field.name, .filename = std::nullopt, .type = ""};
        if (field.file) {
            part.filename = files[next].name;
            part.type = files[next].type;
        }
        segments.push_back({file::part_head(boundary, part), nullptr});
        if (field.file) {
            CO_TRY(auto opened, co_await deps_.files->open(who.tenant, files[next++], by));
            segments.push_back({"", std::move(opened)});
            segments.push_back({"\r\n", nullptr});
        } else {
            segments.back().text += std::move(field.text) + "\r\n";
        }
    }
    if (!request.fields.empty()) {
        segments.push_back({file::multipart_end(boundary), nullptr});
        wire.headers.add("Content-Type", "multipart/form-data; boundary=" + boundary);
    }
    wire.source = std::make_shared<FilesSource>(std::move(segments));
    co_return Result<void>{};
}

rt::Task<Result<Json>> Broker::keep_file(
    Principal who, FileSink& sink, http::ClientResponse& answer, rt::Deadline by
) {
    if (!answer.is_sunk) {  // empty, or coded although it was asked for without
        sink.look(answer.headers);
        std::string bytes = std::move(answer.body);
        answer.body.clear();
        if (!bytes.empty()) CO_CHECK_OK(co_await sink.write(std::move(bytes), by));
    }
    CO_TRY(const auto file, co_await sink.finish(by));
    std::vector<std::unique_ptr<store::files::Upload>> uploads;
    uploads.push_back(sink.take());
    CO_CHECK_OK(co_await deps_.files->keep(std::move(uploads), who.run, by));
    co_return file::to_json(file.handle());
}

Broker::Broker(Deps deps)
    : deps_(deps),
      seconds_(deps.metrics.histogram("weft_call_seconds", "Time of requests to other systems")),
      refused_(deps.metrics.counter("weft_calls_refused_total", "Requests refused before they were sent")),
      held_(deps.metrics.counter("weft_calls_held_total", "Requests not sent because a circuit was open")),
      opened_(deps.metrics.counter("weft_circuits_opened_total", "Circuits of connections opened")) {}

rt::Task<Response> Broker::perform(Principal who, Request request, rt::Deadline by) {
    if (request.action != nullptr) {
        connector::set_idempotency_key(*request.action, request.idempotency_key, request.http);
    }
    auto authorized = co_await authorize(who, request, by);
    if (!authorized) {
        refused_.add();
        co_return refusal(authorized.error());
    }
    const store::vault::Vault::Opened used = authorized->connection;
    std::int64_t probe = 0;
    if (used && deps_.circuits != nullptr && used->circuit != store::vault::Circuit::kClosed) {
        const auto within = std::chrono::ceil<Millis>(by.left());
        const auto entry = co_await deps_.circuits->enter(who.tenant, used, within, by);
        if (!entry.may_go) {
            held_.add();
            co_return held(*used, entry.wait);
        }
        probe = entry.probe;
    }
    Response out = co_await exchange(who, std::move(request), *std::move(authorized), by);
    if (used && deps_.circuits != nullptr &&
        (probe != 0 || deps_.circuits->note(who.tenant, *used, out.health)))
        co_await note_health(who, used, probe, out.health, out.message);
    co_return out;
}

rt::Task<void> Broker::note_health(
    Principal who, store::vault::Vault::Opened used, std::int64_t probe, Health health, std::string problem
) {
    const auto by = rt::Deadline::in(kNoteTimeout);  // the call's own time may be over: that is what is told
    if (probe != 0) co_return co_await deps_.circuits->settle(who.tenant, used->id, probe, health, by);
    std::string reason = fmt::format(
        "{} calls failed within {}; the last one: {}",
        used->breaker_failures,
        runstate::duration_text(used->breaker_within),
        utf8::prefix(problem, kReasonBytesMax)
    );
    if (co_await deps_.circuits->open(who.tenant, used->id, std::move(reason), by)) opened_.add();
}

rt::Task<Response> Broker::exchange(Principal who, Request request, Authorized authorized, rt::Deadline by) {
    const RedactorPtr redactor = authorized.redactor;
    const std::string host(host_of(request.http.url));
    const Steady before = deps_.clock.steady();
    connector::HttpRequest files = take_files(request.http);
    http::ClientRequest wire = to_client(std::move(request.http), request.effect);
    add_key(request, wire);
    std::shared_ptr<FileSink> sink;  // shared with the transfer
    if (files.has_files()) {
        Result<void> attached = fail(Error::invalid("This server keeps no files"));
        if (deps_.files != nullptr) attached = co_await attach(who, files, wire, by);
        if (!attached) {
            refused_.add();
            co_return from_file(attached.error());
        }
        if (files.answer == connector::Answer::kFile) {
            sink = std::make_shared<FileSink>(
                FileSink::Needs{*deps_.files, who.tenant, name_of_url(files.url), redactor}
            );
            wire.sink = sink;
            wire.sink_bytes_max = static_cast<std::size_t>(deps_.files->options().file_bytes_max);
        }
    }
    store::runs::Used used{.bytes_out = bytes_of(wire), .calls = 1};
    auto sent = co_await deps_.egress.send(who.tenant, std::move(wire), by);
    seconds_.observe(std::chrono::duration<double>(deps_.clock.steady() - before).count());
    if (!sent) {
        if (sent.error().kind == http::Failure::kDenied) refused_.add();
        Response out = from_failure(sent.error(), request.effect);
        out.health = health_of(sent.error().kind);
        if (sent.error().is_maybe_delivered) out.used = used;
        out.message = redactor->redact(std::move(out.message));
        co_return out;
    }
    std::optional<Json> body;
    const bool is_kept = sink != nullptr && sent->status >= 200 && sent->status < 300;
    if (is_kept) {
        auto kept = co_await keep_file(who, *sink, *sent, by);
        used.bytes_in = sink->bytes();
        if (!kept) {
            Response out = from_file(kept.error());
            out.health = Health::kWell;
            out.used = used;
            co_return out;
        }
        body = *std::move(kept);
    }
    rt::Budget::Charge charge = std::move(sent->charge);
    const std::string coding(sent->headers.get("content-encoding"));
    connector::HttpResponse answer = to_answer(*std::move(sent));
    const std::size_t bytes = answer.body.size();
    used.bytes_in += static_cast<std::int64_t>(bytes);
    connector::Oddities seen;
    const int status = answer.status;
    const Reading how{request.effect, *redactor, deps_.clock.now()};
    auto judge = [&] { return from_answer(std::move(answer), how, seen, std::move(body)); };
    Response out = co_await rt::offload(bytes, judge);
    out.health = health_of(out);
    out.used = used;
    tell(who, seen, coding);
    if (authorized.connection) note_use(who, *authorized.connection, host, status, out);
    if (out.outcome == Outcome::kOk) {
        out.charge = std::move(charge);
        out.status = status;
    }
    co_return out;
}

void Broker::note_use(
    Principal who, const store::vault::OpenConnection& used, std::string_view host, int status, Response& out
) {
    if (deps_.uses != nullptr) deps_.uses->note({who.tenant, used.id, used.revision, status});
    if (!store::vault::is_refusal(status)) return;
    const std::string_view advice =
        status == 401 ? "Renew its secret" : "Give it the right to do this there, or renew its secret";
    out.message = fmt::format(
        "The connection \"{}\" was refused by {} ({}). {}. {}", used.name, host, status, advice, out.message
    );
}

void Broker::tell(Principal who, const connector::Oddities& seen, const std::string& coding) {
    if (deps_.notices == nullptr) return;
    const auto note = [&](std::string_view reason, std::string_view label) {
        deps_.notices->note(
            reason,
            who.tenant.text(),
            {{"run_id", who.run}, {"tenant_id", who.tenant}, {"label", label.substr(0, 64)}}
        );
    };
    if (!coding.empty()) note("answer-coding", coding);
    if (!seen.charset.empty()) note("answer-charset", seen.charset);
    if (seen.has_broken_text) note("answer-text", "");
    if (seen.is_json_unread) note("answer-json", "");
}

/// Opens the connection as the run's tenant and puts the credential on the request.
rt::Task<Result<Broker::Authorized>> Broker::authorize(Principal who, Request& request, rt::Deadline by) {
    static const RedactorPtr nothing = std::make_shared<const connector::Redactor>();
    if (!request.connection) co_return Authorized{nothing, nullptr};
    const ConnectionRef& ref = *request.connection;
    CO_TRY(auto opened, co_await deps_.vault.open(who.tenant, ref.id, by));
    if (opened->id != ref.id) co_return fail(Error::not_found("Connection not found"));
    if (opened->auth_kind != connector::name(ref.app->auth.kind)) {
        co_return fail(Error::conflict("The connection was made for another way of authentication"));
    }
    CO_TRY(request.http, connector::apply_auth(*ref.app, opened->fields, std::move(request.http)));
    co_return Authorized{redactor_of(who.tenant, ref, opened), opened};
}

Broker::RedactorPtr Broker::redactor_of(
    TenantId tenant, ConnectionRef ref, const store::vault::Vault::Opened& opened
) {
    const Redacting* found = redacting_.find(ref.id.text());
    if (found == nullptr || found->opened != opened) {
        auto redactor = std::make_shared<const connector::Redactor>(ref.app->auth, opened->fields);
        found = &redacting_.add(tenant.text(), ref.id.text(), {opened, std::move(redactor)});
    }
    return found->redactor;
}

}  // namespace weft::broker
