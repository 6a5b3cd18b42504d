#include "graphql/live/detail/pgoutput.h"

#include <algorithm>
#include <optional>

namespace weft::graphql::detail {

namespace {

/// Beyond this many rows of a table in one transaction the change is one of the whole table.
constexpr std::size_t kTransactionRowsMax = 500;
/// Longer values are no keys: not named, they are taken as met.
constexpr std::size_t kValueBytesMax = 256;

}  // namespace

/// Takes big-endian numbers and zero-terminated texts from the front; stops being good when there are none.
class PgOutput::Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}
    bool is_good() const { return is_good_; }

    std::uint64_t number(std::size_t bytes) {
        const std::string_view part = take(bytes);
        std::uint64_t out = 0;
        for (const char c : part) out = out << 8U | static_cast<unsigned char>(c);
        return out;
    }
    char character() { return static_cast<char>(number(1)); }
    std::string text() {
        const auto end = rest_.find('\0');
        if (end == std::string_view::npos) {
            is_good_ = false;
            return {};
        }
        std::string out(rest_.substr(0, end));
        rest_.remove_prefix(end + 1);
        return out;
    }
    std::string_view take(std::size_t bytes) {
        if (bytes > rest_.size()) {
            is_good_ = false;
            rest_ = {};
            return {};
        }
        const std::string_view out = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return out;
    }

  private:
    std::string_view rest_;
    bool is_good_ = true;
};

/// A row: values of its columns in order.
struct PgOutput::Tuple {
    struct Value {
        enum class Kind : std::uint8_t { kNull, kText, kUnknown };
        Kind kind = Kind::kNull;
        std::string_view text;
    };
    std::vector<Value> values;

    static Tuple read(Reader& in) {
        using Kind = Value::Kind;
        Tuple out;
        const auto columns = in.number(2);
        for (std::uint64_t i = 0; i < columns && in.is_good(); ++i) {
            const char kind = in.character();
            const bool has_text = kind == 't' || kind == 'b';
            const std::string_view text = has_text ? in.take(in.number(4)) : std::string_view();
            const bool is_known = kind == 'n' || (kind == 't' && text.size() <= kValueBytesMax);
            out.values.push_back({!is_known ? Kind::kUnknown : has_text ? Kind::kText : Kind::kNull, text});
        }
        return out;
    }
};

bool PgOutput::read_relation(Reader& in) {
    const auto id = static_cast<std::uint32_t>(in.number(4));
    Relation relation;
    relation.name.schema = in.text();
    relation.name.name = in.text();
    in.character();  // REPLICA IDENTITY: told by the columns' flags
    const auto columns = in.number(2);
    for (std::uint64_t i = 0; i < columns && in.is_good(); ++i) {
        const bool is_key = (in.number(1) & 1U) != 0;
        relation.columns.push_back({.name = in.text(), .is_key = is_key});
        in.number(4);  // type
        in.number(4);  // its modifier
    }
    relations_.add("", std::to_string(id), std::move(relation));
    return in.is_good();
}

/// Appends what is known of a column, unless one of the rows has a value there that is not known.
void PgOutput::note_column(
    Change& change, const Column& column, std::size_t at, const Tuple* before, const Tuple* after
) {
    const std::size_t size = change.values.size();
    for (const Tuple* tuple : {before, after}) {
        if (tuple == nullptr) continue;
        const auto value =
            at < tuple->values.size() ? tuple->values[at] : Tuple::Value{Tuple::Value::Kind::kUnknown, {}};
        if (value.kind == Tuple::Value::Kind::kUnknown) return change.values.resize(size);
        if (value.kind == Tuple::Value::Kind::kText) change.values.emplace_back(column.name, value.text);
    }
}

/// `before`: the old row, or its key when that was changed. Of an update without it only the key's columns
/// are sure to have been what they are now (all columns, under REPLICA IDENTITY FULL).
void PgOutput::note(const Relation& relation, bool is_insert, const Tuple* before, const Tuple* after) {
    Pending& pending = pending_[relation.name];
    if (pending.is_whole) return;
    if (pending.changes.size() >= kTransactionRowsMax) return note_whole(relation);
    Change change{.table = relation.name, .values = {}};
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
        if (is_insert || relation.columns[i].is_key)
            note_column(change, relation.columns[i], i, before, after);
    }
    pending.changes.push_back(std::move(change));
}

void PgOutput::note_whole(const Relation& relation) {
    Pending& pending = pending_[relation.name];
    pending.is_whole = true;
    pending.changes.assign(1, Change{.table = relation.name, .values = {}});
}

bool PgOutput::read_row(char kind, Reader& in) {
    const Relation* relation = relations_.find(std::to_string(in.number(4)));
    if (!in.is_good() || relation == nullptr) return false;
    std::optional<Tuple> before;
    std::optional<Tuple> after;
    char part = in.character();
    if (part == 'K' || part == 'O') {
        before = Tuple::read(in);
        part = kind == 'D' ? 'N' : in.character();
    }
    if (kind != 'D' && part == 'N') after = Tuple::read(in);
    if (!in.is_good() || (!before && !after)) return false;
    note(*relation, kind == 'I', before ? &*before : nullptr, after ? &*after : nullptr);
    return true;
}

bool PgOutput::read_truncate(Reader& in) {
    const auto count = in.number(4);
    in.number(1);  // options
    for (std::uint64_t i = 0; i < count && in.is_good(); ++i) {
        const Relation* relation = relations_.find(std::to_string(in.number(4)));
        if (relation == nullptr) return false;  // the server tells of a table before it tells of its change
        note_whole(*relation);
    }
    return in.is_good();
}

void PgOutput::commit() {
    for (auto& [table, pending] : pending_) {
        for (Change& change : pending.changes) {
            change.transaction = transaction_;
            on_change_(change);
        }
    }
    pending_.clear();
}

bool PgOutput::read(std::string_view message) {
    Reader in(message);
    const char kind = in.character();
    switch (kind) {
        case 'B':
            pending_.clear();
            in.number(8);  // where it ends
            in.number(8);  // when
            transaction_ = static_cast<std::uint32_t>(in.number(4));
            return in.is_good();
        case 'R':
            return read_relation(in);
        case 'I':
        case 'U':
        case 'D':
            return read_row(kind, in);
        case 'T':
            return read_truncate(in);
        case 'C':
            in.number(1);  // flags
            in.number(8);  // where the commit record begins
            if (const Lsn end = in.number(8); in.is_good()) committed_ = end;
            commit();
            return in.is_good();
        default:  // types, origins, messages of other plugins: nothing that changes rows
            return in.is_good();
    }
}

}  // namespace weft::graphql::detail
