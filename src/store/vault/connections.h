#pragma once

#include "base/id.h"
#include "store/db/db.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The rows of connections: what is known of them without opening anything.
namespace weft::store::vault {

/// What the calls tell of the secret.
enum class State : std::uint8_t { kUntested, kOk, kFailing };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 3> kStates = {"untested", "ok", "failing"};
std::string_view name(State state);
std::optional<State> state_from(std::string_view text);

struct Connection {
    ConnectionId id;
    AppId app_id;
    std::string key;
    std::string name;
    std::string auth_kind;
    int revision = 1;
    State state = State::kUntested;
    std::optional<Instant> last_used_at;  // to the minute
    std::optional<int> last_error_status;
    std::optional<Instant> last_error_at;
    Instant created_at;
    Instant updated_at;
};
struct NewConnection {
    TenantId tenant;
    ConnectionId id;
    AppId app_id;
    std::string key;
    std::string name;
    std::string auth_kind;
    std::string sealed;
    Uuid key_id;
};
rt::Task<Result<Page<Connection>>> list_connections(Db db, PageRequest page, rt::Deadline by);
rt::Task<Result<Connection>> find_connection(Db db, ConnectionId id, rt::Deadline by);
rt::Task<Result<Connection>> find_connection_by_key(Db db, std::string key, rt::Deadline by);
/// kConflict when the key is taken.
rt::Task<Result<Connection>> add_connection(Db db, NewConnection connection, rt::Deadline by);
rt::Task<Result<Connection>> rename_connection(Db db, ConnectionId id, std::string name, rt::Deadline by);
struct NewSecret {
    ConnectionId id;
    int expected_revision = 1;  // the new one is this plus one
    std::string auth_kind;
    std::string sealed;  // for the new revision
    Uuid key_id;
};
/// kConflict when somebody else replaced it meanwhile.
rt::Task<Result<Connection>> replace_secret(Db db, NewSecret secret, rt::Deadline by);
rt::Task<Result<void>> drop_connection(Db db, ConnectionId id, rt::Deadline by);

}  // namespace weft::store::vault
