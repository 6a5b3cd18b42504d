#include "graphql/schema/detail/builtins.h"
#include "graphql/schema/detail/graph.h"

#include <cstdlib>

namespace weft::graphql {

SchemaGraph::SchemaGraph(const Schema& schema) {
    nodes.reserve(schema.types().size());
    uses.reserve(schema.elements());
    for (const Type* type : schema.types()) add_type(*type);
    group_users();
    add_always(schema);
}

void SchemaGraph::add_type(const Type& type) {
    Node node{.element = type.element, .kind = type.kind};
    node.uses_begin = static_cast<std::uint32_t>(uses.size());
    for (const Field& field : type.fields) {
        const auto at = static_cast<std::uint32_t>(uses.size());
        uses.push_back({field.element, field.type.named()->position, type.position, kNone, false});
        add_inputs(type, field.arguments, at);
    }
    add_inputs(type, type.input_fields, kNone);
    for (const EnumValue& value : type.values) {
        uses.push_back({value.element, kNone, type.position, kNone, false});
    }
    node.links_begin = static_cast<std::uint32_t>(links.size());
    for (const Type* above : type.interfaces) links.push_back(above->position);
    for (const Type* below : type.possible) {
        if (type.kind == TypeKind::kUnion) {
            uses.push_back({0, below->position, type.position, kNone, false});
        } else {
            links.push_back(below->position);
        }
    }
    node.uses_end = static_cast<std::uint32_t>(uses.size());
    node.links_end = static_cast<std::uint32_t>(links.size());
    nodes.push_back(node);
}

void SchemaGraph::add_inputs(const Type& owner, const std::vector<InputValue>& inputs, std::uint32_t field) {
    for (const InputValue& input : inputs) {
        uses.push_back(
            {input.element, input.type.named()->position, owner.position, field, input.is_required()}
        );
    }
}

void SchemaGraph::group_users() {
    for (const Use& use : uses) {
        if (use.target != kNone) ++nodes[use.target].users_end;
    }
    std::uint32_t at = 0;
    for (Node& node : nodes) {
        const std::uint32_t count = node.users_end;
        node.users_begin = node.users_end = at;
        at += count;
    }
    users.resize(at);
    for (std::uint32_t i = 0; i < uses.size(); ++i) {
        if (uses[i].target != kNone) users[nodes[uses[i].target].users_end++] = i;
    }
}

void SchemaGraph::add_always(const Field& field) {
    always.push_back(field.element);
    for (const InputValue& argument : field.arguments) always.push_back(argument.element);
}

void SchemaGraph::add_always(const Schema& schema) {
    for (const Type* type : schema.types()) {
        if (!type->is_builtin_scalar && !is_introspection_type(type->name)) continue;
        always.push_back(type->element);
        for (const Field& field : type->fields) add_always(field);
        for (const EnumValue& value : type->values) always.push_back(value.element);
    }
    for (const Field* field : {&schema.schema_field(), &schema.type_field(), &schema.typename_field()}) {
        add_always(*field);
    }
    for (const DirectiveType& directive : schema.directives()) {
        always.push_back(directive.element);
        for (const InputValue& argument : directive.arguments) always.push_back(argument.element);
    }
}

namespace {

/// One run of Schema::close: takes away what has become senseless, then shows what is reachable.
class Closing {
  public:
    Closing(const SchemaGraph& graph, Mask& mask)
        : graph_(graph), mask_(mask), visible_(graph.nodes.size(), 0), is_dead_(graph.nodes.size(), 0) {}

    void take_away() {
        for (const SchemaGraph::Use& use : graph_.uses) {
            visible_[use.owner] += use.field == SchemaGraph::kNone && sees(use) ? 1 : 0;
        }
        for (std::uint32_t i = 0; i < graph_.nodes.size(); ++i) {
            if (visible_[i] == 0 && graph_.nodes[i].kind != TypeKind::kScalar) kill(i);
        }
        while (!work_.empty()) {
            const SchemaGraph::Node& dead = graph_.nodes[work_.back()];
            work_.pop_back();
            for (std::uint32_t i = dead.users_begin; i < dead.users_end; ++i) {
                drop(graph_.uses[graph_.users[i]]);
            }
        }
    }

    /// A type that an argument of a directive has, say: everything it shows is reachable too.
    void show(const Type* type) {
        if (type != nullptr) reach(type->position);
        while (!work_.empty()) {
            const SchemaGraph::Node& node = graph_.nodes[work_.back()];
            work_.pop_back();
            for (std::uint32_t i = node.uses_begin; i < node.uses_end; ++i) {
                const SchemaGraph::Use& use = graph_.uses[i];
                if (use.target != SchemaGraph::kNone && sees(use)) reach(use.target);
            }
            for (std::uint32_t i = node.links_begin; i < node.links_end; ++i) reach(graph_.links[i]);
        }
    }

  private:
    /// An argument counts only while its field does.
    bool sees(const SchemaGraph::Use& use) const {
        if (use.element == 0) return true;
        if (!mask_.has(use.element)) return false;
        return use.field == SchemaGraph::kNone || mask_.has(graph_.uses[use.field].element);
    }
    void kill(std::uint32_t type) {
        if (is_dead_[type] != 0) return;
        is_dead_[type] = 1;
        work_.push_back(type);
    }
    /// `use` has lost its type.
    void drop(const SchemaGraph::Use& use) {
        if (!sees(use)) return;
        if (use.element != 0) mask_.remove(use.element);
        if (use.field == SchemaGraph::kNone) {
            if (--visible_[use.owner] == 0 || use.is_required) kill(use.owner);
        } else if (use.is_required) {
            drop(graph_.uses[use.field]);
        }
    }
    void reach(std::uint32_t type) {
        const Element element = graph_.nodes[type].element;
        if (is_dead_[type] != 0 || mask_.has(element)) return;
        mask_.add(element);
        work_.push_back(type);
    }

    const SchemaGraph& graph_;
    Mask& mask_;
    std::vector<std::uint32_t> visible_;  // by type: its visible fields, values or members
    std::vector<std::uint8_t> is_dead_;
    std::vector<std::uint32_t> work_;
};

}  // namespace

void Schema::close(Mask& mask) const {
    // Mistakes of the program: finish() comes first, and a mask is as large as elements() says.
    if (graph_ == nullptr || mask.bytes() * 8 < elements_) std::abort();
    for (const Type* type : order_) mask.remove(type->element);
    for (const Element element : graph_->always) mask.add(element);
    Closing closing(*graph_, mask);
    closing.take_away();
    closing.show(query);
    closing.show(mutation);
    closing.show(subscription);
    for (const DirectiveType& directive : directives_) {
        for (const InputValue& argument : directive.arguments) closing.show(argument.type.named());
    }
    // The query root holds __schema, __type and __typename: it is there without a field of its own.
    if (query != nullptr) mask.add(query->element);
}

Mask everything(const Schema& schema) {
    Mask mask(schema.elements(), true);
    std::vector<bool> is_used(schema.types().size(), false);
    const auto use = [&](const std::vector<InputValue>& inputs) {
        for (const InputValue& input : inputs) is_used[input.type.named()->position] = true;
    };
    for (const Type* type : schema.types()) {
        use(type->input_fields);
        for (const Field& field : type->fields) {
            is_used[field.type.named()->position] = true;
            use(field.arguments);
        }
    }
    for (const DirectiveType& directive : schema.directives()) use(directive.arguments);
    for (const Type* type : schema.types()) {
        if (type->is_builtin_scalar && !is_used[type->position]) mask.remove(type->element);
    }
    return mask;
}

}  // namespace weft::graphql
