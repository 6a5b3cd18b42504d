#include "graphql/sql/detail/order.h"

#include "graphql/sql/detail/call.h"
#include "graphql/sql/detail/condition.h"

#include <algorithm>
#include <array>

namespace weft::graphql::detail {

namespace {

struct Direction {
    std::string_view name;
    std::string_view sql;
};
constexpr std::array<Direction, 6> kDirections{{
    {"asc", " ASC NULLS LAST"},
    {"asc_nulls_first", " ASC NULLS FIRST"},
    {"asc_nulls_last", " ASC NULLS LAST"},
    {"desc", " DESC NULLS FIRST"},
    {"desc_nulls_first", " DESC NULLS FIRST"},
    {"desc_nulls_last", " DESC NULLS LAST"},
}};

std::string_view sql_of(std::string_view direction) {
    const auto* found = std::ranges::find(kDirections, direction, &Direction::name);
    return found == kDirections.end() ? kDirections.front().sql : found->sql;
}

std::vector<const Relationship*> chain_of(const OrderTerm& term, std::size_t length) {
    std::vector<const Relationship*> out;
    for (std::size_t i = 0; i < length; ++i) out.push_back(term.hops[i].relationship);
    return out;
}

void add(std::vector<const Column*>& to, const Column* column) {
    if (column != nullptr && std::ranges::find(to, column) == to.end()) to.push_back(column);
}

}  // namespace

const std::string& Ordering::alias_of(const Chain& chain) const {
    if (chain.empty()) return alias_;
    return std::ranges::find(
               joined_, chain, [](const auto& each) -> const Chain& { return each.first; }
    )->second;
}

void Ordering::write_joins() {
    for (const OrderTerm& term : select_.order_by) {
        for (std::size_t i = 0; i < term.hops.size(); ++i) {
            Chain chain = chain_of(term, i + 1);
            bool is_joined =
                std::ranges::any_of(joined_, [&](const auto& each) { return each.first == chain; });
            if (!is_joined) write_join(term.hops[i], chain);
        }
    }
}

void Ordering::write_join(const OrderTerm::Hop& hop, const Chain& chain) {
    std::string above = alias_of(Chain(chain.begin(), chain.end() - 1));
    std::string alias = out_.new_alias(hop.remote);
    const auto rows = [&] { out_ << hop.remote.table().sql; };
    if (is_unique(*hop.relationship)) {
        out_ << " LEFT JOIN ";
        write_source(out_, hop.remote, hop.relationship, rows, alias);
        Where on(out_, " ON ");
        on.permission(hop.remote, alias);
        on.join(*hop.relationship, above, alias);
        joined_.emplace_back(chain, alias);
        return;
    }
    // Several rows may fit: any one of them, so that the rows that are ordered do not multiply.
    std::string outer = out_.new_alias(hop.remote);
    out_ << " LEFT JOIN LATERAL (SELECT ";
    Separator separator(", ");
    for (const Column* each : columns_at(chain)) {
        out_ << separator.next();
        out_.passed_on(alias, *each);
    }
    if (needs_row_at(chain)) (out_ << separator.next()).row_passed_on(alias, hop.remote);
    out_ << " FROM ";
    write_source(out_, hop.remote, hop.relationship, rows, alias);
    Where where(out_);
    where.permission(hop.remote, alias);
    where.join(*hop.relationship, above, alias);
    out_ << " LIMIT 1) AS " << outer << " ON TRUE";
    joined_.emplace_back(chain, outer);
}

/// What the terms read of the row at the end of a chain.
std::vector<const Column*> Ordering::columns_at(const Chain& chain) const {
    std::vector<const Column*> out;
    for (const OrderTerm& term : select_.order_by) {
        if (term.hops.size() < chain.size() || chain_of(term, chain.size()) != chain) continue;
        if (term.hops.size() > chain.size()) {
            for (const auto& [here, there] : term.hops[chain.size()].relationship->columns) add(out, here);
        } else if (term.aggregated != nullptr) {
            for (const auto& [here, there] : term.aggregated->columns) add(out, here);
        } else if (term.computed == nullptr) {
            add(out, term.column);
        }
    }
    return out;
}

bool Ordering::needs_row_at(const Chain& chain) const {
    return std::ranges::any_of(select_.order_by, [&](const OrderTerm& term) {
        return term.computed != nullptr && chain_of(term, term.hops.size()) == chain;
    });
}

void Ordering::write_term(const OrderTerm& term) {
    const std::string& alias = alias_of(chain_of(term, term.hops.size()));
    if (term.aggregated_remote) {
        std::string rows = out_.new_alias(*term.aggregated_remote);
        std::vector<const Column*> columns;
        if (term.column != nullptr) columns.push_back(term.column);
        out_ << "(SELECT ";
        write_aggregate_call(out_, term.function, columns, false, rows);
        out_ << " FROM ";
        const auto source = [&] {
            if (term.computed == nullptr) out_ << term.aggregated_remote->table().sql;
            if (term.computed != nullptr) write_computed(out_, *term.computed, out_.row(alias));
        };
        write_source(out_, *term.aggregated_remote, term.aggregated, source, rows);
        Where where(out_);
        where.permission(*term.aggregated_remote, rows);
        if (term.aggregated != nullptr) where.join(*term.aggregated, alias, rows);
        if (term.computed != nullptr) where.is_row_of(*term.computed->function, rows);
        out_ << ")";
    } else if (term.computed != nullptr) {
        write_shown_computed(out_, *term.computed, alias);
    } else {
        out_.column(alias, *term.column);
    }
    out_ << sql_of(term.direction);
}

void Ordering::write_clause() {
    std::vector<const Column*> last;
    bool is_page = select_.limit || select_.offset;
    auto is_ordered = [&](const Column* column) {
        return std::ranges::any_of(select_.order_by, [&](const OrderTerm& term) {
            return term.hops.empty() && !term.aggregated_remote && term.column == column;
        });
    };
    if (select_.order_by.empty() && is_page) last = select_.distinct_on;
    if (is_page) {
        for (const Column* each : select_.from.table().primary_key) add(last, each);
    }
    std::erase_if(last, is_ordered);
    if (select_.order_by.empty() && last.empty()) return;
    out_ << " ORDER BY ";
    Separator separator(", ");
    for (const OrderTerm& term : select_.order_by) {
        out_ << separator.next();
        write_term(term);
    }
    for (const Column* each : last) {
        out_ << separator.next();
        out_.column(alias_, *each) << " ASC NULLS LAST";
    }
}

}  // namespace weft::graphql::detail
