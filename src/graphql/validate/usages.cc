#include "graphql/validate/detail/usages.h"

namespace weft::graphql::rules {

namespace {

class Collector {
  public:
    explicit Collector(const View& view) : view_(view) {}
    void scope(const Scope& scope);
    std::vector<Usage> take() { return std::move(out_); }

  private:
    void selections(std::span<const Selection> nodes, TypeUse type);
    void field(const Selection& node, const Type* parent);
    void directives(std::span<const Directive> nodes);
    void value(const Value& node, const Expected& expected);

    const View& view_;
    const Field* field_ = nullptr;
    Path path_;
    std::vector<Usage> out_;
};

void Collector::scope(const Scope& scope) {
    if (scope.operation != nullptr) {
        directives(scope.operation->directives);
        selections(scope.operation->selections, TypeUse(view_.root(scope.operation->kind)));
        return;
    }
    directives(scope.fragment->directives);
    selections(scope.fragment->selections, narrowed(view_, {}, scope.fragment->type_condition));
}

void Collector::selections(std::span<const Selection> nodes, TypeUse type) {
    const Type* parent = composite(type);
    for (const Selection& node : nodes) {
        std::size_t mark = path_.mark();
        if (node.kind == Selection::Kind::kField) {
            field(node, parent);
        } else {
            directives(node.directives);
            if (node.kind == Selection::Kind::kInlineFragment)
                selections(node.selections, narrowed(view_, type, node.type_condition));
        }
        path_.back_to(mark);
    }
}

void Collector::field(const Selection& node, const Type* parent) {
    const Field* around = field_;
    field_ = parent != nullptr ? view_.field(*parent, node.name.text) : nullptr;
    path_.key("selectionSet").key(node.name.text);
    std::size_t mark = path_.mark();
    for (const Argument& argument : node.arguments) {
        path_.key("args").key(argument.name.text);
        value(
            argument.value,
            expected(field_ != nullptr ? view_.argument(*field_, argument.name.text) : nullptr)
        );
        path_.back_to(mark);
    }
    directives(node.directives);
    selections(node.selections, field_ != nullptr ? field_->type : TypeUse());
    field_ = around;
}

void Collector::directives(std::span<const Directive> nodes) {
    std::size_t mark = path_.mark();
    for (const Directive& node : nodes) {
        const DirectiveType* type = view_.schema().directive(node.name.text);
        path_.key(node.name.text);
        for (const Argument& argument : node.arguments) {
            std::size_t above = path_.mark();
            path_.key("args").key(argument.name.text);
            const InputValue* definition = type != nullptr     ? type->argument(argument.name.text)
                                           : field_ != nullptr ? view_.argument(*field_, argument.name.text)
                                                               : nullptr;
            value(argument.value, expected(definition));
            path_.back_to(above);
        }
        path_.back_to(mark);
    }
}

void Collector::value(const Value& node, const Expected& at) {
    if (node.kind == Value::Kind::kVariable) {
        out_.push_back({&node, at, path_.text()});
        return;
    }
    if (node.items.empty() && node.fields.empty()) return;
    lift(path_, node, at.type);
    std::size_t mark = path_.mark();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        path_.index(i);
        value(node.items[i], item_of(at));
        path_.back_to(mark);
    }
    for (const ObjectField& member : node.fields) {
        path_.key(member.name.text);
        value(member.value, member_of(view_, at, member.name.text));
        path_.back_to(mark);
    }
}

}  // namespace

std::vector<Usage> usages(const View& view, const Scope& scope) {
    Collector collector(view);
    collector.scope(scope);
    return collector.take();
}

void lift(Path& path, const Value& value, TypeUse type) {
    using Kind = Value::Kind;
    if (value.kind == Kind::kList || value.kind == Kind::kNull || value.kind == Kind::kVariable) return;
    for (TypeUse at = type.nullable(); at.is_list(); at = at.inner().nullable()) path.index(0);
}

}  // namespace weft::graphql::rules
