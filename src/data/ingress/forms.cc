#include "data/ingress/forms.h"

#include "base/bytes.h"
#include "core/form/page.h"
#include "data/ingress/detail/addresses.h"
#include "data/ingress/detail/callers.h"
#include "data/ingress/detail/form_shapes.h"
#include "data/ingress/detail/request.h"
#include "data/ingress/detail/submission.h"
#include "platform/http/address.h"
#include "platform/rt/loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::ingress {

using form::Notice;
using store::triggers::RefusalReason;

namespace {

constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kNonceTextMax = 64;
constexpr double kCostOfLook = 0.1;   // of a submission's
constexpr double kCostOfTry = 0.125;  // likewise, of one that does not fit: people look again
constexpr auto kTimeout = std::chrono::seconds(15);
constexpr std::size_t kAroundFilesMax = 64u << 20;  // core/form says how much each form takes of files

/// A trigger as the edge needs it, parsed once.
struct KnownForm {
    static constexpr auto kKind = store::triggers::Kind::kForm;
    static Error unknown() { return Error::not_found("There is no active form at this address"); }
    static Error inactive() {
        return Error::conflict("The workflow of this form is inactive; nothing was accepted");
    }
    static Result<KnownForm> of(store::triggers::WebhookTarget row) {
        TRY(auto settings, form::parse_settings(row.config));
        return KnownForm{std::move(row), std::move(settings)};
    }
    store::triggers::WebhookTarget row;
    form::Settings settings;
};
using FormTarget = detail::Addresses<KnownForm>::Target;

form::Language language_of(const http::Request& request) {
    return form::language_of(request.headers.get("accept-language"));
}

struct Answer {
    Notice notice;
    RefusalReason reason;
    int status;
};
/// What an error is to somebody who has sent a form.
Answer answer_to(const Error& error) {
    const bool is_of_body = error.field.starts_with("body");
    // No room for files: nothing that the sender could change.
    if (error.field == "file") return {Notice::kUnavailable, RefusalReason::kOverload, 503};
    if (is_of_body && error.code == Code::kLimit) return {Notice::kTooLarge, RefusalReason::kBodyLimit, 413};
    if (is_of_body) return {Notice::kUnreadable, RefusalReason::kBody, http_status(error.code)};
    if (error.code == Code::kNotFound) return {Notice::kUnknown, RefusalReason::kInactive, 404};
    if (error.code == Code::kConflict) return {Notice::kInactive, RefusalReason::kInactive, 409};
    if (error.code == Code::kLimit) return {Notice::kTooMany, RefusalReason::kRate, 429};
    return {Notice::kUnavailable, RefusalReason::kOverload, http_status(error.code)};
}

/// The page can do nothing but be read and send its form, here or (by a redirect of ours) to where it leads.
http::Response html(int status, std::string body, std::string_view redirect_origin = "") {
    static const std::string style_hash = base64(crypto::sha256(form::style()));
    auto response = http::Response::text(status, std::move(body), "text/html; charset=utf-8");
    response.headers.set(
        "content-security-policy",
        fmt::format(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{}{}; base-uri 'none'; "
            "frame-ancestors 'none'",
            style_hash,
            redirect_origin.empty() ? "" : " ",
            redirect_origin
        )
    );
    response.headers.set("x-content-type-options", "nosniff");
    response.headers.set("referrer-policy", "no-referrer");
    response.headers.set("x-robots-tag", "noindex, nofollow");
    response.headers.set("cache-control", "no-store");
    response.headers.set("vary", "accept-language");
    return response;
}

http::Response refusal_of(const http::Request& request, const Error& error) {
    if (detail::is_json(request)) return http::problem(error, request.id);
    const Answer answer = answer_to(error);
    auto response = html(answer.status, form::notice_page(answer.notice, language_of(request)));
    if (answer.status == 429 || answer.status == 503) response.headers.set("retry-after", "60");
    return response;
}

/// A limit's headers on a page.
http::Response over(const http::Request& request, const http::Quota& quota) {
    auto plain =
        http::quota_exceeded(quota, "This form is sent more often than it may be; slow down", request.id);
    if (detail::is_json(request)) return plain;
    auto page = html(429, form::notice_page(Notice::kTooMany, language_of(request)));
    for (const auto& [name, value] : plain.headers)
        if (!http::same_name(name, "content-type")) page.headers.set(name, value);
    return page;
}

Error misfit(const form::Form& form, const std::vector<form::Problem>& problems) {
    const form::Problem& first = problems.front();
    if (!first.field) return Error::invalid(first.expected, "input");
    const std::string& name = form.fields()[*first.field].name;
    return Error::invalid(fmt::format("{} {}", name, first.expected), "input." + name);
}

http::Response thanked(const form::Settings& settings) {
    auto response = html(303, "");
    const std::string& redirect = settings.redirect;
    // Relative, so that it holds behind a proxy that serves us under a path.
    response.headers.set("location", redirect.empty() ? "?" + std::string(form::kSentName) : redirect);
    return response;
}

}  // namespace

