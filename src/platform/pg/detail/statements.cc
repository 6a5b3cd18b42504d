#include "platform/pg/detail/statements.h"

#include <algorithm>
#include <iterator>

namespace weft::pg::detail {

const Statements::Entry* Statements::find(std::string_view name) {
    auto found = by_name_.find(name);
    if (found == by_name_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &*found->second;
}

const Statements::Entry& Statements::add(const Query& query) {
    // Few are without an answer at a time (those of one batch), so this looks at few.
    auto oldest = entries_.end();
    while (entries_.size() >= max_ && oldest != entries_.begin()) {
        auto candidate = std::prev(oldest);
        if (candidate->is_confirmed) {
            make_stale(candidate);
        } else {
            oldest = candidate;
        }
    }
    auto number = ++numbers_given_;
    entries_.push_front({number, server_name(number), std::string(query.name), std::string(query.text)});
    by_name_.emplace(entries_.front().name, entries_.begin());
    return entries_.front();
}

void Statements::confirm(std::uint64_t number) {
    if (auto entry = at(number); entry != entries_.end()) entry->is_confirmed = true;
}

void Statements::drop(std::uint64_t number) {
    if (auto entry = at(number); entry != entries_.end()) erase(entry);
}

void Statements::outdate(std::uint64_t number) {
    if (at(number) == entries_.end()) return;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        auto current = entry++;
        if (current->is_confirmed) make_stale(current);
    }
}

std::optional<std::uint64_t> Statements::take_stale() {
    if (stale_.empty()) return std::nullopt;
    auto number = stale_.back();
    stale_.pop_back();
    return number;
}

// Those in question were used a moment ago, hence are near the front.
Statements::List::iterator Statements::at(std::uint64_t number) {
    return std::ranges::find(entries_, number, &Entry::number);
}

void Statements::make_stale(List::iterator entry) {
    stale_.push_back(entry->number);
    erase(entry);
}

void Statements::erase(List::iterator entry) {
    by_name_.erase(entry->name);
    entries_.erase(entry);
}

}  // namespace weft::pg::detail
