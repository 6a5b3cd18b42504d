#pragma once

#include "platform/pg/query.h"

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace weft::pg::detail {

/// Which named statements one connection has prepared, the least recently used one last. Knows nothing of the
/// wire: what the server must let go of is asked for with `take_stale`.
class Statements {
  public:
    struct Entry {
        std::uint64_t number;
        std::string server_name;  // short: the server compares only the first 63 bytes
        std::string name;
        std::string text;
        bool is_confirmed = false;  // the server has answered the prepare
    };

    explicit Statements(std::size_t max) : max_(max) {}

    /// Null when `name` is not prepared; else it is now the most recently used one.
    const Entry* find(std::string_view name);
    /// A new entry, to be prepared now. Others beyond the limit become stale; those without an answer stay,
    /// because it is not known yet whether the server has them.
    const Entry& add(const Query& query);
    void confirm(std::uint64_t number);
    /// The server does not have it.
    void drop(std::uint64_t number);
    /// All that the server has become stale: they are prepared afresh when next used. Nothing happens when
    /// `number` is not among them (any more).
    void outdate(std::uint64_t number);

    /// A number to deallocate.
    std::optional<std::uint64_t> take_stale();
    /// It could not be deallocated; later.
    void put_back_stale(std::uint64_t number) { stale_.push_back(number); }

    static std::string server_name(std::uint64_t number) { return "w" + std::to_string(number); }

  private:
    using List = std::list<Entry>;
    List::iterator at(std::uint64_t number);
    void make_stale(List::iterator entry);
    void erase(List::iterator entry);

    std::size_t max_;
    List entries_;  // the most recently used first
    std::unordered_map<std::string_view, List::iterator> by_name_;
    std::vector<std::uint64_t> stale_;
    std::uint64_t numbers_given_ = 0;
};

}  // namespace weft::pg::detail