struct Forms::Impl {
    rt::Loop& loop;
    Ingest& ingest;
    pg::Pool& pool;
    const rt::Clock& clock;
    Rng& rng;
    FormOptions options;
    rate::Limiter of_form;
    rate::Limiter of_address;
    detail::Addresses<KnownForm> addresses;
    detail::FormShapes shapes{pool};
    telemetry::Counter begun, repeated, shown;

    enum class Count { kLook, kTry, kAccept };
    /// The limit that one more would be over, if any. kTry counts that it came, kAccept that it starts a run.
    std::optional<http::Quota> over_rate(const KnownForm& target, const http::Request& head, Count how);
    rt::Task<Result<detail::FormShapes::Shape>> shape(FormTarget target, rt::Deadline by);
    rt::Task<Result<http::Response>> show(FormTarget target, http::Request request);
    rt::Task<Result<http::Response>> take(FormTarget target, http::Request request);
    rt::Task<Result<http::Response>> begin(
        FormTarget target,
        detail::FormShapes::Shape form,
        JsonObject input,
        detail::Submission sent,
        http::Request request
    );
    rt::Task<Result<Started>> start(StartByEvent event, detail::Received received, rt::Deadline by);
    rt::Task<Result<detail::Submission>> read(FormTarget target, http::Request& request);
    http::Response again(
        const KnownForm& target,
        const form::Form& form,
        const detail::Submission& sent,
        const std::vector<form::Problem>& problems,
        const http::Request& request
    );
    void refused(RefusalReason reason, const KnownForm& target, const http::Request& request, int status);
    std::string make_nonce() { return base64url(crypto::random_bytes(rng, kNonceBytes).reveal()); }
};

Forms::Forms(
    rt::Loop& loop,
    Ingest& ingest,
    pg::Pool& pool,
    const rt::Clock& clock,
    Rng& rng,
    telemetry::Metrics& metrics,
    FormOptions options
) {
    auto counter = [&](std::string_view outcome) {
        return metrics.counter(
            "weft_forms_total", "Form pages shown, and submissions", {{"outcome", std::string(outcome)}}
        );
    };
    impl_ = std::make_unique<Impl>(
        loop,
        ingest,
        pool,
        clock,
        rng,
        options,
        rate::Limiter(rng),
        rate::Limiter(rng),
        detail::Addresses<KnownForm>(pool, clock, {.strangers = options.strangers}),
        detail::FormShapes(pool),
        counter("begun"),
        counter("repeated"),
        counter("shown")
    );
}

Forms::~Forms() = default;

void Forms::add_routes(http::Router& router) {
    http::RouteOptions options{
        .body_bytes_max = limits::kFormBodyBytesMax,
        .timeout = kTimeout,
        .gate = [this](const http::Request& head) { return admit(head); },
    };
    if (impl_->options.files != nullptr) {
        options.streaming = http::RouteOptions::Streaming{
            .wants = [](const http::Request& head
                     ) { return detail::brings_files(head) && detail::is_multipart(head); },
            .body_bytes_max = static_cast<std::size_t>(file::kFileBytesMax) + kAroundFilesMax,
            .timeout = detail::kTransferTimeout,
        };
    }
    auto handler = [this](http::Request request) { return handle(std::move(request)); };
    for (auto method : {http::Method::kGet, http::Method::kPost})
        router.add(method, "/forms/{token}", handler, options);
}

std::optional<http::Quota> Forms::Impl::over_rate(
    const KnownForm& target, const http::Request& head, Count how
) {
    const Steady now = clock.steady();
    const std::string trigger = target.row.id.text();
    const std::string address = trigger + " " + http::address_key(head.client);
    const bool is_sent = head.method == http::Method::kPost;
    const double cost = !is_sent                ? kCostOfLook
                        : how == Count::kTry    ? kCostOfTry
                        : how == Count::kAccept ? 1 - kCostOfTry
                                                : 1;
    auto decide = [&](rate::Limiter& limiter, const std::string& key, const rate::Rate& rate) {
        return how == Count::kLook ? limiter.look(key, rate, cost, now) : limiter.take(key, rate, cost, now);
    };
    const http::Quota by_address{
        "form-address", options.of_address, decide(of_address, address, options.of_address)
    };
    if (!by_address.verdict.is_allowed) return by_address;
    if (!is_sent) return std::nullopt;
    const http::Quota by_form{"form", options.of_form, decide(of_form, trigger, options.of_form)};
    if (!by_form.verdict.is_allowed) return by_form;
    return std::nullopt;
}

