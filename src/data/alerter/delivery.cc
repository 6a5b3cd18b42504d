#include "data/alerter/detail/delivery.h"

#include "base/bytes.h"
#include "core/connector/connector.h"
#include "platform/crypto/crypto.h"
#include "platform/http/client.h"
#include "store/alerts/alerts.h"

#include <fmt/format.h>

namespace weft::alerter::detail {

namespace {

namespace rows = store::alerts;

constexpr std::size_t kAnswerBytesMax = 64u << 10;  // nobody reads it
constexpr std::string_view kKeyPrefix = "whsec_";

Attempt failed(std::string problem) {
    return {.problem = std::move(problem)};
}

/// webhook-signature: one for each secret that holds now.
rt::Task<Result<std::string>> sign(
    const Needs& needs,
    TenantId tenant,
    AlertRuleId rule,
    rows::Sealed sealed,
    std::string text,
    rt::Deadline by
) {
    std::string out;
    for (const std::string& one : sealed.secrets) {
        crypto::Aad owner = rows::owner_of(tenant, rule, rows::Field::kSecret);
        CO_TRY(const Secret secret, co_await needs.vault.open(tenant, one, std::move(owner), by));
        std::string_view coded = secret.reveal();
        if (coded.starts_with(kKeyPrefix)) coded.remove_prefix(kKeyPrefix.size());
        const auto key = from_base64(coded);
        if (!key) co_return fail(Error::internal("an alert's secret is not base64"));
        if (!out.empty()) out += ' ';
        out += "v1," + base64(crypto::hmac_sha256(*key, text));
    }
    co_return out;
}

Attempt judge(const http::ClientResponse& answer, Instant now) {
    if (answer.status >= 200 && answer.status < 300) return {};
    Attempt out;
    out.is_gone = answer.status == 410;
    if (out.is_gone) {
        out.problem = "The other system answered 410: it wants no more of these";
    } else if (answer.status >= 300 && answer.status < 400) {
        out.problem = fmt::format(
            "The other system answered {}: it has moved. Redirects are not followed; set the new address",
            answer.status
        );
    } else {
        out.problem = fmt::format("The other system answered {}", answer.status);
    }
    const connector::HttpResponse head{
        .status = answer.status,
        .headers = {{"retry-after", std::string(answer.headers.get("retry-after"))}},
        .body = ""
    };
    out.retry_after = connector::retry_after(head, now);
    return out;
}

rt::Task<Attempt> post(
    const Needs& needs,
    rows::Due due,
    rows::Sealed sealed,
    std::string url,
    alert::Message message,
    rt::Deadline by
) {
    http::ClientRequest request{.method = "POST", .url = std::move(url)};
    request.headers.add("Content-Type", "application/json");
    if (due.channel == alert::Channel::kSlack) {
        request.body = alert::slack_body(message);
    } else {
        request.body = alert::webhook_body(message);
        const std::int64_t at =
            std::chrono::floor<std::chrono::seconds>(needs.clock.now()).time_since_epoch().count();
        std::string text = alert::signed_text(message.id, at, request.body);
        auto signature = co_await sign(needs, due.tenant, due.rule, std::move(sealed), std::move(text), by);
        if (!signature) co_return failed("Its secret cannot be opened; make a new one");
        request.headers.add("webhook-id", message.id);
        request.headers.add("webhook-timestamp", std::to_string(at));
        request.headers.add("webhook-signature", *std::move(signature));
    }
    request.body_bytes_max = kAnswerBytesMax;
    request.resend = http::Resend::kYes;
    auto answer = co_await needs.egress.send(due.tenant, std::move(request), by);
    if (answer) co_return judge(*answer, needs.clock.now());
    Attempt out = failed(answer.error().error.user);
    out.is_aborted = answer.error().kind == http::Failure::kCancelled;
    co_return out;
}

std::vector<std::string> split(std::string_view addresses) {
    std::vector<std::string> out;
    while (!addresses.empty()) {
        const auto end = addresses.find(',');
        out.emplace_back(addresses.substr(0, end));
        addresses.remove_prefix(end == std::string_view::npos ? addresses.size() : end + 1);
    }
    return out;
}

rt::Task<Attempt> mail(const Needs& needs, std::string to, alert::Message message, rt::Deadline by) {
    if (needs.smtp == nullptr)
        co_return failed(
            "This server has no mail server any more: its operator has to name one with --smtp-url"
        );
    const std::string& from = needs.options.mail_from;
    const std::string_view host = std::string_view(from).substr(from.find('@') + 1);
    http::Smtp::Mail letter{.from = from, .to = split(to), .text = alert::mail_text(message, from, to, host)};
    auto sent = co_await needs.smtp->send(std::move(letter), by);
    if (sent) co_return Attempt{};
    co_return Attempt{.problem = sent.error().user, .is_aborted = sent.error().code == Code::kCancelled};
}

}  // namespace

rt::Task<Attempt> deliver(const Needs& needs, rows::Due due, alert::Message message, rt::Deadline by) {
    auto sealed = co_await rows::load_target(needs.pool, due.tenant, due.rule, by);
    if (!sealed) co_return Attempt{.problem = sealed.error().user, .is_aborted = true};
    crypto::Aad owner = rows::owner_of(due.tenant, due.rule, rows::Field::kTarget);
    auto target = co_await needs.vault.open(due.tenant, sealed->target, std::move(owner), by);
    if (!target && target.error().code == Code::kInvalid)
        co_return failed("Whom it tells cannot be opened; set the address anew");
    if (!target) co_return Attempt{.problem = target.error().user, .is_aborted = true};
    if (due.channel == alert::Channel::kEmail)
        co_return co_await mail(needs, std::string(target->reveal()), std::move(message), by);
    std::string url(target->reveal());
    co_return co_await post(
        needs, std::move(due), *std::move(sealed), std::move(url), std::move(message), by
    );
}

}  // namespace weft::alerter::detail
