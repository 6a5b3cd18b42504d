#include "data/broker/logins.h"

#include "base/percent.h"
#include "data/egress/services.h"

namespace weft::broker {

namespace {

/// What of the vault's errors is for the tenant to read.
Error said(Error why) {
    switch (why.code) {
        case Code::kNotFound:
            why.user = "The connection does not exist any more";
            break;
        case Code::kUnavailable:
            why.user = "The credential could not be read";
            break;
        case Code::kInvalid:
        case Code::kInternal:
            why.user = "The credential could not be opened";
            break;
        default:
            break;
    }
    return why;
}

}  // namespace

rt::Task<Result<Logins::Opened>> Logins::open(
    TenantId tenant, ConnectionRef ref, connector::Protocol protocol, rt::Deadline by
) {
    if (connector::protocol_of(*ref.app) != protocol)
        co_return fail(Error::conflict("The connection is for " + ref.app->base_url));
    auto opened = co_await needs_.vault.open(tenant, ref.id, by);
    if (!opened) co_return fail(said(std::move(opened).error()));
    if ((*opened)->id != ref.id) co_return fail(said(Error::not_found("Connection not found")));
    const bool is_basic = (*opened)->auth_kind == connector::name(connector::AuthKind::kBasic);
    if (!is_basic || !(*opened)->fields.contains("username") || !(*opened)->fields.contains("password"))
        co_return fail(Error::conflict("The connection has no name and password"));
    co_return *std::move(opened);
}

void Logins::note(TenantId tenant, const store::vault::OpenConnection& used, bool is_taken) {
    constexpr int kTaken = 200;  // as the answers of HTTP that say so
    constexpr int kRefused = 401;
    needs_.uses.note({tenant, used.id, used.revision, is_taken ? kTaken : kRefused});
}

Error Logins::not_let_in(TenantId tenant, const store::vault::OpenConnection& used, Error why) {
    if (why.code != Code::kUnauthenticated) return why;
    note(tenant, used, false);
    why.user += ". Renew the secret of the connection \"" + used.name + "\"";
    return why;
}

rt::Task<Result<OpenMailbox>> Logins::open_mailbox(TenantId tenant, ConnectionRef ref, rt::Deadline by) {
    CO_TRY(const Opened login, co_await open(tenant, ref, connector::Protocol::kImap, by));
    const connector::Origin& at = ref.app->origin;
    http::ImapServer server{
        .url = at.scheme + "://" + at.host + ":" + std::to_string(at.port) + "/",
        .user = std::string(login->fields.at("username").reveal()),
        .password = login->fields.at("password"),
        .check_address =
            [this](std::string_view ip, std::uint16_t port) {
                return egress::check_service(needs_.egress.policy(), egress::Service::kMailbox, ip, port);
            }
    };
    auto stream = co_await needs_.imap.open(std::move(server), by);
    if (!stream) co_return fail(not_let_in(tenant, *login, std::move(stream).error()));
    note(tenant, *login, true);
    co_return OpenMailbox{
        *std::move(stream), std::make_shared<const connector::Redactor>(ref.app->auth, login->fields)
    };
}

rt::Task<Result<OpenDatabase>> Logins::open_database(TenantId tenant, ConnectionRef ref, rt::Deadline by) {
    CO_TRY(const Opened login, co_await open(tenant, ref, connector::Protocol::kPostgres, by));
    auto redactor = std::make_shared<const connector::Redactor>(ref.app->auth, login->fields);
    pg::Door door{
        .host = ref.app->origin.host,
        .port = ref.app->origin.port,
        .database = percent_decode(std::string_view(ref.app->base_path).substr(1)),
        .user = std::string(login->fields.at("username").reveal()),
        .password = login->fields.at("password"),
        .is_plain = ref.app->origin.scheme == "postgres-plain",
        .ca_file = needs_.database_ca,
        .check_address =
            [this](std::string_view ip, std::uint16_t port) {
                return egress::check_service(needs_.egress.policy(), egress::Service::kDatabase, ip, port);
            }
    };
    auto guest = co_await pg::Guest::open(needs_.loop, std::move(door), by);
    if (!guest) {
        Error why = not_let_in(tenant, *login, std::move(guest).error());
        why.user = redactor->redact(std::move(why.user));  // it quotes the server
        co_return fail(std::move(why));
    }
    note(tenant, *login, true);
    co_return OpenDatabase{*std::move(guest), std::move(redactor)};
}

}  // namespace weft::broker
