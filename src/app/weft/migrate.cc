#include "platform/pg/migrate.h"

#include "app/weft/commands.h"

#include <unistd.h>

#include <cstdio>

namespace weft::app {

int complain(const Error& error) {
    std::string user = error.user.empty() ? "Something went wrong inside Weft." : error.user;
    std::fprintf(stderr, "weft: %s\n", user.c_str());
    if (!error.detail.empty()) std::fprintf(stderr, "      %s\n", error.detail.c_str());
    return kExitFailed;
}

void give_up(const Error& error) {
    const int code = complain(error);
    std::fflush(nullptr);
    ::_exit(code);
}

int migrate(const Environment& environment) {
    pg::MigrateOptions options{
        .url = std::string(get(environment, "WEFT_DATABASE_URL")),
        .api_password = std::string(get(environment, "WEFT_API_PASSWORD")),
        .worker_password = std::string(get(environment, "WEFT_WORKER_PASSWORD")),
    };
    if (options.url.empty()) {
        return complain(
            Error::invalid("WEFT_DATABASE_URL is not set. Set it to the database to migrate, with a login "
                           "that may create roles.")
        );
    }
    auto applied = pg::migrate(options);
    if (!applied) return complain(applied.error());
    std::printf(*applied == 0 ? "The database is up to date.\n" : "Applied %d migrations.\n", *applied);
    return kExitOk;
}

}  // namespace weft::app
