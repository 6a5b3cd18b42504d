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

/// Whether calls go out through a connection (docs/adr/0044): not while it is open; one while it is half
/// open.
enum class Circuit : std::uint8_t { kClosed, kOpen, kHalfOpen };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 3> kCircuits = {"closed", "open", "half_open"};
std::string_view name(Circuit circuit);
std::optional<Circuit> circuit_from(std::string_view text);

/// When it opens: so many failures within a time, and for how long. 0 failures: never.
struct Breaker {
    int failures = 10;
    Millis within{60'000};
    Millis open{30'000};
};

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
    Breaker breaker;
    Circuit circuit = Circuit::kClosed;
    std::optional<Instant> circuit_until;  // open: from then on one call may try
    std::optional<Instant> circuit_opened_at;
    std::optional<std::string> circuit_reason;
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
/// What is not there stays. A breaker without failures closes the circuit.
struct ConnectionChange {
    ConnectionId id;
    std::optional<std::string> name;
    std::optional<int> failures;
    std::optional<int> within_ms;
    std::optional<int> open_ms;
};
rt::Task<Result<Connection>> change_connection(Db db, ConnectionChange change, rt::Deadline by);
rt::Task<Result<Connection>> close_circuit(Db db, ConnectionId id, rt::Deadline by);
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
