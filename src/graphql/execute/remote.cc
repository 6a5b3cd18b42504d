#include "graphql/execute/detail/remote.h"

#include "graphql/execute/detail/bind.h"
#include "graphql/execute/detail/json_cursor.h"
#include "graphql/execute/detail/objects.h"
#include "platform/rt/loop.h"

#include <algorithm>
#include <map>
#include <utility>

namespace weft::graphql {

namespace {

using detail::JsonCursor;

constexpr std::size_t kDepthMax = 64;
/// Smaller values are put together up to this, larger ones go out by themselves.
constexpr std::size_t kPartBytes = 64u << 10;
/// In the `errors` of an answer that is sent as it is made.
constexpr int kErrorsMax = 20;

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

/// A place that a remote field of a row has in the text, and which.
struct Found {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string path;
    const RemoteCall* call = nullptr;
};

/// Finds the places of every remote field: follows the plan's shape through the text that it printed.
class Finder {
  public:
    explicit Finder(std::string_view text) : cursor_(text) {}

    bool find(std::string_view key, const Select& select) {
        const Step step(path_, '"' + std::string(key) + '"');
        value(select);
        return cursor_.is_good();
    }
    std::vector<Found>& found() { return found_; }

  private:
    /// One more item of the path, for as long as it lives.
    struct Step {
        Step(std::vector<std::string>& path, std::string item) : path_(path) {
            path_.push_back(std::move(item));
        }
        ~Step() { path_.pop_back(); }
        std::vector<std::string>& path_;
    };

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
        for (std::size_t at = 0; cursor_.has_next(']', at == 0); ++at) {
            const Step step(path_, std::to_string(at));
            object(outputs);
        }
    }
    void object(const std::vector<Output>& outputs) {
        cursor_.open('{');
        std::size_t at = 0;
        for (; cursor_.has_next('}', at == 0) && at < outputs.size(); ++at) {
            const std::string_view key = cursor_.name();
            const Output& output = outputs[at];
            if (output.kind == Output::Kind::kRemote) {
                const Step step(path_, '"' + std::string(key) + '"');
                add(*output.remote);
            } else if (output.select != nullptr) {
                const Step step(path_, '"' + std::string(key) + '"');
                value(*output.select);
            } else {
                cursor_.value();
            }
        }
    }
    void add(const RemoteCall& call) {
        cursor_.peek();
        const std::size_t begin = cursor_.at();
        cursor_.value();
        Found one{.begin = begin, .end = cursor_.at(), .call = &call};
        for (const std::string& item : path_) one.path += (one.path.empty() ? "" : ",") + item;
        found_.push_back(std::move(one));
    }
    void aggregate(const Select& select) {
        cursor_.open('{');
        std::size_t at = 0;
        for (; cursor_.has_next('}', at == 0) && at < select.aggregate.size(); ++at) {
            const std::string_view key = cursor_.name();
            const AggregateShape& shape = select.aggregate[at];
            if (shape.kind == AggregateShape::Kind::kNodes && has_remote(shape.nodes)) {
                const Step step(path_, '"' + std::string(key) + '"');
                list(shape.nodes);
            } else {
                cursor_.value();
            }
        }
    }

