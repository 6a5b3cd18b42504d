#pragma once

#include "base/fair_lru.h"
#include "graphql/live/live.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weft::graphql::detail {

/// A position in the server's log.
using Lsn = std::uint64_t;

/// Reads the pgoutput plugin's messages (protocol version 1) and tells of changes when their transaction has
/// committed.
class PgOutput {
  public:
    explicit PgOutput(std::function<void(const Change&)> on_change) : on_change_(std::move(on_change)) {}

    /// One message. False: it is not understood; the connection should be given up.
    bool read(std::string_view message);
    /// The end of the last transaction that was told of.
    Lsn committed() const { return committed_; }

  private:
    struct Column {
        std::string name;
        bool is_key = false;
    };
    struct Relation {
        QualifiedName name;
        std::vector<Column> columns;
    };
    struct Tuple;
    class Reader;

    bool read_relation(Reader& in);
    bool read_row(char kind, Reader& in);
    bool read_truncate(Reader& in);
    void note(const Relation& relation, bool is_insert, const Tuple* before, const Tuple* after);
    static void note_column(
        Change& change, const Column& column, std::size_t at, const Tuple* before, const Tuple* after
    );
    void note_whole(const Relation& relation);
    void commit();

    std::function<void(const Change&)> on_change_;
    /// Tables that a publication may hold.
    static constexpr std::size_t kRelationsMax = 10'000;
    FairLru<Relation> relations_{kRelationsMax};  // by the number that the server gave
    struct Pending {
        std::vector<Change> changes;
        bool is_whole = false;  // too many rows: one change stands for all
    };
    std::map<QualifiedName, Pending> pending_;  // of the transaction under way
    Lsn committed_ = 0;
    std::uint32_t transaction_ = 0;
};

}  // namespace weft::graphql::detail