rt::Task<Result<http::Pass>> Forms::admit(const http::Request& head) {
    http::Pass pass;
    auto found = co_await impl_->addresses.find(head);
    if (!found) {
        Error error = std::move(found).error();
        const bool is_too_many = impl_->addresses.is_one_too_many(head, error);
        if (is_too_many) error = Error::limit("Too many unknown forms were asked for from this address");
        pass.refusal = refusal_of(head, error);
        co_return pass;
    }
    const KnownForm& target = **found;
    pass.share = target.row.tenant.text();
    std::optional<Error> closed;
    const bool is_open = target.row.is_workflow_active || target.row.is_listening;
    if (!is_open || !target.row.published) closed = KnownForm::inactive();
    if (!closed && head.method == http::Method::kPost)
        if (auto room = impl_->ingest.may_start(target.row.tenant); !room) closed = std::move(room).error();
    if (closed) {
        pass.refusal = refusal_of(head, *closed);
        if (head.method == http::Method::kPost)
            impl_->refused(answer_to(*closed).reason, target, head, pass.refusal->status);
    } else if (auto quota = impl_->over_rate(target, head, Impl::Count::kLook)) {
        pass.refusal = over(head, *quota);
        impl_->refused(RefusalReason::kRate, target, head, pass.refusal->status);
    }
    pass.note = std::move(*found);
    co_return pass;
}

rt::Task<Result<http::Response>> Forms::handle(http::Request request) {
    if (request.note == nullptr) {
        CO_TRY(auto pass, co_await admit(request));
        if (pass.refusal) co_return std::move(*pass.refusal);
        request.note = std::move(pass.note);
    }
    auto target = std::static_pointer_cast<const KnownForm>(request.note);
    const bool is_sent = request.method == http::Method::kPost;
    if (auto quota = impl_->over_rate(*target, request, Impl::Count::kTry)) {
        if (is_sent) impl_->refused(RefusalReason::kRate, *target, request, 429);
        co_return over(request, *quota);
    }
    http::Request head;  // what is said of it afterwards
    head.headers = request.headers;
    head.client = request.client;
    head.id = request.id;
    auto answer = is_sent ? co_await impl_->take(target, std::move(request))
                          : co_await impl_->show(target, std::move(request));
    if (answer) co_return answer;
    auto response = refusal_of(head, answer.error());
    if (is_sent) impl_->refused(answer_to(answer.error()).reason, *target, head, response.status);
    co_return response;
}

rt::Task<Result<detail::FormShapes::Shape>> Forms::Impl::shape(FormTarget target, rt::Deadline by) {
    return shapes.of(target->row.tenant, *target->row.published, target->settings, std::move(by));
}

rt::Task<Result<http::Response>> Forms::Impl::show(FormTarget target, http::Request request) {
    const auto language = language_of(request);
    const std::string origin = form::redirect_origin(target->settings);
    if (request.target.query.find(form::kSentName)) {
        const std::string& title = target->settings.title;
        co_return html(
            200, form::notice_page(Notice::kSent, language, title, target->settings.thanks), origin
        );
    }
    CO_TRY(auto form, co_await shape(target, request.deadline));
    std::vector<std::pair<std::string, std::string>> asked(
        request.target.query.begin(), request.target.query.end()
    );
    const std::string nonce = make_nonce();
    const form::Page page{
        .language = language, .title = target->row.name, .nonce = nonce, .entries = asked, .problems = {}
    };
    shown.add();
    co_return html(200, form::page(*form, page), origin);
}

http::Response Forms::Impl::again(
    const KnownForm& target,
    const form::Form& form,
    const detail::Submission& sent,
    const std::vector<form::Problem>& problems,
    const http::Request& request
) {
    const std::string_view nonce = sent.entry(form::kNonceName).substr(0, kNonceTextMax);
    const std::string fresh = nonce.empty() ? make_nonce() : std::string(nonce);
    const form::Page page{
        .language = language_of(request),
        .title = target.row.name,
        .nonce = fresh,
        .entries = sent.entries,
        .problems = problems,
        .is_trapped = problems.empty(),
    };
    return html(422, form::page(form, page), form::redirect_origin(target.settings));
}

rt::Task<Result<http::Response>> Forms::Impl::take(FormTarget target, http::Request request) {
    CO_TRY(auto form, co_await shape(target, request.deadline));
    CO_TRY(auto sent, co_await read(target, request));
    // A person is asked to look again and loses nothing; a program does not.
    if (!sent.entry(form::kTrapName).empty()) {
        refused(RefusalReason::kSpam, *target, request, 422);
        co_return again(*target, *form, sent, {}, request);
    }
    auto understand = [&] {
        return sent.json ? form->read(*sent.json) : form->read(sent.entries, sent.files);
    };
    auto reading = co_await rt::on_pool(understand, rt::Pool::kTenants);
    if (!reading.problems.empty()) {
        refused(RefusalReason::kInput, *target, request, 422);
        if (sent.json) co_return http::problem(misfit(*form, reading.problems), request.id);
        co_return again(*target, *form, sent, reading.problems, request);
    }
    if (auto quota = over_rate(*target, request, Count::kAccept)) {
        refused(RefusalReason::kRate, *target, request, 429);
        co_return over(request, *quota);
    }
    co_return co_await begin(target, form, std::move(reading.input), std::move(sent), std::move(request));
}

