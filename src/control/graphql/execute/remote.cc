#include "control/graphql/execute/detail/remote.h"

#include "control/graphql/execute/detail/bind.h"
#include "control/graphql/execute/detail/json_cursor.h"
#include "control/graphql/execute/detail/objects.h"

#include <algorithm>
#include <map>

namespace weft::graphql {

namespace {

using detail::JsonCursor;

bool has_remote(const Select& select);

bool has_remote(const std::vector<Output>& outputs) {
    return std::ranges::any_of(outputs, [](const Output& output) {
        return output.kind == Output::Kind::kRemote ||
               (output.select != nullptr && has_remote(*output.select));
    });
}

bool has_remote(const Select& select) {
    return has_remote(select.outputs) ||
           std::ranges::any_of(select.aggregate, [](const AggregateShape& shape) {
               return has_remote(shape.nodes);
           });
}

/// Where a row's columns stand in the text, to be replaced by what the resolver says.
struct Slot {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string replacement;
};

/// Finds the slots of every remote field: follows the plan's shape through the text that it printed.
class Finder {
  public:
    explicit Finder(std::string_view text) : text_(text), cursor_(text) {}

    bool find(const Select& select) {
        value(select);
        return cursor_.is_good();
    }
    std::map<const RemoteCall*, std::vector<Slot>>& slots() { return slots_; }

  private:
    void value(const Select& select) {
        if (!has_remote(select) || cursor_.peek() == 'n') {
            cursor_.value();
        } else if (select.shape == Select::Shape::kOne) {
            object(select.outputs);
        } else if (select.shape == Select::Shape::kList) {
            list(select.outputs);
        } else {
            aggregate(select);
        }
    }
    void list(const std::vector<Output>& outputs) {
        cursor_.open('[');
        for (bool is_first = true; cursor_.has_next(']', is_first); is_first = false) object(outputs);
    }
    void object(const std::vector<Output>& outputs) {
        cursor_.open('{');
        std::size_t at = 0;
        for (; cursor_.has_next('}', at == 0) && at < outputs.size(); ++at) {
            cursor_.name();
            member(outputs[at]);
        }
    }
    void member(const Output& output) {
        if (output.kind == Output::Kind::kRemote) {
            cursor_.peek();
            const std::size_t begin = cursor_.at();
            cursor_.value();
            slots_[output.remote.get()].push_back({begin, cursor_.at(), ""});
        } else if (output.select != nullptr) {
            value(*output.select);
        } else {
            cursor_.value();
        }
    }
    void aggregate(const Select& select) {
        cursor_.open('{');
        std::size_t at = 0;
        for (; cursor_.has_next('}', at == 0) && at < select.aggregate.size(); ++at) {
            cursor_.name();
            const AggregateShape& shape = select.aggregate[at];
            if (shape.kind == AggregateShape::Kind::kNodes && has_remote(shape.nodes)) {
                list(shape.nodes);
            } else {
                cursor_.value();
            }
        }
    }

    std::string_view text_;
    JsonCursor cursor_;
    std::map<const RemoteCall*, std::vector<Slot>> slots_;
};

/// The join columns of one row; nothing when one of them is null: such a row has no counterpart.
std::optional<JsonObject> row_of(std::string_view text) {
    auto parsed = parse_json(text, {.bytes_max = 1u << 20, .depth_max = 64});
    if (!parsed || !parsed->is_object()) return std::nullopt;
    const bool has_null = std::ranges::any_of(parsed->get_object(), [](const auto& member) {
        return member.value().is_null();
    });
    if (has_null) return std::nullopt;
    return std::move(parsed->get_object());
}

JsonObject arguments_of(const RemoteCall& call, const Variables& variables) {
    JsonObject out = call.arguments;
    for (const auto& [name, source] : call.variable_arguments) {
        if (const Json* value = detail::part_of(source, variables)) out[name] = *value;
    }
    return out;
}

/// The rows that a resolver is asked about, and the slots its answers belong to. The others become null.
struct Asked {
    JsonArray rows;
    std::vector<Slot*> slots;
};

Asked asked_of(std::vector<Slot>& slots, std::string_view text) {
    Asked out;
    for (Slot& slot : slots) {
        slot.replacement = "null";
        auto row = row_of(text.substr(slot.begin, slot.end - slot.begin));
        if (!row) continue;
        out.rows.push_back(std::move(*row));
        out.slots.push_back(&slot);
    }
    return out;
}

/// One resolver's part: calls it once and fills the slots.
rt::Task<Outcome<>> resolve(
    const RemoteCall& call,
    Asked asked,
    const RemoteResolver& resolver,
    const Variables& variables,
    ResolverContext& context
) {
    if (asked.slots.empty()) co_return Outcome<>();
    auto values = co_await resolver(context, std::move(asked.rows), arguments_of(call, variables));
    if (!values) co_return std::unexpected(std::move(values).error());
    if (values->size() != asked.slots.size()) {
        co_return failure("unexpected", "a resolver answered for other rows");
    }
    std::vector<detail::RelatedSlot> related;  // stays empty: a remote field's type has no relationships
    for (std::size_t i = 0; i < asked.slots.size(); ++i) {
        std::string& printed = asked.slots[i]->replacement;
        printed.clear();
        detail::ObjectPrinter printer(call.selection, call.objects);
        auto done = printer.print(printed, (*values)[i], call.type, related);
        if (!done) co_return std::unexpected(std::move(done).error());
    }
    co_return Outcome<>();
}

std::string spliced(std::string_view text, std::vector<Slot> slots) {
    std::ranges::sort(slots, {}, &Slot::begin);
    std::string out;
    std::size_t at = 0;
    for (const Slot& slot : slots) {
        out.append(text.substr(at, slot.begin - at)).append(slot.replacement);
        at = slot.end;
    }
    out.append(text.substr(at));
    return out;
}

}  // namespace

bool has_remote_fields(const Plan& plan) {
    return std::ranges::any_of(plan.roots, [](const RootField& root) {
        const auto* select = std::get_if<std::unique_ptr<Select>>(&root.what);
        return select != nullptr && has_remote(**select);
    });
}

namespace detail {

rt::Task<Outcome<std::string>> fill_remote(
    std::string text,
    const Select& select,
    const EngineOptions& options,
    const Variables& variables,
    ResolverContext& context
) {
    if (!has_remote(select)) co_return text;
    Finder finder(text);
    if (!finder.find(select)) co_return failure("unexpected", "the answer has another shape than its plan");
    std::vector<Slot> all;
    for (auto& [call, slots] : finder.slots()) {
        const auto resolver = options.remotes.find(call->field->metadata->resolver);
        if (resolver == options.remotes.end()) {
            co_return failure(
                "unexpected", "no resolver is registered for \"" + call->field->metadata->name + "\""
            );
        }
        auto done = co_await resolve(*call, asked_of(slots, text), resolver->second, variables, context);
        if (!done) co_return std::unexpected(std::move(done).error());
        all.insert(all.end(), slots.begin(), slots.end());
    }
    co_return spliced(text, std::move(all));
}

}  // namespace detail
}  // namespace weft::graphql