    JsonCursor cursor_;
    std::vector<std::string> path_;
    std::vector<Found> found_;
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

}  // namespace

bool has_remote_fields(const Plan& plan) {
    return std::ranges::any_of(plan.roots, [](const RootField& root) {
        const auto* select = std::get_if<std::unique_ptr<Select>>(&root.what);
        return select != nullptr && has_remote(**select);
    });
}

namespace detail {

rt::Task<Outcome<>> RemoteFill::find(std::vector<std::size_t> begins, RemoteEnvironment env) {
    const Plan& plan = *prepared_->plan;
    for (std::size_t i = 0; i < plan.roots.size(); ++i) {
        const auto* select = std::get_if<std::unique_ptr<Select>>(&plan.roots[i].what);
        if (select == nullptr || !has_remote(**select)) continue;
        Finder finder(std::string_view(body_).substr(begins[i]));
        if (!finder.find(plan.roots[i].key, **select)) {
            co_return failure("unexpected", "the answer has another shape than its plan");
        }
        for (Found& one : finder.found()) {
            slots_.push_back({begins[i] + one.begin, begins[i] + one.end, std::move(one.path), one.call});
        }
    }
    std::map<const RemoteCall*, std::vector<Slot*>> by_call;
    for (Slot& slot : slots_) by_call[slot.call].push_back(&slot);
    for (auto& [call, slots] : by_call) CO_CHECK_OK(co_await ask(*call, std::move(slots), env));
    co_return Outcome<>();
}

rt::Task<Outcome<>> RemoteFill::ask(const RemoteCall& call, std::vector<Slot*> slots, RemoteEnvironment env) {
    const auto resolver = env.options.remotes.find(call.field->metadata->resolver);
    if (resolver == env.options.remotes.end()) {
        co_return failure(
            "unexpected", "no resolver is registered for \"" + call.field->metadata->name + "\""
        );
    }
    JsonArray rows;
    std::vector<Slot*> asked;
    for (Slot* slot : slots) {
        auto row = row_of(std::string_view(body_).substr(slot->begin, slot->end - slot->begin));
        if (!row) continue;
        rows.push_back(std::move(*row));
        asked.push_back(slot);
    }
    if (asked.empty()) co_return Outcome<>();
    auto values = co_await resolver->second(env.context, std::move(rows), arguments_of(call, env.variables));
    if (!values) co_return std::unexpected(std::move(values).error());
    for (Slot* slot : asked) slot->values = values->get();
    values_.push_back(std::move(*values));
    co_return env.room.add(values_.back()->sizes().held);
}

RemoteValues::Sizes RemoteFill::sizes() const {
    RemoteValues::Sizes out;
    for (const auto& values : values_) {
        const RemoteValues::Sizes each = values->sizes();
        out.values += each.values;
        out.held += each.held;
        out.largest = std::max(out.largest, each.largest);
    }
    return out;
}

rt::Task<Outcome<std::string>> RemoteFill::value(const Slot& slot, rt::Deadline by) {
    if (slot.values == nullptr) co_return std::string("null");
    auto text = co_await slot.values->next(std::move(by));
    if (!text) co_return std::unexpected(std::move(text).error());
    const std::size_t bytes = text->size();
    auto work = [&slot, &text] { return printed(*slot.call, std::move(*text)); };
    co_return co_await rt::offload(bytes, work);
}

rt::Task<Outcome<std::string>> RemoteFill::whole(rt::Deadline by) {
    std::string out;
    out.reserve(body_.size() + sizes().values);
    for (const Slot& slot : slots_) {
        auto text = co_await value(slot, by);
        if (!text) co_return std::unexpected(std::move(text).error());
        out.append(body_, at_, slot.begin - at_) += *text;
        at_ = slot.end;
    }
    out.append(body_, at_);
    co_return out;
}

rt::Task<std::string> RemoteFill::next(rt::Deadline by) {
    if (!large_.empty()) co_return std::exchange(large_, std::string());
    std::string out;
    while (next_ < slots_.size() && out.size() < kPartBytes) {
        const Slot& slot = slots_[next_++];
        out.append(body_, at_, slot.begin - at_);
        at_ = slot.end;
        auto text = co_await value(slot, by);
        if (!text) {
            note(slot, text.error());
            out += "null";
        } else if (text->size() <= kPartBytes) {
            out += *text;
        } else {
            large_ = std::move(*text);  // neither copied nor joined
            co_return out;
        }
    }
    if (next_ < slots_.size() || std::exchange(is_over_, true)) co_return out;
    out.append(body_, at_, body_.size() - 1 - at_);
    if (failed_ > kErrorsMax) errors_ += R"(,{"message":"more values could not be read"})";
    if (!errors_.empty()) (out += R"(,"errors":[)") += errors_ + ']';
    out += '}';
    co_return out;
}

void RemoteFill::note(const Slot& slot, const Failure& failure) {
    if (++failed_ > kErrorsMax) return;
    if (!errors_.empty()) errors_ += ',';
    errors_ += R"({"message":)";
    append_json_string(failure.message, errors_);
    errors_ += R"(,"path":[)" + slot.path + R"(],"extensions":{"path":"$","code":)";
    append_json_string(failure.code, errors_);
    errors_ += "}}";
}

}  // namespace detail
}  // namespace weft::graphql