rt::Task<Result<detail::Submission>> Forms::Impl::read(FormTarget target, http::Request& request) {
    if (request.incoming != nullptr) {
        CO_TRY(auto form, co_await shape(target, request.deadline));
        detail::Receiving how{
            .files = *options.files,
            .tenant = target->row.tenant,
            .origin = store::files::Origin::kForm,
        };
        co_return co_await detail::receive_submission(request, *form, std::move(how), request.deadline);
    }
    if (request.body_lease) CO_CHECK_OK(request.body_lease->resize(4 * limits::kFormBodyBytesMax));
    auto work = [&] { return detail::read_submission(request); };
    co_return co_await rt::offload(request.body.size(), work);
}

rt::Task<Result<http::Response>> Forms::Impl::begin(
    FormTarget target,
    detail::FormShapes::Shape form,
    JsonObject input,
    detail::Submission sent,
    http::Request request
) {
    const std::string nonce(
        sent.json ? request.headers.get("idempotency-key") : sent.entry(form::kNonceName)
    );
    const bool is_recognised = !nonce.empty() && nonce.size() <= kNonceTextMax;
    const Json tree(std::move(input));
    std::string text = to_text(tree);
    std::string about = detail::trigger_of(KnownForm::kKind, request, target->row, "", clock.now());
    const bool is_json = detail::is_json(request);
    CO_TRY(const Capture captured, co_await ingest.capture(target->row, text, about, request.deadline));
    if (captured == Capture::kUnwanted)
        co_return fail(target->row.is_active ? KnownForm::inactive() : KnownForm::unknown());
    if (captured == Capture::kKept) {
        auto& uploads = sent.received.uploads;
        if (!uploads.empty())
            CO_CHECK_OK(co_await options.files->keep(std::move(uploads), std::nullopt, request.deadline));
        if (is_json) co_return http::Response::json(202, R"({"captured":true})");
        co_return thanked(form->settings());
    }
    // Whoever filled it in is thanked: what becomes of it is the owner's business.
    const auto& filter = form->settings().filter;
    const bool is_wanted = !filter || detail::passes(*filter, text, about);
    if (!is_wanted) {
        refused(RefusalReason::kFiltered, *target, request, is_json ? 202 : 303);
        if (is_json) co_return http::Response::json(202, R"({"filtered":true})");
        co_return thanked(form->settings());
    }
    StartByEvent start{
        .tenant = target->row.tenant,
        .trigger_id = target->row.id,
        .dedupe_key =
            is_recognised ? "form:" + hex(crypto::sha256(nonce + '\n' + detail::recognised_by(tree))) : "",
        .input = std::move(text),
        .trigger = std::move(about),
    };
    CO_TRY(
        Started started, co_await this->start(std::move(start), std::move(sent.received), request.deadline)
    );
    (started.is_duplicate ? repeated : begun).add();
    if (is_json) co_return detail::accepted(started);
    co_return thanked(form->settings());
}

/// The run is given its files first.
rt::Task<Result<Started>> Forms::Impl::start(StartByEvent event, detail::Received received, rt::Deadline by) {
    const TenantId tenant = event.tenant;
    const std::vector<FileId> files = received.ids();
    if (files.empty()) co_return co_await ingest.start_by_event(std::move(event), by);
    const RunId run = ingest.make_id();
    event.run = run;
    CO_CHECK_OK(co_await options.files->keep(std::move(received.uploads), run, by));
    auto started = co_await ingest.start_by_event(std::move(event), by);
    if (started ? started->run != run : detail::has_begun_nothing(started.error()))
        for (const FileId& file : files) (void)co_await options.files->drop(tenant, file, by);
    co_return started;
}

void Forms::Impl::refused(
    RefusalReason reason, const KnownForm& target, const http::Request& request, int status
) {
    if (options.refusals == nullptr) return;
    options.refusals->note({
        .tenant = target.row.tenant,
        .trigger = target.row.id,
        .reason = reason,
        .status = status,
        .size = std::max(request.body.size(), detail::stated_length(request)),
        .content_type = std::string(request.headers.get("content-type")),
        .address = masked_address(request.client),
    });
}

void Forms::forget(TriggerId trigger) {
    impl_->addresses.forget(trigger);
}

void Forms::forget_all() {
    impl_->addresses.forget_all();
}

}  // namespace weft::ingress
