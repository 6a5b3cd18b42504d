#include "graphql/execute/detail/remote.h"

#include "graphql/execute/detail/bind.h"
#include "graphql/execute/detail/json_cursor.h"
#include "graphql/execute/detail/objects.h"
#include "platform/rt/loop.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace weft::graphql {

namespace {

using detail::JsonCursor;

constexpr std::size_t kDepthMax = 64;

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

/// What the answer shows of a resolver's value. Text without a selection stays as it is, if it is JSON at
/// all.
Outcome<std::string> printed(const RemoteCall& call, std::string text) {
    const TypeUse bare = call.type.nullable();
    const bool is_whole = !bare.is_list() && bare.named()->is_leaf() && text != "null";
    if (is_whole && is_json_text(text, {.bytes_max = text.size(), .depth_max = kDepthMax})) return text;
    Json value;
    if (!is_whole) {
        auto parsed = parse_json(text, {.bytes_max = text.size(), .depth_max = kDepthMax});
        if (parsed) value = std::move(*parsed);
    }
    std::string out;
    std::vector<detail::RelatedSlot> related;  // stays empty: a remote field's type has no relationships
    detail::ObjectPrinter printer(call.selection, call.objects);
    auto done = printer.print(out, value, call.type, related);
    if (!done) return std::unexpected(std::move(done).error());
    return out;
}

/// One resolver's part: calls it once and fills the slots.
rt::Task<Outcome<>> resolve(
    const RemoteCall& call, Asked asked, const RemoteResolver& resolver, detail::RemoteEnvironment env
) {
    if (asked.slots.empty()) co_return Outcome<>();
    env.context.bytes_max = env.room.left();
    auto values = co_await resolver(env.context, std::move(asked.rows), arguments_of(call, env.variables));
    if (!values) co_return std::unexpected(std::move(values).error());
    if (values->size() != asked.slots.size()) {
        co_return failure("unexpected", "a resolver answered for other rows");
    }
    for (std::size_t i = 0; i < asked.slots.size(); ++i) {
        std::string text = std::move((*values)[i]);
        CO_CHECK_OK(env.room.add(text.size()));
        auto work = [&call, &text] { return printed(call, std::move(text)); };
        auto done = co_await rt::offload(text.size(), work);
        if (!done) co_return std::unexpected(std::move(done).error());
        asked.slots[i]->replacement = std::move(*done);
    }
    co_return Outcome<>();
}

/// Lets go of each replacement once it is in: there is never more than two of the answer.
std::string spliced(std::string text, std::vector<Slot> slots) {
    std::ranges::sort(slots, {}, &Slot::begin);
    std::size_t size = text.size();
    for (const Slot& slot : slots) size += slot.replacement.size();
    std::string out;
    out.reserve(size);
    std::size_t at = 0;
    for (Slot& slot : slots) {
        out.append(text, at, slot.begin - at).append(std::exchange(slot.replacement, std::string()));
        at = slot.end;
    }
    out.append(text, at);
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

rt::Task<Outcome<std::string>> fill_remote(std::string text, const Select& select, RemoteEnvironment env) {
    if (!has_remote(select)) co_return text;
    Finder finder(text);
    if (!finder.find(select)) co_return failure("unexpected", "the answer has another shape than its plan");
    std::vector<Slot> all;
    for (auto& [call, slots] : finder.slots()) {
        const auto resolver = env.options.remotes.find(call->field->metadata->resolver);
        if (resolver == env.options.remotes.end()) {
            co_return failure(
                "unexpected", "no resolver is registered for \"" + call->field->metadata->name + "\""
            );
        }
        auto done = co_await resolve(*call, asked_of(slots, text), resolver->second, env);
        if (!done) co_return std::unexpected(std::move(done).error());
        std::ranges::move(slots, std::back_inserter(all));
    }
    co_return spliced(std::move(text), std::move(all));
}

}  // namespace detail
}  // namespace weft::graphql
