#include "platform/pg/conninfo.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <memory>

namespace weft::pg {

namespace {

enum class Kept { kYes, kNo, kRefused };

struct Option {
    std::string_view keyword;
    Kept kept;
};

/// Every option of libpq (15, and what later ones added): a test asks libpq whether one is missing.
constexpr auto kOptions = std::to_array<Option>({
    {"application_name", Kept::kYes},
    {"channel_binding", Kept::kYes},
    {"client_encoding", Kept::kYes},
    {"connect_timeout", Kept::kYes},
    {"dbname", Kept::kYes},
    {"fallback_application_name", Kept::kYes},
    {"gssencmode", Kept::kYes},
    {"gsslib", Kept::kYes},
    {"host", Kept::kYes},
    {"hostaddr", Kept::kYes},
    {"keepalives", Kept::kYes},
    {"keepalives_count", Kept::kYes},
    {"keepalives_idle", Kept::kYes},
    {"keepalives_interval", Kept::kYes},
    {"krbsrvname", Kept::kYes},
    {"load_balance_hosts", Kept::kYes},
    {"max_protocol_version", Kept::kYes},
    {"min_protocol_version", Kept::kYes},
    {"options", Kept::kYes},
    {"port", Kept::kYes},
    {"requirepeer", Kept::kYes},
    {"ssl_max_protocol_version", Kept::kYes},
    {"ssl_min_protocol_version", Kept::kYes},
    {"sslcompression", Kept::kYes},
    {"sslcrl", Kept::kYes},
    {"sslcrldir", Kept::kYes},
    {"sslmode", Kept::kYes},
    {"sslnegotiation", Kept::kYes},
    {"sslrootcert", Kept::kYes},
    {"sslsni", Kept::kYes},
    {"target_session_attrs", Kept::kYes},
    {"tcp_user_timeout", Kept::kYes},
    // The first login's own.
    {"gssdelegation", Kept::kNo},
    {"passfile", Kept::kNo},
    {"password", Kept::kNo},
    {"replication", Kept::kNo},
    {"require_auth", Kept::kNo},
    {"sslcert", Kept::kNo},
    {"sslcertmode", Kept::kNo},
    {"sslkey", Kept::kNo},
    {"sslpassword", Kept::kNo},
    {"user", Kept::kNo},
    // A name for a part of a file that libpq reads itself, password and all.
    {"service", Kept::kRefused},
});

Kept kept(std::string_view keyword) {
    const auto* found = std::ranges::find(kOptions, keyword, &Option::keyword);
    return found == kOptions.end() ? Kept::kRefused : found->kept;
}

}  // namespace

Result<Conninfo> Conninfo::parse(std::string_view text) {
    Secret whole{std::string(text)};
    // libpq's own message would repeat parts of the text.
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
        PQconninfoParse(whole.reveal().data(), nullptr), &PQconninfoFree
    );
    if (!parsed) {
        return fail(
            Error::invalid("The connection string of the database is malformed. Write "
                           "postgresql://USER:PASSWORD@HOST/DATABASE "
                           "or HOST=... as PostgreSQL's documentation says.")
        );
    }
    Conninfo out;
    for (const PQconninfoOption* at = parsed.get(); at->keyword != nullptr; ++at) {
        if (at->val != nullptr) out.set(at->keyword, at->val);
    }
    return out;
}

std::string_view Conninfo::get(const std::string& keyword) const {
    const auto found = parts_.find(keyword);
    return found == parts_.end() ? std::string_view() : found->second.reveal();
}

Result<Conninfo> Conninfo::for_login(std::string_view user, const Secret& password) const {
    Conninfo out;
    for (const auto& [keyword, value] : parts_) {
        switch (kept(keyword)) {
            case Kept::kYes:
                out.parts_[keyword] = value;
                break;
            case Kept::kNo:
                break;
            case Kept::kRefused:
                return fail(Error::invalid(
                    "The connection string uses `" + keyword +
                    "`, which cannot be handed on to another login. Name host, port and dbname instead."
                ));
        }
    }
    out.set("user", user);
    out.parts_["password"] = password;
    return out;
}

Secret Conninfo::text() const {
    std::size_t size = 0;
    for (const auto& [keyword, value] : parts_) size += keyword.size() + 2 * value.reveal().size() + 4;
    std::string out;
    out.reserve(size);  // growing would leave copies behind
    for (const auto& [keyword, value] : parts_) {
        out.append(out.empty() ? "" : " ").append(keyword).append("='");
        for (const char c : value.reveal()) {
            if (c == '\'' || c == '\\') out += '\\';
            out += c;
        }
        out += '\'';
    }
    return Secret(std::move(out));
}

}  // namespace weft::pg
