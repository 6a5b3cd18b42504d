#include "platform/pg/detail/script.h"

#include "platform/pg/detail/sqlstate.h"

#include <libpq-fe.h>

namespace weft::pg::detail {

namespace {

ScriptAnswer answer_of(const PGresult* result) {
    ScriptAnswer out{.has_rows = PQresultStatus(result) == PGRES_TUPLES_OK, .columns = {}, .rows = {}};
    if (!out.has_rows) return out;
    const int columns = PQnfields(result);
    for (int column = 0; column < columns; ++column) out.columns.emplace_back(PQfname(result, column));
    for (int row = 0; row < PQntuples(result); ++row) {
        auto& values = out.rows.emplace_back();
        for (int column = 0; column < columns; ++column) {
            if (PQgetisnull(result, row, column) == 1) {
                values.emplace_back();
            } else {
                values.emplace_back(PQgetvalue(result, row, column));
            }
        }
    }
    return out;
}

}  // namespace

rt::Task<Result<ScriptAnswer>> run_script(
    std::shared_ptr<Link> link, std::string text, rt::Deadline by, ServerError* failed
) {
    if (PQsendQuery(link->raw(), text.c_str()) != 1) co_return fail(link->lost("script"));
    CO_CHECK_OK(co_await link->flush(by));
    Result<ScriptAnswer> outcome;
    for (;;) {
        CO_TRY(PGresult * raw, co_await link->next(by));
        if (raw == nullptr) break;
        Rows rows(raw);
        const auto status = PQresultStatus(raw);
        if (status == PGRES_FATAL_ERROR) {
            outcome = fail(to_error(raw, "script"));
            if (failed != nullptr) *failed = to_server_error(raw, 0);
        } else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            link->give_up();  // nobody is there to copy from or to
            co_return fail(Error::invalid("COPY from or to the client is not possible here"));
        } else if (PQntuples(raw) > kScriptRowsMax) {
            outcome =
                fail(Error::limit("The text gives more than " + std::to_string(kScriptRowsMax) + " rows"));
        } else if (outcome) {
            outcome = answer_of(raw);
        }
    }
    if (PQstatus(link->raw()) != CONNECTION_OK) co_return fail(link->lost("script"));
    co_return outcome;
}

}  // namespace weft::pg::detail
