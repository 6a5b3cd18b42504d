#include "graphql/plan/detail/context.h"

#include <algorithm>
#include <unordered_map>

namespace weft::graphql::detail {

namespace {

/// One run of CollectFields. Recursion ends: each fragment is entered once, and inline fragments are nested
/// no deeper than the parser allows.
class Collector {
  public:
    Collector(Context& c, const Type& type) : c_(c), type_(type) {}

    void add(std::span<const Selection> selections) {
        for (const Selection& each : selections) {
            if (!includes(each.directives, c_.variables)) continue;
            switch (each.kind) {
                case Selection::Kind::kField:
                    add_field(each);
                    break;
                case Selection::Kind::kInlineFragment:
                    if (!each.type_condition || applies(each.type_condition.text)) add(each.selections);
                    break;
                case Selection::Kind::kFragmentSpread:
                    add_spread(each);
                    break;
            }
        }
    }
    std::vector<Collected> take() && { return std::move(out_); }

  private:
    bool applies(std::string_view condition) const {
        if (condition == type_.name) return true;
        const Type* above = c_.view().type(condition);
        return above != nullptr && std::ranges::find(above->possible, &type_) != above->possible.end();
    }
    void add_spread(const Selection& spread) {
        const Fragment* fragment = c_.document.fragment(spread.name.text);
        if (fragment == nullptr || std::ranges::find(seen_, fragment) != seen_.end()) return;
        seen_.push_back(fragment);
        if (applies(fragment->type_condition.text)) add(fragment->selections);
    }
    void add_field(const Selection& selection) {
        auto [at, is_new] = by_key_.emplace(selection.response_key(), out_.size());
        if (is_new) {
            Collected made = first(selection);
            if (made.field == nullptr && selection.name.text != "__typename") {
                c_.note_hidden(selection.name.text);
                by_key_.erase(at);
                return;
            }
            out_.push_back(std::move(made));
        }
        if (selection.has_selections) out_[at->second].below.push_back(selection.selections);
    }
    Collected first(const Selection& selection) {
        Collected out{.key = selection.response_key(), .selection = &selection};
        std::string_view name = selection.name.text;
        if (name == "__typename") return out;
        out.field = c_.view().field(type_, name);
        if (out.field != nullptr && out.field->binding != kUnbound) out.meaning = &c_.meaning(*out.field);
        return out;
    }

    Context& c_;
    const Type& type_;
    std::vector<Collected> out_;
    std::unordered_map<std::string_view, std::size_t> by_key_;
    std::vector<const Fragment*> seen_;
};

}  // namespace

std::vector<Collected> collect_fields(Context& c, const Type& type, const SelectionSets& sets) {
    Collector collector(c, type);
    for (std::span<const Selection> each : sets) collector.add(each);
    return std::move(collector).take();
}

}  // namespace weft::graphql::detail
